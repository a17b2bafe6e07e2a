//! A number for the reference model's state: models with equal fingerprints, of equal regimes, have equal futures.
//!
//! Revnos and calls enter by their order among those that a later answer can still depend on (and by their distance from the
//! latest, as far as window and lag limit reach), times by their distance from now, positions by their distance from the backing's latest.
//! States of the past enter only where a watcher stands behind, or where a reader may resume from. The backing's log is
//! not in it but for its end: what of it is still under way is in the fingerprint of the [`Stage`](super::super::Stage).

use core::hash::{Hash, Hasher};

use xxhash_rust::xxh3::Xxh3;

use super::super::state::IdSet;
use super::super::universe::{IdIx, Shape};
use super::Reference;
use super::connection::Stage;
use super::watchers::WatcherStage;
use crate::machine::{Position, Time};

impl Reference {
    /// The fingerprint. Where readers of other store managers may come, [`print_places`](Self::print_places) belongs to it.
    pub fn fingerprint(&self) -> u128 {
        let mut hasher = Xxh3::new();
        (self.store(), self.backing(), self.loaded, self.ended).hash(&mut hasher);
        // A subject with a task may owe something from one operation to the next.
        let owed = &self.owed;
        (owed.unsubscribe, owed.subscribe, owed.load, owed.ended, owed.asks, owed.wakes.len()).hash(&mut hasher);
        self.places.print(&mut hasher);
        self.print_history(&mut hasher);
        self.print_watchers(&mut hasher);
        self.print_connection(&mut hasher);
        hasher.digest128()
    }

    /// Where such a reader can be taken over.
    pub fn print_places(&self, hasher: &mut impl Hasher) {
        self.places.print_passed(self.oldest().0, self.latest().0, |position| self.back(position), hasher);
    }

    /// Ids whose latest change can still be told of: those alive, and the dead that somebody may be told of.
    fn telling(&self) -> IdSet {
        let held = |cursor| self.history.at(cursor).alive();
        let behind = self.behind().map(|(cursor, ids)| held(cursor).and(ids)).fold(IdSet::EMPTY, IdSet::or);
        self.store().alive().or(behind).or(self.history.died_after(self.oldest().0))
    }

    fn behind(&self) -> impl Iterator<Item = (u64, IdSet)> {
        self.watchers.iter().filter_map(|watcher| match watcher.stage {
            WatcherStage::Behind { cursor, .. } => Some((cursor, watcher.ids)),
            WatcherStage::None | WatcherStage::Fresh | WatcherStage::CaughtUp | WatcherStage::Ended(_) => None,
        })
    }

    fn print_history(&self, hasher: &mut impl Hasher) {
        let telling = self.telling();
        let mut revnos: Vec<u64> = telling.iter().map(|ix| self.history.changed(ix)).collect();
        revnos.extend(self.behind().map(|(cursor, _)| cursor));
        revnos.sort_unstable();
        revnos.dedup();
        let horizon = self.config.window.max(self.config.lag_limit.unwrap_or(0)) + 1;
        let rank =
            |revno: u64| (revnos.partition_point(|other| *other < revno), (self.latest().0 - revno).min(horizon));
        for ix in (0..Shape::IDS).map(IdIx) {
            telling.has(ix).then(|| rank(self.history.changed(ix))).hash(hasher);
        }
        for (cursor, ids) in self.behind() {
            (rank(cursor), self.history.at(cursor).only(ids)).hash(hasher);
        }
        (self.oldest().0..self.latest().0).for_each(|revno| self.history.at(revno).hash(hasher));
    }

    fn print_watchers(&self, hasher: &mut impl Hasher) {
        let mut calls: Vec<u32> = self.watchers.iter().flat_map(|watcher| watcher.line.iter().copied()).collect();
        calls.sort_unstable();
        for watcher in &self.watchers {
            (watcher.ids, watcher.woken, watcher.shares, watcher.line.len()).hash(hasher);
            watcher.line.iter().for_each(|call| calls.partition_point(|other| other < call).hash(hasher));
            match watcher.stage {
                WatcherStage::None => 0u8.hash(hasher),
                WatcherStage::Fresh => 1u8.hash(hasher),
                WatcherStage::CaughtUp => 2u8.hash(hasher),
                WatcherStage::Behind { position, past, since, .. } => {
                    let aged = self.config.lag_age.map(|_| self.ago(since));
                    (3u8, self.back(position), self.places.is_exact(past), aged).hash(hasher);
                }
                WatcherStage::Ended(error) => (4u8, error).hash(hasher),
            }
        }
    }

    fn print_connection(&self, hasher: &mut impl Hasher) {
        let it = &self.connection;
        self.back(self.position()).hash(hasher);
        match it.stage {
            Stage::Waiting { until } => (0u8, self.ago(until)).hash(hasher),
            Stage::Subscribing { since } => (1u8, self.ago(since)).hash(hasher),
            Stage::Loading { p0, since } => (2u8, self.back(p0), self.ago(since), it.load_errors).hash(hasher),
            Stage::Completing { p0 } => (3u8, self.back(p0), it.load_errors).hash(hasher),
            // Only whether it has lasted as long as the longest back-off matters.
            Stage::Following { since } => (4u8, self.now.since(since).min(self.config.backoff.max)).hash(hasher),
            Stage::Ended => 5u8.hash(hasher),
        }
        it.asked.map(|asked| (self.back(asked.since), asked.ids, self.ago(asked.at))).hash(hasher);
        (it.queue, it.quarantine, it.out_of_reach_since.map(|since| self.ago(since))).hash(hasher);
        it.print_waits(self.now, hasher);
    }

    /// A moment, by its distance from now.
    fn ago(&self, time: Time) -> i128 {
        i128::from(self.now.as_nanos()) - i128::from(time.as_nanos())
    }

    /// A position, by its distance from the backing's latest; a backing that went back may stand before it.
    fn back(&self, position: Position) -> i128 {
        i128::from(self.top.0) - i128::from(position.0)
    }
}
