//! `mwsim run`: a campaign and its verdict.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::io::Write;
use std::path::{Path, PathBuf};

use multiwatcher::testing::Subject;

use super::args::RunArgs;
use super::progress::Progress;
use super::{BROKEN, CLEAN, UsageError};
use crate::campaign::{self, Campaign, Seeds};
use crate::decisions::Header;
use crate::page;
use crate::runner::{Failure, Runner};
use crate::summary::Summary;
use crate::worlds::{Maker, World, in_world};

/// What is run when neither seeds nor a time are given.
const DEFAULT_TIME: Duration = Duration::from_secs(10);

/// Runs the campaign; the exit code says how it went.
pub(super) fn run(args: &RunArgs, out: &mut dyn Write, err: &mut dyn Write) -> Result<u8, UsageError> {
    let worlds = World::chosen(args.world);
    let share = u32::try_from(worlds.len()).unwrap_or(1);
    for (place, world) in worlds.iter().enumerate() {
        if place > 0 && !args.json {
            writeln!(out)?;
        }
        let code = in_world!(*world, run_in(args, share, out, err))?;
        if code != CLEAN {
            return Ok(code);
        }
    }
    Ok(CLEAN)
}

fn run_in<S: Subject + Send>(
    maker: Maker<S>,
    args: &RunArgs,
    share: u32,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<u8, UsageError> {
    let campaign = campaign(args, share);
    let progress = Progress::new(&campaign.seeds);
    let outcome = campaign::run(&campaign, || Runner::of(maker), |seeds| progress.show(seeds));
    progress.finish();
    let summary = Summary::new(&outcome, maker.world, campaign.jobs);
    if args.json {
        summary.write_json(out)?;
    } else {
        summary.write(out)?;
    }
    if let Some((_, failure)) = &outcome.failure {
        let page: &mut dyn Write = if args.json { err } else { out };
        report(maker, failure, &args.failures, page)?;
    }
    Ok(if summary.is_clean() { CLEAN } else { BROKEN })
}

/// The campaign of one world, which gets its share of the time.
fn campaign(args: &RunArgs, share: u32) -> Campaign {
    let seeds = match &args.seeds {
        Some(range) => Seeds::Range(range.clone()),
        None => {
            Seeds::For { first: args.start.map_or(0, |seed| seed.0), time: args.time.unwrap_or(DEFAULT_TIME) / share }
        }
    };
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    Campaign { seeds, jobs }
}

/// Writes the decisions to a file and the page to `out`.
pub(super) fn report<S: Subject>(
    maker: Maker<S>,
    failure: &Failure,
    folder: &Path,
    out: &mut dyn Write,
) -> Result<(), UsageError> {
    let command = match save(failure, folder) {
        Ok(path) => format!("replay: cargo sim replay {}", path.display()),
        Err(error) => {
            let Header { seed, world, .. } = &failure.decisions.header;
            let folder = folder.display();
            format!(
                "the decisions could not be written to {folder}: {error}\nreplay: cargo sim replay {seed} --world {world}"
            )
        }
    };
    writeln!(out)?;
    page::write(maker, &failure.decisions, &failure.broken, &command, out)?;
    Ok(())
}

fn save(failure: &Failure, folder: &Path) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(format!("{}-{}.jsonl", failure.broken.name(), failure.decisions.header.seed));
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path)?);
    failure.decisions.write(&mut file)?;
    file.flush()?;
    Ok(path)
}
