//! The store: every entity known, in the order of its latest change overall and per model, and the lives still owed to somebody.
//!
//! It knows nothing of watchers but a list per model of the audiences that look at it; who still needs an ended life is
//! asked of its caller.

mod census;
mod entries;
mod entry;
mod milestones;
mod models;
mod order;
mod table;

use std::collections::VecDeque;
use std::sync::Arc;

use derive_where::derive_where;

use super::delta::{Change, Delta};
use super::entity::EntityId;
use super::garbage::Garbage;
use super::numbers::{Position, Revno};
use entries::Entries;
pub(super) use entry::{Entry, Life, Profile};
pub(super) use milestones::{Milestone, Milestones};
pub(super) use models::{Model, ModelIx};
pub(super) use order::{Cell, RevnoOrder};
use table::Table;

/// Where an entity's entry lies; stable while the entry exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(pub(super) u32);

#[derive(Debug)]
#[derive_where(Clone)]
pub(super) struct Store<V> {
    entries: Entries<Entry<V>>,
    /// By the same slots.
    profiles: Entries<Profile>,
    table: Table,
    models: models::ModelTable<V>,
    overall: RevnoOrder<V>,
    /// Live entities; those before `seen` were brought by the load that is running.
    live: Vec<Slot>,
    seen: usize,
    /// Ended lives that the resume window may still hold, oldest first: (died, slot, born).
    windowed: VecDeque<(Revno, Slot, Revno)>,
    window: u64,
    pub(super) latest: Revno,
    pub(super) milestones: Milestones,
    tombstones: usize,
}

impl<V> Store<V> {
    pub(super) fn new(window: u64) -> Self {
        Self {
            entries: Entries::new(),
            profiles: Entries::new(),
            table: Table::new(),
            models: models::ModelTable::new(),
            overall: RevnoOrder::new(),
            live: Vec::new(),
            seen: 0,
            windowed: VecDeque::new(),
            window,
            latest: Revno(0),
            milestones: Milestones::new(),
            tombstones: 0,
        }
    }

    /// The backing's position it stands at.
    pub(super) fn position(&self) -> Position {
        self.milestones.now().position
    }

    /// The store has been brought to this position, under the latest revno. `whole` says that no id is left at an earlier value.
    pub(super) fn reach(&mut self, position: Position, whole: bool) {
        self.milestones.reach(position, self.latest, self.oldest(), whole);
    }

    /// The oldest revno a watcher can resume from.
    pub(super) fn oldest(&self) -> Revno {
        Revno(self.latest.0.saturating_sub(self.window))
    }

    pub(super) fn find(&self, id: &EntityId) -> Option<Slot> {
        self.table.find(id, |slot| &self.profiles[slot].id)
    }

    /// The entry of this id, made if there is none. One that stays unused must be given back by [`Self::release_unused`].
    pub(super) fn intern(&mut self, id: &EntityId) -> Slot {
        if let Some(slot) = self.find(id) {
            return slot;
        }
        let model = self.models.intern(id.model);
        self.models.get_mut(model).entries += 1;
        let slot = self.entries.insert(Entry::new(model));
        let also = self.profiles.insert(Profile::new(id.clone()));
        debug_assert_eq!(also, slot, "entries and profiles come and go together");
        let profiles = &self.profiles;
        self.table.insert(id, slot, |slot| &profiles[slot].id);
        slot
    }

    /// Frees the entry if nothing refers to it any more.
    pub(super) fn release_unused(&mut self, slot: Slot) {
        if self.entries[slot].is_unused() {
            let profiles = &self.profiles;
            self.table.remove(slot, |slot| &profiles[slot].id);
            self.profiles.remove(slot);
            let entry = self.entries.remove(slot);
            self.models.get_mut(entry.model).entries -= 1;
            self.models.release_unused(entry.model);
        }
    }

    pub(super) fn id(&self, slot: Slot) -> &EntityId {
        &self.profiles[slot].id
    }

    pub(super) fn profile(&self, slot: Slot) -> &Profile {
        &self.profiles[slot]
    }

    pub(super) fn profile_mut(&mut self, slot: Slot) -> &mut Profile {
        &mut self.profiles[slot]
    }

    pub(super) fn entry(&self, slot: Slot) -> &Entry<V> {
        &self.entries[slot]
    }

    pub(super) fn entry_mut(&mut self, slot: Slot) -> &mut Entry<V> {
        &mut self.entries[slot]
    }

    /// Whether a watcher brought to `cursor` holds an entity: it was alive there.
    pub(super) fn is_held_at(&self, slot: Slot, cursor: Revno) -> bool {
        let Profile { born, lives, .. } = self.profile(slot);
        (self.entry(slot).value.is_some() && *born <= cursor) || lives.iter().any(|life| life.contains(cursor))
    }

    /// The latest change by value of an entity that is alive or a tombstone.
    pub(super) fn changed(&self, slot: Slot) -> Option<Revno> {
        self.overall.revno_at(self.entry(slot).in_all)
    }

    /// Reads where an entity stands in the revno orders, so that those loads overlap with whatever is done with it first.
    #[inline]
    pub(super) fn touch_places(&self, slot: Slot) {
        let entry = self.entry(slot);
        let order = &self.model(entry.model).order;
        core::hint::black_box(self.overall.touch(entry.in_all) ^ order.touch(entry.in_model));
    }

    pub(super) fn model(&self, model: ModelIx) -> &Model<V> {
        self.models.get(model)
    }

    pub(super) fn model_mut(&mut self, model: ModelIx) -> &mut Model<V> {
        self.models.get_mut(model)
    }

    pub(super) fn models(&self) -> &models::ModelTable<V> {
        &self.models
    }

    pub(super) fn models_mut(&mut self) -> &mut models::ModelTable<V> {
        &mut self.models
    }

    pub(super) fn overall(&self) -> &RevnoOrder<V> {
        &self.overall
    }

    pub(super) fn live(&self) -> &[Slot] {
        &self.live
    }

    pub(super) fn tombstones(&self) -> usize {
        self.tombstones
    }

    /// Gives an entity the value it has since revno `latest`, and hands out what it replaces.
    pub(super) fn put(&mut self, slot: Slot, value: Arc<V>, garbage: &mut Garbage<V>) {
        self.unplace(slot, garbage);
        let revno = self.latest;
        let delta = Delta::new(self.id(slot).clone(), revno, Change::Changed, Arc::clone(&value));
        match self.entries[slot].value.replace(value) {
            Some(old) => garbage.values.push(old),
            None => {
                let profile = &mut self.profiles[slot];
                profile.born = revno;
                profile.seat = u32::try_from(self.live.len()).expect("a store holds fewer than 2^32 ids");
                self.live.push(slot);
            }
        }
        self.place(slot, delta);
    }

    /// Ends an entity's life at revno `latest`. `needed` says whether a watcher's cursor lies in it.
    pub(super) fn end(&mut self, slot: Slot, needed: bool, garbage: &mut Garbage<V>) {
        self.unplace(slot, garbage);
        let revno = self.latest;
        let windowed = self.oldest() < revno;
        let entry = &mut self.entries[slot];
        let value = entry.value.take().expect("only a live entity is ended");
        let model = entry.model;
        let Profile { seat, born, .. } = self.profiles[slot];
        let seat = seat as usize;
        self.live.swap_remove(seat);
        if let Some(&moved) = self.live.get(seat) {
            self.profiles[moved].seat = u32::try_from(seat).expect("a seat is below the length of the list");
        }
        if needed || windowed {
            self.profiles[slot].lives.push(Life { born, died: revno });
            self.models.get_mut(model).add_grave(revno, slot, born);
            self.models.note_graves(model);
        }
        if windowed {
            self.windowed.push_back((revno, slot, born));
        }
        if self.profiles[slot].lives.is_empty() {
            garbage.values.push(value);
            self.release_unused(slot);
        } else {
            self.tombstones += 1;
            let delta = Delta::new(self.id(slot).clone(), revno, Change::Removed, value);
            self.place(slot, delta);
        }
    }

    /// Forgets an ended life that nobody needs; the tombstone goes with the last of them.
    pub(super) fn forget_life(&mut self, slot: Slot, life: Life, garbage: &mut Garbage<V>) {
        let lives = &mut self.profiles[slot].lives;
        lives.retain(|other| *other != life);
        let Entry { model, .. } = self.entries[slot];
        let gone = self.entries[slot].is_tombstone() && lives.is_empty();
        self.models.get_mut(model).remove_grave(life.died, slot);
        self.models.note_graves(model);
        if gone {
            self.tombstones -= 1;
            self.unplace(slot, garbage);
            self.release_unused(slot);
        }
    }

    /// The next ended life that has left the resume window, if it is still remembered.
    pub(super) fn next_expired(&mut self) -> Option<(Slot, Life)> {
        let oldest = self.oldest();
        while let Some(&(died, slot, born)) = self.windowed.front() {
            if died > oldest {
                return None;
            }
            self.windowed.pop_front();
            let life = Life { born, died };
            if self.profiles.get(slot).is_some_and(|profile| profile.lives.contains(&life)) {
                return Some((slot, life));
            }
        }
        None
    }

    /// Begins a load: no live entity has been brought yet.
    pub(super) fn begin_seeing(&mut self) {
        self.seen = 0;
    }

    /// The load brought this live entity.
    pub(super) fn see(&mut self, slot: Slot) {
        let seat = self.profiles[slot].seat as usize;
        if seat >= self.seen {
            self.swap_seats(seat, self.seen);
            self.seen += 1;
        }
    }

    /// The load found later that it is gone.
    pub(super) fn unsee(&mut self, slot: Slot) {
        let seat = self.profiles[slot].seat as usize;
        if seat < self.seen {
            self.seen -= 1;
            self.swap_seats(seat, self.seen);
        }
    }

    /// The live entities that the load did not bring.
    pub(super) fn unseen(&self) -> &[Slot] {
        &self.live[self.seen..]
    }

    /// The same, by id; for fingerprints.
    pub(super) fn unseen_ids(&self) -> impl Iterator<Item = &EntityId> {
        let mut ids: Vec<_> = self.unseen().iter().map(|&slot| self.id(slot)).collect();
        ids.sort_unstable();
        ids.into_iter()
    }

    fn swap_seats(&mut self, a: usize, b: usize) {
        self.live.swap(a, b);
        for seat in [a, b] {
            let slot = self.live[seat];
            self.profiles[slot].seat = u32::try_from(seat).expect("a seat is below the length of the list");
        }
    }

    fn place(&mut self, slot: Slot, delta: Delta<V>) {
        let entry = &mut self.entries[slot];
        entry.in_model = self.models.get_mut(entry.model).order.push(slot, delta.clone());
        entry.in_all = self.overall.push(slot, delta);
        entry.placed = true;
    }

    fn unplace(&mut self, slot: Slot, garbage: &mut Garbage<V>) {
        let entry = &mut self.entries[slot];
        if !core::mem::take(&mut entry.placed) {
            return;
        }
        if entry.value.is_none() && !self.profiles[slot].lives.is_empty() {
            self.tombstones -= 1;
        }
        let (in_all, in_model, model) = (entry.in_all, entry.in_model, entry.model);
        let entries = &mut self.entries;
        garbage.deltas.push(self.overall.remove(in_all, |slot, place| entries[slot].in_all = place));
        let order = &mut self.models.get_mut(model).order;
        garbage.deltas.push(order.remove(in_model, |slot, place| entries[slot].in_model = place));
    }
}
