//! `mwsim run`: a campaign and its verdict.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::io::Write;
use std::path::{Path, PathBuf};

use multiwatcher::testing::Subject;

use super::args::RunArgs;
use super::progress::Progress;
use super::{BROKEN, CLEAN, UsageError, VOID};
use crate::campaign::{self, Campaign, Seeds};
use crate::decisions::Header;
use crate::page;
use crate::runner::{Failure, Runner};
use crate::summary::Summary;
use crate::text::{COLUMNS, wrap};
use crate::worlds::{Maker, World, in_world};
use crate::zoo::control::Control;

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
        let code = in_world!(*world, run_in(Control::Canary, args, share, out, err))?;
        if code != CLEAN {
            return Ok(code);
        }
    }
    Ok(CLEAN)
}

/// Runs the campaign in one world, after the canary.
fn run_in<S: Subject + Send>(
    maker: Maker<S>,
    canary: Control,
    args: &RunArgs,
    share: u32,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<u8, UsageError> {
    let campaign = campaign(args, share);
    let first = match &campaign.seeds {
        Seeds::Range(range) => range.first(),
        Seeds::For { first, .. } => *first,
    };
    let Some(canary) = canary.found(S::HAS_TASK, first, args.scheduler) else {
        void(maker.world, first, args.json, out)?;
        return Ok(VOID);
    };
    let progress = Progress::new(&campaign.seeds);
    let make = || {
        let runner = Runner::of(maker);
        if let Some(kind) = args.scheduler { runner.scheduled_by(kind) } else { runner }
    };
    let outcome = campaign::run(&campaign, make, |seeds| progress.show(seeds));
    progress.finish();
    let summary = Summary::new(&outcome, maker.world, campaign.jobs);
    if args.json {
        summary.write_json(out)?;
    } else {
        summary.write(out)?;
        writeln!(out)?;
        writeln!(out, "the canary broke {} at step {} of seed {first}", canary.name(), canary.step)?;
    }
    if let Some((_, failure)) = &outcome.failure {
        let page: &mut dyn Write = if args.json { err } else { out };
        report(maker, failure, args, page)?;
    }
    Ok(if summary.is_clean() { CLEAN } else { BROKEN })
}

/// A subject that breaks a promise at once was run, and that was not seen.
fn void(world: World, seed: u64, json: bool, out: &mut dyn Write) -> std::io::Result<()> {
    let name = world.name();
    if json {
        let verdict = serde_json::json!({ "world": name, "clean": false, "void": "the canary was not found" });
        return writeln!(out, "{verdict}");
    }
    writeln!(out, "VOID  world {name}")?;
    let text = format!(
        "the canary, which reports one watcher too many, was run with seed {seed} and no checker saw it: \
        whatever is run here, nothing is known of it"
    );
    write!(out, "{}", wrap(&text, "  ", COLUMNS))
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
fn report<S: Subject>(
    maker: Maker<S>,
    failure: &Failure,
    args: &RunArgs,
    out: &mut dyn Write,
) -> Result<(), UsageError> {
    let command = match save(failure, &args.failures) {
        Ok(path) => format!("replay: cargo sim replay {}", path.display()),
        Err(error) => {
            let Header { seed, world, .. } = &failure.decisions.header;
            let folder = args.failures.display();
            let scheduler = args.scheduler.map(|kind| format!(" --scheduler {kind}")).unwrap_or_default();
            format!(
                "the decisions could not be written to {folder}: {error}\n\
                replay: cargo sim replay {seed} --world {world}{scheduler}"
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{Cli, Command};
    use super::*;

    fn run_with(canary: Control, more: &[&str]) -> (u8, String) {
        let asked = ["mwsim", "run", "--seeds", "7..9"].iter().chain(more);
        let Command::Run(args) = Cli::try_parse_from(asked).unwrap().command else { panic!("run was asked for") };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = in_world!(World::Driver, run_in(canary, &args, 1, &mut out, &mut err)).unwrap();
        (code, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_campaign_whose_canary_lives_is_void() {
        let (code, out) = run_with(Control::Equal, &[]);
        assert_eq!(code, VOID);
        insta::assert_snapshot!(out);
        let (code, out) = run_with(Control::Equal, &["--json"]);
        assert_eq!((code, out.matches("\"void\"").count()), (VOID, 1), "{out}");
    }

    #[test]
    fn a_campaign_says_that_its_canary_was_found() {
        let (code, out) = run_with(Control::Canary, &[]);
        assert_eq!(code, CLEAN);
        assert!(out.ends_with("\nthe canary broke truthful-report at step 0 of seed 7\n"), "{out}");
    }
}
