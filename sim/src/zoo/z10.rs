//! Z10, found in Juju's worker: everything a reader asks goes through the loop that loads and fetches. Stop, and the first
//! poll of a call of next, wait until the load or fetch that runs is over.
//!
//! What is asked in between is kept, and put to the machine afterwards.

use multiwatcher::machine::{CallId, NextPoll, Phase, Time, WatcherId};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub struct Z10 {
    stops: Vec<WatcherId>,
    calls: Vec<CallId>,
}

impl Twist for Z10 {
    fn stop(&mut self, real: &mut Real, now: Time, watcher: WatcherId) {
        if is_busy(real) { self.stops.push(watcher) } else { real.stop(now, watcher) }
    }

    fn next(&mut self, real: &mut Real, now: Time, watcher: WatcherId, call: Option<CallId>) -> NextPoll<Val> {
        match call {
            None if is_busy(real) => {
                let call = real.pend(watcher, None);
                self.calls.push(call);
                NextPoll::Pending(call)
            }
            Some(call) if self.calls.contains(&call) => NextPoll::Pending(call),
            None | Some(_) => real.next(now, watcher, call),
        }
    }

    fn drop_call(&mut self, real: &mut Real, now: Time, watcher: WatcherId, call: CallId) {
        self.calls.retain(|kept| *kept != call);
        real.drop_call(now, watcher, call);
    }

    fn settle(&mut self, real: &mut Real, now: Time) {
        if !is_busy(real) {
            self.calls.drain(..).for_each(|call| real.wake(call));
            self.stops.drain(..).for_each(|watcher| real.stop(now, watcher));
        }
    }
}

fn is_busy(real: &Real) -> bool {
    real.is_fetching() || matches!(real.machine().report().phase, Phase::Loading | Phase::Completing)
}
