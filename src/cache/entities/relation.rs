//! Relations, and what crosses the border of a model: applications of others, and offers to them.

use super::object::{is_written, object, zero};
use super::{Life, Status};
use crate::machine::ModelId;

object! {
    /// A relation between applications, or of one with itself.
    pub struct Relation {
        /// Its model.
        "model-uuid" always model_uuid: ModelId,
        /// Its name: `wiki:db redis:db`.
        "key" always key: String,
        /// Its number.
        "id" always id: i64,
        /// Its ends.
        "endpoints" always endpoints: Option<Vec<Endpoint>>,
    }
}

object! {
    /// One end of a relation.
    pub struct Endpoint {
        /// Whose end.
        "application-name" always application_name: String,
        /// What the charm says of it.
        "relation" always relation: CharmRelation,
    }
}

object! {
    /// What a charm says of an end that it has.
    pub struct CharmRelation {
        /// Its name.
        "name" always name: String,
        /// `provider`, `requirer` or `peer`.
        "role" always role: String,
        /// What is spoken.
        "interface" always interface: String,
        /// Whether the charm does without.
        "optional" always optional: bool,
        /// At most so many; 0 is no limit.
        "limit" always limit: i64,
        /// `global`, or `container` for subordinates.
        "scope" always scope: String,
    }
}

object! {
    /// An application of another model.
    pub struct RemoteApplication {
        /// The model that uses it.
        "model-uuid" always model_uuid: ModelId,
        /// What it is called here.
        "name" always name: String,
        /// The offer's uuid.
        "offer-uuid" always offer_uuid: String,
        /// The offer it comes from.
        "offer-url" always offer_url: String,
        /// Where it is in its life.
        "life" always life: Life,
        /// How it is.
        "status" always status: Status,
    }
}

object! {
    /// An application that other models may use.
    pub struct ApplicationOffer {
        /// Its model.
        "model-uuid" always model_uuid: ModelId,
        /// Its name.
        "offer-name" always offer_name: String,
        /// Its uuid.
        "offer-uuid" always offer_uuid: String,
        /// The application that is offered.
        "application-name" always application_name: String,
        /// The charm it runs.
        "charm-name" always charm_name: String,
        /// How many are connected.
        "total-connected-count" always total_connected_count: i64,
        /// How many of them are active.
        "active-connected-count" always active_connected_count: i64,
    }
}
