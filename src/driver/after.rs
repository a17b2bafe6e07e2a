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
    /// Whether it is the worker that mutates: it looks for orders itself.
    pub(super) by_worker: bool,
}

impl<V> After<V> {
    pub(super) const fn new() -> Self {
        Self { woken: Vec::new(), dropped: Vec::new(), errors: Vec::new(), garbage: Garbage::new(), by_worker: false }
    }

    /// For the worker, which uses it again and again.
    pub(super) fn of_worker() -> Self {
        Self { by_worker: true, ..Self::new() }
    }

    /// Wakes and frees; no lock is held.
    pub(super) fn run(&mut self) {
        self.woken.drain(..).for_each(wake);
        self.dropped.clear();
        self.errors.clear();
        self.garbage.clear();
    }
}
