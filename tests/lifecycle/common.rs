//! What the lifecycle tests share.

use multiwatcher::backing::MemoryBacking;
use multiwatcher::driver::Worker;
use multiwatcher::machine::{Batch, Change, Config, EntityId, ModelId};

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

/// A batch in short: `x=1` or `-x`.
pub(crate) fn told(batch: &Batch<u32>) -> Vec<String> {
    let tell = |delta: &multiwatcher::machine::Delta<u32>| match delta.change() {
        Change::Changed => format!("{}={}", delta.id().id(), delta.value()),
        Change::Removed => format!("-{}", delta.id().id()),
    };
    batch.deltas().iter().map(tell).collect()
}
