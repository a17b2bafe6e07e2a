//! The pure part of the cache: what it holds, and what a batch makes of it. No task, no lock, no clock.

use std::collections::{BTreeMap, BTreeSet};

use super::applying::Applying;
use super::snapshot::Snapshot;
use crate::backing::Json;
use crate::machine::{Batch, EntityId, Epoch, ModelId};

/// The content of a cache as a state machine: batches in, snapshots and changed ids out.
///
/// Batches come from *feeds*: one multiwatcher each, one after the other. The first batch of a feed is the whole state and takes
/// the place of everything that is held, in one move; the others are differences. A batch of a feed that is no longer the latest
/// changes nothing. So nothing that lives is ever evicted because a multiwatcher was replaced, and nothing that died stays: there is
/// no moment between the two.
#[derive(Debug, Default)]
pub struct Replica {
    snapshot: Option<Snapshot>,
    feed: u64,
    /// Whether the feed's first batch is still to come.
    is_fresh: bool,
}

/// One multiwatcher that feeds a [`Replica`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Feed(pub(super) u64);

/// The ids that a batch has changed, by model, in order. It may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    pub(super) by_model: BTreeMap<ModelId, BTreeSet<EntityId>>,
}

impl Changes {
    /// All of them.
    pub fn ids(&self) -> impl Iterator<Item = &EntityId> {
        self.by_model.values().flatten()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_model.is_empty()
    }

    pub(super) fn add(&mut self, id: EntityId) {
        self.by_model.entry(id.model).or_default().insert(id);
    }
}

impl Replica {
    /// One that holds nothing and has heard nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A multiwatcher was opened. Its first batch will take the place of what is held; nothing that others say counts any more.
    pub fn open(&mut self) -> Feed {
        self.feed += 1;
        self.is_fresh = true;
        Feed(self.feed)
    }

    /// What is held, once there was a first batch.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// Applies a batch whole. `None` if it is of a feed that was replaced.
    ///
    /// A difference changes every id that it names, also one that has the value it had: it had another one in between. The whole
    /// state changes the ids whose values differ from what is held.
    pub fn apply(&mut self, feed: Feed, epoch: Epoch, batch: &Batch<Json>) -> Option<Changes> {
        let mut applying = self.begin(feed, epoch, batch)?;
        while !applying.advance(usize::MAX) {}
        self.finish(applying)
    }

    /// Begins to apply a batch, to be done in slices. Until it is [finished](Self::finish), the replica is as it was.
    pub fn begin<'a>(&self, feed: Feed, epoch: Epoch, batch: &'a Batch<Json>) -> Option<Applying<'a>> {
        if feed != Feed(self.feed) {
            return None;
        }
        Some(Applying::new(feed, epoch, batch, self.snapshot.as_ref(), self.is_fresh))
    }

    /// Takes in what was applied, at once; what is left to do of it is done first. `None` if it is of a feed that was replaced
    /// meanwhile, or another batch was taken in: what was applied was applied to something else.
    pub fn finish(&mut self, mut applying: Applying<'_>) -> Option<Changes> {
        if applying.feed != Feed(self.feed) || !applying.began_from(self.snapshot.as_ref()) {
            return None;
        }
        while !applying.advance(usize::MAX) {}
        self.is_fresh = false;
        let (snapshot, changes) = applying.into_parts();
        self.snapshot = Some(snapshot);
        Some(changes)
    }
}
