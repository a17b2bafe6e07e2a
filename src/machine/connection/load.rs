//! What a load has found so far: where it differs from the store, and what it could not read.

use std::collections::BTreeMap;
use std::sync::Arc;

use derive_where::derive_where;

use super::super::entity::EntityId;
use super::super::error::Cause;

/// A load is no snapshot: its entities are read at any moments since p0, and the step from p0 completes it.
#[derive(Debug)]
#[derive_where(Clone)]
pub(in crate::machine) struct Load<V> {
    /// Values that differ from the store's, compared as they were staged.
    pub(in crate::machine) differing: BTreeMap<EntityId, Arc<V>>,
    pub(in crate::machine) errors: BTreeMap<EntityId, Cause>,
}

impl<V> Load<V> {
    pub(in crate::machine) const fn new() -> Self {
        Self { differing: BTreeMap::new(), errors: BTreeMap::new() }
    }
}
