//! Everything that depends on a runtime, behind one trait; and the runtime that ships.
//!
//! The driver spawns, sleeps, pauses, reads the clock and draws an epoch here and nowhere else. The simulator puts its own executor and
//! clock in this place and polls the same futures.

use core::fmt;
use core::future::{Future, poll_fn};
use core::mem::replace;
use core::pin::Pin;
use core::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::task::TaskTracker;

use crate::machine::{Epoch, Time};

/// What the driver needs of a runtime.
pub trait Seam: Clone + Send + Sync + 'static {
    /// A pending sleep. It is polled by the task that made it, and dropped when it is needed no more.
    type Sleep: Future<Output = ()> + Send + Unpin + 'static;

    /// The time since a moment of the seam's choice, the same for all its clones.
    fn now(&self) -> Time;

    /// Sleeps until a moment of that clock. Whoever calls this may stand outside of the runtime, as a reader who comes back may.
    fn sleep_until(&self, at: Time) -> Self::Sleep;

    /// Starts a task.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// An epoch that no store manager ever had.
    fn fresh_epoch(&self) -> Epoch;

    /// Lets other tasks have their turn, as often as a task has much to do. Unless the runtime knows better, the task wakes itself: it
    /// then stands behind those that are ready.
    fn pause(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut is_over = false;
        poll_fn(move |cx| {
            if replace(&mut is_over, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    }
}

/// Tasks and time of a tokio runtime.
///
/// Its tasks are tracked by tokio-util's `TaskTracker`, which is kept by the makers of tokio, needs no runtime of its own, and answers
/// the one question that supervision asks here: have they all ended? Cancellation needs no token: a worker is told to
/// end under the driver's lock, by the machine, so that no reader can see the one without the other.
#[derive(Clone)]
pub struct Tokio {
    handle: Handle,
    tasks: TaskTracker,
    start: Instant,
}

impl Tokio {
    /// The runtime that this is called from.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, as `tokio::spawn` does.
    #[must_use]
    pub fn current() -> Self {
        Self { handle: Handle::current(), tasks: TaskTracker::new(), start: Instant::now() }
    }

    /// Ends when every task that was spawned by this or one of its clones has ended. New ones may still be spawned.
    pub async fn idle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}

impl Seam for Tokio {
    type Sleep = TokioSleep;

    fn now(&self) -> Time {
        let nanos = Instant::now().saturating_duration_since(self.start).as_nanos();
        Time::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    fn sleep_until(&self, at: Time) -> Self::Sleep {
        // A moment that the clock cannot name is as good as never; a year is checked again after a year.
        let year = core::time::Duration::from_hours(365 * 24);
        let wait = at.since(self.now()).min(year);
        // Whoever waits may stand outside of the runtime.
        let _entered = self.handle.enter();
        TokioSleep(Box::pin(sleep_until(Instant::now() + wait)))
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // Tracked by hand: the tracker's own `spawn` would ask the ambient runtime instead of the one chosen here.
        self.handle.spawn(self.tasks.track_future(task));
    }

    fn fresh_epoch(&self) -> Epoch {
        Epoch(uuid::Uuid::new_v4().as_u128())
    }

    /// A task that wakes itself is polled some sixty times before tokio looks for timers and sockets. This one lets it look.
    fn pause(&self) -> impl Future<Output = ()> + Send + 'static {
        yield_now()
    }
}

/// A pending sleep of [`Tokio`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct TokioSleep(Pin<Box<Sleep>>);

impl Future for TokioSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Tokio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokio").field("tasks", &self.tasks.len()).finish_non_exhaustive()
    }
}
