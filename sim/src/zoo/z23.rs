//! Z23, kubernetes 116122: a watcher was registered while the cache was initialised again, after everybody had been told of it: what
//! changed in between it was never told.
//!
//! Watchers that are opened during a reload are not woken for what that reload brings, and a poll finds nothing of it until the
//! backing is heard again.

use multiwatcher::machine::{Input, Phase, Time, WatcherId};
use multiwatcher::testing::Val;

use super::deaf::{Deaf, deafness};
use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z23 {
    deaf: Deaf,
}

impl Twist for Z23 {
    fn opened(&mut self, real: &mut Real, _: Time, watcher: WatcherId) {
        if matches!(real.machine().report().phase, Phase::Subscribing | Phase::Loading | Phase::Completing) {
            self.deaf.add(watcher);
        }
    }

    fn hear(&mut self, real: &mut Real, now: Time, input: Input<Val>) {
        if real.machine().report().phase == Phase::Following {
            self.deaf = Deaf::default();
        }
        real.hear(now, input);
    }

    deafness!();
}
