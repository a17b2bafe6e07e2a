//! What a memory backing holds: looked up by hash, walked in the order of ids.

use core::ops::Bound;
use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::machine::EntityId;

/// Entities by id. A new value for a known id, which is nearly every commit, costs one look-up and leaves the order alone.
pub(super) struct Contents<V> {
    values: HashMap<EntityId, Arc<V>, FxBuildHasher>,
    order: BTreeSet<EntityId>,
}

impl<V> Contents<V> {
    pub(super) const fn new() -> Self {
        Self { values: HashMap::with_hasher(FxBuildHasher), order: BTreeSet::new() }
    }

    pub(super) fn get(&self, id: &EntityId) -> Option<&Arc<V>> {
        self.values.get(id)
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Gives an entity a value; the one it had is returned.
    pub(super) fn put(&mut self, id: &EntityId, value: Arc<V>) -> Option<Arc<V>> {
        if let Some(known) = self.values.get_mut(id) {
            return Some(core::mem::replace(known, value));
        }
        self.order.insert(id.clone());
        self.values.insert(id.clone(), value)
    }

    /// Removes an entity; the value it had is returned.
    pub(super) fn remove(&mut self, id: &EntityId) -> Option<Arc<V>> {
        let value = self.values.remove(id)?;
        self.order.remove(id);
        Some(value)
    }

    /// The entities whose ids come after this one, or all, in order.
    pub(super) fn after(&self, id: Option<&EntityId>) -> impl Iterator<Item = (&EntityId, &Arc<V>)> {
        let after = id.map_or(Bound::Unbounded, Bound::Excluded);
        let ids = self.order.range::<EntityId, _>((after, Bound::Unbounded));
        ids.map(|id| (id, self.values.get(id).expect("an id stands in the order as long as it has a value")))
    }
}
