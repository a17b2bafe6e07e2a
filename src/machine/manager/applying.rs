//! How a step, or a finished load, changes the store: under one revno, with every watcher that sees it told so.

use std::sync::Arc;

use derive_where::derive_where;

use super::super::error::NextError;
use super::super::numbers::{Position, Revno};
use super::super::output::{Timeout, TimeoutReason};
use super::super::store::{Life, Slot};
use super::super::watchers::Behind;
use super::StoreManager;
use super::taking::find_pending;

/// A change by value that is about to be carried out: the new value, or none for a removal.
#[derive(Debug)]
#[derive_where(Clone)]
pub(super) struct Planned<V> {
    slot: Slot,
    value: Option<Arc<V>>,
}

impl<V: PartialEq> StoreManager<V> {
    /// Plans what was read of an id, if it differs from the store. The last word on an id counts.
    pub(super) fn plan(&mut self, slot: Slot, value: Option<Arc<V>>) {
        self.unplan(slot);
        self.store.touch_places(slot);
        let old = &self.store.entry(slot).value;
        let same = match (old, &value) {
            (Some(old), Some(new)) => **old == **new,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if same {
            self.garbage.values.extend(value);
            self.store.release_unused(slot);
        } else {
            self.plan_difference(slot, value);
        }
    }

    /// Plans a change that is known to be one, for an id that nothing else is planned for.
    pub(super) fn plan_difference(&mut self, slot: Slot, value: Option<Arc<V>>) {
        let entry = self.store.entry_mut(slot);
        debug_assert!(!entry.planned, "an id is planned once");
        entry.planned = true;
        self.planned.push(Planned { slot, value });
    }

    /// Takes back what was planned for an id.
    pub(super) fn unplan(&mut self, slot: Slot) {
        if core::mem::take(&mut self.store.entry_mut(slot).planned) {
            let at = self.planned.iter().position(|planned| planned.slot == slot);
            let planned = self.planned.remove(at.expect("a planned id stands in the plan"));
            self.garbage.values.extend(planned.value);
        }
    }

    /// Carries out the plan under one revno and brings the store to `to`. An empty plan makes no revno.
    pub(super) fn carry_out(&mut self, to: Position) {
        if self.planned.is_empty() {
            self.reach(to);
            return;
        }
        let mut planned = core::mem::take(&mut self.planned);
        if planned.len() > 1 {
            planned.sort_by(|a, b| self.store.id(a.slot).cmp(self.store.id(b.slot)));
        }
        for change in &planned {
            self.fall_behind(change.slot);
        }
        self.store.latest = Revno(self.store.latest.0 + 1);
        self.reach(to);
        for Planned { slot, value } in planned.drain(..) {
            self.store.entry_mut(slot).planned = false;
            match value {
                Some(value) => self.store.put(slot, value, &mut self.garbage),
                None => self.remove(slot),
            }
        }
        self.planned = planned;
        self.settle_orphans();
        self.expire_window();
        self.watchers.release_all_kept(&mut self.garbage);
        self.end_lagging();
    }

    fn reach(&mut self, to: Position) {
        self.store.reach(to, self.connection.quarantine.is_empty());
    }

    /// The earliest moment at which a watcher has lagged for too long.
    pub(super) fn lag_deadline(&self) -> Option<Timeout> {
        let (age, cohort) = (self.config.lag_age?, self.watchers.longest_behind()?);
        Some(Timeout { at: self.watchers.cohort(cohort).since.after(age), why: TimeoutReason::LagAge })
    }

    /// Ends the watchers that have had a delta pending for too long.
    pub(super) fn end_aged(&mut self) {
        while let Some(cohort) = self.watchers.longest_behind()
            && self.lag_deadline().is_some_and(|deadline| deadline.at <= self.now)
        {
            self.end_lagged(cohort);
        }
    }

    /// Ends one watcher with an error, and forgets what it alone pinned.
    pub(super) fn end_watcher(&mut self, watcher: u32, error: NextError) {
        let audience = self.watchers.get(watcher).audience;
        let vacated = self.watchers.end(watcher, error, &mut self.store, &mut self.garbage);
        self.collect(vacated);
        self.watchers.release_unused(audience, &mut self.store);
    }

    /// Freezes the caught-up cohort of every audience that sees the entity: it is about to change.
    fn fall_behind(&mut self, slot: Slot) {
        let entry = self.store.entry(slot);
        let model = entry.model;
        let behind =
            Behind { cursor: self.store.latest, at: self.store.milestones.now(), since: self.now, witness: slot };
        let named = self.store.model(model).audiences.len();
        for at in 0..named + self.watchers.everywhere().len() {
            let audience = match at.checked_sub(named) {
                None => self.store.model(model).audiences[at],
                Some(at) => self.watchers.everywhere()[at],
            };
            if self.watchers.is_anyone_caught_up(audience)
                && self.watchers.audience(audience).filter.by_kind().passes(&self.store.id(slot).kind)
            {
                self.watchers.fall_behind(audience, behind, &mut self.store);
            }
        }
    }

    fn remove(&mut self, slot: Slot) {
        let life = Life { born: self.store.profile(slot).born, died: self.store.latest };
        let pinned = self.is_pinned(slot, life);
        self.watchers.take_witnessed(slot, &mut self.store, &mut self.orphans);
        self.store.end(slot, pinned, &mut self.garbage);
    }

    /// Cohorts whose proof of being behind has died young: they find another, or are caught up again.
    fn settle_orphans(&mut self) {
        while let Some(cohort) = self.orphans.pop() {
            let (audience, cursor) = (self.watchers.cohort(cohort).audience, self.watchers.cohort(cohort).cursor);
            match find_pending(&self.store, &self.watchers, audience, cursor) {
                Some(witness) => self.watchers.attach_witness(cohort, witness, &mut self.store),
                None => self.watchers.catch_up_all(cohort, &mut self.garbage),
            }
        }
    }

    fn expire_window(&mut self) {
        while let Some((slot, life)) = self.store.next_expired() {
            if !self.is_pinned(slot, life) {
                self.store.forget_life(slot, life, &mut self.garbage);
            }
        }
    }

    fn end_lagging(&mut self) {
        let Some(limit) = self.config.lag_limit else { return };
        while let Some(cohort) = self.watchers.furthest_behind()
            && self.store.latest.0 - self.watchers.cohort(cohort).cursor.0 > limit
        {
            self.end_lagged(cohort);
        }
    }

    fn end_lagged(&mut self, cohort: u32) {
        let error = NextError::Lagged { cursor: self.watchers.cohort(cohort).cursor, latest: self.store.latest };
        for watcher in self.watchers.members(cohort) {
            self.end_watcher(watcher, error);
        }
    }
}
