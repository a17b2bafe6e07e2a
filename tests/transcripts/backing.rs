//! The truth a story is told about: entities, positions, and the log of what each commit touched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use multiwatcher::machine::{Cause, CauseClass, EntityId, Position, Read, Step};

/// Values are words.
pub(crate) type Val = String;

#[derive(Default)]
pub(crate) struct Backing {
    entities: BTreeMap<EntityId, Val>,
    log: Vec<(Position, BTreeSet<EntityId>)>,
    unreadable: BTreeSet<EntityId>,
    pub(crate) position: Position,
}

impl Backing {
    pub(crate) fn commit(&mut self, changes: &[(EntityId, Option<Val>)]) {
        self.position.0 += 1;
        for (id, value) in changes {
            match value {
                Some(value) => self.entities.insert(id.clone(), value.clone()),
                None => self.entities.remove(id),
            };
        }
        self.log.push((self.position, changes.iter().map(|(id, _)| id.clone()).collect()));
    }

    pub(crate) fn set_unreadable(&mut self, id: EntityId, unreadable: bool) {
        if unreadable {
            self.unreadable.insert(id);
        } else {
            self.unreadable.remove(&id);
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &EntityId> {
        self.entities.keys()
    }

    pub(crate) fn read(&self, id: &EntityId) -> (EntityId, Read<Val>) {
        let read = match self.entities.get(id) {
            _ if self.unreadable.contains(id) => Read::Error(Cause::new(CauseClass::Transient, 7)),
            Some(value) => Read::Value(Arc::new(value.clone())),
            None => Read::Absent,
        };
        (id.clone(), read)
    }

    /// The step since a position, read now, that names these ids too.
    pub(crate) fn step(&self, from: Position, named: &[EntityId]) -> Step<Val> {
        let touched = self.log.iter().filter(|(at, _)| *at > from).flat_map(|(_, ids)| ids);
        let ids: BTreeSet<&EntityId> = touched.chain(named).collect();
        Step { from, to: self.position, entities: ids.into_iter().map(|id| self.read(id)).collect() }
    }
}
