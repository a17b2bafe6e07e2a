//! Where a bug of the driver is planted: its seam, its loop, or the future that a reader polls.

use std::fmt::Debug;
use std::task::{Poll, Waker};

use multiwatcher::driver::NextError;
use multiwatcher::machine::{Batch, Generation};
use multiwatcher::testing::Val;

/// What a call comes to.
pub type Answer = Result<Batch<Val>, NextError>;

/// What a bug of the driver does differently; whatever it does not name is as it ships. It keeps no notes of its own: those of a call are
/// kept with the call.
pub trait Plant: Debug + Send + Sync + 'static {
    /// Which loop the worker runs.
    fn has_bent_loop(&self) -> bool {
        false
    }

    /// Whether a sleep of the seam takes no notice of who sleeps.
    fn sleeps_deaf(&self) -> bool {
        false
    }

    /// A poll of a reader's call. `ask` polls the call that ships.
    fn poll(
        &self,
        notes: &mut Notes,
        now: Moment,
        waker: &Waker,
        ask: &mut dyn FnMut(&Waker) -> Poll<Answer>,
    ) -> Poll<Answer> {
        let _ = (notes, now);
        ask(waker)
    }
}

/// What a bug keeps of one call.
#[derive(Debug, Default)]
pub struct Notes {
    /// The waker of the first poll.
    pub first: Option<Waker>,
    /// The batch that was taken and not yet handed over.
    pub taken: Option<Batch<Val>>,
    /// Whether the call is registered where nobody looks.
    pub is_lost: bool,
}

/// When a call is polled.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Whether it was polled before.
    pub again: bool,
    /// The generation that the worker was in when the watcher was opened, ...
    pub opened: Generation,
    /// ... and the one it is in.
    pub generation: Generation,
}
