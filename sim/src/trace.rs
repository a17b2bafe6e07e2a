//! A run told step by step. The text is made only here, from the decisions: a campaign never spends time on it.

use std::io::{self, Write};
use std::panic::AssertUnwindSafe;

use multiwatcher::machine::{Revno, Time};
use multiwatcher::testing::{CallSeen, Observation, Operation, Party, Seen, Stage, Subject};

use crate::course::{Broken, Course};
use crate::decisions::Decisions;
use crate::text::wrap;
use crate::words::{self, Words};
use crate::worlds::Maker;

/// Where a line about what was seen begins.
const SEEN: usize = 26;

/// One step, as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Counted from 1.
    pub step: usize,
    /// When it happened.
    pub time: Time,
    /// Who moved; nobody at the beginning.
    pub party: Option<Party>,
    /// The same in words.
    pub who: String,
    /// What was done.
    pub what: String,
    /// The store's latest revno after it; `None` if nobody could be asked.
    pub revno: Option<Revno>,
    /// The readers that were woken, in order, one for each call.
    pub woken: Vec<u8>,
    /// The batches that were handed over.
    pub delivered: Vec<Delivered>,
    /// Everything that was seen of it.
    pub seen: Vec<String>,
    /// What of that is not already said by what was done, who was woken and what was handed over.
    pub noted: Vec<String>,
}

/// One batch, as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// To whom.
    pub reader: u8,
    /// What the reader had been brought to before; `None` if this is its first batch.
    pub after: Option<Revno>,
    /// What it is brought to.
    pub revno: Revno,
    /// Its deltas in words.
    pub deltas: Vec<String>,
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
    observe(maker, decisions, &mut |_, told| tell(told))
}

/// The same for whoever looks at the run after each step. A step that panicked is told too, but there is nothing to look at.
pub fn observe<S: Subject>(maker: Maker<S>, decisions: &Decisions, tell: &mut Tell<'_, S>) -> io::Result<Replayed> {
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
        Err(said) => {
            if let Some(operation) = step.checked_sub(1).and_then(|at| decisions.operations.get(at)) {
                replay.made += 1;
                tell(None, panicked(course.stage(), step, operation))?;
            }
            Some(Broken::panicked(said, replay.made))
        }
    };
    replay.hash = course.hash();
    Ok(replay)
}

/// Who is told each step.
pub type Tell<'a, S> = dyn FnMut(Option<&Course<S>>, Told) -> io::Result<()> + 'a;

/// By reader: what it has been brought to.
type Cursors = [Option<Revno>; Party::READERS];

fn play<S: Subject>(
    course: &mut Course<S>,
    decisions: &Decisions,
    replay: &mut Replayed,
    step: &mut usize,
    tell: &mut Tell<'_, S>,
) -> io::Result<Result<(), Box<Broken>>> {
    let mut cursors = Cursors::default();
    let begun = course.begin(decisions.header.seed, &decisions.header.regime);
    tell(Some(course), told(course, 0, None, &mut cursors))?;
    if let Err(broken) = begun {
        return Ok(Err(broken));
    }
    for (index, operation) in decisions.operations.iter().enumerate() {
        if decisions.healing == Some(index) {
            course.begin_healing();
        }
        *step = index + 1;
        let stepped = course.step(operation);
        if let Ok(false) = stepped {
            replay.skipped += 1;
            continue;
        }
        replay.made += 1;
        tell(Some(course), told(course, *step, Some(operation), &mut cursors))?;
        if let Err(broken) = stepped {
            return Ok(Err(broken));
        }
    }
    let Some(healing) = decisions.healing else { return Ok(Ok(())) };
    let healing = u32::try_from(decisions.operations.len() - healing).unwrap_or(u32::MAX);
    if course.is_quiet() { Ok(course.finish()) } else { Ok(course.not_healed(healing)) }
}

fn told<S: Subject>(course: &Course<S>, step: usize, operation: Option<&Operation>, cursors: &mut Cursors) -> Told {
    let words = Words::new(course.stage().universe());
    let all = course.world_seen();
    let mut told = Told { revno: Some(course.report().revno), ..bare(course.stage(), step, operation) };
    for observation in all.list() {
        let line = words::observation(observation, all, words);
        if !follow(observation, all, words, cursors, &mut told) {
            told.noted.extend(line.clone());
        }
        told.seen.extend(line);
    }
    told
}

/// What was done, without what came of it.
fn bare(stage: &Stage, step: usize, operation: Option<&Operation>) -> Told {
    let words = Words::new(stage.universe());
    let party = operation.map(Operation::party);
    Told {
        step,
        time: stage.now(),
        party,
        who: party.map_or("begin".to_owned(), words::party),
        what: operation.map_or("a new machine".to_owned(), |operation| words::operation(operation, words)),
        revno: None,
        woken: Vec::new(),
        delivered: Vec::new(),
        seen: Vec::new(),
        noted: Vec::new(),
    }
}

fn panicked(stage: &Stage, step: usize, operation: &Operation) -> Told {
    let panics = vec!["panics".to_owned()];
    Told { seen: panics.clone(), noted: panics, ..bare(stage, step, Some(operation)) }
}

/// Keeps who was woken and what was handed over; says whether that is all, or was said by the operation.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these move a cursor or a reader")]
fn follow(observation: &Observation, seen: &Seen, words: Words<'_>, cursors: &mut Cursors, told: &mut Told) -> bool {
    match *observation {
        Observation::Woken { reader, .. } => {
            told.woken.push(reader);
            return true;
        }
        Observation::Called { reader, seen: CallSeen::Batch(batch), .. } => {
            let after = cursors[usize::from(reader)].replace(batch.revno);
            let deltas = seen.deltas(&batch).iter().map(|delta| words.delta(delta)).collect();
            told.delivered.push(Delivered { reader, after, revno: batch.revno, deltas });
            return true;
        }
        Observation::Opened { reader, result: Ok(_), .. } => {
            cursors[usize::from(reader)] = None;
            return true;
        }
        Observation::Resumed { reader, from, result: Ok(_), .. } => cursors[usize::from(reader)] = Some(from.revno),
        Observation::Committed { .. } | Observation::Stopped { .. } => return true,
        Observation::Progressed { reader, result: Ok(Some(progress)) } => {
            cursors[usize::from(reader)] = Some(progress.revno);
        }
        _ => {}
    }
    false
}

impl Told {
    /// As lines of a trace.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { step, who, what, seen, .. } = self;
        let time = self.millis() + "ms";
        writeln!(out, "{step:>4} {time:>9} {who:<8} {what}")?;
        seen.iter().try_for_each(|line| writeln!(out, "{:SEEN$}{line}", ""))
    }

    /// The same in lines of at most `width` columns, as long as no word is longer.
    pub fn write_narrow(&self, width: usize, out: &mut dyn Write) -> io::Result<()> {
        let Self { step, who, what, seen, .. } = self;
        let (time, indent) = (self.millis() + "ms", " ".repeat(SEEN));
        for (row, line) in wrap(what, "", width - SEEN).lines().enumerate() {
            match row {
                0 => writeln!(out, "{step:>4} {time:>9} {who:<8} {line}")?,
                _ => writeln!(out, "{:24}{line}", "")?,
            }
        }
        seen.iter().try_for_each(|line| write!(out, "{}", wrap(line, &indent, width)))
    }

    /// The time in milliseconds, to the microsecond.
    pub fn millis(&self) -> String {
        let micros = self.time.as_nanos() / 1000;
        format!("{}.{:03}", micros / 1000, micros % 1000)
    }
}
