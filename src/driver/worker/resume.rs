//! A reader who comes back, and waits until the worker is as far as it was.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::Worker;
use crate::driver::error::ResumeError;
use crate::driver::machine::Machine;
use crate::driver::multiwatcher::Multiwatcher;
use crate::driver::seam::Seam;
use crate::driver::sync::Arc;
use crate::driver::token::ResumeToken;

/// A call of [`Worker::resume`].
///
/// # Panics
///
/// If it is polled after it was ready.
#[must_use = "futures do nothing unless polled"]
pub struct Resume<V, M: Machine<V>, S: Seam> {
    worker: Worker<V, M, S>,
    token: ResumeToken,
    state: State<S>,
}

enum State<S: Seam> {
    New,
    /// Under a key, once its waker is registered.
    Waiting {
        key: Option<u64>,
        limit: S::Sleep,
    },
    Done,
}

impl<V, M: Machine<V>, S: Seam> Resume<V, M, S> {
    pub(super) fn new(worker: Worker<V, M, S>, token: ResumeToken) -> Self {
        Self { worker, token, state: State::New }
    }
}

impl<V, M: Machine<V>, S: Seam> Future for Resume<V, M, S> {
    type Output = Result<Multiwatcher<V, M, S>, ResumeError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let shared = &this.worker.keeper.shared;
        let resumed = match &mut this.state {
            State::New => match shared.try_resume(&this.token) {
                Err(ResumeError::Ahead { .. }) => {
                    // Made before anything is registered: if it cannot be made, nothing is left behind.
                    let limit = shared.seam.sleep_until(shared.seam.now().after(shared.patience));
                    this.state = State::Waiting { key: None, limit };
                    return Pin::new(this).poll(cx);
                }
                resumed => resumed,
            },
            State::Waiting { key, limit } => match shared.poll_resume(&this.token, key, cx.waker()) {
                Poll::Ready(resumed) => resumed,
                Poll::Pending => {
                    ready!(Pin::new(limit).poll(cx));
                    let key = key.take().expect("whoever waits has a key");
                    let position = shared.forget_position_wait(this.token.point().position, key);
                    Err(ResumeError::Ahead { position })
                }
            },
            State::Done => panic!("a call of resume was polled after it was ready"),
        };
        this.state = State::Done;
        let multiwatcher =
            |watched| Multiwatcher::new(Arc::clone(&this.worker.keeper), watched, this.token.filter().clone());
        Poll::Ready(resumed.map(multiwatcher))
    }
}

impl<V, M: Machine<V>, S: Seam> Drop for Resume<V, M, S> {
    fn drop(&mut self) {
        if let State::Waiting { key: Some(key), .. } = self.state {
            self.worker.keeper.shared.forget_position_wait(self.token.point().position, key);
        }
    }
}

impl<V, M: Machine<V>, S: Seam> fmt::Debug for Resume<V, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waits = matches!(self.state, State::Waiting { .. });
        f.debug_struct("Resume").field("token", &self.token).field("waits", &waits).finish_non_exhaustive()
    }
}
