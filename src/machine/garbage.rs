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

    /// Frees what it holds, one by one, and keeps its room. If a value panics when it is dropped, it alone is gone: call this again for
    /// the others.
    pub fn clear(&mut self) {
        // Not by `clear` of the lists: that frees the others while it unwinds, and a second panic would end the process.
        while self.values.pop().is_some() {}
        while self.deltas.pop().is_some() {}
        while self.batches.pop().is_some() {}
    }
}

impl<V> Default for Garbage<V> {
    fn default() -> Self {
        Self::new()
    }
}
