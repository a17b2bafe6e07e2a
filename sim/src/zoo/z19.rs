//! Z19, Juju PR 17341: the buffer of a batch was not cleared after it had been sent, so the next batch told it again.
//!
//! Each batch begins with what the one before held and it does not.

use std::collections::BTreeMap;

use multiwatcher::machine::{Batch, Delta, WatcherId};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::{Twist, with_deltas};

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z19 {
    sent: BTreeMap<WatcherId, Vec<Delta<Val>>>,
}

impl Twist for Z19 {
    fn batch(&mut self, _: &Real, watcher: WatcherId, batch: Batch<Val>) -> Option<Batch<Val>> {
        let before = self.sent.insert(watcher, batch.deltas().to_vec()).unwrap_or_default();
        let is_new = |delta: &Delta<Val>| batch.deltas().iter().all(|other| other.id() != delta.id());
        let left: Vec<_> = before.into_iter().filter(is_new).collect();
        Some(with_deltas(&batch, left.into_iter().chain(batch.deltas().iter().cloned())))
    }
}
