//! `mwsim explore`: an exhaustive search of a scope and its verdict.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use multiwatcher::machine::Time;
use multiwatcher::testing::Subject;

use super::args::ExploreArgs;
use super::progress::Turns;
use super::report::report;
use super::{BROKEN, CLEAN, MISSED, UsageError};
use crate::clock::Stopwatch;
use crate::decisions::{Decisions, Header};
use crate::explore::summary::Summary;
use crate::explore::{Found, Limits, Progress, Scope, search};
use crate::runner::Failure;
use crate::schedulers::Kind;
use crate::text::{COLUMNS, number, wrap};
use crate::worlds::{Maker, in_world};

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
    if maker.subject(&scope.regime()).fingerprint(Time::ZERO).is_none() {
        return Err(UsageError::NoFingerprint(maker.world.name()));
    }
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let watch = Stopwatch::start();
    // Only of what is searched whole, and merged, somebody has counted the states.
    let is_counted = maker.world == scope.world && !args.unmerged && args.depth.is_none();
    let expect = scope.expect.filter(|_| is_counted);
    let bar = Bar::new(expect);
    let limits = Limits { jobs, merge: !args.unmerged, skip: !args.unmerged, depth: args.depth };
    let outcome = search(maker, scope, limits, &mut |progress| bar.show(progress));
    bar.finish();
    let took = watch.elapsed();
    let summary = Summary::new(maker.world, &outcome);
    if args.json {
        summary.write_json(took, jobs, out)?;
    } else {
        summary.write(out)?;
        summary.write_time(took, jobs, out)?;
    }
    let page: &mut dyn Write = if args.json { err } else { out };
    let Some(found) = outcome.shortest() else {
        let counted = expect.map_or(Ok(true), |expected| compare(expected, outcome.states, page))?;
        let within = scope.within.filter(|_| is_counted);
        let in_time = within.map_or(Ok(true), |within| compare_time(within, took, page))?;
        return Ok(if outcome.closed && counted && in_time { CLEAN } else { MISSED });
    };
    report(maker, &failure(maker, scope, found), &args.reporting, "", page)?;
    Ok(BROKEN)
}

/// Says whether there are as many states as the scope file expects.
fn compare(expected: u64, states: u64, out: &mut dyn Write) -> std::io::Result<bool> {
    writeln!(out)?;
    if states == expected {
        writeln!(out, "  as many states as the scope file expects")?;
        return Ok(true);
    }
    let (expected, states) = (number(expected), number(states));
    writeln!(out, "MISS  the scope file expects {expected} states, the search came to {states}")?;
    let text = "Either something that counts is no longer told apart or no longer happens, or something is that was not. If that is meant, \
                write the new number into the file.";
    write!(out, "{}", wrap(text, "  ", COLUMNS))?;
    Ok(false)
}

/// Says if it took longer than the scope file allows.
fn compare_time(within: Duration, took: Duration, out: &mut dyn Write) -> std::io::Result<bool> {
    if took > within {
        writeln!(out, "MISS  the scope file allows {within:.1?}, the search took {took:.1?}")?;
    }
    Ok(took <= within)
}

/// All it takes to tell it again.
fn failure<S: Subject>(maker: Maker<S>, scope: &Scope, found: &Found) -> Failure {
    let header = Header {
        world: maker.world.name().to_owned(),
        seed: 0,
        scheduler: Kind::Exhaustive,
        broken: found.broken.name().to_owned(),
        regime: scope.regime(),
    };
    let decisions = Decisions { header, operations: found.operations.clone(), healing: found.healing };
    Failure { decisions, broken: found.broken.clone() }
}

/// Shows how far a search is: in a line that changes on a terminal, and elsewhere in a line now and then, both on standard error.
#[derive(Debug)]
struct Bar {
    /// None where there is no terminal.
    spinner: Option<ProgressBar>,
    turns: Turns,
    /// The states there are, if somebody has counted.
    expect: Option<u64>,
}

impl Bar {
    fn new(expect: Option<u64>) -> Self {
        let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let is_terminal = std::io::stderr().is_terminal();
        let spinner = is_terminal.then(|| ProgressBar::new_spinner().with_style(style));
        Self { spinner, turns: Turns::start(), expect }
    }

    fn show(&self, progress: Progress) {
        match &self.spinner {
            Some(bar) => {
                bar.set_message(line(&progress, self.expect));
                bar.tick();
            }
            None if self.turns.is_due() => {
                // A progress line that cannot be written is not worth ending a search for.
                let _ = writeln!(std::io::stderr(), "{}", line(&progress, self.expect));
            }
            None => (),
        }
    }

    fn finish(&self) {
        self.spinner.iter().for_each(ProgressBar::finish_and_clear);
    }
}

/// How far it is, and about how much is left.
fn line(progress: &Progress, expect: Option<u64>) -> String {
    let Progress { states, waiting, depth, left, .. } = *progress;
    let left = match (expect, left) {
        (Some(expect), _) => format!("{} % of the {} expected", states * 100 / expect.max(1), number(expect)),
        (None, Some(left)) => format!("perhaps {} to come", number(left)),
        (None, None) => "growing".to_owned(),
    };
    format!("depth {depth}, {} states, {} waiting, {left}", number(states), number(waiting))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_much_is_left() {
        let progress =
            Progress { states: 1_234_567, waiting: 89_012, transitions: 0, depth: 31, left: Some(1_000_000) };
        let told = line(&progress, None);
        assert_eq!(told, "depth 31, 1,234,567 states, 89,012 waiting, perhaps 1,000,000 to come");
        assert!(line(&Progress { left: None, ..progress }, None).ends_with("growing"));
        let told = line(&progress, Some(2_469_134));
        assert_eq!(told, "depth 31, 1,234,567 states, 89,012 waiting, 50 % of the 2,469,134 expected");
        assert!(told.len() <= 80);
    }
}
