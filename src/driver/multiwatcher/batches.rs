//! The batches of a multiwatcher as a stream.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::{Multiwatcher, Next};
use crate::backing::Stream;
use crate::driver::error::NextError;
use crate::driver::machine::Machine;
use crate::driver::seam::Seam;
use crate::machine::Batch;

/// The batches of a [`Multiwatcher`]. It ends when the multiwatcher is stopped; if it ended otherwise, the error comes first.
///
/// As cancel-safe as [`Multiwatcher::next`].
#[must_use = "streams do nothing unless polled"]
pub struct Batches<V, M: Machine<V>, S: Seam> {
    multiwatcher: Multiwatcher<V, M, S>,
    next: Option<Next<V, M, S>>,
    is_over: bool,
}

impl<V, M: Machine<V>, S: Seam> Batches<V, M, S> {
    pub(super) fn new(multiwatcher: Multiwatcher<V, M, S>) -> Self {
        Self { multiwatcher, next: None, is_over: false }
    }
}

impl<V, M: Machine<V>, S: Seam> Stream for Batches<V, M, S> {
    type Item = Result<Batch<V>, NextError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.is_over {
            return Poll::Ready(None);
        }
        let next = this.next.get_or_insert_with(|| this.multiwatcher.next());
        let answer = ready!(Pin::new(next).poll(cx));
        this.next = None;
        Poll::Ready(match answer {
            Ok(batch) => Some(Ok(batch)),
            Err(error) => {
                this.is_over = true;
                match error {
                    NextError::Stopped => None,
                    NextError::Ended(_) | NextError::Lagged { .. } => Some(Err(error)),
                }
            }
        })
    }
}

impl<V, M: Machine<V>, S: Seam> fmt::Debug for Batches<V, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches").field("multiwatcher", &self.multiwatcher).finish_non_exhaustive()
    }
}
