//! A planted bug: a database that a server opens anew tells what it held when it was opened the last time.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use multiwatcher::backing::{
    Backing, BackingError, Entities, Identity, Json, MemoryBacking, Read, Reads, Step, Stream, Subscription,
};
use multiwatcher::machine::{EntityId, Position};

/// What a database held at some moment.
pub(super) type Snapshot = Vec<(EntityId, Arc<Json>)>;

/// The database, with another's first state.
#[derive(Debug, Clone)]
pub(super) struct Stale {
    inner: MemoryBacking<Json>,
    /// What is loaded; none: what is there.
    old: Option<Snapshot>,
}

impl Stale {
    pub(super) fn new(inner: MemoryBacking<Json>, old: Option<Snapshot>) -> Self {
        Self { inner, old }
    }
}

impl Backing for Stale {
    type Value = Json;

    fn identity(&self) -> Identity {
        self.inner.identity()
    }

    async fn watch(&self) -> Result<Subscription<Json>, BackingError> {
        self.inner.watch().await
    }

    fn get_all(&self) -> Entities<Json> {
        match &self.old {
            None => self.inner.get_all(),
            Some(old) => Box::pin(Once(Some(
                old.iter().map(|(id, value)| (id.clone(), Read::Value(Arc::clone(value)))).collect(),
            ))),
        }
    }

    async fn changed(&self, since: Position, ids: Vec<EntityId>) -> Result<Step<Json>, BackingError> {
        self.inner.changed(since, ids).await
    }
}

/// One answer.
struct Once(Option<Reads<Json>>);

impl Stream for Once {
    type Item = Result<Reads<Json>, BackingError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}
