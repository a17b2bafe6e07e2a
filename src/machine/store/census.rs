//! Recounts the store.

use super::super::manager::{Broken, ensure};
use super::{Entry, Profile, Slot, Store};

impl<V> Store<V> {
    /// Every entry, by slot; for checks.
    pub(in crate::machine) fn slots(&self) -> impl Iterator<Item = (Slot, &Entry<V>)> {
        self.entries.iter()
    }

    /// Every profile, by slot; for checks.
    pub(in crate::machine) fn profiles(&self) -> impl Iterator<Item = (Slot, &Profile)> {
        self.profiles.iter()
    }

    pub(in crate::machine) fn check(&self) -> Result<(), Broken> {
        let live = self.slots().filter(|(_, entry)| entry.value.is_some()).count();
        ensure(live == self.live.len(), "truthful-report", || {
            format!("{live} entities live, {} are counted", self.live.len())
        })?;
        let tombstones = self.slots().filter(|(_, entry)| entry.is_tombstone()).count();
        ensure(tombstones == self.tombstones, "truthful-report", || {
            format!("{tombstones} tombstones, {} are counted", self.tombstones)
        })?;
        ensure(
            self.table.len() == self.entries.len() && self.profiles.len() == self.entries.len(),
            "truthful-report",
            || "the table, the profiles and the entries differ".to_owned(),
        )?;
        self.slots().try_for_each(|(slot, entry)| self.check_entry(slot, entry))?;
        self.check_orders()
    }

    fn check_entry(&self, slot: Slot, entry: &Entry<V>) -> Result<(), Broken> {
        let Profile { id, born, lives, seat, .. } = self.profile(slot);
        ensure(self.find(id) == Some(slot), "exact-prefix", || format!("{id} is not found by its id"))?;
        if entry.value.is_some() {
            let seated = self.live.get(*seat as usize) == Some(&slot);
            ensure(seated && entry.placed, "exact-prefix", || format!("{id} lives and is not among the live"))?;
        }
        ensure(!entry.placed || entry.value.is_some() || !lives.is_empty(), "bounded-tombstones", || {
            format!("{id} is a tombstone nobody needs")
        })?;
        let mut end = super::Revno(0);
        for life in lives.iter() {
            ensure(end <= life.born && life.born < life.died, "exact-prefix", || format!("the lives of {id} overlap"))?;
            end = life.died;
        }
        ensure(entry.value.is_none() || end <= *born, "exact-prefix", || format!("the lives of {id} overlap"))?;
        let graves = self.model(entry.model).lives_around(super::Revno(0)).count();
        ensure(graves <= self.model(entry.model).graves(), "truthful-report", || {
            "ended lives are miscounted".to_owned()
        })
    }

    fn check_orders(&self) -> Result<(), Broken> {
        let placed = self.slots().filter(|(_, entry)| entry.placed).count();
        let (mut in_all, mut last) = (0, None);
        for (place, cell) in self.overall.places() {
            let entry = self.entry(cell.slot);
            ensure(entry.in_all == place, "ordered", || format!("{} is misplaced", self.id(cell.slot)))?;
            let key = (cell.revno, self.id(cell.slot));
            ensure(last.is_none_or(|last| last < key), "ordered", || format!("{} comes too late", key.1))?;
            (in_all, last) = (in_all + 1, Some(key));
        }
        ensure(in_all == placed, "ordered", || format!("{placed} entities are placed, {in_all} stand in the order"))?;
        let (mut in_models, mut graves) = (0, 0);
        for (ix, model) in self.models.iter() {
            for (place, cell) in model.order.places() {
                let entry = self.entry(cell.slot);
                let right = entry.in_model == place && entry.model == ix && cell.removed == entry.value.is_none();
                ensure(right, "ordered", || format!("{} is misplaced in its model", self.id(cell.slot)))?;
                in_models += 1;
            }
            graves += model.graves();
        }
        let lives: usize = self.profiles().map(|(_, profile)| profile.lives.iter().count()).sum();
        ensure(lives == graves, "bounded-tombstones", || format!("{lives} ended lives, {graves} are listed"))?;
        ensure(in_models == placed, "ordered", || {
            format!("{placed} entities are placed, {in_models} stand in their models' orders")
        })
    }
}
