//! What a watcher is told: a function of its cohort's cursor and the store, and of nothing else.

use std::sync::Arc;

use super::super::delta::{Batch, Delta};
use super::super::filter::Kinds;
use super::super::numbers::Revno;
use super::super::store::{Cell, Life, RevnoOrder, Slot, Store};
use super::super::watchers::{Audience, SeenModels, Vacated, Watchers};
use super::StoreManager;

/// Records this far ahead are touched before they are cloned: independent loads overlap, dependent ones do not.
const AHEAD: usize = 64;

impl<V: PartialEq> StoreManager<V> {
    /// The batch of a watcher that can take. It is caught up afterwards.
    pub(super) fn take(&mut self, watcher: u32) -> Batch<V> {
        let revno = self.store.latest;
        let at = self.watchers.get(watcher).cohort;
        let (audience, from) = (self.watchers.cohort(at).audience, self.watchers.cohort(at).starts_from());
        let deltas = self.watchers.shared(at, revno).unwrap_or_else(|| {
            gather(&self.store, self.watchers.audience(audience), from, &mut self.scratch);
            let deltas = Arc::new(self.scratch.drain(..).collect());
            self.watchers.share(at, revno, &deltas);
            deltas
        });
        debug_assert!(from.is_none() || !deltas.is_empty(), "fresh-first: only a first batch may be empty");
        debug_assert!(from.is_none_or(|from| from < revno), "ordered: revnos ascend over a watcher's batches");
        let vacated = self.watchers.catch_up(watcher, &mut self.store, &mut self.garbage);
        self.watchers.keep(audience, from, &deltas);
        self.collect(vacated);
        Batch { revno, position: self.store.position(), deltas }
    }

    /// Forgets the lives that only a cohort held that is no more.
    pub(super) fn collect(&mut self, vacated: Option<Vacated>) {
        let Some(Vacated { audience, cursor }) = vacated else { return };
        if self.store.models().with_graves().next().is_none() {
            return;
        }
        let mut lives: Vec<(Slot, Life)> = Vec::new();
        let Audience { filter, models, .. } = self.watchers.audience(audience);
        let mut look = |model| {
            let around = self.store.model(model).lives_around(cursor);
            lives.extend(around.filter(|&(slot, _)| filter.by_kind().passes(&self.store.id(slot).kind)));
        };
        match models {
            SeenModels::All => self.store.models().with_graves().for_each(&mut look),
            SeenModels::These(models) => models.iter().copied().for_each(&mut look),
        }
        for (slot, life) in lives {
            if !self.is_needed(slot, life) {
                self.store.forget_life(slot, life, &mut self.garbage);
            }
        }
    }

    /// Whether an ended life must be remembered: the resume window holds it, or a watcher that may see it stands inside it.
    pub(super) fn is_needed(&self, slot: Slot, life: Life) -> bool {
        life.died > self.store.oldest() || self.is_pinned(slot, life)
    }

    /// Whether a watcher that may see the entity has its cursor inside the life.
    pub(super) fn is_pinned(&self, slot: Slot, life: Life) -> bool {
        let (kind, model) = (&self.store.id(slot).kind, self.store.entry(slot).model);
        let audiences = self.store.model(model).audiences.iter().chain(self.watchers.everywhere());
        audiences
            .filter(|&&audience| self.watchers.audience(audience).filter.by_kind().passes(kind))
            .any(|&audience| self.watchers.has_cursor_in(audience, life.born, life.died))
    }
}

/// Collects what an audience is told that was brought to `from` (none: nothing yet), in order.
fn gather<V>(store: &Store<V>, audience: &Audience<V>, from: Option<Revno>, into: &mut Vec<Delta<V>>) {
    let kinds = audience.filter.by_kind();
    match &audience.models {
        SeenModels::All => gather_order(store, store.overall(), kinds, from, into),
        SeenModels::These(models) => {
            for &model in models {
                gather_order(store, &store.model(model).order, kinds, from, into);
            }
            if models.len() > 1 {
                into.sort_by(|a, b| (a.revno(), a.id()).cmp(&(b.revno(), b.id())));
            }
        }
    }
}

fn gather_order<V>(
    store: &Store<V>,
    order: &RevnoOrder<V>,
    kinds: &Kinds,
    from: Option<Revno>,
    into: &mut Vec<Delta<V>>,
) {
    for piece in order.after(from.unwrap_or(Revno(0))) {
        for near in piece.chunks(AHEAD) {
            let counts = near.iter().filter_map(|cell| cell.delta.as_ref()).fold(0, |sum, delta| sum ^ delta.touch());
            core::hint::black_box(counts);
            for cell in near {
                if let Some(delta) = &cell.delta
                    && is_told(store, cell, from)
                    && kinds.passes(&delta.id().kind)
                {
                    into.push(delta.clone());
                }
            }
        }
    }
}

/// The table of four rows: what a watcher is told of an entity that changed after its cursor.
///
/// | held at the cursor | alive now | told |
/// |---|---|---|
/// | yes | yes | changed |
/// | no | yes | changed |
/// | yes | no | removed |
/// | no | no | nothing |
fn is_told<V>(store: &Store<V>, cell: &Cell<V>, from: Option<Revno>) -> bool {
    let alive = !cell.removed;
    alive || from.is_some_and(|cursor| store.is_held_at(cell.slot, cursor))
}

/// An entity that is pending for an audience brought to `cursor`.
pub(super) fn find_pending<V>(store: &Store<V>, watchers: &Watchers<V>, audience: u32, cursor: Revno) -> Option<Slot> {
    let audience = watchers.audience(audience);
    let kinds = audience.filter.by_kind();
    let find = |order: &RevnoOrder<V>| {
        let newer = order.newest_first().take_while(|cell| cell.revno > cursor);
        let mut told = newer.filter(|cell| cell.delta.as_ref().is_some_and(|delta| kinds.passes(&delta.id().kind)));
        told.find(|cell| is_told(store, cell, Some(cursor))).map(|cell| cell.slot)
    };
    match &audience.models {
        SeenModels::All => find(store.overall()),
        SeenModels::These(models) => models.iter().find_map(|&model| find(&store.model(model).order)),
    }
}
