//! A run told step by step. The text is made only here, from the decisions: a campaign never spends time on it.

use std::io::{self, Write};

use multiwatcher::machine::{Revno, Time};
use multiwatcher::testing::{CallSeen, EPOCH, Observation, Operation, Party, Seen, Subject, Universe};

use crate::course::{Broken, Course};
use crate::decisions::Decisions;
use crate::replay::{Replay, Replayer};
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
    observe(maker, decisions, &mut |_, told| tell(told))
}

/// The same for whoever looks at the run after each step. A step that panicked is told too, but there is nothing to look at.
pub fn observe<S: Subject>(maker: Maker<S>, decisions: &Decisions, tell: &mut Tell<'_, S>) -> io::Result<Replayed> {
    let (mut replayer, mut cursors) = (Replayer::of(maker), Cursors::default());
    let (mut listens, mut last) = (Ok(()), (0, Time::ZERO));
    let replay = replayer.watched(decisions, &mut |course, step, operation| {
        last = (step, course.stage().now());
        if listens.is_ok() {
            listens = tell(Some(course), told(course, step, operation, &mut cursors));
        }
    });
    listens?;
    let Replay { hash, followed, skipped, broken, needs_healing: _ } = replay;
    let made = replayer.made();
    if broken.as_ref().is_some_and(Broken::is_panic)
        && let Some(operation) = made.get(last.0)
    {
        let universe = Universe::new(decisions.header.regime.shape);
        tell(None, panicked(&universe, last.1, last.0 + 1, operation))?;
    }
    Ok(Replayed { hash, made: made.len(), followed, skipped, broken })
}

/// Who is told each step.
pub type Tell<'a, S> = dyn FnMut(Option<&Course<S>>, Told) -> io::Result<()> + 'a;

/// By reader: what it has been brought to.
type Cursors = [Option<Revno>; Party::READERS];

fn told<S: Subject>(course: &Course<S>, step: usize, operation: Option<&Operation>, cursors: &mut Cursors) -> Told {
    let words = Words::new(course.stage().universe());
    let all = course.world_seen();
    let mut told = Told {
        revno: Some(course.report().revno),
        ..bare(course.stage().universe(), course.stage().now(), step, operation)
    };
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
fn bare(universe: &Universe, time: Time, step: usize, operation: Option<&Operation>) -> Told {
    let words = Words::new(universe);
    let party = operation.map(Operation::party);
    Told {
        step,
        time,
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

fn panicked(universe: &Universe, time: Time, step: usize, operation: &Operation) -> Told {
    let panics = vec!["panics".to_owned()];
    Told { seen: panics.clone(), noted: panics, ..bare(universe, time, step, Some(operation)) }
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
        // Where one of another epoch was taken over is told by its first batch.
        Observation::Resumed { reader, from, result: Ok(_), .. } => {
            cursors[usize::from(reader)] = Some(from.revno).filter(|_| from.epoch == EPOCH);
        }
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
