//! Waiting for a multiwatcher's end.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::Seat;
use crate::driver::error::NextError;
use crate::driver::machine::Machine;
use crate::driver::seam::Seam;
use crate::driver::sync::Arc;

/// Ready with the final error when the multiwatcher has ended. As a call of `next` does, it keeps it from being stopped by dropping
/// the handles.
#[must_use = "futures do nothing unless polled"]
pub struct MultiwatcherEnd<V, M: Machine<V>, S: Seam> {
    seat: Arc<Seat<V, M, S>>,
    key: Option<u64>,
}

impl<V, M: Machine<V>, S: Seam> MultiwatcherEnd<V, M, S> {
    pub(super) fn new(seat: Arc<Seat<V, M, S>>) -> Self {
        Self { seat, key: None }
    }
}

impl<V, M: Machine<V>, S: Seam> Future for MultiwatcherEnd<V, M, S> {
    type Output = NextError;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<NextError> {
        let this = self.get_mut();
        this.seat.keeper.shared.poll_watcher_end(&this.seat.watched, &mut this.key, cx.waker())
    }
}

impl<V, M: Machine<V>, S: Seam> Drop for MultiwatcherEnd<V, M, S> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.seat.keeper.shared.forget_watcher_wait(&self.seat.watched, key);
        }
    }
}

impl<V, M: Machine<V>, S: Seam> fmt::Debug for MultiwatcherEnd<V, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultiwatcherEnd").field("watcher", &self.seat.watched.id).finish_non_exhaustive()
    }
}
