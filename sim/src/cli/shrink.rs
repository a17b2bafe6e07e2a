//! `mwsim shrink`: a failing run made short, with a summary of what that came to.

use core::time::Duration;
use std::io::{self, Write};
use std::path::Path;

use multiwatcher::testing::Subject;

use super::args::ShrinkArgs;
use super::{CLEAN, STALE, UsageError, given};
use crate::clock::Stopwatch;
use crate::decisions::Decisions;
use crate::replay::Replayer;
use crate::shrink::{self, Shrunk};
use crate::text::{COLUMNS, number, wrap};
use crate::worlds::{Maker, in_world};

/// Shrinks what is named and writes it to a file, or shows it.
pub(super) fn shrink(args: &ShrinkArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    let decisions = given::decisions(&args.what, args.world, &args.drawing)?;
    in_world!(decisions.world(), shrink_in(&decisions, args, out))
}

fn shrink_in<S: Subject>(
    maker: Maker<S>,
    decisions: &Decisions,
    args: &ShrinkArgs,
    out: &mut dyn Write,
) -> Result<u8, UsageError> {
    let watch = Stopwatch::start();
    let Some(shrunk) = shrink::shrink(maker, decisions, args.replays) else {
        let replay = Replayer::of(maker).replay(decisions);
        let (followed, all) = (replay.followed, replay.followed + replay.skipped);
        writeln!(out, "nothing to shrink: no promise is broken, followed {followed} of {all}")?;
        return Ok(STALE);
    };
    summary(&shrunk, watch.elapsed(), out)?;
    if let Some(folder) = &args.others {
        for other in &shrunk.others {
            let path = folder.join(format!("{}.capsule", other.broken.name()));
            save(&other.decisions, &path).map_err(|error| UsageError::NotWritten { path: path.clone(), error })?;
            writeln!(out, "written: {}", path.display())?;
        }
    }
    writeln!(out)?;
    if let Some(path) = &args.out {
        save(&shrunk.decisions, path).map_err(|error| UsageError::NotWritten { path: path.clone(), error })?;
        writeln!(out, "replay: cargo sim replay {}", path.display())?;
    } else {
        shrunk.decisions.write(out)?;
    }
    Ok(CLEAN)
}

/// Writes a capsule, and the folders it is to be in.
pub(super) fn save(decisions: &Decisions, path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = io::BufWriter::new(std::fs::File::create(path)?);
    decisions.write(&mut file)?;
    file.flush()
}

/// How much shorter it became, what that took, and what else failed on the way.
pub(super) fn summary(shrunk: &Shrunk, took: Duration, out: &mut dyn Write) -> io::Result<()> {
    let Shrunk { before, after, replays, is_done, others, broken, .. } = shrunk;
    writeln!(out, "shrunk  {}", broken.name())?;
    let mut row = |name: &str, before: usize, after: usize| writeln!(out, "  {name:<17} {before:>6} to {after:>3}");
    row("operations", before.operations, after.operations)?;
    row("readers", before.readers, after.readers)?;
    row("parties", before.parties, after.parties)?;
    row("ids", before.ids as usize, after.ids as usize)?;
    row("context switches", before.switches, after.switches)?;
    let millis = took.as_millis();
    writeln!(out, "  {:<17} {:>6} in {millis} ms", "replays", number(*replays))?;
    if !is_done {
        writeln!(out, "  it may be shorter yet: the replays were used up")?;
    }
    if !others.is_empty() {
        writeln!(out, "met on the way, and another failure")?;
    }
    for other in others {
        let times = if other.count == 1 { "once".to_owned() } else { format!("{} times", number(other.count)) };
        write!(out, "{}", wrap(&format!("{}, {times}: {}", other.broken.name(), other.broken.text), "  ", COLUMNS))?;
    }
    Ok(())
}
