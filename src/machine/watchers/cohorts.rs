//! How watchers move between cohorts, and cohorts between the lists they stand in.

use std::sync::Arc;

use super::super::delta::Deltas;
use super::super::garbage::Garbage;
use super::super::numbers::{Revno, Time};
use super::super::store::{Milestone, Slot, Store};
use super::cohort::{ByAge, ByCursor, ByWitness, Cohort, Stage};
use super::links::{Chain, NONE};
use super::watcher::{Seat, Seats};
use super::{Vacated, Watchers, index};

impl<V> Watchers<V> {
    /// The cohort that is furthest behind.
    pub(in crate::machine) fn furthest_behind(&self) -> Option<u32> {
        self.by_cursor.first()
    }

    /// The cohort that has been behind for longest.
    pub(in crate::machine) fn longest_behind(&self) -> Option<u32> {
        self.by_age.first()
    }

    /// Whether an audience of this one's filter has a watcher whose cursor lies in the life from `born` until before `died`.
    pub(in crate::machine) fn has_cursor_in(&self, audience: u32, born: Revno, died: Revno) -> bool {
        let behind = &self.audiences[audience as usize].behind;
        let first = behind.partition_point(|&cohort| self.cohorts[cohort as usize].cursor < born);
        behind.get(first).is_some_and(|&cohort| self.cohorts[cohort as usize].cursor < died)
    }

    /// Whether an audience has watchers with no delta pending.
    pub(in crate::machine) fn is_anyone_caught_up(&self, audience: u32) -> bool {
        self.audiences[audience as usize].caught_up != NONE
    }

    /// Freezes an audience's caught-up cohort at `cursor`, because `witness` is about to change, and wakes its waiting calls.
    pub(in crate::machine) fn fall_behind(&mut self, audience: u32, behind: Behind, store: &mut Store<V>) {
        let cohort = core::mem::replace(&mut self.audiences[audience as usize].caught_up, NONE);
        if cohort == NONE {
            return;
        }
        self.cohorts[cohort as usize].stage = Stage::Behind;
        let members = self.cohorts[cohort as usize].members as usize;
        self.counts.caught_up -= members;
        self.counts.behind += members;
        self.set_behind(cohort, behind);
        self.attach_witness(cohort, behind.witness, store);
        self.wake_waiting(cohort);
    }

    /// Wakes every waiting call of the watchers without a first batch.
    pub(in crate::machine) fn wake_fresh(&mut self) {
        let fresh: Vec<_> =
            self.audiences.iter().map(|(_, audience)| audience.fresh).filter(|&fresh| fresh != NONE).collect();
        fresh.into_iter().for_each(|cohort| self.wake_waiting(cohort));
    }

    /// What was pending for a cohort is no longer so: its members are caught up again.
    pub(in crate::machine) fn catch_up_all(&mut self, cohort: u32, garbage: &mut Garbage<V>) {
        self.unset_behind(cohort);
        let members = self.cohorts[cohort as usize].members as usize;
        self.counts.behind -= members;
        self.counts.caught_up += members;
        let audience = self.cohorts[cohort as usize].audience;
        let target = self.audiences[audience as usize].caught_up;
        self.cohorts[cohort as usize].stage = Stage::CaughtUp;
        if target == NONE {
            self.audiences[audience as usize].caught_up = cohort;
            return;
        }
        for chain in [self.cohorts[cohort as usize].waiting, self.cohorts[cohort as usize].resting] {
            let mut at = chain.first().unwrap_or(NONE);
            while at != NONE {
                self.slab[at as usize].cohort = target;
                at = self.slab[at as usize].link.next();
            }
        }
        self.release_kept(cohort, garbage);
        let mut old = self.cohorts.remove(cohort as usize);
        let new = &mut self.cohorts[target as usize];
        new.members += old.members;
        new.lined += old.lined;
        new.waiting.append(&mut Seats(&mut self.slab), &mut old.waiting);
        new.resting.append(&mut Seats(&mut self.slab), &mut old.resting);
    }

    /// Moves a watcher that has just taken to its audience's caught-up cohort.
    pub(in crate::machine) fn catch_up(
        &mut self,
        watcher: u32,
        store: &mut Store<V>,
        garbage: &mut Garbage<V>,
    ) -> Option<Vacated> {
        let vacated = self.leave_cohort(watcher, store, garbage);
        let cohort = self.caught_up_cohort(self.slab[watcher as usize].audience);
        self.join(watcher, cohort);
        vacated
    }

    /// Moves a watcher that is caught up to a cohort of its own at an earlier cursor, where `behind.witness` is pending.
    pub(in crate::machine) fn move_behind(
        &mut self,
        watcher: u32,
        behind: Behind,
        store: &mut Store<V>,
        garbage: &mut Garbage<V>,
    ) {
        self.leave_cohort(watcher, store, garbage);
        let cohort = index(self.cohorts.insert(Cohort::new(self.slab[watcher as usize].audience, Stage::Behind)));
        self.set_behind(cohort, behind);
        self.attach_witness(cohort, behind.witness, store);
        self.join(watcher, cohort);
    }

    /// The members of a cohort, by age.
    pub(in crate::machine) fn members(&self, cohort: u32) -> Vec<u32> {
        let mut members = Vec::new();
        for chain in [self.cohorts[cohort as usize].waiting, self.cohorts[cohort as usize].resting] {
            let mut at = chain.first().unwrap_or(NONE);
            while at != NONE {
                members.push(at);
                at = self.slab[at as usize].link.next();
            }
        }
        members.sort_unstable_by_key(|&watcher| self.slab[watcher as usize].id);
        members
    }

    /// Gives a cohort that is behind the entity that proves it.
    pub(in crate::machine) fn attach_witness(&mut self, cohort: u32, witness: Slot, store: &mut Store<V>) {
        self.cohorts[cohort as usize].witness = witness;
        let first = &mut store.profile_mut(witness).witness_of;
        let mut chain = Chain::starting_at(*first);
        chain.insert_after(&mut ByWitness(&mut self.cohorts), NONE, cohort);
        *first = cohort;
    }

    /// A live entity is about to be removed: takes away the cohorts that did not hold it, for they need another proof.
    pub(in crate::machine) fn take_witnessed(&mut self, witness: Slot, store: &mut Store<V>, orphans: &mut Vec<u32>) {
        let mut at = store.profile(witness).witness_of;
        while at != NONE {
            let cohort = &self.cohorts[at as usize];
            let (cursor, next) = (cohort.cursor, cohort.by_witness.next());
            if !store.is_held_at(witness, cursor) {
                self.detach_witness(at, store);
                orphans.push(at);
            }
            at = next;
        }
    }

    /// A batch that another call can share.
    pub(in crate::machine) fn shared(&self, cohort: u32, revno: Revno) -> Option<Deltas<V>> {
        let cohort = &self.cohorts[cohort as usize];
        self.audiences[cohort.audience as usize].shared(revno, cohort.starts_from())
    }

    /// Remembers a batch just built for calls that take the same.
    pub(in crate::machine) fn share(&mut self, cohort: u32, revno: Revno, deltas: &Deltas<V>) {
        let cohort = &self.cohorts[cohort as usize];
        self.audiences[cohort.audience as usize].share(revno, cohort.starts_from(), deltas);
    }

    /// Keeps a batch for the cohorts of an audience whose calls in line can still use it, after one of them has taken it.
    pub(in crate::machine) fn keep(&mut self, audience: u32, from: Option<Revno>, deltas: &Deltas<V>) {
        let Some(cursor) = from else {
            self.keep_in(self.audiences[audience as usize].fresh, deltas);
            return;
        };
        let cursor_at = |this: &Self, at: usize| {
            let cohort = *this.audiences[audience as usize].behind.get(at)?;
            Some((cohort, this.cohorts[cohort as usize].cursor))
        };
        let behind = &self.audiences[audience as usize].behind;
        let mut at = behind.partition_point(|&cohort| self.cohorts[cohort as usize].cursor < cursor);
        while let Some((cohort, its_cursor)) = cursor_at(self, at)
            && its_cursor == cursor
        {
            self.keep_in(cohort, deltas);
            at += 1;
        }
    }

    fn keep_in(&mut self, at: u32, deltas: &Deltas<V>) {
        if let Some(cohort) = self.cohorts.get_mut(at as usize)
            && cohort.lined > 0
            && cohort.kept.is_none()
        {
            cohort.kept = Some(Arc::clone(deltas));
            self.shared_batches += 1;
            self.keeping.push(at);
        }
    }

    /// The store has a new revno: batches of the one before are of no use to anybody who waits.
    pub(in crate::machine) fn release_all_kept(&mut self, garbage: &mut Garbage<V>) {
        while let Some(cohort) = self.keeping.pop() {
            self.release_kept(cohort, garbage);
        }
    }

    pub(super) fn release_kept(&mut self, cohort: u32, garbage: &mut Garbage<V>) {
        if let Some(batch) = self.cohorts.get_mut(cohort as usize).and_then(|cohort| cohort.kept.take()) {
            self.shared_batches -= 1;
            garbage.batches.push(batch);
        }
    }

    pub(super) fn fresh_cohort(&mut self, audience: u32) -> u32 {
        if self.audiences[audience as usize].fresh == NONE {
            self.audiences[audience as usize].fresh = index(self.cohorts.insert(Cohort::new(audience, Stage::Fresh)));
        }
        self.audiences[audience as usize].fresh
    }

    pub(super) fn caught_up_cohort(&mut self, audience: u32) -> u32 {
        if self.audiences[audience as usize].caught_up == NONE {
            self.audiences[audience as usize].caught_up =
                index(self.cohorts.insert(Cohort::new(audience, Stage::CaughtUp)));
        }
        self.audiences[audience as usize].caught_up
    }

    pub(super) fn join(&mut self, watcher: u32, cohort: u32) {
        let member = &mut self.slab[watcher as usize];
        member.cohort = cohort;
        member.seat = member.seat_it_needs();
        let (seat, lined) = (member.seat, !member.line.is_empty());
        let cohort = &mut self.cohorts[cohort as usize];
        cohort.members += 1;
        cohort.lined += u32::from(lined);
        *self.counts.of(cohort.stage) += 1;
        cohort.chain(seat).push_back(&mut Seats(&mut self.slab), watcher);
    }

    pub(super) fn leave_cohort(
        &mut self,
        watcher: u32,
        store: &mut Store<V>,
        garbage: &mut Garbage<V>,
    ) -> Option<Vacated> {
        let member = &self.slab[watcher as usize];
        let (at, seat, lined) = (member.cohort, member.seat, !member.line.is_empty());
        let cohort = &mut self.cohorts[at as usize];
        cohort.chain(seat).remove(&mut Seats(&mut self.slab), watcher);
        cohort.members -= 1;
        cohort.lined -= u32::from(lined);
        let (members, lined, stage) = (cohort.members, cohort.lined, cohort.stage);
        *self.counts.of(stage) -= 1;
        if lined == 0 {
            self.release_kept(at, garbage);
        }
        if members > 0 { None } else { self.vacate(at, store) }
    }

    fn vacate(&mut self, at: u32, store: &mut Store<V>) -> Option<Vacated> {
        let Cohort { audience, stage, cursor, .. } = self.cohorts[at as usize];
        let vacated = match stage {
            Stage::Fresh => {
                self.audiences[audience as usize].fresh = NONE;
                None
            }
            Stage::CaughtUp => {
                self.audiences[audience as usize].caught_up = NONE;
                None
            }
            Stage::Behind => {
                self.detach_witness(at, store);
                self.unset_behind(at);
                Some(Vacated { audience, cursor })
            }
        };
        self.cohorts.remove(at as usize);
        vacated
    }

    pub(super) fn set_behind(&mut self, at: u32, behind: Behind) {
        let Behind { cursor, .. } = behind;
        let cohort = &mut self.cohorts[at as usize];
        (cohort.cursor, cohort.at, cohort.since) = (cursor, behind.at, behind.since);
        let audience = cohort.audience;
        let mut before = self.by_cursor.last().unwrap_or(NONE);
        while before != NONE && self.cohorts[before as usize].cursor > cursor {
            before = self.cohorts[before as usize].by_cursor.prev();
        }
        self.by_cursor.insert_after(&mut ByCursor(&mut self.cohorts), before, at);
        self.by_age.push_back(&mut ByAge(&mut self.cohorts), at);
        let behind = &mut self.audiences[audience as usize].behind;
        let place = behind.partition_point(|&other| self.cohorts[other as usize].cursor <= cursor);
        behind.insert(place, at);
    }

    fn unset_behind(&mut self, at: u32) {
        self.by_cursor.remove(&mut ByCursor(&mut self.cohorts), at);
        self.by_age.remove(&mut ByAge(&mut self.cohorts), at);
        let Cohort { audience, cursor, .. } = self.cohorts[at as usize];
        let behind = &mut self.audiences[audience as usize].behind;
        let first = behind.partition_point(|&other| self.cohorts[other as usize].cursor < cursor);
        let place = (first..behind.len()).find(|&place| behind[place] == at);
        behind.remove(place.expect("a cohort that is behind stands in its audience's list, among those of its cursor"));
    }

    fn detach_witness(&mut self, at: u32, store: &mut Store<V>) {
        let first = &mut store.profile_mut(self.cohorts[at as usize].witness).witness_of;
        let mut chain = Chain::starting_at(*first);
        chain.remove(&mut ByWitness(&mut self.cohorts), at);
        *first = chain.first().unwrap_or(NONE);
    }

    fn wake_waiting(&mut self, cohort: u32) {
        let cohort = &mut self.cohorts[cohort as usize];
        let mut at = cohort.waiting.first().unwrap_or(NONE);
        while at != NONE {
            let watcher = &mut self.slab[at as usize];
            watcher.line.woken = true;
            watcher.seat = Seat::Resting;
            self.wakes.extend(watcher.line.head());
            self.visited += 1;
            at = watcher.link.next();
        }
        cohort.resting.append(&mut Seats(&mut self.slab), &mut cohort.waiting);
    }
}

/// What a cohort that falls behind stands at.
#[derive(Debug, Clone, Copy)]
pub(in crate::machine) struct Behind {
    pub(in crate::machine) cursor: Revno,
    pub(in crate::machine) at: Milestone,
    pub(in crate::machine) since: Time,
    pub(in crate::machine) witness: Slot,
}
