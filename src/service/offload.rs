//! Where long computations are made: on threads of their own, or in place, for a simulated world that has one thread.

use core::future::Future;

use tokio::task::JoinHandle;

/// Where a computation of more than a millisecond is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Offload {
    /// On the runtime's threads for blocking work.
    #[default]
    Threads,
    /// Where it is asked for. A run is then the same every time.
    Inline,
}

impl Offload {
    /// Makes a computation.
    ///
    /// # Panics
    ///
    /// If the computation does.
    pub(super) async fn run<T: Send + 'static>(self, compute: impl FnOnce() -> T + Send + 'static) -> T {
        match self {
            Self::Inline => compute(),
            Self::Threads => joined(tokio::task::spawn_blocking(compute)).await,
        }
    }

    /// Does what must come to its end, although whoever waits for it may be dropped or not be polled for long: as a task of its own,
    /// or in place, where no computation is waited for.
    ///
    /// # Panics
    ///
    /// If the work does.
    pub(super) async fn see_through<T: Send + 'static>(self, work: impl Future<Output = T> + Send + 'static) -> T {
        match self {
            Self::Inline => work.await,
            Self::Threads => joined(tokio::spawn(work)).await,
        }
    }
}

async fn joined<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down, and drops this task next.
            Err(_) => core::future::pending().await,
        },
    }
}
