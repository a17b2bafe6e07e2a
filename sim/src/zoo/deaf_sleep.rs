//! A sleep that takes no notice of who sleeps, as one of a runtime's that was made before the runtime's timers run. A back-off is over,
//! or a call overdue, and the worker is not told.
//!
//! The seam's sleep looks at the clock when it is polled and keeps no waker.

use crate::driven::plant::Plant;

/// The bug.
#[derive(Debug)]
pub(super) struct DeafSleep;

impl Plant for DeafSleep {
    fn sleeps_deaf(&self) -> bool {
        true
    }
}
