//! A store's account of who holds what, beside the machine, for the three bugs of counting (Z1 to Z3), each with one part of
//! it wrong, and for the variant that has none wrong.
//!
//! An entity that is removed stays as a tombstone while somebody holds it, and those who hold it are told. The account follows the
//! machine's store by comparing after each stimulus, and what a batch says is removed is taken from the account and not from the
//! machine. Juju counts holders by comparing an entity's first revno with a watcher's cursor, and an entity that is re-added keeps
//! that revno; kept right, the account has the names of the holders. Whoever comes back with a revno is served by the
//! machine alone: Juju knows no such reader.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use multiwatcher::machine::{Batch, Change, Delta, EntityId, Filter, Input, Read, Revno, Time, WatcherId};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::{Twist, with_deltas};

/// How one part of the account is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// As it should be.
    Right,
    /// As in Juju.
    AsInJuju,
}

/// Which part is wrong.
pub(super) trait Rules: Debug + Default + Send + 'static {
    /// Who is told of a tombstone, and whose hold begins and ends with a batch.
    const TAKING: Kept = Kept::Right;
    /// What a watcher that stops gives back.
    const STOPPING: Kept = Kept::Right;
    /// What a value that is read is compared with.
    const COMPARING: Kept = Kept::Right;
}

/// The machine with such an account beside it.
#[derive(Debug, Default)]
pub(super) struct Counted<R> {
    entities: BTreeMap<EntityId, Entry>,
    watchers: BTreeMap<WatcherId, Watcher>,
    rules: PhantomData<R>,
}

#[derive(Debug)]
struct Entry {
    /// When it was first there, removals in between not counted.
    created: Revno,
    changed: Revno,
    removed: bool,
    value: Arc<Val>,
    count: i64,
    holders: BTreeSet<WatcherId>,
}

#[derive(Debug)]
struct Watcher {
    filter: Filter,
    /// `None` before its first batch.
    cursor: Option<Revno>,
}

impl<R: Rules> Twist for Counted<R> {
    fn watched(&mut self, watcher: WatcherId, filter: &Filter) {
        self.watchers.insert(watcher, Watcher { filter: filter.clone(), cursor: None });
    }

    fn hear(&mut self, real: &mut Real, now: Time, mut input: Input<Val>) {
        match &mut input {
            Input::Staged { reads, .. } => self.compare(reads),
            Input::Step { step, .. } | Input::Fetched { step, .. } => self.compare(&mut step.entities),
            Input::Watch { .. }
            | Input::Resume { .. }
            | Input::Next { .. }
            | Input::TryNext { .. }
            | Input::DropCall { .. }
            | Input::Progress { .. }
            | Input::Stop { .. }
            | Input::Subscribed { .. }
            | Input::LoadDone { .. }
            | Input::Notice { .. }
            | Input::Mark { .. }
            | Input::Failed { .. }
            | Input::Timeout
            | Input::Kill { .. } => {}
        }
        real.hear(now, input);
        self.follow(real);
    }

    fn batch(&mut self, _: &Real, watcher: WatcherId, batch: Batch<Val>) -> Option<Batch<Val>> {
        let Some(known) = self.watchers.get_mut(&watcher) else { return Some(batch) };
        let before = known.cursor.replace(batch.revno());
        let cursor = before.unwrap_or(Revno(0));
        let filter = &known.filter;
        let mut deltas: Vec<_> =
            batch.deltas().iter().filter(|delta| delta.change() == Change::Changed).cloned().collect();
        for (id, entry) in &mut self.entities {
            if entry.changed > cursor && filter.passes(id) && entry.take::<R>(watcher, cursor) {
                deltas.push(Delta::new(id.clone(), entry.changed, Change::Removed, Arc::clone(&entry.value)));
            }
        }
        self.drop_unheld();
        deltas.sort_by(|one, other| (one.revno(), one.id()).cmp(&(other.revno(), other.id())));
        (!deltas.is_empty() || before.is_none()).then(|| with_deltas(&batch, deltas.into_iter()))
    }

    fn stop(&mut self, real: &mut Real, now: Time, watcher: WatcherId) {
        if let Some(Watcher { filter, cursor: Some(cursor) }) = self.watchers.remove(&watcher) {
            let passing = self.entities.iter_mut().filter(|(id, _)| filter.passes(id));
            passing.for_each(|(_, entry)| entry.give_back::<R>(watcher, cursor));
            self.drop_unheld();
        }
        real.stop(now, watcher);
    }
}

impl<R: Rules> Counted<R> {
    /// What equals the value of a tombstone is no news to Juju.
    fn compare(&self, reads: &mut [(EntityId, Read<Val>)]) {
        if R::COMPARING == Kept::Right {
            return;
        }
        for (id, read) in reads {
            let tombstone = self.entities.get(id).filter(|entry| entry.removed);
            if let Read::Value(value) = read
                && tombstone.is_some_and(|tombstone| tombstone.value == *value)
            {
                *read = Read::Absent;
            }
        }
    }

    /// Enters what has changed in the machine's store.
    fn follow(&mut self, real: &Real) {
        let latest = real.machine().revno();
        let mut gone: BTreeSet<EntityId> =
            self.entities.iter().filter(|(_, entry)| !entry.removed).map(|(id, _)| id.clone()).collect();
        for (id, value) in real.machine().entities() {
            gone.remove(id);
            let entry = self.entities.entry(id.clone()).or_insert_with(|| Entry::new(latest, value));
            if entry.removed || entry.value != *value {
                (entry.changed, entry.removed, entry.value) = (latest, false, Arc::clone(value));
            }
        }
        for (_, entry) in self.entities.iter_mut().filter(|(id, _)| gone.contains(*id)) {
            (entry.changed, entry.removed) = (latest, true);
        }
        self.drop_unheld();
    }

    fn drop_unheld(&mut self) {
        self.entities.retain(|_, entry| !entry.removed || entry.count > 0);
    }
}

impl Entry {
    fn new(latest: Revno, value: &Arc<Val>) -> Self {
        let value = Arc::clone(value);
        Self { created: latest, changed: latest, removed: false, value, count: 0, holders: BTreeSet::new() }
    }

    /// A watcher takes a batch and sees the entity changed after its cursor. Returns whether it is told that it is gone.
    fn take<R: Rules>(&mut self, watcher: WatcherId, cursor: Revno) -> bool {
        let held = match R::TAKING {
            Kept::Right => self.holders.contains(&watcher),
            Kept::AsInJuju => self.created <= cursor,
        };
        match (held, self.removed) {
            (false, false) => {
                self.holders.insert(watcher);
                self.count += 1;
            }
            (true, true) => {
                self.holders.remove(&watcher);
                self.count -= 1;
            }
            (true, false) | (false, true) => {}
        }
        held && self.removed
    }

    /// A watcher that was brought to its cursor leaves.
    fn give_back<R: Rules>(&mut self, watcher: WatcherId, cursor: Revno) {
        let was_told_gone = self.removed && self.changed <= cursor;
        let held = match R::STOPPING {
            Kept::Right => self.holders.contains(&watcher),
            Kept::AsInJuju => self.created <= cursor && !was_told_gone,
        };
        self.holders.remove(&watcher);
        self.count -= i64::from(held);
    }
}
