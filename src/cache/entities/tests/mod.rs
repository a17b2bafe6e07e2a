//! What the twelve kinds look like, and that nothing is lost on the way through them.

mod full;
mod golden;
mod kept;
mod wrong;

use super::EntityKind;
use crate::backing::Json;
use crate::machine::{EntityId, ModelId};

/// The model of all that is tested here.
const MODEL: ModelId = ModelId::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0002);

/// The id under which the full value of this kind is stored.
fn id(kind: EntityKind) -> EntityId {
    EntityId::new(kind, MODEL, full::of(kind).0)
}

fn json(text: &str) -> Json {
    text.parse().unwrap()
}
