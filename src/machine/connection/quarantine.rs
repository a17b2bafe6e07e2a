//! The ids whose last read was an error, and when each may be read again.

use std::collections::{BTreeMap, BTreeSet};

use super::super::config::Backoff;
use super::super::entity::EntityId;
use super::super::error::Cause;
use super::super::numbers::Time;

#[derive(Debug, Clone)]
pub(in crate::machine) struct Quarantine {
    ids: BTreeMap<EntityId, Quarantined>,
    due: BTreeSet<(Time, EntityId)>,
}

#[derive(Debug, Clone, Copy)]
pub(in crate::machine) struct Quarantined {
    pub(in crate::machine) cause: Cause,
    /// Errors in a row.
    pub(in crate::machine) failures: u32,
    pub(in crate::machine) again_at: Time,
}

impl Quarantine {
    pub(super) const fn new() -> Self {
        Self { ids: BTreeMap::new(), due: BTreeSet::new() }
    }

    pub(in crate::machine) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(in crate::machine) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub(in crate::machine) fn contains(&self, id: &EntityId) -> bool {
        !self.ids.is_empty() && self.ids.contains_key(id)
    }

    pub(in crate::machine) fn iter(&self) -> impl Iterator<Item = (&EntityId, Cause)> {
        self.ids.iter().map(|(id, quarantined)| (id, quarantined.cause))
    }

    pub(in crate::machine) fn entries(&self) -> impl Iterator<Item = (&EntityId, &Quarantined)> {
        self.ids.iter()
    }

    /// An id could not be read: the wait before the next attempt doubles.
    pub(in crate::machine) fn add(&mut self, id: &EntityId, cause: Cause, now: Time, backoff: &Backoff) {
        let failures = self.remove(id).map_or(1, |earlier| earlier.failures.saturating_add(1));
        let again_at = now.after(backoff.wait(failures));
        self.ids.insert(id.clone(), Quarantined { cause, failures, again_at });
        self.due.insert((again_at, id.clone()));
    }

    /// An id was read.
    pub(in crate::machine) fn remove(&mut self, id: &EntityId) -> Option<Quarantined> {
        if self.ids.is_empty() {
            return None;
        }
        let quarantined = self.ids.remove(id)?;
        self.due.remove(&(quarantined.again_at, id.clone()));
        Some(quarantined)
    }

    /// A load has finished: those it could not read stay, or come; all others leave.
    pub(in crate::machine) fn replace(&mut self, errors: BTreeMap<EntityId, Cause>, now: Time, backoff: &Backoff) {
        let gone: Vec<_> = self.ids.keys().filter(|id| !errors.contains_key(*id)).cloned().collect();
        for id in gone {
            self.remove(&id);
        }
        for (id, cause) in errors {
            self.add(&id, cause, now, backoff);
        }
    }

    /// The moment the first id may be read again.
    pub(in crate::machine) fn next_due(&self) -> Option<Time> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The ids that may be read again.
    pub(in crate::machine) fn due(&self, now: Time) -> impl Iterator<Item = &EntityId> {
        self.due.iter().take_while(move |(at, _)| *at <= now).map(|(_, id)| id)
    }
}
