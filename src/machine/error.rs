//! Why something did not go: causes, which travel through the machine, and one small error per operation.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::numbers::{CallId, Epoch, Position, Revno, WatcherId};

/// Why the backing, or one read of it, failed. The real error stays with the driver, which finds it by `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cause {
    /// What kind of failure, as far as the machine acts on it.
    pub class: CauseClass,
    /// Chosen by whoever reported the failure; 0 for those the machine found itself.
    pub id: u64,
}

/// What kind of failure a [`Cause`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CauseClass {
    /// Passing: the machine opens the backing again after its back-off.
    Transient,
    /// The backing no longer knows what happened since the store's position: reload.
    Pruned,
    /// The backing went back to an older state: reload.
    Rewound,
    /// It will never work again: the machine ends.
    Permanent,
    /// Somebody asked the machine to end.
    Killed,
    /// Neither notice nor mark for three heartbeats.
    Silent,
    /// A call was not answered in time, as often as the configuration allows.
    TimedOut,
    /// More notices queued than the limit.
    QueueFull,
    /// An answer that contradicts the contract: it ends before the position asked for.
    Contradiction,
    /// The answer named none of value, absence or error for an id it was asked about.
    Unanswered,
}

impl Cause {
    /// A failure of this class whose real error is kept elsewhere under `id`.
    pub const fn new(class: CauseClass, id: u64) -> Self {
        Self { class, id }
    }

    pub(super) const fn own(class: CauseClass) -> Self {
        Self { class, id: 0 }
    }
}

impl fmt::Display for CauseClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transient => "the backing failed",
            Self::Pruned => "the backing's log no longer reaches back to the store's position",
            Self::Rewound => "the backing went back to an older state",
            Self::Permanent => "the backing failed for good",
            Self::Killed => "killed",
            Self::Silent => "the backing fell silent",
            Self::TimedOut => "a call of the backing was not answered in time",
            Self::QueueFull => "the queue of notices passed its limit",
            Self::Contradiction => "the backing answered with a step that ends before the position asked for",
            Self::Unanswered => "the backing left out an id it was asked about",
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (cause {})", self.class, self.id)
    }
}

impl core::error::Error for Cause {}

/// Why a watcher has no more batches. The same answer for every later call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NextError {
    /// It was stopped, or never existed.
    Stopped,
    /// It ended with the machine, or by the restart policy. Open a new watcher once the cause is mended.
    Ended(Cause),
    /// It fell further behind than the configuration allows: `latest` minus `cursor` in revnos, or by age. Open a new watcher.
    Lagged {
        /// Where the watcher had been brought to.
        cursor: Revno,
        /// The store's latest revno when it was ended.
        latest: Revno,
    },
    /// The watcher has no such call: it was answered or dropped before. Ask without a call.
    UnknownCall {
        /// Whose call it should have been.
        watcher: WatcherId,
        /// The call named.
        call: CallId,
    },
}

impl fmt::Display for NextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the watcher is stopped"),
            Self::Ended(cause) => write!(f, "the watcher ended: {cause}"),
            Self::Lagged { cursor, latest } => {
                write!(f, "the watcher was ended because it lagged: it stood at {cursor}, the store at {latest}")
            }
            Self::UnknownCall { watcher, call } => write!(f, "watcher {watcher} has no pending call {call}"),
        }
    }
}

impl core::error::Error for NextError {}

/// Why a watcher could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WatchError {
    /// The machine has ended, or was dead from the start.
    Ended(Cause),
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Ended(cause) = self;
        write!(f, "the store manager has ended: {cause}")
    }
}

impl core::error::Error for WatchError {}

/// Why a watcher could not be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ResumeError {
    /// The machine has ended, or was dead from the start.
    Ended(Cause),
    /// What happened since is no longer known, or the reader comes from another backing or past of it, or from another store manager whose
    /// store this one cannot be compared with. Open a new watcher.
    Gone {
        /// The machine's epoch.
        epoch: Epoch,
        /// The oldest revno that can be resumed from.
        oldest: Revno,
    },
    /// A revno of this epoch that was never reached: the token is damaged or another machine's.
    Future {
        /// The store's latest revno.
        latest: Revno,
    },
    /// Another store manager of this backing has been further, or this one has not loaded yet. Resume again when it has been brought
    /// there.
    Ahead {
        /// Where the store stands.
        position: Position,
    },
}

impl fmt::Display for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(cause) => write!(f, "the store manager has ended: {cause}"),
            Self::Gone { epoch, oldest } => {
                write!(f, "gone: the oldest revno to resume from is {oldest} of epoch {epoch}")
            }
            Self::Future { latest } => write!(f, "expected a revno of at most {latest}, the latest of this epoch"),
            Self::Ahead { position } => write!(f, "the store stands at position {position}, and will get there"),
        }
    }
}

impl core::error::Error for ResumeError {}
