//! What a watcher is told: deltas, and the batches that hold them.

use core::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::entity::EntityId;
use super::numbers::{Position, Revno};

/// Whether an entity is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Change {
    /// Alive, new or with another value.
    Changed,
    /// Gone; the value is the last one the store had.
    Removed,
}

/// One entity changed or removed. Cheap to clone: one shared record, no copy of the value.
pub struct Delta<V>(Arc<Record<V>>);

struct Record<V> {
    id: EntityId,
    revno: Revno,
    change: Change,
    value: Arc<V>,
}

impl<V> Delta<V> {
    /// A delta of one's own making; for those who put another store manager in the machine's place.
    pub fn new(id: EntityId, revno: Revno, change: Change, value: Arc<V>) -> Self {
        Self(Arc::new(Record { id, revno, change, value }))
    }

    /// Which entity.
    pub fn id(&self) -> &EntityId {
        &self.0.id
    }

    /// The revno of its latest change. Deltas of a batch ascend by it.
    pub fn revno(&self) -> Revno {
        self.0.revno
    }

    /// Changed or removed.
    pub fn change(&self) -> Change {
        self.0.change
    }

    /// Its value now, or the last one the store had.
    pub fn value(&self) -> &Arc<V> {
        &self.0.value
    }

    /// Reads the record's count, so that a cold one is on its way from memory before it is cloned.
    #[inline]
    pub(super) fn touch(&self) -> usize {
        Arc::strong_count(&self.0)
    }
}

impl<V> Clone for Delta<V> {
    #[inline]
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V: fmt::Debug> fmt::Debug for Delta<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record { id, revno, change, value } = &*self.0;
        write!(f, "{change:?} {id} = {value:?} @{revno}")
    }
}

impl<V: PartialEq> PartialEq for Delta<V> {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&*self.0, &*other.0);
        a.id == b.id && a.revno == b.revno && a.change == b.change && *a.value == *b.value
    }
}

/// The deltas of a batch, shared. In an `Arc` of their own room, so that whoever remembers them weakly keeps a few words alive, not
/// the room.
pub(super) type Deltas<V> = Arc<Vec<Delta<V>>>;

/// What one call of `next` is answered with: everything that changed since the watcher's cursor, once per entity.
///
/// Calls that took at the same revno from the same cursor with the same filter share the deltas.
pub struct Batch<V> {
    pub(super) revno: Revno,
    pub(super) position: Position,
    pub(super) deltas: Deltas<V>,
}

impl<V> Batch<V> {
    /// A batch of one's own making; for those who put another store manager in the machine's place.
    pub fn new(revno: Revno, position: Position, deltas: Vec<Delta<V>>) -> Self {
        Self { revno, position, deltas: deltas.into() }
    }

    /// Where it brings the watcher: its new cursor.
    pub fn revno(&self) -> Revno {
        self.revno
    }

    /// The position of the backing whose state the watcher holds with it.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The deltas, ascending by the revno of their latest change, ties by id.
    pub fn deltas(&self) -> &[Delta<V>] {
        &self.deltas
    }

    /// Whether both hold the very same deltas, not only equal ones.
    pub fn shares_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.deltas, &other.deltas)
    }
}

impl<V> Clone for Batch<V> {
    fn clone(&self) -> Self {
        Self { revno: self.revno, position: self.position, deltas: Arc::clone(&self.deltas) }
    }
}

impl<V: fmt::Debug> fmt::Debug for Batch<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch to {} ({}) {:?}", self.revno, self.position, &*self.deltas)
    }
}

impl<V: PartialEq> PartialEq for Batch<V> {
    fn eq(&self, other: &Self) -> bool {
        self.revno == other.revno && self.position == other.position && self.deltas == other.deltas
    }
}

#[cfg(test)]
mod tests {
    use super::super::entity::ModelId;
    use super::*;

    #[test]
    fn deltas_are_equal_if_all_they_say_is() {
        let delta = |id, revno, change, value| {
            Delta::new(EntityId::new("unit", ModelId::from_u128(1), id), Revno(revno), change, Arc::new(value))
        };
        let one = || delta("a", 2, Change::Changed, 3);
        assert_eq!(one(), one());
        for other in [
            delta("b", 2, Change::Changed, 3),
            delta("a", 9, Change::Changed, 3),
            delta("a", 2, Change::Removed, 3),
            delta("a", 2, Change::Changed, 9),
        ] {
            assert_ne!(one(), other);
        }
    }

    #[test]
    fn batches_are_equal_if_all_they_say_is() {
        let delta = |value| {
            let id = EntityId::new("unit", ModelId::from_u128(1), "a");
            Delta::new(id, Revno(2), Change::Changed, Arc::new(value))
        };
        let batch = |revno, position, value| Batch::new(Revno(revno), Position(position), vec![delta(value)]);
        assert_eq!(batch(2, 3, 4), batch(2, 3, 4));
        for other in [batch(9, 3, 4), batch(2, 9, 4), batch(2, 3, 9)] {
            assert_ne!(batch(2, 3, 4), other);
        }
    }
}
