//! Z24, kubernetes 83911: an object was deleted and created again while its deletion was still in a watcher's queue. The creation was
//! dropped, because the queue held the object already.
//!
//! Of what died since a watcher's last batch it is told that it is gone, whatever came after.

use std::collections::{BTreeMap, BTreeSet};

use multiwatcher::machine::{Batch, Change, Delta, EntityId, Input, Time, WatcherId};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::{Twist, with_deltas};

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z24 {
    /// By watcher that has had a batch, what died since.
    queued: BTreeMap<WatcherId, BTreeSet<EntityId>>,
}

impl Twist for Z24 {
    fn hear(&mut self, real: &mut Real, now: Time, input: Input<Val>) {
        let alive: BTreeSet<EntityId> = real.alive().cloned().collect();
        real.hear(now, input);
        let still: BTreeSet<EntityId> = real.alive().cloned().collect();
        for queue in self.queued.values_mut() {
            queue.extend(alive.difference(&still).cloned());
        }
    }

    fn batch(&mut self, _: &Real, watcher: WatcherId, batch: Batch<Val>) -> Option<Batch<Val>> {
        let queue = self.queued.insert(watcher, BTreeSet::new()).unwrap_or_default();
        let queued = |delta: &Delta<Val>| {
            let change = if queue.contains(delta.id()) { Change::Removed } else { delta.change() };
            Delta::new(delta.id().clone(), delta.revno(), change, delta.value().clone())
        };
        Some(with_deltas(&batch, batch.deltas().iter().map(queued)))
    }
}
