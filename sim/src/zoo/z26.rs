//! Z26, every async API of this kind: `next` moves the cursor, then comes an await, and the caller drops the future there. The
//! batch is lost.
//!
//! The cursor is moved when a call is woken, and the batch lies with that call. It is handed over by the call's next poll;
//! if it is dropped before, nobody gets it. Until then nothing of it can be seen, so it is taken from the machine only when it is lost.
//! The report goes on counting the watcher among those behind, as one would that looks at what was handed over.

use std::collections::BTreeSet;

use multiwatcher::machine::{CallId, NextPoll, Output, Report, Time, WatcherId};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z26 {
    woken: BTreeSet<CallId>,
    /// Those that lost a batch, and had no other since.
    short: BTreeSet<WatcherId>,
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
        let was_behind = real.is_behind(now, watcher);
        if self.woken.remove(&call)
            && let NextPoll::Ready(_lost) = real.next(now, watcher, Some(call))
        {
            self.short.extend(was_behind.then_some(watcher));
            return;
        }
        real.drop_call(now, watcher, call);
    }

    fn settle(&mut self, real: &mut Real, now: Time) {
        self.short.retain(|watcher| real.progress(now, *watcher).is_ok() && !real.is_behind(now, *watcher));
    }

    fn report(&self, report: &mut Report) {
        report.watchers.caught_up -= self.short.len();
        report.watchers.behind += self.short.len();
    }
}
