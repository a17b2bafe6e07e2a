//! A run told step by step. The text is made only here, from the decisions: a campaign never spends time on it.

use std::io::{self, Write};
use std::panic::AssertUnwindSafe;

use multiwatcher::machine::Time;
use multiwatcher::testing::{Operation, Subject};

use crate::course::{Broken, Course};
use crate::decisions::Decisions;
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
    /// Operations that were made.
    pub made: usize,
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
    let mut course = Course::of(maker);
    let mut replay = Replayed { hash: 0, made: 0, skipped: 0, broken: None };
    let mut step = 0;
    let caught = crate::panics::caught(AssertUnwindSafe(|| -> io::Result<Result<(), Box<Broken>>> {
        play(&mut course, decisions, &mut replay, &mut step, tell)
    }));
    replay.broken = match caught {
        Ok(Ok(Ok(()))) => None,
        Ok(Ok(Err(broken))) => Some(*broken),
        Ok(Err(error)) => return Err(error),
        Err(said) => Some(Broken::panicked(said, step)),
    };
    replay.hash = course.hash();
    Ok(replay)
}

fn play<S: Subject>(
    course: &mut Course<S>,
    decisions: &Decisions,
    replay: &mut Replayed,
    step: &mut usize,
    tell: &mut dyn FnMut(Told) -> io::Result<()>,
) -> io::Result<Result<(), Box<Broken>>> {
    let begun = course.begin(decisions.header.seed, &decisions.header.regime);
    tell(told(course, 0, "begin", "a new machine"))?;
    if let Err(broken) = begun {
        return Ok(Err(broken));
    }
    for (index, operation) in decisions.operations.iter().enumerate() {
        if decisions.healing == Some(index) {
            course.begin_healing();
        }
        *step = index + 1;
        match course.step(operation) {
            Ok(true) => {
                replay.made += 1;
                tell(told_operation(course, *step, operation))?;
            }
            Ok(false) => replay.skipped += 1,
            Err(broken) => {
                replay.made += 1;
                tell(told_operation(course, *step, operation))?;
                return Ok(Err(broken));
            }
        }
    }
    let Some(healing) = decisions.healing else { return Ok(Ok(())) };
    if healing == decisions.operations.len() {
        // There was nothing to heal.
        course.begin_healing();
    }
    let healing = u32::try_from(decisions.operations.len() - healing).unwrap_or(u32::MAX);
    if course.is_quiet() { Ok(course.finish()) } else { Ok(course.not_healed(healing)) }
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
