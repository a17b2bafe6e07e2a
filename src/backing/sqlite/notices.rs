//! The stream of notices of one subscription, and the slot through which the reading thread fills it: one notice at a time, so a
//! worker that is slow is told the more at once.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Shared;
use super::inbox::Message;
use crate::backing::{BackingError, Identity, Notice, Stream, Value};
use crate::machine::Position;

/// Between the thread and one stream.
pub(super) struct Slot<V> {
    inside: Mutex<Inside<V>>,
    /// What it is called in the table of readers, and from which position on it needs the log.
    pub(super) name: Identity,
    pub(super) needs: Arc<AtomicU64>,
}

struct Inside<V> {
    notice: Option<Result<Notice<V>, BackingError>>,
    waker: Option<Waker>,
    /// Nothing will be put any more.
    over: bool,
}

/// What the worker polls. Dropping it ends the subscription.
pub(super) struct SqliteNotices<V> {
    slot: Arc<Slot<V>>,
    shared: Arc<Shared<V>>,
}

impl<V> Slot<V> {
    pub(super) fn new(position: Position) -> Self {
        let inside = Inside { notice: None, waker: None, over: false };
        Self { inside: Mutex::new(inside), name: Identity::fresh(), needs: Arc::new(AtomicU64::new(position.0)) }
    }

    /// Whether there is room for a notice.
    pub(super) fn is_empty(&self) -> bool {
        let inside = self.lock();
        inside.notice.is_none() && !inside.over
    }

    /// Puts a notice where there is room for it.
    pub(super) fn put(&self, notice: Notice<V>) {
        self.fill(Ok(notice), false);
    }

    /// Ends it with this error. What it held is of a past that is over.
    pub(super) fn fail(&self, error: BackingError) {
        self.fill(Err(error), true);
    }

    /// The log is needed from this position on.
    pub(super) fn needs(&self, position: Position) {
        self.needs.store(position.0, Ordering::Relaxed);
    }

    fn fill(&self, notice: Result<Notice<V>, BackingError>, over: bool) {
        let mut inside = self.lock();
        if inside.over {
            return;
        }
        inside.over = over;
        let replaced = inside.notice.replace(notice);
        let waker = inside.waker.take();
        drop(inside);
        drop(replaced);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A panic while it was locked has left it whole: what may panic is done outside.
    fn lock(&self) -> MutexGuard<'_, Inside<V>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> SqliteNotices<V> {
    pub(super) fn new(slot: Arc<Slot<V>>, shared: Arc<Shared<V>>) -> Self {
        Self { slot, shared }
    }
}

impl<V: Value> Stream for SqliteNotices<V> {
    type Item = Result<Notice<V>, BackingError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut inside = self.slot.lock();
        if let Some(notice) = inside.notice.take() {
            drop(inside);
            // There is room again: perhaps more has happened.
            if !matches!(notice, Ok(Notice::Mark(_))) {
                self.shared.reader.look();
            }
            return Poll::Ready(Some(notice));
        }
        if inside.over {
            return Poll::Ready(None);
        }
        let replaced = inside.waker.replace(cx.waker().clone());
        drop(inside);
        drop(replaced);
        Poll::Pending
    }
}

impl<V> Drop for SqliteNotices<V> {
    fn drop(&mut self) {
        self.shared.reader.send(Message::Left(Arc::clone(&self.slot)));
    }
}

impl<V> fmt::Debug for Slot<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = self.lock();
        f.debug_struct("Slot")
            .field("full", &inside.notice.is_some())
            .field("over", &inside.over)
            .finish_non_exhaustive()
    }
}
