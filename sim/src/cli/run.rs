//! `mwsim run`: a campaign and its verdict.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use multiwatcher::testing::Subject;

use super::args::RunArgs;
use super::progress::Progress;
use super::{BROKEN, CLEAN, UsageError};
use crate::campaign::{self, Campaign, Seeds};
use crate::decisions::Header;
use crate::page;
use crate::runner::{Failure, Runner};
use crate::scenario::{Expected, Scenario};
use crate::seed::SeedRange;
use crate::summary::Summary;
use crate::tally::Tally;
use crate::text::number;
use crate::worlds::{Maker, World, in_world};

/// What is run when neither seeds nor a time are given.
const DEFAULT_TIME: Duration = Duration::from_secs(10);

/// Runs the campaign; the exit code says how it went.
pub(super) fn run(args: &RunArgs, out: &mut dyn Write, err: &mut dyn Write) -> Result<u8, UsageError> {
    let scenario = args.scenario.as_deref().map(read).transpose()?;
    let worlds = match (args.world, &scenario) {
        (None, Some(scenario)) => scenario.worlds(),
        (said, _) => World::chosen(said),
    };
    if let Some(scenario) = &scenario
        && !args.json
    {
        writeln!(out, "{}\n", scenario.story())?;
    }
    let share = u32::try_from(worlds.len()).unwrap_or(1);
    for (place, world) in worlds.iter().enumerate() {
        if place > 0 && !args.json {
            writeln!(out)?;
        }
        let code = in_world!(*world, run_in(args, scenario.as_ref(), share, out, err))?;
        if code != CLEAN {
            return Ok(code);
        }
    }
    Ok(CLEAN)
}

fn read(path: &Path) -> Result<Arc<Scenario>, UsageError> {
    Scenario::open(path).map(Arc::new).map_err(|why| UsageError::ScenarioFile { path: path.to_owned(), why })
}

fn run_in<S: Subject + Send>(
    maker: Maker<S>,
    args: &RunArgs,
    scenario: Option<&Arc<Scenario>>,
    share: u32,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<u8, UsageError> {
    let campaign = campaign(args, scenario.map(|scenario| scenario.seeds()), share);
    let progress = Progress::new(&campaign.seeds);
    let runner = || match scenario {
        Some(scenario) => Runner::of(maker).playing(Arc::clone(scenario)),
        None => Runner::of(maker),
    };
    let outcome = campaign::run(&campaign, runner, |seeds| progress.show(seeds));
    progress.finish();
    let summary = Summary::new(&outcome, maker.world, campaign.jobs);
    let summary = if scenario.is_some() { summary.of_scenario() } else { summary };
    if args.json {
        summary.write_json(out)?;
    } else {
        summary.write(out)?;
    }
    if let Some((_, failure)) = &outcome.failure {
        let page: &mut dyn Write = if args.json { err } else { out };
        report(maker, failure, &args.failures, page)?;
        return Ok(BROKEN);
    }
    let occurred = match scenario {
        Some(scenario) => occurred(scenario, &outcome.tally, if args.json { err } else { out })?,
        None => true,
    };
    Ok(if summary.is_clean() && occurred { CLEAN } else { BROKEN })
}

/// Says how often what a scenario expects was counted, and whether that is often enough.
fn occurred(scenario: &Scenario, tally: &Tally, out: &mut dyn Write) -> Result<bool, UsageError> {
    let expected: Vec<_> = scenario.expected(tally).collect();
    writeln!(out, "\nwhat makes the situation, and the least in 100 runs")?;
    for Expected { counted, least, found, .. } in &expected {
        writeln!(out, "  {counted:<30} {} ({})", number(*found), number(*least))?;
    }
    let missing: Vec<_> = expected.iter().filter(|expected| !expected.is_met()).collect();
    for Expected { counted, .. } in &missing {
        writeln!(out, "VOID  the situation did not occur: too few of {counted}")?;
    }
    Ok(missing.is_empty())
}

/// The campaign of one world, which gets its share of the time.
fn campaign(args: &RunArgs, of_scenario: Option<&SeedRange>, share: u32) -> Campaign {
    let timed = args.time.is_some() || args.start.is_some();
    let seeds = match args.seeds.as_ref().or(of_scenario.filter(|_| !timed)) {
        Some(range) => Seeds::Range(range.clone()),
        None => {
            Seeds::For { first: args.start.map_or(0, |seed| seed.0), time: args.time.unwrap_or(DEFAULT_TIME) / share }
        }
    };
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    Campaign { seeds, jobs }
}

/// Writes the decisions to a file and the page to `out`.
fn report<S: Subject>(
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
