//! Z17, Juju 4, February 2023: a watcher was registered under the number of watchers there were. After one had left, the next took
//! the name of a living one, which was told nothing any more.
//!
//! A registry of that kind stands beside the machine. Whoever was driven out of it is told of no change; its first batch it
//! reads from the store itself.

use std::collections::BTreeMap;

use multiwatcher::machine::{Time, WatcherId};

use super::deaf::{Deaf, deafness};
use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z17 {
    registry: BTreeMap<usize, WatcherId>,
    deaf: Deaf,
}

impl Twist for Z17 {
    fn opened(&mut self, _: &mut Real, _: Time, watcher: WatcherId) {
        let living = self.registry.insert(self.registry.len(), watcher);
        living.into_iter().for_each(|living| self.deaf.add(living));
    }

    fn stop(&mut self, real: &mut Real, now: Time, watcher: WatcherId) {
        self.registry.retain(|_, registered| *registered != watcher);
        real.stop(now, watcher);
    }

    deafness!();
}
