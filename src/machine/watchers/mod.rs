//! Everything about watchers: who they are, what they may see, how far they have been brought, which calls wait.
//!
//! Watchers with equal filters form an *audience*; those of an audience with one cursor form a *cohort*. A change freezes the
//! caught-up cohort of each audience that sees it, in one move, and only waiting calls are visited one by one. What a watcher
//! is told is decided elsewhere, from its cohort's cursor and the store.

mod audience;
mod census;
mod cohort;
mod cohorts;
mod lines;
mod links;
mod watcher;

use core::hash::BuildHasher;
use std::collections::BTreeMap;
use std::sync::Arc;

use derive_where::derive_where;
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use slab::Slab;

use super::error::NextError;
use super::filter::{Filter, Models};
use super::garbage::Garbage;
use super::numbers::{CallId, Revno, WatcherId};
use super::report;
use super::store::Store;
pub(super) use audience::{Audience, SeenModels};
pub(super) use cohort::{Cohort, Stage};
pub(super) use cohorts::Behind;
pub(super) use lines::Left;
use links::Chain;
pub(super) use links::NONE;
pub(super) use watcher::Watcher;

#[derive(Debug)]
#[derive_where(Clone)]
pub(super) struct Watchers<V> {
    slab: Slab<Watcher>,
    ids: HashTable<u32>,
    cohorts: Slab<Cohort<V>>,
    audiences: Slab<Audience<V>>,
    by_filter: BTreeMap<Arc<Filter>, u32>,
    /// The audiences of all models.
    everywhere: Vec<u32>,
    /// Cohorts that are behind, by cursor.
    by_cursor: Chain,
    /// The same, by the moment they fell behind.
    by_age: Chain,
    /// Cohorts that keep a batch of the latest revno.
    keeping: Vec<u32>,
    last_watcher: u64,
    last_call: u64,
    pub(super) counts: report::Watchers,
    pub(super) calls: usize,
    pub(super) shared_batches: usize,
    /// Watchers visited one by one because something changed.
    pub(super) visited: u64,
    /// Calls to be woken by the mutation that is running.
    pub(super) wakes: Vec<CallId>,
}

/// Where a new watcher stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Placement {
    Fresh,
    CaughtUp,
}

/// A cohort that was behind and has lost its last member: what it alone kept can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Vacated {
    pub(super) audience: u32,
    pub(super) cursor: Revno,
}

impl<V> Watchers<V> {
    pub(super) fn new() -> Self {
        Self {
            slab: Slab::new(),
            ids: HashTable::new(),
            cohorts: Slab::new(),
            audiences: Slab::new(),
            by_filter: BTreeMap::new(),
            everywhere: Vec::new(),
            by_cursor: Chain::new(),
            by_age: Chain::new(),
            keeping: Vec::new(),
            last_watcher: 0,
            last_call: 0,
            counts: report::Watchers::default(),
            calls: 0,
            shared_batches: 0,
            visited: 0,
            wakes: Vec::new(),
        }
    }

    pub(super) fn find(&self, id: WatcherId) -> Option<u32> {
        self.ids.find(FxBuildHasher.hash_one(id), |&ix| self.slab[ix as usize].id == id).copied()
    }

    pub(super) fn get(&self, watcher: u32) -> &Watcher {
        &self.slab[watcher as usize]
    }

    pub(super) fn cohort(&self, cohort: u32) -> &Cohort<V> {
        &self.cohorts[cohort as usize]
    }

    pub(super) fn audience(&self, audience: u32) -> &Audience<V> {
        &self.audiences[audience as usize]
    }

    /// The audiences of all models.
    pub(super) fn everywhere(&self) -> &[u32] {
        &self.everywhere
    }

    /// Opens a watcher.
    pub(super) fn open(&mut self, filter: Filter, placement: Placement, store: &mut Store<V>) -> WatcherId {
        let audience = self.intern_audience(filter, store);
        self.audiences[audience as usize].watchers += 1;
        self.last_watcher += 1;
        let id = WatcherId(self.last_watcher);
        if self.slab.len() == self.slab.capacity() {
            // By a quarter, not twofold: what an idle watcher costs includes the room kept for more.
            self.slab.reserve_exact(self.slab.len() / 4 + 4);
        }
        let watcher = index(self.slab.insert(Watcher::new(id, audience)));
        let slab = &self.slab;
        self.ids.insert_unique(FxBuildHasher.hash_one(id), watcher, |&ix| FxBuildHasher.hash_one(slab[ix as usize].id));
        let cohort = match placement {
            Placement::Fresh => self.fresh_cohort(audience),
            Placement::CaughtUp => self.caught_up_cohort(audience),
        };
        self.join(watcher, cohort);
        id
    }

    /// Ends a watcher with an error it will answer from here on: its calls are woken, it leaves cohort and audience.
    pub(super) fn end(
        &mut self,
        watcher: u32,
        error: NextError,
        store: &mut Store<V>,
        garbage: &mut Garbage<V>,
    ) -> Option<Vacated> {
        let vacated = self.leave(watcher, store, garbage);
        self.slab[watcher as usize].ended = Some(Box::new(error));
        self.counts.ended += 1;
        vacated
    }

    /// Forgets a watcher: its calls are woken, nothing of it stays.
    pub(super) fn forget(&mut self, watcher: u32, store: &mut Store<V>, garbage: &mut Garbage<V>) -> Option<Vacated> {
        let vacated = if self.slab[watcher as usize].ended.is_some() {
            self.counts.ended -= 1;
            None
        } else {
            self.leave(watcher, store, garbage)
        };
        let id = self.slab[watcher as usize].id;
        let found = self.ids.find_entry(FxBuildHasher.hash_one(id), |&ix| ix == watcher);
        found.expect("a watcher's id is known until it is forgotten").remove();
        self.slab.remove(watcher as usize);
        vacated
    }

    /// The watchers that have not ended, by age.
    pub(super) fn unended(&self) -> Vec<u32> {
        let mut all: Vec<_> =
            self.slab.iter().filter(|(_, watcher)| watcher.ended.is_none()).map(|(ix, _)| index(ix)).collect();
        all.sort_unstable_by_key(|&ix| self.slab[ix as usize].id);
        all
    }

    fn leave(&mut self, watcher: u32, store: &mut Store<V>, garbage: &mut Garbage<V>) -> Option<Vacated> {
        while let Some(call) = self.slab[watcher as usize].line.head() {
            self.wakes.push(call);
            self.leave_line(watcher, call, garbage);
        }
        let audience = self.slab[watcher as usize].audience;
        let vacated = self.leave_cohort(watcher, store, garbage);
        self.audiences[audience as usize].watchers -= 1;
        vacated
    }

    fn intern_audience(&mut self, filter: Filter, store: &mut Store<V>) -> u32 {
        if let Some(&audience) = self.by_filter.get(&filter) {
            return audience;
        }
        let models = match filter.by_model() {
            Models::All => SeenModels::All,
            Models::One(model) => SeenModels::These(vec![store.models_mut().intern(*model)]),
            Models::Set(models) => {
                SeenModels::These(models.iter().map(|&model| store.models_mut().intern(model)).collect())
            }
        };
        let filter = Arc::new(filter);
        let audience = index(self.audiences.insert(Audience::new(Arc::clone(&filter), models)));
        self.by_filter.insert(filter, audience);
        match &self.audiences[audience as usize].models {
            SeenModels::All => self.everywhere.push(audience),
            SeenModels::These(models) => {
                models.iter().for_each(|&model| store.model_mut(model).audiences.push(audience));
            }
        }
        audience
    }

    /// Frees an audience that its last watcher has left, once what that one pinned has been collected.
    pub(super) fn release_unused(&mut self, audience: u32, store: &mut Store<V>) {
        if self.audiences.get(audience as usize).is_none_or(|audience| audience.watchers > 0) {
            return;
        }
        let Audience { filter, models, .. } = self.audiences.remove(audience as usize);
        self.by_filter.remove(&filter);
        match models {
            SeenModels::All => self.everywhere.retain(|&other| other != audience),
            SeenModels::These(models) => {
                for model in models {
                    store.model_mut(model).audiences.retain(|&other| other != audience);
                    store.models_mut().release_unused(model);
                }
            }
        }
    }
}

fn index(key: usize) -> u32 {
    u32::try_from(key).expect("fewer than 2^32 watchers are open at once, and no more cohorts and audiences than those")
}
