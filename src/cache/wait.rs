//! Waiting for a cache's end.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use super::report::CacheEnd;
use super::shared::Shared;
use crate::driver::{Seam, Tokio};

/// Ready with the reason when the cache's task is over. It does not keep the cache going.
#[must_use = "futures do nothing unless polled"]
pub struct End<S: Seam = Tokio> {
    shared: Arc<Shared<S>>,
    key: Option<u64>,
}

impl<S: Seam> End<S> {
    pub(super) fn new(shared: Arc<Shared<S>>) -> Self {
        Self { shared, key: None }
    }
}

impl<S: Seam> Future for End<S> {
    type Output = CacheEnd;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CacheEnd> {
        let this = self.get_mut();
        this.shared.poll_over(&mut this.key, cx)
    }
}

impl<S: Seam> Drop for End<S> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.shared.forget_end(key);
        }
    }
}

impl<S: Seam> fmt::Debug for End<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("End").field("polled", &self.key.is_some()).finish_non_exhaustive()
    }
}
