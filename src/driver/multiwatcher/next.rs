//! One call of `next`.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::Seat;
use crate::driver::error::NextError;
use crate::driver::machine::Machine;
use crate::driver::seam::Seam;
use crate::driver::sync::Arc;
use crate::machine::{Batch, CallId};

/// A call of [`Multiwatcher::next`](super::Multiwatcher::next). It takes its batch in the poll that returns it, and in no other.
///
/// It holds its multiwatcher: as long as a call is there, it is not stopped by dropping the handles.
///
/// # Panics
///
/// If it is polled after it was ready.
#[must_use = "futures do nothing unless polled"]
pub struct Next<V, M: Machine<V>, S: Seam> {
    seat: Arc<Seat<V, M, S>>,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    New,
    Waiting(CallId),
    Done,
}

impl<V, M: Machine<V>, S: Seam> Next<V, M, S> {
    pub(super) fn new(seat: Arc<Seat<V, M, S>>) -> Self {
        Self { seat, state: State::New }
    }

    /// The call of the machine that waits, if one does.
    #[cfg(feature = "testing")]
    pub fn call(&self) -> Option<CallId> {
        match self.state {
            State::Waiting(call) => Some(call),
            State::New | State::Done => None,
        }
    }
}

impl<V, M: Machine<V>, S: Seam> Future for Next<V, M, S> {
    type Output = Result<Batch<V>, NextError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut call = match this.state {
            State::New => None,
            State::Waiting(call) => Some(call),
            State::Done => panic!("a call of next was polled after it was ready"),
        };
        let polled = this.seat.keeper.shared.poll_next(&this.seat.watched, &mut call, cx.waker());
        this.state = call.map_or(State::Done, State::Waiting);
        polled
    }
}

impl<V, M: Machine<V>, S: Seam> Drop for Next<V, M, S> {
    fn drop(&mut self) {
        if let State::Waiting(call) = self.state {
            self.seat.keeper.shared.drop_call(&self.seat.watched, call);
        }
    }
}

impl<V, M: Machine<V>, S: Seam> fmt::Debug for Next<V, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("watcher", &self.seat.watched.id).field("state", &self.state).finish()
    }
}
