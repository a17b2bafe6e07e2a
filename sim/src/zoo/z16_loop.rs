//! Z16 where it was, in the loop: it looked whether it was to stop only when nothing else was there. Under a steady stream of notices it
//! could not be stopped.
//!
//! The loop is a copy of the worker's, `src/driver/worker/bent.rs`, with one marked place changed: an order to end is kept until the
//! backing has nothing to tell. The readers are told at once, by the machine; the backing is subscribed to, and read, as if nothing
//! had happened.

use crate::driven::plant::Plant;

/// The bug.
#[derive(Debug)]
pub(super) struct Z16Loop;

impl Plant for Z16Loop {
    fn has_bent_loop(&self) -> bool {
        true
    }
}
