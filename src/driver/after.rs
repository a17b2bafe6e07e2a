//! What one operation leaves to be done when the lock is released: wakers to call, and things to free.

use core::task::Waker;

use super::foreign::{free, wake};
use crate::backing::SharedError;
use crate::machine::Garbage;

/// What is done after the lock was released. Most calls of `next` leave nothing, so it is made when there is something.
#[derive(Debug)]
pub(super) struct After<V> {
    pub(super) by: By,
    /// Whether others that the worker has told are still to be woken.
    pub(super) more: bool,
    left: Option<Left<V>>,
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

#[derive(Debug)]
pub(super) struct Left<V> {
    pub(super) woken: Vec<Waker>,
    pub(super) dropped: Vec<Waker>,
    pub(super) errors: Vec<SharedError>,
    pub(super) garbage: Garbage<V>,
}

impl<V> After<V> {
    /// Nothing so far. The worker uses one again and again.
    pub(super) const fn new(by: By) -> Self {
        Self { by, more: false, left: None }
    }

    /// What is left, to be added to.
    pub(super) fn left(&mut self) -> &mut Left<V> {
        self.left.get_or_insert_with(|| Left {
            woken: Vec::new(),
            dropped: Vec::new(),
            errors: Vec::new(),
            garbage: Garbage::new(),
        })
    }

    /// Leaves a waker to be called.
    pub(super) fn wake(&mut self, waker: Option<Waker>) {
        if let Some(waker) = waker {
            self.left().woken.push(waker);
        }
    }

    /// Leaves a waker to be dropped.
    pub(super) fn discard(&mut self, waker: Option<Waker>) {
        if let Some(waker) = waker {
            self.left().dropped.push(waker);
        }
    }

    /// How many are to be woken.
    pub(super) fn woken(&self) -> usize {
        self.left.as_ref().map_or(0, |left| left.woken.len())
    }

    /// Wakes and frees; no lock is held.
    pub(super) fn run(&mut self) {
        if let Some(Left { woken, dropped, errors, garbage }) = &mut self.left {
            woken.drain(..).for_each(wake);
            free(|| while dropped.pop().is_some() {});
            free(|| while errors.pop().is_some() {});
            free(|| garbage.clear());
        }
    }
}
