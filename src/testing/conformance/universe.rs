//! The entities there can be, what they can hold, and the filters they are watched through: few of each, so that they meet.

use core::fmt;

use crate::machine::{EntityId, Filter, ModelId};

/// Entities.
pub(super) const IDS: usize = 6;
/// Values an entity can have.
pub(super) const VALUES: u8 = 4;
/// Filters.
pub(super) const FILTERS: usize = 5;

const MODELS: [ModelId; 2] = [ModelId::from_u128(1), ModelId::from_u128(2)];

/// What all entities hold at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct State(pub(super) [Option<u8>; IDS]);

/// The entity of this place.
pub(super) fn id(place: usize) -> EntityId {
    let kind = if place.is_multiple_of(2) { "machine" } else { "unit" };
    EntityId::new(kind, MODELS[place / 3], place.to_string())
}

/// The place of an entity, if it is one of these.
pub(super) fn place(of: &EntityId) -> Option<usize> {
    (0..IDS).find(|place| id(*place) == *of)
}

/// The filter of this number; the first lets everything through.
pub(super) fn filter(number: usize) -> Filter {
    match number {
        0 => Filter::all_models(),
        1 => Filter::model(MODELS[0]),
        2 => Filter::model(MODELS[1]),
        3 => Filter::all_models().only_kinds(["unit".into()]),
        _ => Filter::model(MODELS[0]).except_kinds(["machine".into()]),
    }
}

/// The same for people.
pub(super) fn filter_in_words(number: usize) -> &'static str {
    match number {
        0 => "all models",
        1 => "model 1",
        2 => "model 2",
        3 => "the units of all models",
        _ => "model 1 without machines",
    }
}

impl State {
    /// What passes a filter.
    pub(super) fn through(mut self, number: usize) -> Self {
        let filter = filter(number);
        for (place, value) in self.0.iter_mut().enumerate() {
            if !filter.passes(&id(place)) {
                *value = None;
            }
        }
        self
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut any = false;
        for (place, value) in self.0.iter().enumerate() {
            if let Some(value) = value {
                let (gap, id) = (if any { " " } else { "" }, id(place));
                write!(f, "{gap}{}/{}={value}", id.kind, id.id())?;
                any = true;
            }
        }
        if any { Ok(()) } else { f.write_str("nothing") }
    }
}
