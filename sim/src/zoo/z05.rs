//! Z5, Juju PR 4967: the first call of next on an empty model blocked, for there was nothing to tell.
//!
//! A first batch without deltas is not handed over.

use multiwatcher::machine::{Batch, WatcherId};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z5;

impl Twist for Z5 {
    fn batch(&mut self, _: &Real, _: WatcherId, batch: Batch<Val>) -> Option<Batch<Val>> {
        (!batch.deltas().is_empty()).then_some(batch)
    }
}
