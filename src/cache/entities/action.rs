//! Actions that were asked of units.

use super::object::{is_written, object, zero};
use super::{Members, Timestamp};
use crate::machine::ModelId;

object! {
    /// An action of a unit.
    pub struct Action {
        /// Its model.
        "model-uuid" always model_uuid: ModelId,
        /// Its id.
        "id" always id: String,
        /// The unit.
        "receiver" always receiver: String,
        /// What is to be done.
        "name" always name: String,
        /// How. Only old clients are told.
        "parameters" omitempty parameters: Members,
        /// `pending`, `running`, `completed`, `cancelled`, `failed`, `aborting`, `aborted` or `error`.
        "status" always status: String,
        /// What came of it, for people.
        "message" always message: String,
        /// When it was asked; the zero time if it was not.
        "enqueued" always enqueued: Timestamp,
        /// When it began; the zero time if it has not.
        "started" always started: Timestamp,
        /// When it ended; the zero time if it has not.
        "completed" always completed: Timestamp,
        /// What came of it. Only old clients are told.
        "results" omitempty results: Members,
    }
}
