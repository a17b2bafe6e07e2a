//! Where long computations are made: on threads of their own, or in place, for a simulated world that has one thread.

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
            Self::Threads => match tokio::task::spawn_blocking(compute).await {
                Ok(done) => done,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // The runtime is shutting down, and drops this task next.
                    Err(_) => core::future::pending().await,
                },
            },
        }
    }
}
