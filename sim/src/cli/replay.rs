//! `mwsim replay`: one run told step by step, the same bytes every time.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

use multiwatcher::testing::Subject;

use super::args::ReplayArgs;
use super::{BROKEN, CLEAN, UsageError};
use crate::decisions::Decisions;
use crate::page;
use crate::runner::Runner;
use crate::schedulers::Kind;
use crate::seed::Seed;
use crate::text::{COLUMNS, wrap};
use crate::trace;
use crate::worlds::{Maker, in_world};

/// Prints the trace; the exit code says whether something is broken.
pub(super) fn replay(args: &ReplayArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    let decisions = decisions(args)?;
    in_world!(decisions.world(), tell(&decisions, out))
}

fn tell<S: Subject>(maker: Maker<S>, decisions: &Decisions, out: &mut dyn Write) -> Result<u8, UsageError> {
    writeln!(out, "seed {}, world {}", decisions.header.seed, decisions.header.world)?;
    write!(out, "{}", wrap(&page::regime(&decisions.header), "", COLUMNS))?;
    let replayed = trace::replay(maker, decisions, &mut |told| told.write(out))?;
    writeln!(out)?;
    writeln!(out, "steps {}, skipped {}, hash {:016x}", replayed.made, replayed.skipped, replayed.hash)?;
    let Some(broken) = replayed.broken else {
        match decisions.header.broken.as_str() {
            "" => writeln!(out, "clean")?,
            before => writeln!(out, "clean: {before} is not broken here")?,
        }
        return Ok(CLEAN);
    };
    writeln!(out, "BROKEN  {} at step {}", broken.name(), broken.step)?;
    write!(out, "{}", wrap(broken.promise_in_words(), "  ", COLUMNS))?;
    write!(out, "{}", wrap(&broken.text, "  ", COLUMNS))?;
    Ok(BROKEN)
}

/// The decisions of a seed, or those of a file. What reads as a seed is one, whatever files there are.
fn decisions(args: &ReplayArgs) -> Result<Decisions, UsageError> {
    let not_a_seed = match args.what.parse::<Seed>() {
        Ok(seed) => return Ok(in_world!(args.world, of_seed(seed, args.scheduler))),
        Err(error) => error,
    };
    let path = Path::new(&args.what);
    let file = File::open(path).map_err(|error| UsageError::NeitherSeedNorFile {
        given: args.what.clone(),
        seed: not_a_seed,
        file: error,
    })?;
    Decisions::read(BufReader::new(file)).map_err(|why| UsageError::DecisionFile { path: path.to_owned(), why })
}

fn of_seed<S: Subject>(maker: Maker<S>, seed: Seed, scheduler: Option<Kind>) -> Decisions {
    let runner = Runner::of(maker);
    let mut runner = if let Some(kind) = scheduler { runner.scheduled_by(kind) } else { runner };
    runner.told(seed.0)
}
