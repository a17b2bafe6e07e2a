//! One opening of the backing: the task that does it, and those who wait for it.

use core::future::Future;
use core::panic::AssertUnwindSafe;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::panic::catch_unwind;
use std::sync::{Arc as StdArc, PoisonError, Weak};

use super::opener::{OpenError, Start, Started};
use super::{Shared, Workers};
use crate::backing::Value;
use crate::driver::error::WatchError;
use crate::driver::foreign::{discard, message, wake};
use crate::driver::seam::Seam;
use crate::driver::sync::{Arc, Mutex};
use crate::driver::wakers::Waits;
use crate::machine::Config;

type Answer<V, S> = Result<Workers<V, S>, WatchError>;

/// What callers wait for.
pub(in crate::driver) struct Attempt<V: Value, S: Seam> {
    state: Mutex<AttemptState<V, S>>,
}

struct AttemptState<V: Value, S: Seam> {
    answer: Option<Answer<V, S>>,
    waits: Waits<()>,
    /// The task that opens.
    task: Option<Waker>,
}

impl<V: Value, S: Seam> Attempt<V, S> {
    pub(in crate::driver) fn new() -> Self {
        Self { state: Mutex::new(AttemptState { answer: None, waits: Waits::default(), task: None }) }
    }

    /// Answers everybody who waits, and who will. The first answer counts, and there is nothing to open after it.
    pub(in crate::driver) fn answer(&self, answer: Answer<V, S>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.answer.is_some() {
            drop(state);
            drop(answer);
            return;
        }
        state.answer = Some(answer);
        let task = state.task.take();
        let wakers: Vec<_> = state.waits.take_all().chain(task).collect();
        drop(state);
        wakers.into_iter().for_each(wake);
    }

    /// Whether it was answered. If not, this waker is called when it is.
    fn is_answered(&self, waker: &Waker) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let replaced = if state.answer.is_none() { state.task.replace(waker.clone()) } else { None };
        let is_answered = state.answer.is_some();
        drop(state);
        drop(replaced);
        is_answered
    }
}

/// Waiting for an opening.
pub(in crate::driver) struct Wait<V: Value, S: Seam> {
    attempt: Arc<Attempt<V, S>>,
    key: Option<u64>,
}

impl<V: Value, S: Seam> Wait<V, S> {
    /// Ready with the attempt's answer.
    pub(in crate::driver) fn new(attempt: Arc<Attempt<V, S>>) -> Self {
        Self { attempt, key: None }
    }
}

impl<V: Value, S: Seam> Future for Wait<V, S> {
    type Output = Answer<V, S>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut state = this.attempt.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = &state.answer {
            return Poll::Ready(answer.clone());
        }
        let replaced = state.waits.set((), &mut this.key, cx.waker());
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl<V: Value, S: Seam> Drop for Wait<V, S> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let waker = self.attempt.state.lock().unwrap_or_else(PoisonError::into_inner).waits.remove((), key);
            drop(waker);
        }
    }
}

/// The task that opens the backing. However it ends, everybody who waits is answered. It ends at once when somebody else answers: by
/// a kill, or because nobody holds the factory any more, which this task does not keep.
pub(super) struct Opening<V: Value, S: Seam> {
    shared: Weak<Shared<V, S>>,
    seam: S,
    config: Config,
    version: u64,
    attempt: Arc<Attempt<V, S>>,
    opener: StdArc<dyn Start<V, S>>,
    /// The call and its limit, from the first poll on.
    call: Option<(Started<V, S>, S::Sleep)>,
    concluded: bool,
}

impl<V: Value, S: Seam> Opening<V, S> {
    pub(super) fn new(
        shared: &StdArc<Shared<V, S>>,
        opener: StdArc<dyn Start<V, S>>,
        version: u64,
        attempt: Arc<Attempt<V, S>>,
    ) -> Self {
        let (seam, config) = (shared.seam.clone(), shared.config.clone());
        let shared = StdArc::downgrade(shared);
        Self { shared, seam, config, version, attempt, opener, call: None, concluded: false }
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<Workers<V, S>, OpenError>> {
        let (seam, config) = (&self.seam, &self.config);
        let (call, limit) = self.call.get_or_insert_with(|| {
            let limit = seam.sleep_until(seam.now().after(config.call_timeout));
            (StdArc::clone(&self.opener).start(seam.clone(), config.clone()), limit)
        });
        if let Poll::Ready(opened) = call.as_mut().poll(cx) {
            return Poll::Ready(opened);
        }
        let too_late =
            || Err(OpenError::failed(format!("opening the backing took longer than {:?}", config.call_timeout)));
        Pin::new(limit).poll(cx).map(|()| too_late())
    }

    fn conclude(&mut self, opened: Result<Workers<V, S>, OpenError>) {
        self.concluded = true;
        discard(self.call.take().map(|(call, _)| call));
        if let Some(shared) = self.shared.upgrade() {
            shared.conclude(&self.attempt, self.version, opened);
        }
    }
}

/// Nothing in it is pinned in its place.
impl<V: Value, S: Seam> Unpin for Opening<V, S> {}

impl<V: Value, S: Seam> Future for Opening<V, S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.attempt.is_answered(cx.waker()) {
            this.concluded = true;
            discard(this.call.take().map(|(call, _)| call));
            return Poll::Ready(());
        }
        let polled = catch_unwind(AssertUnwindSafe(|| this.poll_open(cx))).unwrap_or_else(|panic| {
            Poll::Ready(Err(OpenError::failed(format!("opening the backing panicked: {}", message(&*panic)))))
        });
        polled.map(|opened| {
            if let Err(error) = &opened {
                tracing::warn!(%error, "no worker was started");
            }
            this.conclude(opened);
        })
    }
}

impl<V: Value, S: Seam> Drop for Opening<V, S> {
    fn drop(&mut self) {
        if !self.concluded {
            let gone = OpenError::failed("the task that opens the backing was dropped, as when its runtime shuts down");
            self.conclude(Err(gone));
        }
    }
}
