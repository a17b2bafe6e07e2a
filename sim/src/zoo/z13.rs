//! Z13, Juju PR 14113: opening a watcher read the manager's channel outside of the lock. If a restart came in between, the watcher
//! was registered with the old manager, to which nobody speaks any more: it had what that one held, and then hung for ever.
//!
//! A watcher that is opened while the connection waits for its back-off gets its first batch and is told of no change after it.

use multiwatcher::machine::{Phase, Time, WatcherId};

use super::deaf::{Deaf, deafness};
use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z13 {
    deaf: Deaf,
}

impl Twist for Z13 {
    fn opened(&mut self, real: &mut Real, _: Time, watcher: WatcherId) {
        if real.machine().report().phase == Phase::Waiting {
            self.deaf.add(watcher);
        }
    }

    deafness!();
}
