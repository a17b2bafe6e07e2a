//! Models, and what is noted beside their entities: annotations, blocks, branches.

use std::collections::BTreeMap;

use super::object::{is_written, object, zero};
use super::{Constraints, Life, Members, Status};
use crate::backing::Json;
use crate::machine::ModelId;

object! {
    /// What a model says of itself.
    pub struct Model {
        /// Which model.
        "model-uuid" always model_uuid: ModelId,
        /// Its name.
        "name" always name: String,
        /// Where it is in its life.
        "life" always life: Life,
        /// The bare name of the user it belongs to.
        "owner" always owner: String,
        /// The controller it is on.
        "controller-uuid" always controller_uuid: String,
        /// Whether it is the controller's own.
        "is-controller" always is_controller: bool,
        /// Its settings. Never left out: clients fail without it.
        "config" always config: Members,
        /// How it is.
        "status" always status: Status,
        /// What it asks of machines.
        "constraints" always constraints: Constraints,
        /// Its support.
        "sla" always sla: Sla,
    }
}

object! {
    /// The support of a model.
    pub struct Sla {
        /// Its level.
        "level" always level: String,
        /// Who pays.
        "owner" always owner: String,
    }
}

object! {
    /// What people noted of an entity.
    pub struct Annotation {
        /// Its model.
        "model-uuid" always model_uuid: ModelId,
        /// The entity: `application-redis`, `unit-redis-0`, `machine-0`.
        "tag" always tag: String,
        /// The notes.
        "annotations" always annotations: Option<BTreeMap<String, String>>,
    }
}

object! {
    /// A lock on a model against commands.
    pub struct Block {
        /// Its model.
        "model-uuid" always model_uuid: ModelId,
        /// Its id.
        "id" always id: String,
        /// `BlockDestroy`, `BlockRemove` or `BlockChange`.
        "type" always kind: String,
        /// Why.
        "message" always message: String,
        /// What is blocked.
        "tag" always tag: String,
    }
}

object! {
    /// Settings that are tried on some units before they are everybody's.
    pub struct Branch {
        /// Its model.
        "model-uuid" always model_uuid: ModelId,
        /// Its id.
        "id" always id: String,
        /// Its name.
        "name" always name: String,
        /// The units on it, by application.
        "assigned-units" always assigned_units: Option<BTreeMap<String, Vec<String>>>,
        /// What it changes, by application.
        "charm-config" always charm_config: Option<BTreeMap<String, Vec<ConfigChange>>>,
        /// When it was made, in seconds since 1970.
        "created" always created: i64,
        /// By whom.
        "created-by" always created_by: String,
        /// When it was completed, in seconds since 1970; 0 if it was not.
        "completed" always completed: i64,
        /// By whom.
        "completed-by" always completed_by: String,
        /// The generation it became.
        "generation-id" always generation_id: i64,
    }
}

object! {
    /// One setting that a branch changes.
    pub struct ConfigChange {
        /// 0 added, 1 changed, 2 deleted.
        "type" always kind: i64,
        /// The setting.
        "key" always key: String,
        /// Its value before.
        "old" omitempty old: Option<Json>,
        /// Its value on the branch.
        "new" omitempty new: Option<Json>,
    }
}
