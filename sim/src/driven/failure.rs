//! Errors of the simulated backing carry the cause the world knows them by, through the driver and back.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use multiwatcher::backing::{BackingError, FailureKind, SharedError};
use multiwatcher::driver::Failure;
use multiwatcher::machine::{Cause, CauseClass};

/// The error behind a cause.
#[derive(Debug)]
struct Told(Cause);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for Told {}

/// A failed call, as a backing says it.
pub(super) fn backing_error(cause: Cause) -> BackingError {
    let kind = match cause.class {
        CauseClass::Pruned => FailureKind::Pruned,
        CauseClass::Rewound => FailureKind::Rewound,
        CauseClass::Permanent => FailureKind::Permanent,
        CauseClass::Transient
        | CauseClass::Killed
        | CauseClass::Silent
        | CauseClass::TimedOut
        | CauseClass::QueueFull
        | CauseClass::Contradiction
        | CauseClass::Unanswered => FailureKind::Transient,
    };
    BackingError::new(kind, Told(cause))
}

/// An error about one entity.
pub(super) fn entity_error(cause: Cause) -> SharedError {
    Arc::new(Told(cause))
}

/// The cause that an error was made of, if it is one of the simulated backing's.
pub(super) fn told(error: &SharedError) -> Option<Cause> {
    let error: &(dyn Error + 'static) = &**error;
    error.downcast_ref::<Told>().map(|told| told.0)
}

/// The cause behind a failure that a reader was told of. What was told by nobody is the worker's own; `killed` and `aborted` are the
/// causes that the world knows the kill by, and that the task was dropped.
pub(super) fn cause(failure: &Failure, killed: Option<Cause>, aborted: Option<Cause>) -> Cause {
    let cause_of = failure.error().and_then(told);
    let own = Cause::new(failure.class(), 0);
    let known = match failure.class() {
        CauseClass::Killed => killed,
        CauseClass::Permanent => aborted,
        CauseClass::Transient
        | CauseClass::Pruned
        | CauseClass::Rewound
        | CauseClass::Silent
        | CauseClass::TimedOut
        | CauseClass::QueueFull
        | CauseClass::Contradiction
        | CauseClass::Unanswered => None,
    };
    cause_of.or(known).unwrap_or(own)
}
