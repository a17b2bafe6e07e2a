//! Watchers that nobody tells of changes: they are not woken, and a poll finds nothing. Their first batch, which they read
//! from the store themselves, and their end they get.

use std::collections::BTreeSet;

use multiwatcher::machine::{Batch, CallId, NextError, NextPoll, Output, Time, WatcherId};
use multiwatcher::testing::Val;

use super::real::Real;

/// Who is deaf.
#[derive(Debug, Default)]
pub(super) struct Deaf(BTreeSet<WatcherId>);

impl Deaf {
    /// Nobody tells this watcher of changes.
    pub(super) fn add(&mut self, watcher: WatcherId) {
        self.0.insert(watcher);
    }

    fn misses(&self, real: &mut Real, now: Time, watcher: WatcherId) -> bool {
        self.0.contains(&watcher) && real.is_behind(now, watcher)
    }

    /// The call of a deaf watcher goes on waiting.
    pub(super) fn next(&self, real: &mut Real, now: Time, watcher: WatcherId, call: Option<CallId>) -> NextPoll<Val> {
        if self.misses(real, now, watcher) {
            return NextPoll::Pending(call.unwrap_or_else(|| real.pend(watcher, None)));
        }
        real.next(now, watcher, call)
    }

    /// There is nothing for it without waiting.
    pub(super) fn try_next(
        &self,
        real: &mut Real,
        now: Time,
        watcher: WatcherId,
    ) -> Result<Option<Batch<Val>>, NextError> {
        if self.misses(real, now, watcher) { Ok(None) } else { real.try_next(now, watcher) }
    }

    /// Its wake-ups are kept back.
    pub(super) fn output(&self, real: &mut Real, now: Time, output: Output) -> Option<Output> {
        let Output::Wake { call } = output else { return Some(output) };
        match real.call(call) {
            Some(call) if self.misses(real, now, call.watcher) => None,
            Some(_) | None => Some(output),
        }
    }
}

/// The part of a [`Twist`](super::with::Twist) that makes the watchers in its field `deaf` deaf.
macro_rules! deafness {
    () => {
        fn next(
            &mut self,
            real: &mut Real,
            now: Time,
            watcher: WatcherId,
            call: Option<multiwatcher::machine::CallId>,
        ) -> multiwatcher::machine::NextPoll<multiwatcher::testing::Val> {
            self.deaf.next(real, now, watcher, call)
        }

        fn try_next(
            &mut self,
            real: &mut Real,
            now: Time,
            watcher: WatcherId,
        ) -> Result<Option<multiwatcher::machine::Batch<multiwatcher::testing::Val>>, multiwatcher::machine::NextError>
        {
            self.deaf.try_next(real, now, watcher)
        }

        fn output(
            &mut self,
            real: &mut Real,
            now: Time,
            output: multiwatcher::machine::Output,
        ) -> Option<multiwatcher::machine::Output> {
            self.deaf.output(real, now, output)
        }
    };
}
pub(super) use deafness;
