//! The models the store knows: each with its own revno order, its ended lives and the audiences that look at it.

use std::collections::{BTreeMap, BTreeSet};

use derive_where::derive_where;
use slab::Slab;

use super::super::entity::ModelId;
use super::super::numbers::Revno;
use super::order::RevnoOrder;
use super::{Life, Slot};

/// Where a model lies; stable while it has entries or audiences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::machine) struct ModelIx(u32);

#[derive(Debug)]
#[derive_where(Clone)]
pub(in crate::machine) struct Model<V> {
    pub(in crate::machine) id: ModelId,
    pub(in crate::machine) order: RevnoOrder<V>,
    /// Ended lives that somebody may still need, by (died, slot), with when they began.
    graves: BTreeMap<(Revno, Slot), Revno>,
    /// The audiences whose filter names this model.
    pub(in crate::machine) audiences: Vec<u32>,
    pub(super) entries: usize,
}

impl<V> Model<V> {
    pub(super) fn add_grave(&mut self, died: Revno, slot: Slot, born: Revno) {
        self.graves.insert((died, slot), born);
    }

    pub(super) fn remove_grave(&mut self, died: Revno, slot: Slot) {
        self.graves.remove(&(died, slot));
    }

    pub(in crate::machine) fn graves(&self) -> usize {
        self.graves.len()
    }

    /// The ended lives that contain `cursor`.
    pub(in crate::machine) fn lives_around(&self, cursor: Revno) -> impl Iterator<Item = (Slot, Life)> {
        self.graves
            .range((Revno(cursor.0 + 1), Slot(0))..)
            .map(|(&(died, slot), &born)| (slot, Life { born, died }))
            .filter(move |(_, life)| life.contains(cursor))
    }
}

#[derive(Debug)]
#[derive_where(Clone)]
pub(in crate::machine) struct ModelTable<V> {
    models: Slab<Model<V>>,
    by_id: BTreeMap<ModelId, ModelIx>,
    with_graves: BTreeSet<ModelIx>,
}

impl<V> ModelTable<V> {
    pub(super) const fn new() -> Self {
        Self { models: Slab::new(), by_id: BTreeMap::new(), with_graves: BTreeSet::new() }
    }

    /// The model of this uuid, made if there is none.
    pub(in crate::machine) fn intern(&mut self, id: ModelId) -> ModelIx {
        *self.by_id.entry(id).or_insert_with(|| {
            let model =
                Model { id, order: RevnoOrder::new(), graves: BTreeMap::new(), audiences: Vec::new(), entries: 0 };
            ModelIx(u32::try_from(self.models.insert(model)).expect("a store holds fewer than 2^32 models"))
        })
    }

    /// Frees the model if it has neither entries nor audiences.
    pub(in crate::machine) fn release_unused(&mut self, model: ModelIx) {
        let Model { id, audiences, entries, .. } = self.get(model);
        if *entries == 0 && audiences.is_empty() {
            let id = *id;
            self.by_id.remove(&id);
            self.models.remove(model.0 as usize);
        }
    }

    pub(super) fn get(&self, model: ModelIx) -> &Model<V> {
        &self.models[model.0 as usize]
    }

    pub(super) fn get_mut(&mut self, model: ModelIx) -> &mut Model<V> {
        &mut self.models[model.0 as usize]
    }

    /// Keeps the list of models with ended lives after one came or went.
    pub(super) fn note_graves(&mut self, model: ModelIx) {
        if self.get(model).graves.is_empty() {
            self.with_graves.remove(&model);
        } else {
            self.with_graves.insert(model);
        }
    }

    /// Models that have ended lives somebody may still need.
    pub(in crate::machine) fn with_graves(&self) -> impl Iterator<Item = ModelIx> {
        self.with_graves.iter().copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ModelIx, &Model<V>)> {
        self.by_id.values().map(|&ix| (ix, self.get(ix)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_goes_with_the_last_of_its_entities() {
        let mut models = ModelTable::<u32>::new();
        let model = models.intern(ModelId::from_u128(1));
        models.get_mut(model).entries = 1;
        models.release_unused(model);
        assert_eq!(models.iter().count(), 1, "it has an entity");
        models.get_mut(model).entries = 0;
        models.release_unused(model);
        assert_eq!(models.iter().count(), 0);
    }
}
