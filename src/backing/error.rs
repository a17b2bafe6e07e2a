//! How a backing says that something did not go.

use core::error::Error;
use core::fmt;
use std::sync::Arc;

use crate::machine::CauseClass;

/// An error that several readers are shown.
pub type SharedError = Arc<dyn Error + Send + Sync>;

/// Why a call of the backing, or its subscription, failed as a whole. What concerns one entity alone is a
/// [`Read::Error`](super::Read::Error) instead: the rest of its commit goes on.
#[derive(Debug, Clone)]
pub struct BackingError {
    kind: FailureKind,
    error: SharedError,
}

/// What the worker makes of a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// It may go another time: the worker subscribes and loads again after its back-off. Readers see the difference, if there is any.
    Transient,
    /// The log no longer reaches back to the position asked for: a reload, as above.
    Pruned,
    /// The backing went back to an older state, for instance a backup was restored: a reload, as above.
    Rewound,
    /// It will never go again: the worker ends with this error, and so do its watchers.
    Permanent,
}

impl BackingError {
    /// A failure of this kind.
    pub fn new(kind: FailureKind, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, error: Arc::from(error.into()) }
    }

    /// One that may pass.
    pub fn transient(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(FailureKind::Transient, error)
    }

    /// The log was pruned.
    pub fn pruned(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(FailureKind::Pruned, error)
    }

    /// The past came back.
    pub fn rewound(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(FailureKind::Rewound, error)
    }

    /// One that will not pass.
    pub fn permanent(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(FailureKind::Permanent, error)
    }

    /// What the worker makes of it.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The error itself.
    pub fn error(&self) -> &SharedError {
        &self.error
    }

    /// The same, without the kind.
    pub fn into_error(self) -> SharedError {
        self.error
    }
}

impl From<FailureKind> for CauseClass {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Transient => Self::Transient,
            FailureKind::Pruned => Self::Pruned,
            FailureKind::Rewound => Self::Rewound,
            FailureKind::Permanent => Self::Permanent,
        }
    }
}

impl fmt::Display for BackingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl Error for BackingError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}
