//! What the tests share: entities, a configuration, and a reader that keeps a view.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use etcd_client::{Client, GetOptions};
use multiwatcher::backing::etcd::{EtcdBacking, EtcdOptions};
use multiwatcher::driver::{Multiwatcher, Worker};
use multiwatcher::machine::{Backoff, Change, Config, EntityId, ModelId};
use tokio::time::timeout;

use crate::server::Server;

/// Nothing takes this long unless it is broken.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Where the tests keep their entities.
pub(crate) const PREFIX: &str = "/test";

/// Where `etcdctl` finds those of `id`.
pub(crate) const UNITS: &str = "/test/entity/unit/00000000-0000-0000-0000-000000000001/";

/// Runs a test on a runtime of its own.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test);
}

/// The entity of this name in model 1.
pub(crate) fn id(name: &str) -> EntityId {
    EntityId::new("unit", ModelId::from_u128(1), name)
}

/// The key of that entity.
pub(crate) fn key(name: &str) -> String {
    format!("{UNITS}{name}")
}

/// A configuration with a short back-off.
pub(crate) fn short() -> Config {
    let backoff = Backoff { min: Duration::from_millis(20), max: Duration::from_millis(200) };
    Config { backoff, ..Config::default() }
}

/// Options that do not wait long.
pub(crate) fn impatient() -> EtcdOptions {
    EtcdOptions::new()
        .connect_timeout(Duration::from_millis(500))
        .call_timeout(Duration::from_secs(1))
        .heartbeat(Duration::from_millis(300))
}

pub(crate) async fn open(server: &Server) -> EtcdBacking<i64> {
    EtcdBacking::open([server.endpoint()], PREFIX).await.unwrap()
}

/// Commits a value for each of these entities, as many at a time as a server takes.
pub(crate) async fn put_all(backing: &EtcdBacking<i64>, names: &[String], value: i64) {
    for names in names.chunks(100) {
        let transaction =
            names.iter().fold(backing.transaction(), |transaction, name| transaction.put(id(name), &value));
        transaction.commit().await.unwrap();
    }
}

/// What the cluster holds, by name.
pub(crate) async fn contents(endpoint: &str) -> BTreeMap<String, i64> {
    let mut client = Client::connect([endpoint], None).await.unwrap();
    let found = client.get(UNITS, Some(GetOptions::new().with_prefix())).await.unwrap();
    let entity = |found: &etcd_client::KeyValue| {
        let name = found.key_str().unwrap().strip_prefix(UNITS).unwrap().to_owned();
        (name, found.value_str().unwrap().parse().unwrap())
    };
    found.kvs().iter().map(entity).collect()
}

/// A reader and the fold of its batches.
pub(crate) struct View {
    pub(crate) reader: Multiwatcher<i64>,
    pub(crate) held: BTreeMap<String, i64>,
}

impl View {
    /// One whose first batch was taken.
    pub(crate) async fn open(worker: &Worker<i64>) -> Self {
        let mut view = Self { reader: worker.watch_all_models().unwrap(), held: BTreeMap::new() };
        view.next().await;
        view
    }

    /// Takes a batch; what it told in short: `x=1` or `-x`.
    pub(crate) async fn next(&mut self) -> Vec<String> {
        let batch = timeout(LONG, self.reader.next()).await.expect("a batch comes").unwrap();
        let mut told = Vec::new();
        for delta in batch.deltas() {
            let name = delta.id().id().to_owned();
            match delta.change() {
                Change::Changed => {
                    told.push(format!("{name}={}", delta.value()));
                    self.held.insert(name, **delta.value());
                }
                Change::Removed => {
                    told.push(format!("-{name}"));
                    assert!(self.held.remove(&name).is_some(), "{name} is removed and was not held");
                }
            }
        }
        told
    }

    /// Takes batches until it holds this.
    pub(crate) async fn until(&mut self, wanted: &BTreeMap<String, i64>) {
        while self.held != *wanted {
            self.next().await;
        }
    }

    /// Nothing more is told within a moment.
    pub(crate) async fn rests(&mut self) {
        let more = timeout(Duration::from_millis(300), self.reader.next()).await;
        assert!(more.is_err(), "there was more: {more:?}");
    }
}

/// What a view should hold.
pub(crate) fn held<const N: usize>(entities: [(&str, i64); N]) -> BTreeMap<String, i64> {
    entities.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waited = timeout(LONG, async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}

/// A worker over a backing, and a view that holds what it knows.
pub(crate) async fn follow(backing: &EtcdBacking<i64>) -> (Worker<i64>, View) {
    let worker = Worker::start(backing.clone(), short());
    let view = View::open(&worker).await;
    (worker, view)
}

/// An xorshift: the same dice for the same seed.
pub(crate) fn roll(dice: &mut u64) -> u64 {
    *dice ^= *dice << 13;
    *dice ^= *dice >> 7;
    *dice ^= *dice << 17;
    *dice
}
