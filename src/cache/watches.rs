//! Who is to be told of which changes: the pure part of notify and strings watchers.

use core::task::Waker;
use std::collections::{BTreeMap, BTreeSet};

use super::replica::Changes;
use crate::machine::{EntityId, Filter, ModelId, Models};

/// All watchers. Those of single models are found by the model: a change elsewhere does not visit them.
#[derive(Debug, Default)]
pub(super) struct Watches {
    by_key: BTreeMap<u64, Watch>,
    of_model: BTreeMap<ModelId, BTreeSet<u64>>,
    of_many: BTreeSet<u64>,
    last: u64,
}

#[derive(Debug)]
struct Watch {
    filter: Filter,
    wants_ids: bool,
    due: Due,
    waker: Option<Waker>,
}

/// What a watcher is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Due {
    /// A first answer: how it is.
    Everything,
    /// That something changed, and what, if it wants to know.
    Changes(BTreeSet<EntityId>),
    Nothing,
}

impl Watches {
    pub(super) fn open(&mut self, filter: Filter, wants_ids: bool) -> u64 {
        self.last += 1;
        let key = self.last;
        self.place(&filter).insert(key);
        self.by_key.insert(key, Watch { filter, wants_ids, due: Due::Everything, waker: None });
        key
    }

    /// What it waited with and what it was owed are returned, to be dropped without the lock.
    pub(super) fn close(&mut self, key: u64) -> Option<(Option<Waker>, Due)> {
        let watch = self.by_key.remove(&key)?;
        let place = self.place(&watch.filter);
        place.remove(&key);
        if place.is_empty()
            && let Models::One(model) = watch.filter.by_model()
        {
            self.of_model.remove(model);
        }
        Some((watch.waker, watch.due))
    }

    fn place(&mut self, filter: &Filter) -> &mut BTreeSet<u64> {
        match filter.by_model() {
            Models::One(model) => self.of_model.entry(*model).or_default(),
            Models::All | Models::Set(_) => &mut self.of_many,
        }
    }

    /// What the watcher is owed, which it then has been told; or it will be woken.
    pub(super) fn take(&mut self, key: u64, can_begin: bool, waker: &Waker) -> (Due, Option<Waker>) {
        let watch = self.by_key.get_mut(&key).expect("a watcher closes its watch when it is dropped");
        let is_due = match watch.due {
            Due::Everything => can_begin,
            Due::Changes(_) => true,
            Due::Nothing => false,
        };
        if is_due {
            (core::mem::replace(&mut watch.due, Due::Nothing), watch.waker.take())
        } else {
            (Due::Nothing, watch.waker.replace(waker.clone()))
        }
    }

    /// Tells everybody whom it concerns, and returns whom to wake.
    pub(super) fn tell(&mut self, changes: &Changes) -> Vec<Waker> {
        let mut wakers = Vec::new();
        for (model, ids) in &changes.by_model {
            for key in self.of_model.get(model).into_iter().chain([&self.of_many]).flatten() {
                let watch = self.by_key.get_mut(key).expect("a watch is closed in both places");
                if watch.tell(ids) {
                    wakers.extend(watch.waker.take());
                }
            }
        }
        wakers
    }

    /// Everybody who waits.
    pub(super) fn take_all(&mut self) -> Vec<Waker> {
        self.by_key.values_mut().filter_map(|watch| watch.waker.take()).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }
}

impl Watch {
    /// Whether it is owed something that it was not owed before.
    fn tell(&mut self, ids: &BTreeSet<EntityId>) -> bool {
        let mut concerning = ids.iter().filter(|id| self.filter.passes(id)).peekable();
        if concerning.peek().is_none() {
            return false;
        }
        let was_due = match &mut self.due {
            // It will be told everything.
            Due::Everything => return false,
            Due::Changes(_) => true,
            Due::Nothing => {
                self.due = Due::Changes(BTreeSet::new());
                false
            }
        };
        if let Due::Changes(owed) = &mut self.due
            && self.wants_ids
        {
            owed.extend(concerning.cloned());
        }
        !was_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watcher_that_is_closed_hands_out_all_that_it_held() {
        let mut watches = Watches::default();
        let key = watches.open(Filter::all_models(), true);
        watches.take(key, true, Waker::noop());
        let mut changes = Changes::default();
        let ids = ["0", "1"].map(|name| EntityId::new("machine", ModelId::from_u128(1), name));
        ids.iter().for_each(|id| changes.add(id.clone()));
        watches.tell(&changes);
        let (_, due) = watches.close(key).unwrap();
        assert_eq!(due, Due::Changes(ids.into()), "what it is owed is dropped by whoever closes it, without the lock");
        assert_eq!((watches.len(), watches.of_many.len()), (0, 0));
    }
}
