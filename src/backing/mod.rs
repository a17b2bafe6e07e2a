//! What a database must do to be watched: the trait [`Backing`] with its contract, and the backings that ship.
//!
//! Nothing here knows the worker. A backing reads, and tells that something happened; what follows from that is decided
//! elsewhere.

mod documents;
mod error;
#[cfg(feature = "etcd")]
pub mod etcd;
mod identity;
#[cfg(feature = "json")]
mod json;
mod memory;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use core::future::Future;
use core::pin::Pin;

pub use documents::{Documents, DocumentsBacking, Touched};
pub use error::{BackingError, FailureKind, SharedError};
/// The streams of a backing are those of the `futures` ecosystem.
pub use futures_core::Stream;
#[cfg(feature = "json")]
pub use json::{Json, JsonError};
pub use memory::{MemoryBacking, Transaction};

pub use crate::machine::Identity;
use crate::machine::{EntityId, Position};

/// What an entity can be: anything that can be compared and shared. Equality decides what a change is.
pub trait Value: PartialEq + Send + Sync + 'static {}

impl<V: PartialEq + Send + Sync + 'static> Value for V {}

/// What was read of one id: a value, an absence, or an error about it alone.
pub type Read<V> = crate::machine::Read<V, SharedError>;

/// What happened since a position: every id touched by a commit in `(from, to]`, all read at one moment, `to`.
pub type Step<V> = crate::machine::Step<V, SharedError>;

/// The notices of a subscription.
pub type Notices<V> = Pin<Box<dyn Stream<Item = Result<Notice<V>, BackingError>> + Send>>;

/// What was read of some ids.
pub type Reads<V> = Vec<(EntityId, Read<V>)>;

/// The entities of a load, some at a time.
pub type Entities<V> = Pin<Box<dyn Stream<Item = Result<Reads<V>, BackingError>> + Send>>;

/// A database that can be watched.
///
/// The five duties are those of the backing of Juju's multiwatcher, under their names: [`watch`](Self::watch), *unwatch* (the
/// subscription is dropped), [`get_all`](Self::get_all), [`changed`](Self::changed) and [`release`](Self::release).
///
/// # How it follows from the original
///
/// The original's `Changed(store, change)` is handed one id and the store, reads that document and puts it into the store. Two such
/// reads of one transaction happen at two moments, so the store may hold half of it; and a failed read ends every watcher.
/// Here `changed` is asked what happened *since a position*, and answers with a [`Step`]: all ids that commits in `(from, to]`
/// touched, read at one moment. The store takes a step whole, so it always stands between two commits. The backing never sees
/// the store.
///
/// # Positions
///
/// A position names a commit. Positions ascend in the order in which commits become *visible*: when a reader can see the commit
/// at p, it sees every commit below p, and none below p will appear later. A sequence that is drawn before the commit does not do
/// (a transaction may draw 7 and become visible after 8); one drawn under the lock that makes commits visible does.
///
/// # What may go wrong, and what must not
///
/// - Notices may be late, repeated, joined and in any order. A notice must never be *lost* without an error: if the stream cannot tell
///   any more what happened, it must yield an error or end. Both are failures, and the worker subscribes and loads again.
/// - The stream must not be silent: whatever happens, a notice, a step or a mark at least once in every
///   [`heartbeat`](crate::machine::Config::heartbeat). Three times that without a sign of life is a failure.
/// - `get_all` may read its entities at any moments since p0, the position `watch` told, never before. A commit may fall between
///   two of them: the step from p0 mends that.
/// - An error about one id is a [`Read::Error`](crate::machine::Read::Error). "Not found" is no error but
///   [`Read::Absent`](crate::machine::Read::Absent). A call that fails as a whole returns a [`BackingError`], whose kind says what
///   follows.
/// - A panic in a call, or in a stream, counts as a failure of that call. It does not reach readers.
///
/// # Cancellation
///
/// The worker drops futures and streams when they are overdue, when their generation ends, and when the worker ends. Nothing may
/// depend on their being polled to the end; dropping the subscription ends it at once (the original's `Unwatch`).
///
/// # Example
///
/// `examples/own_backing.rs` watches a folder of files.
pub trait Backing: Send + Sync + 'static {
    /// What an entity is. Equality decides what a change is.
    type Value: Value;

    /// Which database this is. Two processes that open the same one get the same answer; after a backup was restored it may differ.
    /// Resume tokens carry it: one of another identity is refused. It is asked again whenever a subscription stands.
    fn identity(&self) -> Identity;

    /// Opens the stream of notices. When it returns, the subscription *stands*: every commit after the position it tells will be
    /// noticed, also one that happens before the stream is polled for the first time.
    fn watch(&self) -> impl Future<Output = Result<Subscription<Self::Value>, BackingError>> + Send;

    /// Reads every entity, some at a time. The worker calls it once the subscription stands. Ids that are not there need not be
    /// told. The stream must not borrow from the backing: keep what it needs behind an [`Arc`](std::sync::Arc).
    fn get_all(&self) -> Entities<Self::Value>;

    /// What happened since a position, up to a moment not before this call: every id touched by a commit in `(since, to]`, and
    /// every id in `ids` whether touched or not, read at that one moment.
    ///
    /// `from` of the step is `since` or before. Nothing having happened is a step with `to == since`.
    fn changed(
        &self,
        since: Position,
        ids: Vec<EntityId>,
    ) -> impl Future<Output = Result<Step<Self::Value>, BackingError>> + Send;

    /// The worker has ended and will not call again. Its subscription is dropped already.
    fn release(&self) -> impl Future<Output = ()> + Send {
        core::future::ready(())
    }
}

/// A subscription that stands.
pub struct Subscription<V> {
    /// p0: every commit after it will be noticed.
    pub position: Position,
    /// The notices. Dropping them ends the subscription.
    pub notices: Notices<V>,
}

impl<V> Subscription<V> {
    /// A subscription that begins at this position.
    pub fn new(
        position: Position,
        notices: impl Stream<Item = Result<Notice<V>, BackingError>> + Send + 'static,
    ) -> Self {
        Self { position, notices: Box::pin(notices) }
    }
}

impl<V> core::fmt::Debug for Subscription<V> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Subscription").field("position", &self.position).finish_non_exhaustive()
    }
}

/// What a subscription tells.
#[derive(Debug)]
pub enum Notice<V> {
    /// Commits touched these ids.
    Changed(Vec<EntityId>),
    /// Nothing but a sign of life: the backing stands, or stood a moment ago, at this position.
    Mark(Position),
    /// A step that nobody asked for, from a backing whose notices carry values. It starts where the last one ended, and holds every
    /// id that was touched in between.
    Step(Step<V>),
}
