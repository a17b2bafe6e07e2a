//! Watch a database once, and tell any number of readers what changed: coalesced, exact, resumable, stoppable.
//!
//! Many readers want to follow the entities of many models, each at its own pace. One *store manager* watches the database (the
//! *backing*) on their behalf, remembers the latest version of every entity under a revision number, and answers each
//! *watcher's* `next` with everything that changed since its last call, once per entity.
//!
//! - [`machine`] is the store manager as a state machine: no I/O, no clock, no task. Start with
//!   [`StoreManager`](machine::StoreManager) and the contract above it.
#![cfg_attr(
    feature = "testing",
    doc = "- [`testing`] holds what proves it: a reference model, a generator of legal operations, and the world they run in."
)]
//! - [`docs::promises`] says what it promises, [`docs::inside`] how it keeps it.

#[cfg(feature = "driver")]
pub mod backing;
pub mod docs;
#[cfg(feature = "driver")]
pub mod driver;
pub mod machine;
#[cfg(feature = "testing")]
pub mod testing;
