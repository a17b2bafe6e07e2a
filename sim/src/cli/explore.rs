//! `mwsim explore`: an exhaustive search of a scope and its verdict.

use core::num::NonZeroUsize;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use multiwatcher::testing::Subject;

use super::args::WIDTH;
use super::shrink::save;
use super::{BROKEN, CLEAN, MISSED, UsageError};
use crate::clock::Stopwatch;
use crate::course::Broken;
use crate::decisions::{Decisions, Header};
use crate::explore::summary::Summary;
use crate::explore::{Found, Limits, Progress, Scope, search};
use crate::page;
use crate::schedulers::Kind;
use crate::shrink;
use crate::text::number;
use crate::worlds::{Maker, World, in_world};

/// Arguments of `explore`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  mwsim explore --scope sim/scopes/restart-and-stop.toml
  mwsim explore --scope sim/scopes/kill-and-drop.toml --jobs 2
  mwsim explore --scope mine.toml --world driver+z26

States with equal futures are tried once, so a small scope comes
to an end: it closes. The first failure found is a shortest one;
it is written to the failures folder, and its page ends with the
command that replays it.

Exit codes: 0 closed and clean, 1 a promise is broken, 2 usage
or a scope that cannot be read, 3 clean and not closed.")]
pub struct ExploreArgs {
    /// What there is and what may happen, in TOML
    #[arg(long, value_name = "FILE")]
    pub scope: PathBuf,
    /// What is searched [default: what the scope says]
    #[arg(long, value_enum)]
    pub world: Option<World>,
    /// Workers; the outcome is the same with any number [default: one per core]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Try no run of more operations [default: until no run reaches a new state]
    #[arg(long, value_name = "N")]
    pub depth: Option<usize>,
    /// Do not merge runs: what the merging is checked against
    #[arg(long)]
    pub unmerged: bool,
    /// Print the summary as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Where the decisions of a failing run are written
    #[arg(long, value_name = "DIR", default_value = "sim-failures")]
    pub failures: PathBuf,
}

/// Searches; the exit code says what it came to.
pub(super) fn explore(args: &ExploreArgs, out: &mut dyn Write, err: &mut dyn Write) -> Result<u8, UsageError> {
    let path = || args.scope.clone();
    let text = std::fs::read_to_string(&args.scope).map_err(|why| UsageError::NoScope { path: path(), why })?;
    let scope = Scope::read(&text).map_err(|why| UsageError::Scope { path: path(), why })?;
    let world = args.world.unwrap_or(scope.world);
    in_world!(world, explore_in(&scope, args, out, err))
}

fn explore_in<S: Subject + Send>(
    maker: Maker<S>,
    scope: &Scope,
    args: &ExploreArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<u8, UsageError> {
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let watch = Stopwatch::start();
    let bar = Bar::new();
    let limits = Limits { jobs, merge: !args.unmerged, skip: !args.unmerged, depth: args.depth };
    let outcome = search(maker, scope, limits, &mut |progress| bar.show(progress));
    bar.finish();
    let summary = Summary::new(maker.world, &outcome);
    if args.json {
        summary.write_json(watch.elapsed(), jobs, out)?;
    } else {
        summary.write(out)?;
        summary.write_time(watch.elapsed(), jobs, out)?;
    }
    let Some(found) = outcome.shortest() else {
        return Ok(if outcome.closed { CLEAN } else { MISSED });
    };
    let page: &mut dyn Write = if args.json { err } else { out };
    report(maker, decisions(maker, scope, found), &found.broken, args, page)?;
    Ok(BROKEN)
}

/// Writes the capsule of a run to a file and its page to `out`. What led to the scope's start goes too, where it is of no account.
fn report<S: Subject>(
    maker: Maker<S>,
    found: Decisions,
    broken: &Broken,
    args: &ExploreArgs,
    out: &mut dyn Write,
) -> Result<(), UsageError> {
    let (decisions, broken) = match shrink::shrink(maker, &found, shrink::REPLAYS) {
        Some(shrunk) => (shrunk.decisions, shrunk.broken),
        None => (found, broken.clone()),
    };
    let path = args.failures.join(format!("{}-explored.capsule", broken.name()));
    save(&decisions, &path).map_err(|error| UsageError::NotWritten { path: path.clone(), error })?;
    writeln!(out)?;
    page::write(maker, &decisions, &broken, &format!("replay: cargo sim replay {}", path.display()), out)?;
    Ok(())
}

/// All it takes to tell it again.
fn decisions<S: Subject>(maker: Maker<S>, scope: &Scope, found: &Found) -> Decisions {
    let header = Header {
        world: maker.world.name().to_owned(),
        seed: 0,
        scheduler: Kind::Uniform,
        broken: found.broken.name().to_owned(),
        regime: scope.regime(),
    };
    Decisions { header, operations: found.operations.clone(), healing: found.healing }
}

/// Shows how far a search is, on a terminal.
#[derive(Debug)]
struct Bar(Option<ProgressBar>);

impl Bar {
    fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        Self(Some(ProgressBar::new_spinner().with_style(style)))
    }

    fn show(&self, progress: Progress) {
        let Self(Some(bar)) = self else { return };
        bar.set_message(line(&progress));
        bar.tick();
    }

    fn finish(&self) {
        self.0.iter().for_each(ProgressBar::finish_and_clear);
    }
}

/// How far it is, and about how much is left.
fn line(progress: &Progress) -> String {
    let Progress { states, waiting, depth, left, .. } = *progress;
    let left = left.map_or_else(|| "growing".to_owned(), |left| format!("about {} to come", number(left)));
    format!("depth {depth}, {} states, {} waiting, {left}", number(states), number(waiting))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_much_is_left_and_fits_a_phone() {
        let progress =
            Progress { states: 1_234_567, waiting: 89_012, transitions: 0, depth: 31, left: Some(1_000_000) };
        let told = line(&progress);
        assert_eq!(told, "depth 31, 1,234,567 states, 89,012 waiting, about 1,000,000 to come");
        assert!(line(&Progress { left: None, ..progress }).ends_with("growing"));
    }
}
