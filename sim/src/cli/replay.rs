//! `mwsim replay`: one run told step by step, the same bytes every time.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

use multiwatcher::machine::StoreManager;
use multiwatcher::testing::Val;

use super::args::ReplayArgs;
use super::{BROKEN, CLEAN, UsageError};
use crate::decisions::Decisions;
use crate::page;
use crate::runner::Runner;
use crate::seed::Seed;
use crate::text::{COLUMNS, wrap};
use crate::trace;

/// Prints the trace; the exit code says whether something is broken.
pub(super) fn replay(args: &ReplayArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    let decisions = decisions(&args.what)?;
    writeln!(out, "seed {}, world {}", decisions.header.seed, decisions.header.world)?;
    write!(out, "{}", wrap(&page::regime(&decisions.header), "", COLUMNS))?;
    let replayed = trace::replay::<StoreManager<Val>>(&decisions, &mut |told| told.write(out))?;
    writeln!(out)?;
    writeln!(out, "steps {}, skipped {}, hash {:016x}", replayed.made, replayed.skipped, replayed.hash)?;
    let Some(broken) = replayed.broken else {
        if !decisions.header.broken.is_empty() {
            writeln!(out, "clean: {} is not broken here", decisions.header.broken)?;
        } else {
            writeln!(out, "clean")?;
        }
        return Ok(CLEAN);
    };
    writeln!(out, "BROKEN  {} at step {}", broken.name(), broken.step)?;
    write!(out, "{}", wrap(broken.promise_in_words(), "  ", COLUMNS))?;
    write!(out, "{}", wrap(&broken.text, "  ", COLUMNS))?;
    Ok(BROKEN)
}

/// The decisions of a seed, or those of a file. What reads as a seed is one, whatever files there are.
fn decisions(what: &str) -> Result<Decisions, UsageError> {
    let seed_error = match what.parse::<Seed>() {
        Ok(seed) => return Ok(Runner::<StoreManager<Val>>::new().told(seed.0)),
        Err(error) => error,
    };
    let path = Path::new(what);
    let file = File::open(path).map_err(|error| UsageError::NeitherSeedNorFile {
        given: what.to_owned(),
        seed: seed_error,
        file: error,
    })?;
    Decisions::read(BufReader::new(file)).map_err(|why| UsageError::DecisionFile { path: path.to_owned(), why })
}
