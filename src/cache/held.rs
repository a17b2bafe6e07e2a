//! One entity as the cache holds it.

use std::sync::Arc;

use super::entities::{Entity, EntityError, EntityKind};
use crate::backing::Json;
use crate::machine::EntityId;

/// An entity: what is stored, and what was read of it.
///
/// What is stored counts, always: an entity whose JSON is not what its kind says is kept as that JSON, with the error. Typed reads
/// do not find it; its last good value is gone, for it is no longer true.
#[derive(Debug)]
pub struct Held {
    id: EntityId,
    json: Arc<Json>,
    read: Read,
}

#[derive(Debug)]
enum Read {
    Typed(Entity),
    /// A kind that is none of the twelve.
    Foreign,
    Broken(EntityError),
}

impl Held {
    pub(super) fn read(id: &EntityId, json: &Arc<Json>) -> Self {
        let read = match EntityKind::of(&id.kind) {
            None => Read::Foreign,
            Some(_) => Entity::read(id, json).map_or_else(Read::Broken, Read::Typed),
        };
        Self { id: id.clone(), json: Arc::clone(json), read }
    }

    /// Which entity.
    pub fn id(&self) -> &EntityId {
        &self.id
    }

    /// What is stored.
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// What was read of it: nothing for a kind that is none of the twelve, and the error if it is not what its kind says.
    pub fn entity(&self) -> Result<Option<&Entity>, &EntityError> {
        match &self.read {
            Read::Typed(entity) => Ok(Some(entity)),
            Read::Foreign => Ok(None),
            Read::Broken(error) => Err(error),
        }
    }

    /// Whether this is what is stored.
    pub(super) fn says(&self, json: &Arc<Json>) -> bool {
        Arc::ptr_eq(&self.json, json) || self.json == *json
    }
}
