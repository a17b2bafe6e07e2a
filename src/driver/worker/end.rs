//! Waiting for a worker's end.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::driver::causes::Failure;
use crate::driver::machine::Machine;
use crate::driver::seam::Seam;
use crate::driver::shared::Shared;
use crate::driver::sync::Arc;

/// Ready with the reason when the worker's task is over. It does not keep the worker going.
#[must_use = "futures do nothing unless polled"]
pub struct WorkerEnd<V, M: Machine<V>, S: Seam> {
    shared: Arc<Shared<V, M, S>>,
    key: Option<u64>,
}

impl<V, M: Machine<V>, S: Seam> WorkerEnd<V, M, S> {
    pub(super) fn new(shared: Arc<Shared<V, M, S>>) -> Self {
        Self { shared, key: None }
    }
}

impl<V, M: Machine<V>, S: Seam> Future for WorkerEnd<V, M, S> {
    type Output = Failure;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Failure> {
        let this = self.get_mut();
        this.shared.poll_worker_end(&mut this.key, cx.waker())
    }
}

impl<V, M: Machine<V>, S: Seam> Drop for WorkerEnd<V, M, S> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.shared.forget_worker_wait(key);
        }
    }
}

impl<V, M: Machine<V>, S: Seam> fmt::Debug for WorkerEnd<V, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerEnd").field("polled", &self.key.is_some()).finish_non_exhaustive()
    }
}
