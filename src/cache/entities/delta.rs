//! Deltas as clients read them: `["unit", "change", {…}]`.

use serde::ser::{Serialize, SerializeTuple, Serializer};

use super::error::EntityError;
use super::{Entity, EntityKind};
use crate::backing::Json;
use crate::machine::{Change, EntityId};

/// The stored value as clients are told it. One of the twelve kinds is read and written canonically; any other kind is passed on
/// as it is stored.
pub fn canonical(id: &EntityId, stored: &Json) -> Result<Json, EntityError> {
    match EntityKind::of(&id.kind) {
        Some(kind) => {
            let entity = Entity::read_as(kind, id, stored.as_str()).map_err(|problem| EntityError::new(id, problem))?;
            Ok(Json::of(&entity).expect("names are strings, and JSON is JSON"))
        }
        None => Ok(stored.clone()),
    }
}

/// A delta of what is stored under this id: `["unit", "change", {…}]`, or `remove` with the last value there was. An entity of
/// one of the twelve kinds that cannot be read is an error, and no client can read it either: log it and leave the delta out, or send it
/// with [`encode_value`] as it is stored.
pub fn encode_delta(id: &EntityId, change: Change, stored: &Json) -> Result<Json, EntityError> {
    let Some(kind) = EntityKind::of(&id.kind) else { return Ok(encode_value(id, change, stored)) };
    let unread = |problem| EntityError::new(id, problem);
    let entity = Entity::read_as(kind, id, stored.as_str()).map_err(unread)?;
    Ok(encode(id, change, &entity))
}

/// A delta with this payload, whatever it says.
pub fn encode_value(id: &EntityId, change: Change, payload: &Json) -> Json {
    encode(id, change, payload)
}

fn encode<P: Serialize>(id: &EntityId, change: Change, payload: &P) -> Json {
    Json::of(&Encoded { kind: id.kind.as_str(), change, payload }).expect("names are strings, and JSON is JSON")
}

struct Encoded<'a, P> {
    kind: &'a str,
    change: Change,
    payload: &'a P,
}

impl<P: Serialize> Serialize for Encoded<'_, P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut delta = serializer.serialize_tuple(3)?;
        delta.serialize_element(self.kind)?;
        delta.serialize_element(match self.change {
            Change::Changed => "change",
            Change::Removed => "remove",
        })?;
        delta.serialize_element(self.payload)?;
        delta.end()
    }
}
