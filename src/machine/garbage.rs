//! What the machine no longer needs, handed out so that the last reference to a value is never dropped under the driver's lock.

use std::sync::Arc;

use derive_where::derive_where;

use super::delta::{Delta, Deltas};

/// Values and records to be freed. Drop or [`clear`](Garbage::clear) it where waiting hurts nobody; a cleared one can be
/// given back to [`swap_garbage`](super::StoreManager::swap_garbage), which spares an allocation.
#[derive(Debug)]
#[derive_where(Clone)]
pub struct Garbage<V> {
    pub(super) values: Vec<Arc<V>>,
    pub(super) deltas: Vec<Delta<V>>,
    pub(super) batches: Vec<Deltas<V>>,
}

impl<V> Garbage<V> {
    /// Nothing.
    pub const fn new() -> Self {
        Self { values: Vec::new(), deltas: Vec::new(), batches: Vec::new() }
    }

    /// Whether there is nothing to free.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.deltas.is_empty() && self.batches.is_empty()
    }

    /// Frees what it holds and keeps its room.
    pub fn clear(&mut self) {
        self.values.clear();
        self.deltas.clear();
        self.batches.clear();
    }
}

impl<V> Default for Garbage<V> {
    fn default() -> Self {
        Self::new()
    }
}
