//! Watch a database once, and tell any number of readers what changed: coalesced, exact, resumable, stoppable.
//!
//! Many readers want to follow the entities of many models, each at its own pace. One *worker* watches the database (the *backing*)
//! on their behalf, remembers the latest version of every entity under a revision number, and answers each *multiwatcher's*
//! `next` with everything that changed since its last call, once per entity. A backing that fails is opened again, and readers
//! see the difference and nothing else.
#![cfg_attr(
    feature = "driver",
    doc = r#"
```
use multiwatcher::{Config, EntityId, MemoryBacking, ModelId, Worker};

# tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
let (database, model) = (MemoryBacking::new(), ModelId::from_u128(1));
let worker = Worker::start(database.clone(), Config::default());
let reader = worker.watch_model(model).unwrap();
assert!(reader.next().await.unwrap().deltas().is_empty());

database.put(EntityId::new("unit", model, "mysql/0"), "active");
let batch = reader.next().await.unwrap();
assert_eq!(**batch.deltas()[0].value(), "active");

reader.stop();
assert!(reader.next().await.is_err());
# });
```

- [`driver`] is what a program embeds: [`Worker`], [`Multiwatcher`], and [`Factory`], which starts workers on demand.
- [`backing`] says what a database must do to be watched, and holds the backings that ship."#
)]
//! - [`machine`] is the store manager as a state machine: no I/O, no clock, no task. Start with
//!   [`StoreManager`](machine::StoreManager) and the contract above it.
#![cfg_attr(
    feature = "cache",
    doc = "- [`cache`] is a replica of all models with typed reads, for programs that ask more often than things change."
)]
#![cfg_attr(
    feature = "service",
    doc = "- [`service`] is the API service: unmodified Juju clients connect, log in, and watch."
)]
#![cfg_attr(
    feature = "testing",
    doc = "- [`testing`] holds what proves it: a reference model, a generator of legal operations, and the world they run in."
)]
//! - [`docs::promises`] says what it promises, [`docs::inside`] how the machine keeps it, and `docs::driver` how the lock, the wakers and
//!   the worker's task work together.
//!
//! The simulator, a package of the repository, runs what ships through millions of schedules. When a line of its output is red, two
//! commands lead from the seed in it to a picture of the failure, with the wrong step marked:
//!
//! ```text
//! cargo sim run --seeds 1234..1235 --world driver --html failure.html
//! xdg-open failure.html
//! ```

#[cfg(feature = "driver")]
pub mod backing;
#[cfg(feature = "cache")]
pub mod cache;
pub mod docs;
#[cfg(feature = "driver")]
pub mod driver;
pub mod machine;
#[cfg(feature = "service")]
pub mod service;
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(feature = "etcd")]
pub use backing::etcd::EtcdBacking;
#[cfg(feature = "sqlite")]
pub use backing::sqlite::SqliteBacking;
#[cfg(feature = "driver")]
pub use backing::{Backing, BackingError, MemoryBacking};
#[cfg(feature = "driver")]
pub use driver::{Factory, Multiwatcher, NextError, ResumeError, ResumeToken, WatchError, Worker};
pub use machine::{Batch, Change, Config, Delta, EntityId, Filter, Kind, ModelId};
