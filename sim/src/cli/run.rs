//! `mwsim run`: a campaign and its verdict.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use multiwatcher::testing::Subject;

use super::args::RunArgs;
use super::progress::Progress;
use super::report::report;
use super::{BROKEN, CLEAN, MISSED, UsageError, VOID, net};
use crate::campaign::{self, Campaign, Seeds};
use crate::corpus::{self, Replayed};
use crate::runner::Failure;
use crate::saturation::Setting;
use crate::scenario::{Expected, Scenario};
use crate::seed::SeedRange;
use crate::summary::{Summary, Verdict};
use crate::tally::Tally;
use crate::text::{COLUMNS, number, wrap};
use crate::worlds::{Maker, Runnable, World, in_world};
use crate::zoo::control::{Control, Search};

/// What is run when neither seeds nor a time are given.
const DEFAULT_TIME: Duration = Duration::from_secs(10);

/// Runs the campaign; the exit code says how it went.
pub(super) fn run(args: &RunArgs, out: &mut dyn Write, err: &mut dyn Write) -> Result<u8, UsageError> {
    let said = match args.world {
        Some(Runnable::Net) => return net::run(args, out, err),
        Some(Runnable::Decided(world)) => Some(world),
        None => None,
    };
    let scenario = args.scenario.as_deref().map(read).transpose()?;
    let worlds = match (said, &scenario) {
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
        let code = in_world!(*world, run_in(Control::Canary, args, scenario.as_ref(), share, out, err))?;
        if code != CLEAN {
            return Ok(code);
        }
    }
    Ok(CLEAN)
}

fn read(path: &Path) -> Result<Arc<Scenario>, UsageError> {
    Scenario::open(path).map(Arc::new).map_err(|why| UsageError::ScenarioFile { path: path.to_owned(), why })
}

/// Runs the campaign in one world, after the canary.
fn run_in<S: Subject + Send>(
    maker: Maker<S>,
    canary: Control,
    args: &RunArgs,
    scenario: Option<&Arc<Scenario>>,
    share: u32,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<u8, UsageError> {
    if let Some(failure) = corpus_first(maker, args, out, err)? {
        let page: &mut dyn Write = if args.json { err } else { out };
        report(maker, &failure, &args.reporting, &args.drawing.flags(), page)?;
        return Ok(BROKEN);
    }
    let campaign = campaign(args, scenario.map(|scenario| scenario.seeds()), share);
    let terms = args.drawing.terms(scenario);
    let search = canary.search(S::HAS_TASK, &terms, campaign.seeds.first(), campaign.jobs);
    let Some((canary_seed, canary)) = &search.found else {
        void(maker.world, &search, args.json, out)?;
        return Ok(VOID);
    };
    let progress = Progress::new(&campaign.seeds);
    let outcome = campaign::run(&campaign, || terms.runner(maker), |seeds| progress.show(seeds));
    progress.finish();
    let setting = Setting { driven: S::HAS_TASK, without: terms.without };
    let summary = Summary::new(&outcome, maker.world, campaign.jobs, setting);
    let summary = if scenario.is_some() { summary.of_scenario() } else { summary };
    if args.json {
        summary.write_json(out)?;
    } else {
        summary.write(out)?;
        writeln!(out)?;
        writeln!(out, "the canary broke {} at step {} of seed {canary_seed}", canary.name(), canary.step)?;
    }
    if let Some((_, failure)) = &outcome.failure {
        let page: &mut dyn Write = if args.json { err } else { out };
        report(maker, failure, &args.reporting, &args.drawing.flags(), page)?;
        return Ok(BROKEN);
    }
    let occurred = match scenario {
        Some(scenario) => occurred(scenario, &outcome.tally, if args.json { err } else { out })?,
        None => true,
    };
    Ok(match summary.verdict() {
        Verdict::Clean if occurred => CLEAN,
        Verdict::Clean | Verdict::Missed => MISSED,
        Verdict::Broken | Verdict::Void => BROKEN,
    })
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
        writeln!(out, "MISS  the situation did not occur: too few of {counted}")?;
    }
    Ok(missing.is_empty())
}

/// A subject that breaks a promise as soon as somebody reads was run, and that was not seen.
fn void(world: World, search: &Search, json: bool, out: &mut dyn Write) -> std::io::Result<()> {
    let name = world.name();
    if json {
        let verdict = serde_json::json!({ "world": name, "clean": false, "void": "the canary was not found" });
        return writeln!(out, "{verdict}");
    }
    writeln!(out, "VOID  world {name}")?;
    let Search { first, seeds, batches, .. } = search;
    let why = if *batches == 0 { "no reader took a batch" } else { "no checker saw it" };
    let text = format!(
        "the canary, which reports one watcher too many from the first batch on, was run with {} seeds from {first} on, and \
        {why}: whatever is run here, nothing is known of it",
        number(*seeds)
    );
    write!(out, "{}", wrap(&text, "  ", COLUMNS))
}

/// The campaign of one world, which gets its share of the time.
pub(super) fn campaign(args: &RunArgs, of_scenario: Option<&SeedRange>, share: u32) -> Campaign {
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{Cli, Command};
    use super::*;

    /// The verdict of two seeds, with this in the canary's place.
    fn run_with(canary: Control, more: &[&str]) -> (u8, String) {
        let asked = ["mwsim", "run", "--seeds", "7..9"].iter().chain(more);
        let Command::Run(args) = Cli::try_parse_from(asked).unwrap().command else { panic!("run was asked for") };
        let scenario = args.scenario.as_deref().map(read).transpose().unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = in_world!(World::Driver, run_in(canary, &args, scenario.as_ref(), 1, &mut out, &mut err)).unwrap();
        (code, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_campaign_whose_canary_lives_is_void() {
        let (code, out) = run_with(Control::Equal, &[]);
        assert_eq!(code, VOID);
        let (_, void) = out.split_once("VOID").unwrap();
        insta::assert_snapshot!(format!("VOID{void}").replace(char::is_numeric, "9"));
        let (code, out) = run_with(Control::Equal, &["--json"]);
        assert_eq!((code, out.matches("\"void\"").count()), (VOID, 1), "{out}");
    }

    #[test]
    fn a_campaign_says_that_its_canary_was_found() {
        let (code, out) = run_with(Control::Canary, &[]);
        assert_eq!(code, CLEAN, "{out}");
        assert!(out.contains("\nthe canary broke truthful-report at step "), "{out}");
    }

    /// Its readers only open and stop, so there is no batch to lie after.
    #[test]
    fn the_canary_plays_the_scenario_of_its_campaign() {
        let path = std::env::temp_dir().join("mwsim-nobody-reads.toml");
        let text = "# Nobody reads.\nseeds = \"0..9\"\nreaders = [\"eager\"]\nnever = [\"watch\"]\n[expect]\n";
        std::fs::write(&path, text).unwrap();
        let (code, out) = run_with(Control::Canary, &["--scenario", &path.to_string_lossy()]);
        assert_eq!(code, VOID, "{out}");
        assert!(out.contains("no\n  reader took a batch") || out.contains("no reader took a batch"), "{out}");
    }
}
