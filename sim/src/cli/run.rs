//! `mwsim run`: a campaign and its verdict.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::io::Write;

use multiwatcher::testing::{Families, Subject};

use super::args::RunArgs;
use super::progress::Progress;
use super::shrink::{save, summary};
use super::{BROKEN, CLEAN, MISSED, UsageError, VOID, picture};
use crate::campaign::{self, Campaign, Seeds};
use crate::clock::Stopwatch;
use crate::corpus::{self, Replayed};
use crate::decisions::Header;
use crate::page;
use crate::runner::Failure;
use crate::saturation::Setting;
use crate::shrink;
use crate::story::Story;
use crate::summary::{Summary, Verdict};
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
    if let Some(failure) = corpus_first(maker, args, out, err)? {
        let page: &mut dyn Write = if args.json { err } else { out };
        report(maker, &failure, args, page)?;
        return Ok(BROKEN);
    }
    let campaign = campaign(args, share);
    let first = match &campaign.seeds {
        Seeds::Range(range) => range.first(),
        Seeds::For { first, .. } => *first,
    };
    let Some(canary) = canary.found(S::HAS_TASK, first, args.drawing.scheduler) else {
        void(maker.world, first, args.json, out)?;
        return Ok(VOID);
    };
    let progress = Progress::new(&campaign.seeds);
    let outcome = campaign::run(&campaign, || args.drawing.runner(maker), |seeds| progress.show(seeds));
    progress.finish();
    let without: Families = args.drawing.without.iter().copied().collect();
    let setting = Setting { driven: S::HAS_TASK, without };
    let summary = Summary::new(&outcome, maker.world, campaign.jobs, setting);
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
    Ok(match summary.verdict() {
        Verdict::Clean => CLEAN,
        Verdict::Broken | Verdict::Void => BROKEN,
        Verdict::Missed => MISSED,
    })
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

/// Replays the corpus if what is simulated ships; a capsule that breaks a promise there is handed back. Stale ones are listed.
fn corpus_first<S: Subject>(
    maker: Maker<S>,
    args: &RunArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Option<Failure>, UsageError> {
    if corpus::shipped(maker.world) != maker.world {
        return Ok(None);
    }
    let capsules = corpus::all().map_err(|(name, why)| UsageError::Corpus { name, why })?;
    let Replayed { clean, stale, broken } = corpus::replay(maker, capsules);
    let lines: &mut dyn Write = if args.json { err } else { out };
    for (name, followed, all) in &stale {
        writeln!(lines, "STALE  corpus/{name}.capsule, followed {followed} of {all}")?;
    }
    if let Some((name, decisions, broken)) = broken {
        writeln!(lines, "corpus/{name}.capsule is broken in what ships")?;
        return Ok(Some(Failure { decisions, broken }));
    }
    if !args.json {
        writeln!(lines, "corpus  {clean} capsules clean, {} stale", stale.len())?;
    }
    Ok(None)
}

/// Shrinks the failure, writes its capsule to a file and its page to `out`.
fn report<S: Subject>(
    maker: Maker<S>,
    failure: &Failure,
    args: &RunArgs,
    out: &mut dyn Write,
) -> Result<(), UsageError> {
    let watch = Stopwatch::start();
    let shrunk = if args.no_shrink { None } else { shrink::shrink(maker, &failure.decisions, shrink::REPLAYS) };
    writeln!(out)?;
    let (decisions, broken) = match &shrunk {
        Some(shrunk) => {
            summary(shrunk, watch.elapsed(), out)?;
            writeln!(out)?;
            (&shrunk.decisions, &shrunk.broken)
        }
        None => (&failure.decisions, &failure.broken),
    };
    let Header { seed, world, .. } = &decisions.header;
    let path = args.failures.join(format!("{}-{seed}.capsule", broken.name()));
    let command = match save(decisions, &path) {
        Ok(()) => format!("replay: cargo sim replay {}", path.display()),
        Err(error) => {
            let (folder, flags) = (args.failures.display(), args.drawing.flags());
            format!(
                "the capsule could not be written to {folder}: {error}\nreplay: cargo sim replay {seed} --world \
                 {world}{flags}"
            )
        }
    };
    page::write(maker, decisions, broken, &command, out)?;
    if let Some(path) = &args.html {
        picture::write(decisions, &Story::of(maker, decisions)?, path)?;
        writeln!(out, "picture: {}", path.display())?;
    }
    Ok(())
}
