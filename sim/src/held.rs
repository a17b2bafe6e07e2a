//! What everybody holds after a step: the store, the backing, each reader's cursor, view and pending calls, and their wakers. For
//! whoever walks through a run; a campaign never asks.

use core::fmt::Write;

use multiwatcher::testing::{Reader, Status, Subject};

use crate::course::Course;
use crate::text::wrap;
use crate::words::Words;

/// Where a line begins.
const INDENT: &str = "       ";
/// What follows a name.
const BELOW: &str = "                ";

/// A line or more for each party that holds something, at most `width` columns wide.
pub(crate) fn lines<S: Subject>(course: &Course<S>, width: usize) -> String {
    let (stage, report) = (course.stage(), course.report());
    let words = Words::new(stage.universe());
    let mut text = String::new();
    let store = course.store().map_or(String::new(), |state| format!(": {}", words.state(state)));
    entry(&mut text, "store", &format!("r{} (p{}){store}", report.revno.0, report.position.0), width);
    entry(&mut text, "backing", &backing(course), width);
    for (number, reader) in stage.readers().iter().enumerate() {
        entry(&mut text, &format!("reader {number}"), &watcher(reader, words), width);
        for call in reader.calls() {
            let waker = match (call.woken, course.has_waker(call.id)) {
                (true, _) => "woken, not polled since",
                (false, Some(true)) => "waits, its waker is registered",
                (false, Some(false)) => "waits, no waker is registered",
                (false, None) => "waits",
            };
            entry(&mut text, "", &format!("call {}: {waker}", call.number), width);
        }
    }
    if S::HAS_TASK {
        let worker = if stage.is_runnable() { "woken, not polled since" } else { "waits" };
        entry(&mut text, "worker", worker, width);
    }
    text
}

/// A name, and beside it what it holds.
fn entry(text: &mut String, name: &str, held: &str, width: usize) {
    for (row, line) in wrap(held, "", width - BELOW.len()).lines().enumerate() {
        let name = if row == 0 { name } else { "" };
        writeln!(text, "{INDENT}{name:<8} {line}").expect("a string takes all that is written");
    }
}

fn backing<S: Subject>(course: &Course<S>) -> String {
    let stage = course.stage();
    let (backing, words) = (stage.backing(), Words::new(stage.universe()));
    let latest = backing.latest();
    let mut text = format!("p{}: {}", latest.position.0, words.state(latest.state));
    let mut tell = |differs: bool, what: String| {
        if differs {
            text.push_str("; ");
            text.push_str(&what);
        }
    };
    let owed = backing.session().map_or_else(Default::default, |session| session.owed);
    tell(!owed.is_empty(), format!("owes notices of {}", words.ids(owed)));
    let asked: Vec<_> = backing.fetches().iter().map(|fetch| format!("f{}", fetch.fetch)).collect();
    tell(!asked.is_empty(), format!("asked {}", asked.join(" ")));
    tell(!backing.flights().is_empty(), format!("{} under way", backing.flights().len()));
    tell(!backing.ailing().is_empty(), format!("cannot read {}", words.ids(backing.ailing())));
    tell(backing.is_silent(), "silent".to_owned());
    text
}

fn watcher(reader: &Reader, words: Words<'_>) -> String {
    let status = match reader.status() {
        Status::Closed => return "no watcher".to_owned(),
        Status::Open => "",
        Status::Ended => ", ended",
        Status::Stopped => ", stopped",
    };
    let watcher = reader.watcher().map_or(String::new(), |watcher| watcher.to_string());
    let cursor = match reader.kept().last() {
        Some(held) if !reader.is_fresh() => format!("at r{}, view: {}", held.point.revno.0, words.state(reader.view())),
        Some(_) | None => "no batch yet".to_owned(),
    };
    format!("{watcher}{status}, watches {}, {cursor}", words.filter(reader.filter()))
}
