//! `mwsim explore`: an exhaustive search of a scope and its verdict.

use core::num::NonZeroUsize;
use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use multiwatcher::machine::Time;
use multiwatcher::testing::Subject;

use super::args::ExploreArgs;
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
    let page: &mut dyn Write = if args.json { err } else { out };
    let Some(found) = outcome.shortest() else {
        // Only of what is searched whole, and merged, somebody has counted the states.
        let expect = scope.expect.filter(|_| maker.world == scope.world && !args.unmerged && outcome.closed);
        let counted = expect.map_or(Ok(true), |expected| compare(expected, outcome.states, page))?;
        return Ok(if outcome.closed && counted { CLEAN } else { MISSED });
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
