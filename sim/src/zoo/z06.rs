//! Z6, found in Juju's worker: the first call of next of a one-model watcher blocks if only other models have entities: their deltas
//! are filtered away, and the mark of a first call is spent on them.
//!
//! A first batch without deltas is not handed over if the store holds anything.

use multiwatcher::machine::{Batch, WatcherId};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z6;

impl Twist for Z6 {
    fn batch(&mut self, real: &Real, _: WatcherId, batch: Batch<Val>) -> Option<Batch<Val>> {
        let is_spent = batch.deltas().is_empty() && real.alive().next().is_some();
        (!is_spent).then_some(batch)
    }
}
