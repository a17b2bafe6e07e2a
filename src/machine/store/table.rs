//! From id to slot. Offers look-up alone: nothing can iterate it, so nothing depends on the hasher.

use core::hash::Hasher;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::super::entity::EntityId;
use super::Slot;

/// How many tables there are. A table that has grown is filled anew, which reads every entry in it: many small ones keep that short.
const TABLES: usize = 16;

#[derive(Debug, Clone)]
pub(super) struct Table {
    tables: [HashTable<Slot>; TABLES],
}

impl Table {
    pub(super) const fn new() -> Self {
        Self { tables: [const { HashTable::new() }; TABLES] }
    }

    pub(super) fn find<'a>(&self, id: &EntityId, id_of: impl Fn(Slot) -> &'a EntityId) -> Option<Slot> {
        let hash = hash_of(id);
        self.tables[which(hash)].find(hash, |&slot| id_of(slot) == id).copied()
    }

    /// Adds an id that is not in it.
    pub(super) fn insert<'a>(&mut self, id: &EntityId, slot: Slot, id_of: impl Fn(Slot) -> &'a EntityId) {
        let hash = hash_of(id);
        self.tables[which(hash)].insert_unique(hash, slot, |&slot| hash_of(id_of(slot)));
    }

    /// Takes out an id that is in it.
    pub(super) fn remove<'a>(&mut self, slot: Slot, id_of: impl Fn(Slot) -> &'a EntityId) {
        let hash = hash_of(id_of(slot));
        let found = self.tables[which(hash)].find_entry(hash, |&other| other == slot);
        found.expect("an entry is in the table from its beginning to its end").remove();
    }

    pub(super) fn len(&self) -> usize {
        self.tables.iter().map(HashTable::len).sum()
    }
}

/// The three parts as plain bytes: the derived hash ends each text with a byte of its own, which costs as much as the text.
fn hash_of(id: &EntityId) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u128(id.model.as_u128());
    hasher.write(id.kind.as_str().as_bytes());
    hasher.write(id.id().as_bytes());
    hasher.finish()
}

/// Which table: by bits above those that choose the place in it, and still among the well mixed ones.
fn which(hash: u64) -> usize {
    (hash >> 20) as usize % TABLES
}
