//! How a database comes by its name. Drawn here: the machine draws nothing.

use crate::machine::Identity;

impl Identity {
    /// One that nothing else has.
    #[must_use]
    pub fn fresh() -> Self {
        Self(uuid::Uuid::new_v4().as_u128())
    }
}
