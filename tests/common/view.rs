//! What the tests of the backings share: entities, a configuration, and a reader that keeps a view.

#![allow(dead_code, reason = "no program uses all of it")]

use std::collections::BTreeMap;
use std::time::Duration;

use multiwatcher::backing::Backing;
use multiwatcher::driver::{Multiwatcher, Worker};
use multiwatcher::machine::{Backoff, Change, Config, EntityId, ModelId};
use tokio::time::timeout;

/// Nothing takes this long unless it is broken.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// The entity of this name in model 1.
pub(crate) fn id(name: &str) -> EntityId {
    EntityId::new("unit", ModelId::from_u128(1), name)
}

/// A configuration with a short back-off.
pub(crate) fn short() -> Config {
    let backoff = Backoff { min: Duration::from_millis(20), max: Duration::from_millis(200) };
    Config { backoff, ..Config::default() }
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

/// A worker over a backing, and a view that holds what it knows.
pub(crate) async fn follow(backing: &(impl Backing<Value = i64> + Clone)) -> (Worker<i64>, View) {
    let worker = Worker::start(backing.clone(), short());
    let view = View::open(&worker).await;
    (worker, view)
}

/// What a view should hold.
pub(crate) fn held<const N: usize>(entities: [(&str, i64); N]) -> BTreeMap<String, i64> {
    entities.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waited = timeout(LONG, async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}
