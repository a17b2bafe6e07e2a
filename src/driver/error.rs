//! What can go wrong for a reader: one small error per operation.

use core::error::Error;
use core::fmt;

use super::causes::Failure;
use crate::backing::SharedError;
use crate::machine::{Epoch, Position, Revno};

/// Why a multiwatcher has no more batches. The same answer for every later call.
#[derive(Debug, Clone)]
pub enum NextError {
    /// It was stopped.
    Stopped,
    /// It ended with the worker, or by the restart policy. Open a new one once the failure is mended.
    Ended(Failure),
    /// It fell further behind than the configuration allows. Open a new one: its first batch is the whole state.
    Lagged {
        /// Where it had been brought to.
        cursor: Revno,
        /// The store's latest revno when it was ended.
        latest: Revno,
    },
}

/// Why a multiwatcher could not be opened.
#[derive(Debug, Clone)]
pub enum WatchError {
    /// There is no backing. Nothing remembers it: the next call looks again.
    NotFound(SharedError),
    /// The backing could not be opened, and will not be tried before its back-off has passed or the opener has changed.
    Dead(Failure),
    /// The worker has ended. A factory starts another at the next call.
    Ended(Failure),
}

/// Why a multiwatcher could not be resumed.
#[derive(Debug, Clone)]
pub enum ResumeError {
    /// As for a new one: there is no worker to resume with.
    Watch(WatchError),
    /// What happened since is no longer known: it is too long ago, or the token is of another database, of one whose past has changed
    /// since, or of another worker's store that this one cannot be compared with. Open a new one: its first batch is the whole state.
    Gone {
        /// The store manager's epoch.
        epoch: Epoch,
        /// The oldest revno that can be resumed from.
        oldest: Revno,
    },
    /// A revno that was never reached: the token is damaged.
    Future {
        /// The store's latest revno.
        latest: Revno,
    },
    /// The token is of another worker of this database, which has been further than this one is. Resume again: it will get there.
    Ahead {
        /// Where this worker's store stands.
        position: Position,
    },
}

impl fmt::Display for NextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the watcher was stopped"),
            Self::Ended(failure) => write!(f, "the watcher ended: {failure}"),
            Self::Lagged { cursor, latest } => {
                write!(f, "the watcher was ended because it lagged: it stood at {cursor}, the store at {latest}")
            }
        }
    }
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(error) => write!(f, "no backing was found: {error}"),
            Self::Dead(failure) => write!(f, "the backing could not be opened: {failure}"),
            Self::Ended(failure) => write!(f, "the worker has ended: {failure}"),
        }
    }
}

impl fmt::Display for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Watch(error) => fmt::Display::fmt(error, f),
            Self::Gone { epoch, oldest } => {
                write!(f, "gone: the oldest revno to resume from is {oldest} of epoch {epoch}")
            }
            Self::Future { latest } => write!(f, "expected a revno of at most {latest}, the latest of this epoch"),
            Self::Ahead { position } => write!(f, "the worker stands at position {position}, and will get there"),
        }
    }
}

impl Error for NextError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Ended(failure) => failure.source(),
            Self::Stopped | Self::Lagged { .. } => None,
        }
    }
}

impl Error for WatchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotFound(error) => Some(error),
            Self::Dead(failure) | Self::Ended(failure) => failure.source(),
        }
    }
}

impl Error for ResumeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Watch(error) => error.source(),
            Self::Gone { .. } | Self::Future { .. } | Self::Ahead { .. } => None,
        }
    }
}

impl From<WatchError> for ResumeError {
    fn from(error: WatchError) -> Self {
        Self::Watch(error)
    }
}
