//! The seam's other side: a clock that stands until it is moved, sleeps that end when it has passed them, and a place for the
//! one task there is.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use multiwatcher::driver::Seam;
use multiwatcher::machine::{Epoch, Time};
use multiwatcher::testing::EPOCH;

pub(super) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The simulator's runtime. Clones are the same one.
#[derive(Clone)]
pub(super) struct Runtime(Arc<Inner>);

struct Inner {
    now: AtomicU64,
    state: Mutex<State>,
    runnable: Arc<Flag>,
    /// Whether sleeps take no notice of who sleeps.
    is_deaf: bool,
}

#[derive(Default)]
struct State {
    spawned: Option<Task>,
    /// The sleeps that pend, by number.
    sleeps: Vec<(u64, Time, Waker)>,
    last_sleep: u64,
}

/// The waker of the worker's task.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Runtime {
    /// One whose clock stands at this time. If it is deaf, no sleep wakes anybody.
    pub(super) fn new(now: Time, is_deaf: bool) -> Self {
        let runnable = Arc::new(Flag(AtomicBool::new(true)));
        Self(Arc::new(Inner { now: AtomicU64::new(now.as_nanos()), state: Mutex::default(), runnable, is_deaf }))
    }

    /// Moves the clock, and wakes the sleepers whose time has come.
    pub(super) fn move_to(&self, now: Time) {
        if self.0.now.swap(now.as_nanos(), Ordering::Relaxed) == now.as_nanos() {
            return;
        }
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, _, waker) in state.sleeps.extract_if(.., |(_, at, _)| *at <= now) {
            waker.wake();
        }
    }

    /// The task that was spawned.
    pub(super) fn take_spawned(&self) -> Option<Task> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).spawned.take()
    }

    /// Whether the task was woken since it was last polled.
    pub(super) fn is_runnable(&self) -> bool {
        self.0.runnable.0.load(Ordering::Relaxed)
    }

    /// Polls the task.
    pub(super) fn poll(&self, task: &mut Task) -> Poll<()> {
        self.0.runnable.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.0.runnable));
        task.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// When the sleeps that pend will end; for fingerprints.
    pub(super) fn sleeps(&self) -> Vec<Time> {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sleeps: Vec<_> = state.sleeps.iter().map(|(_, at, _)| *at).collect();
        sleeps.sort_unstable();
        sleeps
    }
}

impl Seam for Runtime {
    type Sleep = Sleep;

    fn now(&self) -> Time {
        Time::from_nanos(self.0.now.load(Ordering::Relaxed))
    }

    fn sleep_until(&self, at: Time) -> Sleep {
        Sleep { runtime: self.clone(), at, number: None }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(state.spawned.is_none(), "a run has one task");
        state.spawned = Some(Box::pin(task));
    }

    fn fresh_epoch(&self) -> Epoch {
        EPOCH
    }
}

/// A sleep.
pub(super) struct Sleep {
    runtime: Runtime,
    at: Time,
    number: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.runtime.now() >= self.at {
            return Poll::Ready(());
        }
        if self.runtime.0.is_deaf {
            return Poll::Pending;
        }
        let this = &mut *self;
        let mut state = this.runtime.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let number = *this.number.get_or_insert_with(|| {
            state.last_sleep += 1;
            state.last_sleep
        });
        match state.sleeps.iter_mut().find(|(other, _, _)| *other == number) {
            Some((_, _, waker)) => waker.clone_from(cx.waker()),
            None => state.sleeps.push((number, this.at, cx.waker().clone())),
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let mut state = self.runtime.0.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.sleeps.retain(|(other, _, _)| *other != number);
        }
    }
}
