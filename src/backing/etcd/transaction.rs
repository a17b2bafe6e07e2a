//! What a program commits through the backing itself. Other programs write keys.

use core::fmt;
use std::collections::BTreeMap;

use etcd_client::{Txn, TxnOp};
use serde::Serialize;

use super::EtcdBacking;
use super::place::position_of;
use crate::backing::BackingError;
use crate::machine::{EntityId, Position};

/// Changes that become visible together, or not at all: if it is dropped, or refused.
#[must_use = "nothing happens before it is committed"]
pub struct EtcdTransaction<'a, V> {
    backing: &'a EtcdBacking<V>,
    /// etcd refuses to change a key twice: the later change counts.
    changes: Result<BTreeMap<EntityId, Option<String>>, BackingError>,
}

impl<'a, V> EtcdTransaction<'a, V> {
    pub(super) fn new(backing: &'a EtcdBacking<V>) -> Self {
        Self { backing, changes: Ok(BTreeMap::new()) }
    }

    /// Gives an entity a value. One that cannot be written as JSON makes the commit fail.
    pub fn put(mut self, id: EntityId, value: &V) -> Self
    where
        V: Serialize,
    {
        match (&mut self.changes, serde_json::to_string(value)) {
            (Ok(changes), Ok(json)) => {
                changes.insert(id, Some(json));
            }
            (Ok(_), Err(error)) => {
                let error = format!("the value of {id} cannot be written as JSON: {error}");
                self.changes = Err(BackingError::permanent(error));
            }
            (Err(_), _) => {}
        }
        self
    }

    /// Removes an entity, if it is there.
    pub fn remove(mut self, id: EntityId) -> Self {
        if let Ok(changes) = &mut self.changes {
            changes.insert(id, None);
        }
        self
    }

    /// How many entities it changes.
    pub fn len(&self) -> usize {
        self.changes.as_ref().map_or(0, BTreeMap::len)
    }

    /// Whether it changes none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes it visible. Returns the position of the latest commit, which is this one if it changed anything.
    ///
    /// A failure that is [permanent](crate::backing::FailureKind::Permanent), such as more changes or bytes than the server takes at
    /// once, has committed nothing. After one that is [transient](crate::backing::FailureKind::Transient) nobody knows: the answer
    /// may have been lost. Committing again does no harm unless somebody else wrote in between.
    pub async fn commit(self) -> Result<Position, BackingError> {
        let (shared, changes) = (&self.backing.shared, self.changes?);
        if changes.is_empty() {
            return self.backing.position().await;
        }
        let change = |(id, value): (EntityId, Option<String>)| match value {
            Some(value) => TxnOp::put(shared.keys.of(&id), value, None),
            None => TxnOp::delete(shared.keys.of(&id), None),
        };
        let txn = Txn::new().and_then(changes.into_iter().map(change).collect::<Vec<_>>());
        let answer = shared.link.write("committing", txn).await?;
        Ok(position_of(answer.header().map_or(0, etcd_client::ResponseHeader::revision)))
    }
}

impl<V> fmt::Debug for EtcdTransaction<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdTransaction").field("changes", &self.len()).finish_non_exhaustive()
    }
}
