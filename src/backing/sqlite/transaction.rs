//! What a program commits through the backing itself. Other programs use SQL.

use core::fmt;

use serde::Serialize;
use tokio::sync::oneshot;

use super::SqliteBacking;
use super::writer::{Change, Message};
use crate::backing::BackingError;
use crate::machine::{EntityId, Position};

/// Changes that become visible together, or not at all: if it is dropped, or fails.
#[must_use = "nothing happens before it is committed"]
pub struct SqliteTransaction<'a, V> {
    backing: &'a SqliteBacking<V>,
    changes: Result<Vec<Change>, BackingError>,
}

impl<'a, V> SqliteTransaction<'a, V> {
    pub(super) fn new(backing: &'a SqliteBacking<V>) -> Self {
        Self { backing, changes: Ok(Vec::new()) }
    }

    /// Gives an entity a value. One that cannot be written as JSON makes the commit fail.
    pub fn put(mut self, id: EntityId, value: &V) -> Self
    where
        V: Serialize,
    {
        match (&mut self.changes, serde_json::to_string(value)) {
            (Ok(changes), Ok(json)) => changes.push((id, Some(json))),
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
            changes.push((id, None));
        }
        self
    }

    /// How many changes there are in it.
    pub fn len(&self) -> usize {
        self.changes.as_ref().map_or(0, Vec::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes it visible. Returns the position of the latest commit, which is this one if it changed anything.
    ///
    /// A future that was polled and is dropped gives up the answer, not the commit. A failure that is
    /// [transient](crate::backing::FailureKind::Transient), such as a lock that another process holds or a full disk, has committed
    /// nothing and may be tried again.
    pub async fn commit(self) -> Result<Position, BackingError> {
        let (reply, answer) = oneshot::channel();
        self.backing.shared.writer.send(Message::Commit { changes: self.changes?, reply });
        answer.await.map_err(|_| BackingError::transient("the commit was given up, and may have happened"))?
    }
}

impl<V> fmt::Debug for SqliteTransaction<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteTransaction").field("changes", &self.len()).finish_non_exhaustive()
    }
}
