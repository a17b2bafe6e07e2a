//! One decision of a run, with all its arguments: a run is a regime and a list of these, and a replay needs nothing else.

use serde::{Deserialize, Serialize};

use super::party::Party;
use super::state::{Changes, IdSet};
use super::universe::{FilterIx, IdIx};

/// One decision. Indexes point into what is open or under way at that moment, so that an edited list still makes sense:
/// one that points nowhere is not possible then, and is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// A transaction commits. `skip` positions before it stay unused.
    Commit {
        /// What it does. It may touch an id without changing it.
        changes: Changes,
        /// Positions left out.
        skip: u8,
    },

    /// The subscription tells that commits touched these ids; those it owes among them are no longer owed.
    Notice {
        /// Any that were touched in this session, owed or not.
        ids: IdSet,
        /// Each is named twice.
        twice: bool,
    },
    /// A sign of life, sent when the backing stood so many commits before the latest.
    Mark {
        /// How many.
        behind: u8,
    },
    /// A step is read that nobody asked for, and is under way. It starts where the last one ended, moved by `skip`
    /// commits: forward it leaves a gap, and what is left out is owed as notices; backward it overlaps.
    ReadUnasked {
        /// By how many.
        skip: i8,
    },

    /// The backing begins to listen: p0 is where it stands.
    Accept,
    /// It says so.
    Subscribed,
    /// The load reads these ids at this moment; what was read is under way.
    ReadLoad {
        /// Which.
        ids: IdSet,
        /// Ids that are not alive are told as absent, instead of left out.
        absent: bool,
    },
    /// The load has brought everything.
    LoadDone,
    /// The answer to a fetch is read at this moment, and is under way.
    ReadFetch {
        /// Which of the open ones, oldest first.
        fetch: u8,
        /// Where it starts: so many commits after the position asked for; 0 and below is right.
        skip: i8,
        /// Ids it was asked about that it leaves out.
        omit: IdSet,
        /// It is read so many commits before the latest, and so may end before the position asked for.
        behind: u8,
    },
    /// Something under way arrives.
    Deliver {
        /// Which, oldest first.
        flight: u8,
        /// It will arrive again.
        keep: bool,
    },
    /// Something under way never arrives.
    Lose {
        /// Which, oldest first.
        flight: u8,
    },
    /// A call fails as a whole.
    Fail {
        /// Which.
        call: CallKind,
        /// How.
        why: Failing,
    },

    /// Time passes; no deadline is looked at.
    Advance {
        /// How much, in microseconds.
        micros: u32,
    },
    /// The machine is told that a deadline may have passed, rightly or too early.
    Timeout,
    /// Time passes to the next deadline and some more, and the machine is told.
    Deadline {
        /// How much more, in microseconds.
        late: u32,
    },

    /// The connection dies and the machine is told. What was under way still may arrive.
    Die,
    /// The subscription closes without an error.
    Close,
    /// Nothing comes and nothing is answered until the next subscription.
    Silence,
    /// It speaks again.
    Speak,
    /// The log forgets all but so many commits.
    Prune {
        /// How many.
        keep: u8,
    },
    /// The backing goes back by so many commits. Positions will be used again.
    Rewind {
        /// How many.
        back: u8,
        /// The machine is told at once; else it learns from its next call.
        told: bool,
    },
    /// From now on this id cannot be read.
    Ail {
        /// Which.
        id: IdIx,
        /// It can be read again after one attempt.
        once: bool,
    },
    /// It can be read again.
    Mend {
        /// Which.
        id: IdIx,
    },
    /// A message of an older generation arrives, or one that answers nothing.
    Stale {
        /// What kind.
        kind: StaleKind,
        /// How many generations old; 0 answers nothing.
        age: u8,
    },

    /// The clock jumps ahead: so much passes and nobody could do anything in between.
    Jump {
        /// How much, in minutes.
        minutes: u16,
        /// The machine is told of the deadlines that passed before anything else reaches it.
        told: bool,
    },

    /// The machine is killed.
    Kill,
    /// The worker's task is polled, whether it was woken or not.
    Turn,
    /// The worker's task is dropped, as when its runtime shuts down.
    Abort,

    /// A reader opens a watcher.
    Open {
        /// Which reader.
        reader: u8,
        /// What it wants to see.
        filter: FilterIx,
    },
    /// A reader comes back, with the filter it had.
    Resume {
        /// Which reader.
        reader: u8,
        /// From where.
        token: Token,
    },
    /// A new call of `next` is polled for the first time.
    Next {
        /// Which reader's.
        reader: u8,
    },
    /// A pending call is polled.
    Poll {
        /// Which reader's.
        reader: u8,
        /// Which, oldest first.
        call: u8,
    },
    /// A call that is over is polled once more.
    PollOver {
        /// Which reader's.
        reader: u8,
    },
    /// A batch without waiting.
    TryNext {
        /// Which reader.
        reader: u8,
    },
    /// A pending call is dropped.
    Drop {
        /// Which reader's.
        reader: u8,
        /// Which, oldest first.
        call: u8,
    },
    /// How far the view reaches.
    Progress {
        /// Which reader.
        reader: u8,
    },
    /// A reader leaves.
    Stop {
        /// Which.
        reader: u8,
    },
}

/// A call of the backing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CallKind {
    /// Subscribing.
    Subscribe,
    /// The load.
    Load,
    /// One of the open fetches, oldest first.
    Fetch(u8),
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Failing {
    /// It would go another time.
    Passing,
    /// It will never go.
    ForGood,
}

/// A message that must not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StaleKind {
    /// That the subscription stands.
    Subscribed,
    /// Entities of a load, every one with a value it does not have.
    Staged,
    /// That a load is done.
    LoadDone,
    /// A notice that names everything.
    Notice,
    /// A mark.
    Mark,
    /// A step that holds what is not so. Only of an older generation, for from the current one it would be a lie.
    Step,
    /// The answer to a fetch that was never made, holding what is not so.
    Fetched,
    /// That the subscription failed. Only of an older generation.
    Failed,
}

impl StaleKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Subscribed,
        Self::Staged,
        Self::LoadDone,
        Self::Notice,
        Self::Mark,
        Self::Step,
        Self::Fetched,
        Self::Failed,
    ];
}

/// What a reader comes back with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Token {
    /// What it kept, so many before the last; 0 is the last.
    Kept(u8),
    /// The last one, of another epoch, taken where an id could not be read.
    Foreign,
    /// That of a reader of another store manager, brought to where the backing stood so many commits before the latest.
    Elsewhere(u8),
    /// So many revnos above the last one it kept.
    Above(u8),
}

impl Operation {
    /// Who makes it.
    pub fn party(&self) -> Party {
        match *self {
            Self::Commit { .. } => Party::Writer,
            Self::Notice { .. } | Self::Mark { .. } | Self::ReadUnasked { .. } => Party::Stream,
            Self::Accept
            | Self::Subscribed
            | Self::ReadLoad { .. }
            | Self::LoadDone
            | Self::ReadFetch { .. }
            | Self::Deliver { .. }
            | Self::Lose { .. }
            | Self::Fail { .. } => Party::Caller,
            Self::Advance { .. } | Self::Timeout | Self::Deadline { .. } => Party::Clock,
            Self::Die
            | Self::Close
            | Self::Silence
            | Self::Speak
            | Self::Prune { .. }
            | Self::Rewind { .. }
            | Self::Ail { .. }
            | Self::Mend { .. }
            | Self::Stale { .. }
            | Self::Jump { .. } => Party::Saboteur,
            Self::Kill | Self::Abort => Party::Owner,
            Self::Turn => Party::Worker,
            Self::Open { reader, .. }
            | Self::Resume { reader, .. }
            | Self::Next { reader }
            | Self::Poll { reader, .. }
            | Self::PollOver { reader }
            | Self::TryNext { reader }
            | Self::Drop { reader, .. }
            | Self::Progress { reader }
            | Self::Stop { reader } => Party::Reader(reader),
        }
    }

    /// Whether it is a fault: something a healthy backing would not do.
    pub fn is_fault(&self) -> bool {
        match *self {
            Self::Commit { .. }
            | Self::ReadLoad { .. }
            | Self::Accept
            | Self::Subscribed
            | Self::LoadDone
            | Self::Advance { .. }
            | Self::Timeout
            | Self::Deadline { .. }
            | Self::Speak
            | Self::Mend { .. }
            | Self::Mark { .. }
            | Self::Turn
            | Self::Open { .. }
            | Self::Resume { .. }
            | Self::Next { .. }
            | Self::Poll { .. }
            | Self::PollOver { .. }
            | Self::TryNext { .. }
            | Self::Drop { .. }
            | Self::Progress { .. }
            | Self::Stop { .. } => false,
            Self::Notice { twice, .. } => twice,
            Self::ReadUnasked { skip } => skip != 0,
            Self::ReadFetch { skip, omit, behind, .. } => skip != 0 || !omit.is_empty() || behind != 0,
            Self::Deliver { keep, .. } => keep,
            Self::Lose { .. }
            | Self::Fail { .. }
            | Self::Die
            | Self::Close
            | Self::Silence
            | Self::Prune { .. }
            | Self::Rewind { .. }
            | Self::Ail { .. }
            | Self::Stale { .. }
            | Self::Jump { .. }
            | Self::Kill
            | Self::Abort => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_small_and_readable() {
        assert!(size_of::<Operation>() <= 24, "{}", size_of::<Operation>());
        let commit = Operation::Commit { changes: "0=2 3=-".parse().unwrap(), skip: 0 };
        let text = serde_json::to_string(&commit).unwrap();
        assert_eq!(text, r#"{"Commit":{"changes":"0=2 3=-","skip":0}}"#);
        assert_eq!(serde_json::from_str::<Operation>(&text).unwrap(), commit);
        let notice = Operation::Notice { ids: IdSet(0b101), twice: true };
        assert_eq!(serde_json::to_string(&notice).unwrap(), r#"{"Notice":{"ids":[0,2],"twice":true}}"#);
    }
}
