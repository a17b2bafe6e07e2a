//! What an outside observer sees of a run, whatever stands in the machine's place: the one stream that the reference model
//! and every checker read.
//!
//! The order within one operation is the order in which things happened: first what was put to the subject, then what
//! it answered, then what it asked for.

use core::ops::Range;

use crate::machine::{
    BackingCall, Cause, Change, Epoch, Identity, NextError, Position, Progress, ResumeError, ResumePoint, Revno, Time,
    WatchError, WatcherId,
};

use super::state::{Changes, IdSet, State};
use super::universe::{FilterIx, IdIx, Val};

/// One thing seen.
///
/// Generations and fetches are counted in 32 bits here; a subject that counts further has run away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Observation {
    /// The backing committed. Its log has one entry more.
    Committed {
        /// The commit's position.
        position: Position,
        /// What it did.
        changes: Changes,
        /// B(position).
        state: State,
    },
    /// The backing went back. Its log has one entry more, an old state with an old position.
    Rewound {
        /// Where it stands.
        position: Position,
        /// B(position).
        state: State,
    },

    /// Put to the subject: the subscription stands.
    Subscribed {
        /// Whose.
        generation: u32,
        /// p0.
        position: Position,
        /// Which past of the backing.
        backing: Identity,
    },
    /// Put to the subject: entities of a load.
    Staged {
        /// Whose.
        generation: u32,
        /// The ids read, or found absent.
        ids: IdSet,
        /// Those of them that could not be read.
        errors: IdSet,
    },
    /// Put to the subject: the load has brought everything.
    LoadDone {
        /// Whose.
        generation: u32,
    },
    /// Put to the subject: a notice.
    Noticed {
        /// Whose.
        generation: u32,
        /// The ids named.
        ids: IdSet,
    },
    /// Put to the subject: a sign of life.
    Marked {
        /// Whose.
        generation: u32,
        /// Where the backing stood when it was sent.
        position: Position,
    },
    /// Put to the subject: a step.
    Stepped {
        /// Whose.
        generation: u32,
        /// The fetch it answers; `None` if nobody asked.
        fetch: Option<u32>,
        /// Where it starts.
        from: Position,
        /// Where it was read.
        to: Position,
        /// The entry of the log it was read at: B(to) is that entry's state.
        at: u32,
        /// The ids in it.
        ids: IdSet,
        /// Those of them that could not be read.
        errors: IdSet,
    },
    /// Put to the subject: a call or the subscription failed.
    Failed {
        /// Whose.
        generation: u32,
        /// Which.
        call: BackingCall,
        /// Why.
        cause: Cause,
    },
    /// Put to the subject: a deadline may have passed.
    TimedOut,
    /// Put to the subject: kill.
    Killed(Cause),
    /// Time has moved; what follows happens then.
    Now(Time),

    /// Asked for: drop this generation's subscription.
    Unsubscribe {
        /// Which.
        generation: u32,
    },
    /// Asked for: subscribe.
    Subscribe {
        /// For this generation.
        generation: u32,
    },
    /// Asked for: a load.
    Load {
        /// For this generation.
        generation: u32,
    },
    /// Asked for: a step.
    Fetch {
        /// For this generation.
        generation: u32,
        /// Its name.
        fetch: u32,
        /// Where it must start.
        since: Position,
        /// The ids it must name.
        ids: IdSet,
    },
    /// The subject has ended.
    Ended(Cause),
    /// Asked for: wake this call.
    Woken {
        /// Whose.
        reader: u8,
        /// Which.
        call: u32,
    },
    /// Asked for: wake a call that no reader has pending.
    WokenNobody,

    /// A reader opened a watcher. What it kept of earlier ones is history.
    Opened {
        /// Which reader.
        reader: u8,
        /// What it wants to see.
        filter: FilterIx,
        /// Its new watcher.
        result: Result<WatcherId, WatchError>,
    },
    /// A reader came back.
    Resumed {
        /// Which reader.
        reader: u8,
        /// What it wants to see.
        filter: FilterIx,
        /// From where.
        from: ResumePoint,
        /// Its view there; what the result says of it is right only if `from` was really told.
        view: State,
        /// Its new watcher.
        result: Result<WatcherId, ResumeError>,
    },
    /// A call was polled.
    Called {
        /// Whose.
        reader: u8,
        /// How, and which call.
        how: How,
        /// What came of it.
        seen: CallSeen,
    },
    /// A pending call was dropped.
    Dropped {
        /// Whose.
        reader: u8,
        /// Which.
        call: u32,
    },
    /// A reader asked for its progress.
    Progressed {
        /// Which.
        reader: u8,
        /// The answer.
        result: Result<Option<Progress>, NextError>,
    },
    /// A reader's watcher was stopped; the call has returned.
    Stopped {
        /// Which.
        reader: u8,
    },
    /// An answer that does not belong to what was put.
    Misanswered,
}

/// How a reader asked for a batch. Calls are numbered over the whole run, from 1, by their first poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    /// The first poll of this call.
    First(u32),
    /// A later poll of this call.
    Again(u32),
    /// A poll of this call after it was answered or dropped, or of a call that never was.
    Over(u32),
    /// Without waiting.
    Try,
}

/// What one poll came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallSeen {
    /// The call waits.
    Waits,
    /// There is nothing (without waiting only).
    Nothing,
    /// A batch; its deltas stand in [`Seen::deltas`].
    Batch(BatchSeen),
    /// The call is over with an error.
    Error(NextError),
}

/// A batch, without its deltas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchSeen {
    /// Where it brings the watcher.
    pub revno: Revno,
    /// The backing's position its view then stands for.
    pub position: Position,
    /// The first of its deltas.
    pub start: u32,
    /// How many.
    pub len: u32,
}

/// A delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeltaSeen {
    /// The revno of its latest change.
    pub revno: Revno,
    /// Its value now, or the last one the store had.
    pub value: Val,
    /// Which entity.
    pub id: IdIx,
    /// Changed or removed.
    pub change: Change,
}

/// What was seen since it was last cleared.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    list: Vec<Observation>,
    deltas: Vec<DeltaSeen>,
}

impl Seen {
    /// In order.
    pub fn list(&self) -> &[Observation] {
        &self.list
    }

    /// The deltas of a batch that was seen.
    pub fn deltas(&self, batch: &BatchSeen) -> &[DeltaSeen] {
        let Range { start, end } = batch.start as usize..(batch.start + batch.len) as usize;
        &self.deltas[start..end]
    }

    /// Forgets everything. Whoever drives a world does this before, or after, each operation.
    pub fn clear(&mut self) {
        self.list.clear();
        self.deltas.clear();
    }

    /// Writes one down.
    pub fn push(&mut self, observation: Observation) {
        self.list.push(observation);
    }

    /// Writes a batch's deltas down; what is returned goes into the observation.
    pub fn batch(&mut self, revno: Revno, position: Position, deltas: impl Iterator<Item = DeltaSeen>) -> BatchSeen {
        let start = self.deltas.len();
        self.deltas.extend(deltas);
        let count = |n: usize| u32::try_from(n).expect("an operation yields a few deltas");
        BatchSeen { revno, position, start: count(start), len: count(self.deltas.len() - start) }
    }
}

/// The epoch of every subject in a generated run.
pub const EPOCH: Epoch = Epoch(0xe);
