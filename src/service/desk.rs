//! Where answers are computed that take long: off the runtime's threads, and only some at once, whoever asks.

use core::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::offload::Offload;

/// Computes answers.
pub(super) struct Desk {
    offload: Offload,
    places: Arc<Semaphore>,
}

impl Desk {
    pub(super) fn new(offload: Offload, at_once: usize) -> Self {
        Self { offload, places: Arc::new(Semaphore::new(at_once)) }
    }

    /// Computes, when there is a place. They are given in the order of asking; whoever goes away gives up its own.
    ///
    /// # Panics
    ///
    /// If the computation does.
    pub(super) async fn compute<T: Send + 'static>(&self, compute: impl FnOnce() -> T + Send + 'static) -> T {
        match self.offload {
            Offload::Inline => return compute(),
            Offload::Threads => {}
        }
        let places = Arc::clone(&self.places);
        // A task waits for the place: a connection whose client does not read is not polled, and would keep what it was given from all
        // others. For the same reason the place is given back when the computation ends, not when somebody takes what it made.
        let computing = tokio::spawn(async move {
            let place = places.acquire_owned().await.expect("the semaphore is never closed");
            let in_place = move || {
                let done = compute();
                drop(place);
                done
            };
            Offload::Threads.run(in_place).await
        });
        match AbortOnDropHandle::new(computing).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is shutting down, and drops this task next.
                Err(_) => core::future::pending().await,
            },
        }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("places", &self.places.available_permits()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use core::pin::pin;
    use core::task::{Context, Waker};
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn who_does_not_take_what_was_computed_keeps_no_place() {
        let desk = Desk::new(Offload::Threads, 1);
        let (sender, receiver) = channel();
        let mut first = pin!(desk.compute(move || receiver.recv()));
        let mut second = pin!(desk.compute(|| ()));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(cx).is_pending() && second.as_mut().poll(cx).is_pending());
        sender.send(()).unwrap();
        // Nobody polls the first or the second any more, and a third gets its turn behind them.
        desk.compute(|| ()).await;
        assert_eq!(desk.places.available_permits(), 1);
        first.await.unwrap();
        second.await;
    }

    #[tokio::test]
    async fn who_goes_away_waits_no_longer() {
        let desk = Desk::new(Offload::Threads, 1);
        let (sender, receiver) = channel::<()>();
        let mut first = pin!(desk.compute(move || receiver.recv()));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(cx).is_pending());
        {
            let mut gone = pin!(desk.compute(|| panic!("computed for nobody")));
            assert!(gone.as_mut().poll(cx).is_pending());
        }
        drop(sender);
        assert!(first.await.is_err());
        desk.compute(|| ()).await;
    }
}
