//! What is wrong with a stored entity.

use core::error::Error;
use core::fmt;

use super::object::Problem;
use crate::machine::EntityId;

/// A stored value that is not what its kind says: which entity, which field, what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityError {
    id: EntityId,
    problem: Problem,
}

impl EntityError {
    pub(super) fn new(id: &EntityId, problem: Problem) -> Self {
        Self { id: id.clone(), problem }
    }

    /// Which entity.
    pub fn id(&self) -> &EntityId {
        &self.id
    }

    /// Which field, by its path: `workload-status.since`, `ports[0].number`. Empty if it is the whole value.
    pub fn field(&self) -> &str {
        &self.problem.field
    }

    /// What was expected, and what was there instead. Texts that may be secret are not repeated.
    pub fn problem(&self) -> &str {
        &self.problem.problem
    }
}

impl fmt::Display for EntityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.problem)
    }
}

impl Error for EntityError {}
