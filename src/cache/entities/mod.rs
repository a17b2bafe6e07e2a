//! The twelve kinds of entities that Juju's watchers speak of, typed field by field, and their encoding as deltas.
//!
//! What is stored is JSON that others wrote. Reading it is forgiving where Juju is, and nowhere else: a field that is not there, or
//! `null`, is Go's zero value; a field of the wrong type is an error that names the entity and the field; a field that nobody knows
//! is kept and written again. Writing is canonical: every field that Juju always writes is there, what it leaves out when empty is
//! not, unknown fields follow by name. Numbers inside opaque members and times are kept digit by digit.
//!
//! ```
//! use multiwatcher::cache::entities::{self, Entity};
//! use multiwatcher::{EntityId, ModelId, backing::Json};
//!
//! let id = EntityId::new("unit", ModelId::from_u128(1), "redis/0");
//! let stored: Json = r#"{"application": "redis", "machine-id": "0", "rack": "b2"}"#.parse().unwrap();
//! let Ok(Entity::Unit(unit)) = Entity::read(&id, &stored) else { panic!("it is a unit") };
//! assert_eq!((unit.name.as_str(), unit.machine_id.as_str()), ("redis/0", "0"));
//! assert_eq!(unit.other["rack"].as_str(), "\"b2\"");
//!
//! let wrong: Json = r#"{"workload-status": {"current": 7}}"#.parse().unwrap();
//! let error = Entity::read(&id, &wrong).unwrap_err();
//! assert_eq!(error.field(), "workload-status.current");
//! ```

mod action;
mod application;
mod delta;
mod error;
mod kinds;
mod machine;
mod model;
mod object;
mod relation;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;

pub use action::Action;
pub use application::{Application, Charm, CharmProfile, Port, PortRange, Unit};
pub use delta::{canonical, encode_delta, encode_value};
pub use error::EntityError;
pub use kinds::{Entity, EntityKind, Typed};
pub use machine::{Hardware, Machine};
pub use model::{Annotation, Block, Branch, ConfigChange, Model, Sla};
pub use relation::{ApplicationOffer, CharmRelation, Endpoint, Relation, RemoteApplication};
pub use values::{Address, Constraints, Life, ParseTimestampError, Status, Timestamp};

use crate::backing::Json;

/// Members of an object, by name; each value as it was written.
pub type Members = BTreeMap<String, Json>;
