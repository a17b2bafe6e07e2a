//! Z10, found in Juju's worker: everything a reader asks goes through the loop that loads and fetches. Stop, and the first
//! poll of a call of next, wait until the load or fetch that runs is over.
//!
//! What is asked in between is kept, and put to the machine afterwards.

use std::collections::BTreeMap;

use multiwatcher::machine::{CallId, NextPoll, Phase, Time, WatcherId};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z10 {
    stops: Vec<WatcherId>,
    calls: Vec<(WatcherId, CallId)>,
    answers: BTreeMap<CallId, NextPoll<Val>>,
}

impl Twist for Z10 {
    fn stop(&mut self, real: &mut Real, now: Time, watcher: WatcherId) {
        if is_busy(real) { self.stops.push(watcher) } else { real.stop(now, watcher) }
    }

    fn next(&mut self, real: &mut Real, now: Time, watcher: WatcherId, call: Option<CallId>) -> NextPoll<Val> {
        match call {
            None if is_busy(real) => {
                let call = real.pend(watcher, None);
                self.calls.push((watcher, call));
                NextPoll::Pending(call)
            }
            Some(call) if self.calls.contains(&(watcher, call)) => NextPoll::Pending(call),
            Some(call) => self.answers.remove(&call).unwrap_or_else(|| real.next(now, watcher, Some(call))),
            None => real.next(now, watcher, None),
        }
    }

    fn drop_call(&mut self, real: &mut Real, now: Time, watcher: WatcherId, call: CallId) {
        self.calls.retain(|(_, kept)| *kept != call);
        self.answers.remove(&call);
        real.drop_call(now, watcher, call);
    }

    fn settle(&mut self, real: &mut Real, now: Time) {
        if is_busy(real) {
            return;
        }
        self.stops.drain(..).for_each(|watcher| real.stop(now, watcher));
        for (watcher, call) in self.calls.drain(..) {
            let answer = real.next(now, watcher, Some(call));
            if let NextPoll::Ready(_) = &answer {
                self.answers.insert(call, answer);
                real.wake(call);
            }
        }
    }
}

fn is_busy(real: &Real) -> bool {
    real.is_fetching() || matches!(real.machine().report().phase, Phase::Loading | Phase::Completing)
}
