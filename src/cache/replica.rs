//! The pure part of the cache: what it holds, and what a batch makes of it. No task, no lock, no clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use super::contents::Contents;
use super::held::Held;
use super::snapshot::{Moment, Snapshot};
use crate::backing::Json;
use crate::machine::{Batch, Change, EntityId, Epoch, ModelId, Position, Revno};

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
pub struct Feed(u64);

/// The ids that a batch has changed, by model, in order. It may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    pub(super) by_model: BTreeMap<ModelId, Vec<EntityId>>,
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

    fn of(mut ids: Vec<EntityId>) -> Self {
        let mut by_model: BTreeMap<_, Vec<_>> = BTreeMap::new();
        ids.sort_unstable();
        ids.into_iter().for_each(|id| by_model.entry(id.model).or_default().push(id));
        Self { by_model }
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
        if feed != Feed(self.feed) {
            return None;
        }
        let mut editor = Editor::of(self.snapshot.as_ref());
        let changed = if core::mem::take(&mut self.is_fresh) { editor.replace(batch) } else { editor.follow(batch) };
        self.snapshot = Some(editor.finish(epoch, batch.revno(), batch.position()));
        Some(Changes::of(changed))
    }
}

/// A snapshot that is being changed, with the models that were taken out of it.
struct Editor {
    models: RedBlackTreeMapSync<ModelId, Arc<Contents>>,
    entities: usize,
    open: BTreeMap<ModelId, Contents>,
}

impl Editor {
    fn of(snapshot: Option<&Snapshot>) -> Self {
        let (models, entities) = snapshot.map(Snapshot::parts).unwrap_or_default();
        Self { models, entities, open: BTreeMap::new() }
    }

    fn follow(&mut self, batch: &Batch<Json>) -> Vec<EntityId> {
        let mut changed = Vec::with_capacity(batch.deltas().len());
        for delta in batch.deltas() {
            let is_told = match delta.change() {
                Change::Changed => {
                    self.put(delta.id(), delta.value());
                    true
                }
                Change::Removed => self.remove(delta.id()),
            };
            changed.extend(is_told.then(|| delta.id().clone()));
        }
        changed
    }

    fn replace(&mut self, batch: &Batch<Json>) -> Vec<EntityId> {
        let whole: BTreeMap<_, _> = batch
            .deltas()
            .iter()
            .filter(|delta| delta.change() == Change::Changed)
            .map(|delta| (delta.id(), delta.value()))
            .collect();
        let held = self.models.values().flat_map(|contents| contents.all());
        let gone: Vec<_> = held.map(Held::id).filter(|id| !whole.contains_key(id)).cloned().collect();
        let other = |id: &EntityId, json| !self.find(id).is_some_and(|held| held.says(json));
        let changed: Vec<_> = whole.into_iter().filter(|(id, json)| other(id, json)).collect();
        let mut ids = gone;
        for id in &ids {
            self.remove(id);
        }
        for (id, json) in changed {
            self.put(id, json);
            ids.push(id.clone());
        }
        ids
    }

    fn find(&self, id: &EntityId) -> Option<&Held> {
        self.models.get(&id.model)?.get(id).map(|held| &**held)
    }

    fn put(&mut self, id: &EntityId, json: &Arc<Json>) {
        self.contents(id.model).put(Held::read(id, json));
    }

    fn remove(&mut self, id: &EntityId) -> bool {
        self.contents(id.model).remove(id)
    }

    fn contents(&mut self, model: ModelId) -> &mut Contents {
        self.open.entry(model).or_insert_with(|| {
            let Some(contents) = self.models.get(&model) else { return Contents::default() };
            self.entities -= contents.len();
            (**contents).clone()
        })
    }

    fn finish(mut self, epoch: Epoch, revno: Revno, position: Position) -> Snapshot {
        for (model, contents) in self.open {
            self.entities += contents.len();
            if contents.len() == 0 {
                self.models.remove_mut(&model);
            } else {
                self.models.insert_mut(model, Arc::new(contents));
            }
        }
        Snapshot::new(Moment { epoch, revno, position, models: self.models, entities: self.entities })
    }
}
