//! An audience: the watchers with one filter, the cohorts they form, and the batches they share at the latest revno.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use derive_where::derive_where;

use super::super::delta::{Delta, Deltas};
use super::super::filter::Filter;
use super::super::numbers::Revno;
use super::super::store::ModelIx;
use super::links::NONE;

#[derive(Debug)]
#[derive_where(Clone)]
pub(in crate::machine) struct Audience<V> {
    pub(in crate::machine) filter: Arc<Filter>,
    pub(in crate::machine) models: SeenModels,
    pub(super) fresh: u32,
    pub(super) caught_up: u32,
    /// Cohorts that are behind, by cursor.
    pub(super) behind: VecDeque<u32>,
    pub(super) watchers: u32,
    shared: Shared<V>,
}

/// The models an audience sees, as the store knows them.
#[derive(Debug, Clone)]
pub(in crate::machine) enum SeenModels {
    All,
    These(Vec<ModelIx>),
}

/// Batches built at one revno, by the cursor they start from (none: a first batch), held weakly.
type Shared<V> = (Revno, Vec<(Option<Revno>, Weak<Vec<Delta<V>>>)>);

impl<V> Audience<V> {
    pub(super) fn new(filter: Arc<Filter>, models: SeenModels) -> Self {
        Self {
            filter,
            models,
            fresh: NONE,
            caught_up: NONE,
            behind: VecDeque::new(),
            watchers: 0,
            shared: (Revno(0), Vec::new()),
        }
    }

    /// A batch that a taker at this revno from this cursor left, if somebody still holds it.
    pub(super) fn shared(&self, revno: Revno, from: Option<Revno>) -> Option<Deltas<V>> {
        let (at, batches) = &self.shared;
        let found = batches.binary_search_by_key(&from, |(from, _)| *from).ok()?;
        if *at == revno { batches[found].1.upgrade() } else { None }
    }

    pub(super) fn share(&mut self, revno: Revno, from: Option<Revno>, deltas: &Deltas<V>) {
        let (at, batches) = &mut self.shared;
        if *at != revno {
            batches.clear();
            *at = revno;
        }
        let weak = Arc::downgrade(deltas);
        match batches.binary_search_by_key(&from, |(from, _)| *from) {
            Ok(found) => batches[found].1 = weak,
            Err(place) => batches.insert(place, (from, weak)),
        }
    }
}
