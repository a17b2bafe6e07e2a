//! The cache at one moment.

use core::fmt;
use core::ops::Bound;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use super::cached_model::CachedModel;
use super::contents::Contents;
use super::held::Held;
use crate::machine::{EntityId, Epoch, ModelId, Position, Revno};

/// Everything the cache holds, at one revno: immutable, read without a lock, and never half of a batch.
///
/// Taking one and cloning it cost one counted pointer. While one is kept, what has changed since is kept twice, and nothing else.
#[derive(Clone)]
pub struct Snapshot(Arc<Moment>);

pub(super) struct Moment {
    pub(super) epoch: Epoch,
    pub(super) revno: Revno,
    pub(super) position: Position,
    pub(super) models: RedBlackTreeMapSync<ModelId, Arc<Contents>>,
    pub(super) entities: usize,
}

impl Snapshot {
    pub(super) fn new(moment: Moment) -> Self {
        Self(Arc::new(moment))
    }

    pub(super) fn parts(&self) -> (RedBlackTreeMapSync<ModelId, Arc<Contents>>, usize) {
        (self.0.models.clone(), self.0.entities)
    }

    /// What it is made of, if this is the last handle of it.
    pub(super) fn into_moment(self) -> Option<Moment> {
        Arc::into_inner(self.0)
    }

    /// Whether it is the very same.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The entities from this id on, in the order of [`entities`](Self::entities); without one all of them.
    pub(super) fn from(&self, id: Option<&EntityId>) -> impl Iterator<Item = &Held> {
        let first = id.map(|id| id.model);
        let rest = match first {
            Some(model) => self.0.models.range((Bound::Excluded(model), Bound::Unbounded)),
            None => self.0.models.range((Bound::Unbounded, Bound::Unbounded)),
        };
        let started = id.and_then(|id| Some(self.0.models.get(&id.model)?.from(id.clone())));
        started.into_iter().flatten().chain(rest.flat_map(|(_, contents)| contents.all()))
    }

    /// The lineage of the revno: another worker's is another one's.
    pub fn epoch(&self) -> Epoch {
        self.0.epoch
    }

    /// The worker's revno whose state this is.
    pub fn revno(&self) -> Revno {
        self.0.revno
    }

    /// The backing's position whose state this is.
    pub fn position(&self) -> Position {
        self.0.position
    }

    /// A model; `None` if nothing of it is there.
    pub fn model(&self, model: ModelId) -> Option<CachedModel> {
        let contents = self.0.models.get(&model)?;
        Some(CachedModel::new(model, self.0.revno, Arc::clone(contents)))
    }

    /// All models, by uuid.
    pub fn models(&self) -> impl Iterator<Item = CachedModel> {
        let revno = self.0.revno;
        self.0.models.iter().map(move |(model, contents)| CachedModel::new(*model, revno, Arc::clone(contents)))
    }

    /// An entity of any kind.
    pub fn get(&self, id: &EntityId) -> Option<&Held> {
        self.0.models.get(&id.model)?.get(id).map(|held| &**held)
    }

    /// All entities, by model, then kind, then id.
    pub fn entities(&self) -> impl Iterator<Item = &Held> {
        self.0.models.values().flat_map(|contents| contents.all())
    }

    /// How many entities.
    pub fn len(&self) -> usize {
        self.0.entities
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.entities == 0
    }

    /// The entities whose JSON is not what their kind says: each holds its error.
    pub fn broken(&self) -> impl Iterator<Item = &Held> {
        let some = self.0.models.values().filter(|contents| contents.counts().broken > 0);
        some.flat_map(|contents| contents.broken())
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("epoch", &self.epoch())
            .field("revno", &self.revno())
            .field("models", &self.0.models.size())
            .field("entities", &self.len())
            .finish_non_exhaustive()
    }
}
