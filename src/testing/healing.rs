//! The end of a run: faults off, everybody moves in turn, until all is quiet. A machine that keeps its promises has then
//! brought every reader that still has a watcher to the backing's latest state.

use core::time::Duration;

use super::backing::Session;
use super::operation::{CallKind, Failing, Operation};
use super::party::Party;
use super::readers::{Reader, Status};
use super::regime::Regime;
use super::stage::Stage;
use super::state::IdSet;
use crate::machine::TimeoutReason;

/// Draws nothing: what happens next follows from the stage, and from whose turn it is.
///
/// Quiet is told by the subject's deadlines: if right after a sign of life the next one is for silence, nothing else is waited
/// for. That is right as long as three heartbeats are longer than the longest back-off.
#[derive(Debug, Clone, Default)]
pub struct Healing {
    turn: usize,
}

impl Healing {
    /// The beginning of a healing phase.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next operation. `None` when all is quiet: nothing is owed, nothing under way, and every reader that has a
    /// watcher waits for its next batch.
    pub fn next(&mut self, stage: &Stage) -> Option<Operation> {
        if stage.runnable {
            return Some(Operation::Turn);
        }
        if stage.backing.is_silent() {
            return Some(Operation::Speak);
        }
        if let Some(id) = stage.backing.ailing().iter().next() {
            return Some(Operation::Mend { id });
        }
        let parties = 2 + stage.readers.len();
        for _ in 0..parties {
            self.turn = (self.turn + 1) % parties;
            let operation = match self.turn {
                0 => stream(stage),
                1 => caller(stage),
                reader => read(Party::at(4 + reader), &stage.readers[reader - 2]),
            };
            if operation.is_some() {
                return operation;
            }
        }
        clock(stage)
    }

    /// The logical time within which all must be quiet: an answer that never comes, a fetch that is repeated and one that is
    /// not answered, a subscription, a load, and the longest wait before each.
    pub fn bound(regime: &Regime) -> Duration {
        let config = &regime.config;
        config.call_timeout * 2 + config.load_timeout + config.backoff.max * 5
    }

    /// The number of operations within which all must be quiet, for a given stage at the beginning of the phase.
    pub fn most(stage: &Stage) -> u32 {
        let (ids, readers) = (u32::from(stage.regime.shape.ids()), u32::try_from(stage.readers.len()).unwrap_or(0));
        // Each id may be noticed, fetched and read; each of that may wake every reader; marks come in between.
        256 + 16 * (ids + 8) * (readers + 1)
    }
}

fn stream(stage: &Stage) -> Option<Operation> {
    if stage.ended {
        return None;
    }
    let (backing, session) = (&stage.backing, stage.backing.speaking()?);
    if backing.streams() && session.streamed < backing.end() && backing.flights().len() < super::backing::FLIGHTS {
        return Some(Operation::ReadUnasked { skip: 0 });
    }
    if let Some(id) = session.owed.iter().next() {
        return Some(Operation::Notice { ids: IdSet::one(id), twice: false });
    }
    stage.mark_due().then_some(Operation::Mark { behind: 0 })
}

fn caller(stage: &Stage) -> Option<Operation> {
    if stage.ended {
        return None;
    }
    let backing = &stage.backing;
    if !backing.flights().is_empty() {
        return Some(Operation::Deliver { flight: 0, keep: false });
    }
    if !backing.fetches().is_empty() {
        let call = CallKind::Fetch(0);
        return Some(match backing.fate(call) {
            Some(_) => Operation::Fail { call, why: Failing::Passing },
            None => Operation::ReadFetch { fetch: 0, skip: 0, omit: IdSet::EMPTY, behind: 0 },
        });
    }
    match backing.session()? {
        Session { rewound: true, .. } => Some(Operation::Fail { call: CallKind::Subscribe, why: Failing::Passing }),
        Session { said: false, .. } => Some(Operation::Subscribed),
        Session { load: Some(load), .. } => {
            let rest = backing.latest().state.alive().minus(load.read);
            Some(if rest.is_empty() { Operation::LoadDone } else { Operation::ReadLoad { ids: rest, absent: false } })
        }
        Session { load: None, .. } => None,
    }
}

fn read(party: Party, state: &Reader) -> Option<Operation> {
    let Party::Reader(reader) = party else { return None };
    match state.status {
        Status::Closed => None,
        Status::Ended | Status::Stopped => (!state.calls.is_empty()).then_some(Operation::Poll { reader, call: 0 }),
        Status::Open if state.calls.is_empty() => Some(Operation::Next { reader }),
        Status::Open => {
            let woken = (0..).zip(&state.calls).find(|(_, call)| call.woken);
            woken.map(|(call, _)| Operation::Poll { reader, call })
        }
    }
}

/// Time moves when nobody else can: to the subject's next deadline, or to the next sign of life if that is due before.
fn clock(stage: &Stage) -> Option<Operation> {
    if stage.ended {
        return None;
    }
    match stage.deadline?.why {
        TimeoutReason::Silence | TimeoutReason::LagAge if stage.backing.has_lost_answer() => until_mark(stage),
        TimeoutReason::Silence | TimeoutReason::LagAge
            if stage.heard < stage.now && stage.backing.speaking().is_some() =>
        {
            Some(Operation::Mark { behind: 0 })
        }
        TimeoutReason::Silence | TimeoutReason::LagAge => None,
        TimeoutReason::Reopen
        | TimeoutReason::SubscribeOverdue
        | TimeoutReason::LoadOverdue
        | TimeoutReason::FetchOverdue
        | TimeoutReason::FetchAgain
        | TimeoutReason::ReadAgain => Some(until_mark(stage).unwrap_or(Operation::Deadline { late: 0 })),
    }
}

fn until_mark(stage: &Stage) -> Option<Operation> {
    let (deadline, due) = (stage.deadline?, stage.heard.after(stage.regime.config.heartbeat / 2));
    stage.backing.speaking()?;
    let micros = due.since(stage.now).as_micros() + 1;
    (due < deadline.at).then(|| Operation::Advance { micros: u32::try_from(micros).unwrap_or(u32::MAX) })
}
