//! What the tests of the cache share: entities in short, and a database that can be made to fail.

use std::collections::BTreeMap;
use std::time::Duration;

use multiwatcher::backing::{Json, MemoryBacking};
use multiwatcher::cache::{ModelCache, Snapshot};
use multiwatcher::driver::Worker;
use multiwatcher::machine::{Backoff, Config, EntityId, ModelId};

/// The model of this number.
pub(crate) fn model(number: u128) -> ModelId {
    ModelId::from_u128(number)
}

/// The unit of this name in model 1.
pub(crate) fn unit(name: &str) -> EntityId {
    EntityId::new("unit", model(1), name)
}

/// A unit of redis whose workload is in this status.
pub(crate) fn redis(status: &str) -> Json {
    json(&format!(r#"{{"application": "redis", "workload-status": {{"current": "{status}"}}}}"#))
}

pub(crate) fn json(text: &str) -> Json {
    text.parse().unwrap()
}

/// A configuration with a back-off of 100 ms to a second.
pub(crate) fn short() -> Config {
    Config { backoff: Backoff { min: Duration::from_millis(100), max: Duration::from_secs(1) }, ..Config::default() }
}

/// A cache over a worker over memory.
pub(crate) fn start() -> (MemoryBacking<Json>, Worker<Json>, ModelCache) {
    let database = MemoryBacking::new();
    let worker = Worker::start(database.clone(), short());
    let cache = ModelCache::start(worker.clone());
    (database, worker, cache)
}

/// Everything a snapshot holds.
pub(crate) fn content(snapshot: &Snapshot) -> BTreeMap<EntityId, String> {
    snapshot.entities().map(|held| (held.id().clone(), held.json().to_string())).collect()
}

/// Lets every task run that can, without letting time pass.
pub(crate) async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}
