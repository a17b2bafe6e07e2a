//! What one operation leaves to be done when the lock is released: wakers to call, and things to free.

use core::task::Waker;

use super::foreign::wake;
use crate::backing::SharedError;
use crate::machine::Garbage;

/// What is done after the lock was released.
#[derive(Debug)]
pub(super) struct After<V> {
    pub(super) woken: Vec<Waker>,
    pub(super) dropped: Vec<Waker>,
    pub(super) errors: Vec<SharedError>,
    pub(super) garbage: Garbage<V>,
    pub(super) by: By,
    /// Whether others that the worker has told are still to be woken.
    pub(super) more: bool,
}

/// Who mutates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The worker: it looks for orders itself, and sees to it that everybody is woken whom it told.
    Worker,
    /// A call of `next`: it helps the worker to wake the others.
    Call,
    /// Anybody else.
    Other,
}

impl<V> After<V> {
    pub(super) const fn new(by: By) -> Self {
        Self { woken: Vec::new(), dropped: Vec::new(), errors: Vec::new(), garbage: Garbage::new(), by, more: false }
    }

    /// Wakes and frees; no lock is held.
    pub(super) fn run(&mut self) {
        self.woken.drain(..).for_each(wake);
        self.dropped.clear();
        self.errors.clear();
        self.garbage.clear();
    }
}
