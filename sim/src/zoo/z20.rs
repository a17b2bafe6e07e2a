//! Z20, Juju PR 18210: what is to be handed over lies in a slot that holds one thing, and the next event overwrites it. Of two
//! commits before the reader runs it sees the second.
//!
//! Of a batch that is not a watcher's first only the deltas of its latest change are handed over.

use std::collections::BTreeSet;

use multiwatcher::machine::{Batch, Delta, WatcherId};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::{Twist, with_deltas};

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z20 {
    /// Those that have had their first batch, which is read from the store and not from the slot.
    fed: BTreeSet<WatcherId>,
}

impl Twist for Z20 {
    fn batch(&mut self, _: &Real, watcher: WatcherId, batch: Batch<Val>) -> Option<Batch<Val>> {
        if self.fed.insert(watcher) {
            return Some(batch);
        }
        let last = batch.deltas().last().map(Delta::revno);
        Some(with_deltas(&batch, batch.deltas().iter().filter(|delta| Some(delta.revno()) == last).cloned()))
    }
}
