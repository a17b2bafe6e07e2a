//! Z7, found in Juju's worker: stop leaves the watcher in the registry. Open and stop a thousand times, and the report counts
//! a thousand watchers, each with what it pins.
//!
//! The machine is not told of a stop. Readers see nothing of it: pending calls are woken and read Stopped, as later ones do.

use std::collections::BTreeSet;

use multiwatcher::machine::{Batch, CallId, NextError, NextPoll, Progress, Time, WatcherId};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z7 {
    stopped: BTreeSet<WatcherId>,
}

impl Twist for Z7 {
    fn stop(&mut self, real: &mut Real, _: Time, watcher: WatcherId) {
        if self.stopped.insert(watcher) {
            real.line(watcher).iter().for_each(|call| real.wake(call.outer));
        }
    }

    fn next(&mut self, real: &mut Real, now: Time, watcher: WatcherId, call: Option<CallId>) -> NextPoll<Val> {
        if self.stopped.contains(&watcher) {
            call.into_iter().for_each(|call| real.forget(call));
            return NextPoll::Ready(Err(NextError::Stopped));
        }
        real.next(now, watcher, call)
    }

    fn try_next(&mut self, real: &mut Real, now: Time, watcher: WatcherId) -> Result<Option<Batch<Val>>, NextError> {
        if self.stopped.contains(&watcher) { Err(NextError::Stopped) } else { real.try_next(now, watcher) }
    }

    fn progress(&mut self, real: &mut Real, now: Time, watcher: WatcherId) -> Result<Option<Progress>, NextError> {
        if self.stopped.contains(&watcher) { Err(NextError::Stopped) } else { real.progress(now, watcher) }
    }
}
