//! Z4, Juju PR 6289: an entity that came back kept its mark of removal. Readers were told that it is gone.
//!
//! Whatever died once is told as removed ever after.

use std::collections::BTreeSet;

use multiwatcher::machine::{Batch, Change, Delta, EntityId, Input, Time, WatcherId};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::{Twist, with_deltas};

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z4 {
    died: BTreeSet<EntityId>,
}

impl Twist for Z4 {
    fn hear(&mut self, real: &mut Real, now: Time, input: Input<Val>) {
        let alive: BTreeSet<EntityId> = real.alive().cloned().collect();
        real.hear(now, input);
        let still: BTreeSet<EntityId> = real.alive().cloned().collect();
        self.died.extend(alive.difference(&still).cloned());
    }

    fn batch(&mut self, _: &Real, _: WatcherId, batch: Batch<Val>) -> Option<Batch<Val>> {
        let marked = |delta: &Delta<Val>| {
            let change = if self.died.contains(delta.id()) { Change::Removed } else { delta.change() };
            Delta::new(delta.id().clone(), delta.revno(), change, delta.value().clone())
        };
        Some(with_deltas(&batch, batch.deltas().iter().map(marked)))
    }
}
