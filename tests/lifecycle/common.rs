//! What the lifecycle tests share.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use multiwatcher::backing::MemoryBacking;
use multiwatcher::driver::Worker;
use multiwatcher::machine::{Backoff, Batch, Change, Config, Delta, EntityId, ModelId};

/// The entity of this name in model 1.
pub(crate) fn id(name: &str) -> EntityId {
    EntityId::new("unit", ModelId::from_u128(1), name)
}

/// A worker over a memory backing.
pub(crate) fn start() -> (MemoryBacking<u32>, Worker<u32>) {
    let backing = MemoryBacking::new();
    let worker = Worker::start(backing.clone(), Config::default());
    (backing, worker)
}

/// The same with this configuration.
pub(crate) fn start_with(config: Config) -> (MemoryBacking<u32>, Worker<u32>) {
    let backing = MemoryBacking::new();
    (backing.clone(), Worker::start(backing, config))
}

/// A configuration with a back-off of 100 ms to a second.
pub(crate) fn short() -> Config {
    Config { backoff: Backoff { min: Duration::from_millis(100), max: Duration::from_secs(1) }, ..Config::default() }
}

/// Lets every task run that can, without letting time pass.
pub(crate) async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

/// Counts how often it is called.
#[derive(Default)]
pub(crate) struct Counting(AtomicU32);

impl Counting {
    pub(crate) fn count(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// One poll, by hand.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// A batch in short: `x=1` or `-x`.
pub(crate) fn told(batch: &Batch<u32>) -> Vec<String> {
    let tell = |delta: &Delta<u32>| match delta.change() {
        Change::Changed => format!("{}={}", delta.id().id(), delta.value()),
        Change::Removed => format!("-{}", delta.id().id()),
    };
    batch.deltas().iter().map(tell).collect()
}
