//! The small world of ids and values that generated runs live in.
//!
//! At most sixteen ids and fourteen values: then a set of ids is sixteen bits and a whole state of the backing is one
//! 64-bit number, so a reference model that keeps every state there ever was is still fast.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::state::{IdSet, State};
use crate::machine::{EntityId, Filter, Kind, ModelId};

/// The value of an entity in generated runs: 1 up to the regime's number of values, at most [`State::VALUES`].
pub type Val = u32;

/// An id by its place in the universe. Places ascend as the ids do, so ties by `EntityId` are ties by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdIx(pub u8);

impl IdIx {
    /// Stands for an id that is in no universe: only a broken subject comes up with one.
    pub const FOREIGN: Self = Self(u8::MAX);

    /// As an index into arrays.
    pub fn at(self) -> usize {
        usize::from(self.0)
    }
}

/// A filter by its place in the universe's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FilterIx(pub u8);

/// How many models, kinds, and names in each of them. Their product is at most [`Shape::IDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// At least 1, at most 4.
    pub models: u8,
    /// At least 1, at most 3.
    pub kinds: u8,
    /// At least 1.
    pub names: u8,
}

impl Shape {
    /// The most ids there can be.
    pub const IDS: u8 = 16;

    /// How many ids.
    pub fn ids(self) -> u8 {
        self.models * self.kinds * self.names
    }
}

/// The ids, filters and values of one run.
#[derive(Debug, Clone)]
pub struct Universe {
    shape: Shape,
    ids: Vec<EntityId>,
    filters: Vec<(Filter, IdSet)>,
    values: Vec<[Arc<Val>; 2]>,
}

const APPLICATION: &str = "application";
const MACHINE: &str = "machine";
const UNIT: &str = "unit";
/// In the order of their names, as `Shape::kinds` takes the first ones.
const KINDS: [&str; 3] = [APPLICATION, MACHINE, UNIT];
/// Models count from here; the one before it is the model that never was.
const FIRST_MODEL: u128 = 0x4f3c_0f7c_7a2b_4a50_8d7c_0000_0000_0001;

impl Universe {
    /// The universe of this shape.
    ///
    /// # Panics
    ///
    /// If the shape is out of its bounds.
    pub fn new(shape: Shape) -> Self {
        assert!((1..=4).contains(&shape.models) && (1..=3).contains(&shape.kinds) && shape.names >= 1, "{shape:?}");
        assert!(u32::from(shape.models) * u32::from(shape.kinds) * u32::from(shape.names) <= 16, "{shape:?}");
        let mut ids = Vec::new();
        for kind in &KINDS[..usize::from(shape.kinds)] {
            for model in 0..shape.models {
                for name in 0..shape.names {
                    ids.push(EntityId::new(*kind, model_id(model), char::from(b'a' + name).to_string()));
                }
            }
        }
        let values = (0..=State::VALUES).map(|value| [Arc::new(value), Arc::new(value)]).collect();
        let filters = filters(shape).into_iter().map(|filter| with_ids(filter, &ids)).collect();
        Self { shape, ids, filters, values }
    }

    /// Its shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Every id, ascending.
    pub fn ids(&self) -> &[EntityId] {
        &self.ids
    }

    /// All of them as a set.
    pub fn all(&self) -> IdSet {
        IdSet::first(self.shape.ids())
    }

    /// The id at this place.
    pub fn id(&self, ix: IdIx) -> &EntityId {
        &self.ids[ix.at()]
    }

    /// The place of this id, or [`IdIx::FOREIGN`].
    pub fn place(&self, id: &EntityId) -> IdIx {
        // Texts of known lengths are compared in registers; this is asked for every id the subject names.
        let kind = match id.kind.as_str() {
            APPLICATION => 0,
            MACHINE => 1,
            UNIT => 2,
            _ => return IdIx::FOREIGN,
        };
        let &[letter] = id.id().as_bytes() else { return IdIx::FOREIGN };
        let (model, name) = (id.model.as_u128().wrapping_sub(FIRST_MODEL), letter.wrapping_sub(b'a'));
        let Shape { models, kinds, names } = self.shape;
        if kind >= kinds || model >= u128::from(models) || name >= names {
            return IdIx::FOREIGN;
        }
        #[expect(clippy::cast_possible_truncation, reason = "below the number of models, checked above")]
        let place = IdIx((kind * models + model as u8) * names + name);
        place
    }

    /// How many filters the list has.
    pub fn filters(&self) -> u8 {
        u8::try_from(self.filters.len()).expect("a dozen at most")
    }

    /// The filter at this place. Place 0 is everything, place 1 the first model; the rest depends on the shape, and holds
    /// models that never were and the empty set too.
    pub fn filter(&self, ix: FilterIx) -> &Filter {
        &self.filters[usize::from(ix.0)].0
    }

    /// The ids it lets through.
    pub fn passing(&self, ix: FilterIx) -> IdSet {
        self.filters[usize::from(ix.0)].1
    }

    /// A shared value. There are two of each, so that equal values are not always the same allocation.
    pub fn value(&self, value: Val, twin: bool) -> &Arc<Val> {
        &self.values[value as usize][usize::from(twin)]
    }
}

fn model_id(model: u8) -> ModelId {
    ModelId::from_u128(FIRST_MODEL + u128::from(model))
}

fn filters(shape: Shape) -> Vec<Filter> {
    let never = ModelId::from_u128(FIRST_MODEL - 1);
    let first_kind = || [Kind::new(KINDS[0])];
    let mut list = vec![Filter::all_models()];
    list.extend((0..shape.models).map(|model| Filter::model(model_id(model))));
    list.push(Filter::model(never));
    list.push(Filter::all_models().only_kinds(first_kind()));
    list.push(Filter::all_models().except_kinds(first_kind()));
    list.push(Filter::model(model_id(0)).except_kinds(first_kind()));
    list.push(Filter::models([model_id(0), never]).only_kinds(first_kind()));
    list.push(Filter::models([model_id(0), model_id(1)]));
    list.push(Filter::models([]));
    list
}

fn with_ids(filter: Filter, ids: &[EntityId]) -> (Filter, IdSet) {
    let mut passing = IdSet::EMPTY;
    for (ix, id) in (0..).zip(ids) {
        if filter.passes(id) {
            passing.insert(IdIx(ix));
        }
    }
    (filter, passing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_ascend_as_the_ids_do_and_every_id_is_found() {
        for (models, kinds, names) in [(1, 1, 1), (4, 2, 2), (2, 3, 2), (1, 1, 16), (4, 1, 4)] {
            let universe = Universe::new(Shape { models, kinds, names });
            assert!(universe.ids().is_sorted(), "{universe:?}");
            for (place, id) in (0..).zip(universe.ids()) {
                assert_eq!(universe.place(id), IdIx(place), "{id}");
            }
        }
    }

    #[test]
    fn an_id_of_another_universe_is_foreign() {
        let (small, large) = (Shape { models: 1, kinds: 1, names: 2 }, Shape { models: 2, kinds: 2, names: 4 });
        let (small, large) = (Universe::new(small), Universe::new(large));
        let foreign = large.ids().iter().filter(|id| small.place(id) == IdIx::FOREIGN).count();
        assert_eq!(foreign, 14);
        assert_eq!(small.place(&EntityId::new("unit", ModelId::from_u128(7), "a")), IdIx::FOREIGN);
        let model = model_id(0);
        for (kind, name) in [("units", "a"), ("uni", "a"), ("relation", "a"), ("unit", "aa"), ("unit", ""), ("", "a")] {
            assert_eq!(large.place(&EntityId::new(kind, model, name)), IdIx::FOREIGN, "{kind} {name}");
        }
    }

    #[test]
    fn the_first_filters_are_everything_and_the_first_model() {
        let universe = Universe::new(Shape { models: 2, kinds: 2, names: 2 });
        assert_eq!(universe.passing(FilterIx(0)), universe.all());
        assert_eq!(universe.passing(FilterIx(1)), IdSet(0b0011_0011));
        let last = FilterIx(universe.filters() - 1);
        assert!(universe.passing(last).is_empty());
    }
}
