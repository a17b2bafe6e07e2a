//! What the store remembers of one id, in two parts: what every change needs, and the rest.

use std::sync::Arc;

use derive_where::derive_where;

use super::super::entity::EntityId;
use super::super::numbers::Revno;
use super::ModelIx;
use super::order::Place;

/// One life of an entity: alive at every revno from `born` until before `died`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::machine) struct Life {
    pub(in crate::machine) born: Revno,
    pub(in crate::machine) died: Revno,
}

impl Life {
    pub(in crate::machine) fn contains(self, cursor: Revno) -> bool {
        self.born <= cursor && cursor < self.died
    }
}

/// What every change of an entity reads and writes: a few words, so that the entries of a big store lie close together and more
/// of them stay in the cache.
#[derive(Debug)]
#[derive_where(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "four independent reasons for which an entry is kept")]
pub(in crate::machine) struct Entry<V> {
    /// The value, while it is alive.
    pub(in crate::machine) value: Option<Arc<V>>,
    pub(super) in_all: Place,
    pub(super) in_model: Place,
    pub(in crate::machine) model: ModelIx,
    /// Whether it stands in the revno orders: alive, or a tombstone.
    pub(super) placed: bool,
    /// Named in the queue of notices.
    pub(in crate::machine) queued: bool,
    /// Named by the fetch in flight.
    pub(in crate::machine) asked: bool,
    /// Named by a change that is about to be applied.
    pub(in crate::machine) planned: bool,
}

impl<V> Entry<V> {
    pub(super) fn new(model: ModelIx) -> Self {
        Self {
            value: None,
            in_all: Place::NOWHERE,
            in_model: Place::NOWHERE,
            model,
            placed: false,
            queued: false,
            asked: false,
            planned: false,
        }
    }

    pub(in crate::machine) fn is_tombstone(&self) -> bool {
        self.placed && self.value.is_none()
    }

    /// Whether nothing refers to it: it can be freed.
    pub(in crate::machine) fn is_unused(&self) -> bool {
        !self.placed && !self.queued && !self.asked && !self.planned
    }
}

/// The rest of what is known of an id: its name, and what matters when it comes, goes, or is looked at by somebody who is behind.
#[derive(Debug, Clone)]
pub(in crate::machine) struct Profile {
    pub(in crate::machine) id: EntityId,
    /// When the life it has, or had last, began.
    pub(in crate::machine) born: Revno,
    /// Ended lives that somebody may still need to be told of, oldest first.
    pub(in crate::machine) lives: Lives,
    /// Its place among the live.
    pub(super) seat: u32,
    /// First of the cohorts that know they are behind because of this entity.
    pub(in crate::machine) witness_of: u32,
}

impl Profile {
    pub(super) fn new(id: EntityId) -> Self {
        Self { id, born: Revno(0), lives: Lives::default(), seat: 0, witness_of: u32::MAX }
    }
}

/// Ended lives; nearly always none or one, so an empty list is one word.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::box_collection,
    reason = "one word instead of three in every entry, for a list that is nearly always empty"
)]
pub(in crate::machine) struct Lives(Option<Box<Vec<Life>>>);

impl Lives {
    pub(in crate::machine) fn iter(&self) -> impl Iterator<Item = Life> {
        self.0.iter().flat_map(|lives| lives.iter().copied())
    }

    pub(in crate::machine) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn contains(&self, life: &Life) -> bool {
        self.0.as_ref().is_some_and(|lives| lives.contains(life))
    }

    pub(super) fn push(&mut self, life: Life) {
        self.0.get_or_insert_default().push(life);
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&Life) -> bool) {
        if let Some(lives) = &mut self.0 {
            lives.retain(keep);
            if lives.is_empty() {
                self.0 = None;
            }
        }
    }
}
