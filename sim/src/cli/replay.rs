//! `mwsim replay`: one run told step by step, the same bytes every time.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

use multiwatcher::testing::Subject;

use super::args::{Drawing, ReplayArgs};
use super::{BROKEN, CLEAN, STALE, UsageError};
use crate::decisions::Decisions;
use crate::page;
use crate::replay::{Replayer, Verdict};
use crate::seed::Seed;
use crate::text::{COLUMNS, wrap};
use crate::trace::{self, Replayed};
use crate::worlds::{Maker, World, in_world};

/// Prints the trace; the exit code says whether something is broken.
pub(super) fn replay(args: &ReplayArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    let decisions = decisions(&args.what, args.world, &args.drawing)?;
    in_world!(decisions.world(), tell(&decisions, out))
}

fn tell<S: Subject>(maker: Maker<S>, decisions: &Decisions, out: &mut dyn Write) -> Result<u8, UsageError> {
    writeln!(out, "seed {}, world {}", decisions.header.seed, decisions.header.world)?;
    write!(out, "{}", wrap(&page::regime(&decisions.header), "", COLUMNS))?;
    let replayed = trace::replay(maker, decisions, &mut |told| told.write(out))?;
    writeln!(out)?;
    let Replayed { made, followed, skipped, hash, broken } = replayed;
    writeln!(out, "steps {made}, followed {followed} of {}, hash {hash:016x}", followed + skipped)?;
    let written = decisions.header.broken.as_str();
    let verdict = Verdict::of(written, broken.as_ref(), skipped);
    if let Some(broken) = broken {
        writeln!(out, "BROKEN  {} at step {}", broken.name(), broken.step)?;
        if verdict == Verdict::Otherwise {
            writeln!(out, "  and not {written}, for which it was written")?;
        }
        write!(out, "{}", wrap(broken.promise_in_words(), "  ", COLUMNS))?;
        write!(out, "{}", wrap(&broken.text, "  ", COLUMNS))?;
    } else if verdict == Verdict::Stale {
        writeln!(out, "STALE  followed {followed} of {}: this says nothing", followed + skipped)?;
    } else if written.is_empty() {
        writeln!(out, "clean")?;
    } else {
        writeln!(out, "clean: {written} is not broken here")?;
    }
    Ok(match verdict {
        Verdict::Clean => CLEAN,
        Verdict::AsWritten | Verdict::Otherwise => BROKEN,
        Verdict::Stale => STALE,
    })
}

/// The decisions of a seed in this world, drawn so, or those of a file. What reads as a seed is one, whatever files there are.
pub(super) fn decisions(what: &str, world: World, drawing: &Drawing) -> Result<Decisions, UsageError> {
    let not_a_seed = match what.parse::<Seed>() {
        Ok(seed) => return Ok(in_world!(world, of_seed(seed, drawing))),
        Err(error) => error,
    };
    let path = Path::new(what);
    let file = File::open(path).map_err(|error| UsageError::NeitherSeedNorFile {
        given: what.to_owned(),
        seed: not_a_seed,
        file: error,
    })?;
    let read = Decisions::read(BufReader::new(file));
    let read = read.map_err(|why| UsageError::DecisionFile { path: path.to_owned(), why })?;
    Ok(in_world!(read.world(), completed(read)))
}

fn completed<S: Subject>(maker: Maker<S>, read: Decisions) -> Decisions {
    Replayer::of(maker).completed(read)
}

fn of_seed<S: Subject>(maker: Maker<S>, seed: Seed, drawing: &Drawing) -> Decisions {
    drawing.runner(maker).told(seed.0)
}
