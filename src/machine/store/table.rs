//! From id to slot. Offers look-up alone: nothing can iterate it, so nothing depends on the hasher.

use core::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::super::entity::EntityId;
use super::Slot;

#[derive(Debug, Clone)]
pub(super) struct Table(HashTable<Slot>);

impl Table {
    pub(super) const fn new() -> Self {
        Self(HashTable::new())
    }

    pub(super) fn find<'a>(&self, id: &EntityId, id_of: impl Fn(Slot) -> &'a EntityId) -> Option<Slot> {
        self.0.find(FxBuildHasher.hash_one(id), |&slot| id_of(slot) == id).copied()
    }

    /// Adds an id that is not in it.
    pub(super) fn insert<'a>(&mut self, id: &EntityId, slot: Slot, id_of: impl Fn(Slot) -> &'a EntityId) {
        self.0.insert_unique(FxBuildHasher.hash_one(id), slot, |&slot| FxBuildHasher.hash_one(id_of(slot)));
    }

    /// Takes out an id that is in it.
    pub(super) fn remove<'a>(&mut self, slot: Slot, id_of: impl Fn(Slot) -> &'a EntityId) {
        let found = self.0.find_entry(FxBuildHasher.hash_one(id_of(slot)), |&other| other == slot);
        found.expect("an entry is in the table from its beginning to its end").remove();
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
