//! A batch on its way into the replica, a slice at a time. It works on a copy: nobody sees any of it before all of it is done.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use super::contents::Contents;
use super::held::Held;
use super::replica::{Changes, Feed};
use super::snapshot::{Moment, Snapshot};
use crate::backing::Json;
use crate::machine::{Batch, Change, Delta, EntityId, Epoch, ModelId};

/// What an entity costs besides its JSON, in bytes of JSON: its place in the indexes, or that it is looked at.
pub(super) const ENTITY: usize = 400;
const GLANCE: usize = 60;

/// A batch that is being applied. Dropped before it is [finished](super::Replica::finish), it has done nothing.
pub struct Applying<'a> {
    pub(super) feed: Feed,
    epoch: Epoch,
    batch: &'a Batch<Json>,
    /// What it is applied to.
    base: Option<Snapshot>,
    models: RedBlackTreeMapSync<ModelId, Arc<Contents>>,
    entities: usize,
    /// The models that were taken out of it to be changed.
    open: BTreeMap<ModelId, Contents>,
    changes: Changes,
    left: Left<'a>,
}

/// What is left to do, in this order for a whole state.
enum Left<'a> {
    /// Deltas from this place on.
    Follow(usize),
    /// The whole state from this place on is still to be sorted.
    Sort(usize, Whole<'a>),
    /// What is held from this id on is to be looked for in the whole state, and goes if it is not there.
    Sweep(Option<EntityId>, Whole<'a>),
    /// The whole state is to be put where it differs.
    Put(Whole<'a>),
    Nothing,
}

type Whole<'a> = BTreeMap<&'a EntityId, &'a Arc<Json>>;

impl<'a> Applying<'a> {
    pub(super) fn new(
        feed: Feed,
        epoch: Epoch,
        batch: &'a Batch<Json>,
        base: Option<&Snapshot>,
        is_whole: bool,
    ) -> Self {
        let (models, entities) = base.map(Snapshot::parts).unwrap_or_default();
        let left = if is_whole { Left::Sort(0, Whole::new()) } else { Left::Follow(0) };
        let (open, changes) = (BTreeMap::new(), Changes::default());
        Self { feed, epoch, batch, base: base.cloned(), models, entities, open, changes, left }
    }

    /// Does some of what is left: about as much as this many bytes of JSON take, and at least one entity. Whether it is all done.
    pub fn advance(&mut self, bytes: usize) -> bool {
        let mut left = bytes;
        loop {
            let did = match core::mem::replace(&mut self.left, Left::Nothing) {
                Left::Follow(at) => self.follow(at),
                Left::Sort(at, whole) => self.sort(at, whole),
                Left::Sweep(from, whole) => self.sweep(from.as_ref(), whole, left),
                Left::Put(whole) => self.put_next(whole),
                Left::Nothing => return true,
            };
            match left.checked_sub(did) {
                Some(more) => left = more,
                None => return matches!(self.left, Left::Nothing),
            }
        }
    }

    /// Whether this is what it is applied to.
    pub(super) fn began_from(&self, snapshot: Option<&Snapshot>) -> bool {
        match (&self.base, snapshot) {
            (None, None) => true,
            (Some(base), Some(snapshot)) => base.is(snapshot),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    /// What came of it, once all is done.
    pub(super) fn into_parts(mut self) -> (Snapshot, Changes) {
        for (model, contents) in self.open {
            self.entities += contents.len();
            if contents.len() == 0 {
                self.models.remove_mut(&model);
            } else {
                self.models.insert_mut(model, Arc::new(contents));
            }
        }
        let (epoch, revno, position) = (self.epoch, self.batch.revno(), self.batch.position());
        let moment = Moment { epoch, revno, position, models: self.models, entities: self.entities };
        (Snapshot::new(moment), self.changes)
    }

    fn follow(&mut self, at: usize) -> usize {
        let Some(delta) = self.batch.deltas().get(at) else { return 0 };
        self.left = Left::Follow(at + 1);
        match delta.change() {
            Change::Changed => self.put(delta.id(), delta.value()),
            Change::Removed => {
                if self.contents(delta.id().model).remove(delta.id()) {
                    self.changes.add(delta.id().clone());
                }
                ENTITY
            }
        }
    }

    fn sort(&mut self, at: usize, mut whole: Whole<'a>) -> usize {
        let Some(delta) = self.batch.deltas().get(at) else {
            self.left = Left::Sweep(None, whole);
            return 0;
        };
        if delta.change() == Change::Changed {
            whole.insert(Delta::id(delta), delta.value());
        }
        self.left = Left::Sort(at + 1, whole);
        GLANCE
    }

    fn sweep(&mut self, from: Option<&EntityId>, whole: Whole<'a>, bytes: usize) -> usize {
        // To find the place again takes as long as to look at some.
        let (most, mut did) = (bytes / GLANCE, ENTITY);
        let mut held = self.base.iter().flat_map(|base| base.from(from)).map(Held::id);
        let mut gone = Vec::new();
        for id in held.by_ref().take(most.max(1)) {
            did += GLANCE;
            gone.extend((!whole.contains_key(id)).then(|| id.clone()));
        }
        let next = held.next().cloned();
        drop(held);
        for id in gone {
            did += ENTITY;
            self.contents(id.model).remove(&id);
            self.changes.add(id);
        }
        self.left = match next {
            Some(id) => Left::Sweep(Some(id), whole),
            None => Left::Put(whole),
        };
        did
    }

    fn put_next(&mut self, mut whole: Whole<'a>) -> usize {
        let Some((id, json)) = whole.pop_first() else { return 0 };
        self.left = Left::Put(whole);
        if self.base.as_ref().and_then(|base| base.get(id)).is_some_and(|held| held.says(json)) {
            return GLANCE + json.as_str().len() / 16;
        }
        self.put(id, json)
    }

    fn put(&mut self, id: &EntityId, json: &Arc<Json>) -> usize {
        self.contents(id.model).put(Held::read(id, json));
        self.changes.add(id.clone());
        ENTITY + json.as_str().len()
    }

    fn contents(&mut self, model: ModelId) -> &mut Contents {
        self.open.entry(model).or_insert_with(|| {
            let Some(contents) = self.models.get(&model) else { return Contents::default() };
            self.entities -= contents.len();
            (**contents).clone()
        })
    }
}

impl fmt::Debug for Applying<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deltas = self.batch.deltas().len();
        f.debug_struct("Applying").field("feed", &self.feed).field("deltas", &deltas).finish_non_exhaustive()
    }
}
