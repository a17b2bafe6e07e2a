//! For databases that know documents and nothing else: no log, no positions, no transactions that could be told apart.

use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::{Context, Poll};

use super::{Backing, BackingError, Entities, Identity, Notice, Reads, Step, Stream, Subscription, Value};
use crate::machine::{EntityId, Position};

/// A database that can read documents and tell which ones were touched, but not what happened since a position.
///
/// What a [`Backing`] must promise of notices, errors and cancellation holds here too. [`DocumentsBacking`] makes a backing of it.
pub trait Documents: Send + Sync + 'static {
    /// What an entity is.
    type Value: Value;

    /// Which database this is.
    fn identity(&self) -> Identity;

    /// Opens the stream of notices: the ids that were touched, in any order; an empty list is a sign of life. When it returns, the
    /// subscription stands.
    fn watch(&self) -> impl Future<Output = Result<Touched, BackingError>> + Send;

    /// Reads every document, some at a time.
    fn get_all(&self) -> Entities<Self::Value>;

    /// Reads these documents now: one answer for each id.
    fn read(&self, ids: Vec<EntityId>) -> impl Future<Output = Result<Reads<Self::Value>, BackingError>> + Send;

    /// The worker has ended and will not call again.
    fn release(&self) -> impl Future<Output = ()> + Send {
        core::future::ready(())
    }
}

/// The notices of [`Documents`].
pub type Touched = Pin<Box<dyn Stream<Item = Result<Vec<EntityId>, BackingError>> + Send>>;

/// A backing of documents: it counts its own answers as commits.
///
/// So a position says nothing about the database, and two documents that one transaction changed may become visible one after the
/// other: atomic-commit is the one promise that does not hold. Everything else does, because every document that
/// was touched is read again after its notice.
///
/// Each adapter counts for itself, a new subscription included, for the load that follows it may find anything. What one has counted
/// means nothing to another one, in this process or in the next: its [`identity`](Backing::identity) is that of the documents, mixed
/// with one that was drawn when it was made. So a resume token is honoured over the adapter that it is from, and is `Gone` at all
/// others: readers of a program that was started again begin anew.
#[derive(Debug)]
pub struct DocumentsBacking<D> {
    documents: D,
    /// Whose counting it is.
    counting: Identity,
    answers: AtomicU64,
}

impl<D> DocumentsBacking<D> {
    /// A backing of these documents.
    pub fn new(documents: D) -> Self {
        Self { documents, counting: Identity::fresh(), answers: AtomicU64::new(0) }
    }

    fn count(&self) -> Position {
        Position(self.answers.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

impl<D: Documents> Backing for DocumentsBacking<D> {
    type Value = D::Value;

    fn identity(&self) -> Identity {
        Identity(self.documents.identity().0 ^ self.counting.0)
    }

    async fn watch(&self) -> Result<Subscription<D::Value>, BackingError> {
        let touched = self.documents.watch().await?;
        // What a load finds is another state, so it has another position. Marks repeat it: the worker makes nothing of a mark's position
        // but a sign of life.
        let position = self.count();
        Ok(Subscription { position, notices: Box::pin(Told { touched, position, value: core::marker::PhantomData }) })
    }

    fn get_all(&self) -> Entities<D::Value> {
        self.documents.get_all()
    }

    async fn changed(&self, since: Position, ids: Vec<EntityId>) -> Result<Step<D::Value>, BackingError> {
        if ids.is_empty() {
            return Ok(Step { from: since, to: since, entities: Vec::new() });
        }
        let entities = self.documents.read(ids).await?;
        // Counted after it was read: an answer that is given up on has no number, so none is missing from a later step.
        let to = self.count();
        Ok(Step { from: since, to, entities })
    }

    async fn release(&self) {
        self.documents.release().await;
    }
}

struct Told<V> {
    touched: Touched,
    position: Position,
    value: core::marker::PhantomData<fn() -> V>,
}

impl<V> Stream for Told<V> {
    type Item = Result<Notice<V>, BackingError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let position = self.position;
        self.touched.as_mut().poll_next(cx).map(|told| {
            told.map(|told| told.map(|ids| if ids.is_empty() { Notice::Mark(position) } else { Notice::Changed(ids) }))
        })
    }
}
