//! Z26, every async API of this kind: `next` moves the cursor, then comes an await, and the caller drops the future there. The
//! batch is lost.
//!
//! The cursor is moved when a call is woken, and the batch lies with that call. It is handed over by the call's next poll;
//! if it is dropped before, nobody gets it. Until then nothing of it can be seen, so it is taken from the machine only when it is lost.

use std::collections::BTreeSet;

use multiwatcher::machine::{CallId, NextPoll, Output, Time, WatcherId};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub struct Z26 {
    woken: BTreeSet<CallId>,
}

impl Twist for Z26 {
    fn output(&mut self, _: &mut Real, _: Time, output: Output) -> Option<Output> {
        if let Output::Wake { call } = output {
            self.woken.insert(call);
        }
        Some(output)
    }

    fn next(&mut self, real: &mut Real, now: Time, watcher: WatcherId, call: Option<CallId>) -> NextPoll<Val> {
        call.into_iter().for_each(|call| {
            self.woken.remove(&call);
        });
        real.next(now, watcher, call)
    }

    fn drop_call(&mut self, real: &mut Real, now: Time, watcher: WatcherId, call: CallId) {
        if self.woken.remove(&call)
            && let NextPoll::Ready(_lost) = real.next(now, watcher, Some(call))
        {
            return;
        }
        real.drop_call(now, watcher, call);
    }
}
