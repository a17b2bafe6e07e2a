//! A run told step by step. The text is made only here, from the decisions: a campaign never spends time on it.

use std::io::{self, Write};

use multiwatcher::machine::Time;
use multiwatcher::testing::{Operation, Subject};

use crate::course::{Broken, Course};
use crate::decisions::Decisions;
use crate::replay::{Replay, Replayer};
use crate::words::{self, Words};
use crate::worlds::Maker;

/// One step, as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Counted from 1.
    pub step: usize,
    /// When it happened.
    pub time: Time,
    /// Who moved.
    pub who: String,
    /// What was done.
    pub what: String,
    /// What was seen of it.
    pub seen: Vec<String>,
}

/// What a replay came to.
#[derive(Debug)]
pub struct Replayed {
    /// The hash of the trace.
    pub hash: u64,
    /// Operations that were made, those of the healing included.
    pub made: usize,
    /// Operations of the list that were made.
    pub followed: usize,
    /// Operations that were not possible, and passed over.
    pub skipped: usize,
    /// What it broke.
    pub broken: Option<Broken>,
}

/// Replays decisions, telling each step. What is not possible at its moment is passed over, so that an edited list still
/// means something.
pub fn replay<S: Subject>(
    maker: Maker<S>,
    decisions: &Decisions,
    tell: &mut dyn FnMut(Told) -> io::Result<()>,
) -> io::Result<Replayed> {
    let mut replayer = Replayer::of(maker);
    let mut listens = Ok(());
    let replay = replayer.watched(decisions, &mut |course, step, operation| {
        if listens.is_ok() {
            listens = tell(match operation {
                None => told(course, step, "begin", "a new machine"),
                Some(operation) => told_operation(course, step, operation),
            });
        }
    });
    listens?;
    let Replay { hash, followed, skipped, broken, needs_healing: _ } = replay;
    Ok(Replayed { hash, made: replayer.made().len(), followed, skipped, broken })
}

fn told_operation<S: Subject>(course: &Course<S>, step: usize, operation: &Operation) -> Told {
    let words = Words::new(course.stage().universe());
    told(course, step, &words::party(operation.party()), &words::operation(operation, words))
}

fn told<S: Subject>(course: &Course<S>, step: usize, who: &str, what: &str) -> Told {
    let words = Words::new(course.stage().universe());
    let seen = course.world_seen();
    let lines = seen.list().iter().filter_map(|observation| words::observation(observation, seen, words)).collect();
    Told { step, time: course.stage().now(), who: who.to_owned(), what: what.to_owned(), seen: lines }
}

impl Told {
    /// As lines of a trace.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { step, time, who, what, seen } = self;
        let micros = time.as_nanos() / 1000;
        let time = format!("{}.{:03}ms", micros / 1000, micros % 1000);
        writeln!(out, "{step:>4} {time:>9} {who:<8} {what}")?;
        seen.iter().try_for_each(|line| writeln!(out, "{:26}{line}", ""))
    }
}
