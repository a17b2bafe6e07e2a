//! One watcher as its handles know it: its name, and how it ended, for when the machine can be asked no more.

use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::OnceLock;

use super::super::causes::Failure;
use super::super::error::NextError;
use crate::machine::WatcherId;

/// A watcher of the machine. The machine is the one to say how it ended; a worker that breaks off takes that with it, and whoever was
/// answered before is to be answered the same afterwards. So every answer is kept, in the round that gives it.
#[derive(Debug)]
pub(in crate::driver) struct Watched {
    pub(in crate::driver) id: WatcherId,
    is_stopped: AtomicBool,
    ended: OnceLock<Box<NextError>>,
}

impl Watched {
    pub(super) fn new(id: WatcherId) -> Self {
        Self { id, is_stopped: AtomicBool::new(false), ended: OnceLock::new() }
    }

    /// The machine has stopped it. Called under the lock.
    pub(super) fn stopped(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Somebody is answered that it has ended. Called under the lock.
    pub(super) fn ended(&self, error: NextError) -> NextError {
        match &error {
            NextError::Stopped => self.stopped(),
            NextError::Ended(_) | NextError::Lagged { .. } => {
                self.ended.get_or_init(|| Box::new(error.clone()));
            }
        }
        error
    }

    /// The answer after the worker broke off with this failure.
    pub(super) fn final_error(&self, failure: Failure) -> NextError {
        if self.is_stopped.load(Ordering::Relaxed) {
            return NextError::Stopped;
        }
        self.ended.get().map_or(NextError::Ended(failure), |error| NextError::clone(error))
    }
}
