//! Recounts everything that is kept by counting, and holds the promises that can be read off one state.

use core::fmt;

use super::super::entity::EntityId;
use super::StoreManager;

/// An invariant that does not hold: a bug in the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The promise, by its name.
    pub promise: &'static str,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.found)
    }
}

impl core::error::Error for Broken {}

/// Returns the finding if the condition does not hold.
pub(in crate::machine) fn ensure(
    holds: bool,
    promise: &'static str,
    found: impl FnOnce() -> String,
) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken { promise, found: found() }) }
}

impl<V: PartialEq> StoreManager<V> {
    /// Recounts the whole state. Costs as much as the state is large; for tests and for those who doubt.
    pub fn check(&self) -> Result<(), Broken> {
        self.store.check()?;
        self.watchers.check(self.store.latest)?;
        self.check_tombstones()?;
        self.check_witnesses()?;
        self.check_connection()
    }

    /// Every ended life is needed by somebody.
    fn check_tombstones(&self) -> Result<(), Broken> {
        for (slot, profile) in self.store.profiles() {
            for life in profile.lives.iter() {
                ensure(self.is_needed(slot, life), "bounded-tombstones", || {
                    format!("nobody needs life {life:?} of {}", profile.id)
                })?;
            }
        }
        Ok(())
    }

    /// A cohort that is behind has a delta pending, one that is caught up has none.
    fn check_witnesses(&self) -> Result<(), Broken> {
        for (_, cohort) in self.watchers.behind() {
            let (slot, cursor) = (cohort.witness, cohort.cursor);
            let told = self.store.entry(slot).value.is_some() || self.store.is_held_at(slot, cursor);
            let pending = told && self.store.changed(slot).is_some_and(|changed| changed > cursor);
            let id = self.store.id(slot);
            let seen = self.watchers.audience(cohort.audience).filter.passes(id);
            ensure(pending && seen, "no-spurious-delta", || format!("{id} is not pending for a cohort at {cursor}"))?;
        }
        Ok(())
    }

    fn check_connection(&self) -> Result<(), Broken> {
        let connection = &self.connection;
        let queued = self.store.slots().filter(|(_, entry)| entry.queued).count();
        ensure(queued == connection.queue.len(), "truthful-report", || {
            format!("{queued} entries are marked as queued, {} are", connection.queue.len())
        })?;
        let asked = self.store.slots().filter(|(_, entry)| entry.asked).count();
        let in_flight = connection.in_flight.as_ref().map_or(0, |in_flight| in_flight.slots.len());
        ensure(asked == in_flight, "truthful-report", || {
            format!("{asked} entries are marked as asked, {in_flight} are")
        })?;
        let planned = self.store.slots().filter(|(_, entry)| entry.planned).count();
        ensure(planned == 0 && self.planned.is_empty(), "atomic-commit", || {
            format!("{planned} changes were planned and not carried out")
        })?;
        let mut unused = self.store.slots().filter(|(_, entry)| entry.is_unused()).map(|(slot, _)| self.store.id(slot));
        let leaked: Option<&EntityId> = unused.next();
        ensure(leaked.is_none(), "truthful-report", || format!("nothing refers to {leaked:?}, and it is still there"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::entity::ModelId;
    use super::super::super::numbers::{Epoch, Time};
    use super::*;

    #[test]
    fn a_recount_finds_what_nothing_refers_to() {
        let mut machine = StoreManager::<u32>::new(crate::machine::Config::default(), Epoch(1), Time::ZERO);
        assert!(machine.check().is_ok());
        machine.store.intern(&EntityId::new("unit", ModelId::from_u128(1), "lost"));
        let found = machine.check().expect_err("the entity was never read, queued or asked for").found;
        assert!(found.contains("lost"), "{found}");
    }
}
