//! A number for the state: machines with equal fingerprints, and equal configurations, have equal futures.
//!
//! Absolute revnos, positions and ids of watchers and calls say nothing about the future; what counts is their order among those
//! still referred to, and, where the configuration sets a limit, their distance. Times enter as distance from now. The totals of
//! the report (failures, things dropped, watchers visited) are left out: no answer but the report itself depends on them.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::super::connection::ConnectionStage;
use super::super::entity::EntityId;
use super::super::numbers::{CallId, Position, Revno, Time};
use super::super::watchers::Stage;
use super::StoreManager;

impl<V: PartialEq> StoreManager<V> {
    /// The fingerprint of the state at `now`. `value` numbers values: equal for equal ones, different for different ones. Where readers of
    /// other store managers may come, [`milestones_fingerprint`](Self::milestones_fingerprint) belongs to it.
    pub fn fingerprint(&self, now: Time, value: impl Fn(&V) -> u64) -> u128 {
        let mut print = Print::new(self, now);
        self.print_store(&mut print, &value);
        self.print_watchers(&mut print);
        self.print_connection(&mut print, &value);
        xxh3_128(&print.bytes)
    }

    /// A number for the places where such a reader can be taken over; positions enter by their distance from the store's.
    pub fn milestones_fingerprint(&self) -> u64 {
        let (at, latest) = (self.store.position().0, self.store.latest.0);
        let place = |(position, revno): (Position, Revno)| (at.wrapping_sub(position.0), latest - revno.0);
        stable_hash(&self.store.milestones.passed().map(place).collect::<Vec<_>>())
    }

    fn print_store(&self, print: &mut Print, value: &impl Fn(&V) -> u64) {
        for (_, cell) in self.store.overall().places() {
            let profile = self.store.profile(cell.slot);
            print.id(&profile.id);
            print.revno(cell.revno);
            print.tag(u8::from(cell.removed));
            let shown = cell.delta.as_ref().expect("places gives no holes").value();
            print.number(value(shown));
            if !cell.removed {
                print.bound(profile.born);
            }
            for life in profile.lives.iter() {
                print.bound(life.born);
                print.bound(life.died);
            }
        }
        print.number(u64::from(self.loaded));
        print.position(self.store.position());
        print.tag(u8::from(self.store.milestones.is_exact(self.store.milestones.now())));
    }

    fn print_watchers(&self, print: &mut Print) {
        for (watcher, filter) in self.watchers.by_age() {
            print.number(filter);
            match &watcher.ended {
                Some(error) => print.hash(error),
                None => {
                    let cohort = self.watchers.cohort(watcher.cohort);
                    match cohort.stage {
                        Stage::Fresh => print.tag(0),
                        Stage::CaughtUp => print.tag(1),
                        Stage::Behind => {
                            print.tag(2);
                            print.revno(cohort.cursor);
                            print.position(cohort.at.position);
                            print.tag(u8::from(self.store.milestones.is_exact(cohort.at)));
                            if self.config.lag_age.is_some() {
                                print.time(cohort.since);
                            }
                        }
                    }
                    print.tag(u8::from(cohort.is_keeping()));
                }
            }
            watcher.line.iter().for_each(|call| print.call(call));
            print.tag(0x10 | u8::from(watcher.line.woken));
        }
    }

    fn print_connection(&self, print: &mut Print, value: &impl Fn(&V) -> u64) {
        let connection = &self.connection;
        print.hash(&connection.phase());
        print.hash(&self.backing);
        print.hash(&self.ended);
        match &connection.stage {
            ConnectionStage::Waiting { until } => print.time(*until),
            ConnectionStage::Subscribing { since } => print.time(*since),
            ConnectionStage::Loading { p0, since, .. } => {
                print.position(*p0);
                print.time(*since);
            }
            ConnectionStage::Completing { p0, .. } => print.position(*p0),
            // Only whether the generation has lasted as long as the longest back-off matters.
            ConnectionStage::Following { since } => {
                print.number(
                    u64::try_from(print.now.since(*since).min(self.config.backoff.max).as_nanos()).unwrap_or(u64::MAX),
                );
            }
            ConnectionStage::Ended => {}
        }
        if let ConnectionStage::Loading { load, .. } | ConnectionStage::Completing { load, .. } = &connection.stage {
            for (id, staged) in &load.differing {
                print.id(id);
                print.number(value(staged));
            }
            load.errors.iter().for_each(|error| print.hash(&error));
            self.store.unseen_ids().for_each(|id| print.id(id));
        }
        if connection.is_subscribed() {
            print.time(connection.last_sign);
        }
        print.hash(&(connection.fetch_failures, connection.fetch_wanted, connection.failures_in_a_row()));
        [connection.fetch_again_at, connection.queued_since, connection.out_of_reach_since].iter().for_each(|at| {
            match at {
                Some(at) => print.time(*at),
                None => print.tag(0x20),
            }
        });
        connection.queue.iter().for_each(|&slot| print.id(self.store.id(slot)));
        if let Some(asked) = &connection.in_flight {
            print.tag(0x30);
            print.position(asked.since);
            print.time(asked.asked_at);
            asked.slots.iter().for_each(|&slot| print.id(self.store.id(slot)));
        }
        for (id, quarantined) in connection.quarantine.entries() {
            print.tag(0x40);
            print.id(id);
            print.hash(&(quarantined.cause, quarantined.failures));
            print.time(quarantined.again_at);
        }
    }
}

/// What is hashed, and the ranks that stand for absolute numbers in it.
struct Print {
    bytes: Vec<u8>,
    now: Time,
    latest: Revno,
    /// Revnos further back than this are told apart by rank alone.
    horizon: u64,
    revnos: Vec<Revno>,
    cursors: Vec<Revno>,
    positions: Vec<Position>,
    calls: Vec<CallId>,
}

impl Print {
    fn new<V: PartialEq>(machine: &StoreManager<V>, now: Time) -> Self {
        let behind = || machine.watchers.behind().map(|(_, cohort)| cohort);
        let cursors: BTreeSet<_> = behind().map(|cohort| cohort.cursor).collect();
        let mut revnos = cursors.clone();
        revnos.extend(machine.store.overall().places().map(|(_, cell)| cell.revno));
        let mut positions: BTreeSet<_> = behind().map(|cohort| cohort.at.position).collect();
        positions.insert(machine.store.position());
        positions.extend(machine.connection.in_flight.as_ref().map(|asked| asked.since));
        if let ConnectionStage::Loading { p0, .. } | ConnectionStage::Completing { p0, .. } = &machine.connection.stage
        {
            positions.insert(*p0);
        }
        let calls: BTreeSet<_> = machine.watchers.by_age().flat_map(|(watcher, _)| watcher.line.iter()).collect();
        Self {
            bytes: Vec::with_capacity(512),
            now,
            latest: machine.store.latest,
            horizon: machine.config.window.max(machine.config.lag_limit.unwrap_or(0)),
            revnos: revnos.into_iter().collect(),
            cursors: cursors.into_iter().collect(),
            positions: positions.into_iter().collect(),
            calls: calls.into_iter().collect(),
        }
    }

    fn tag(&mut self, tag: u8) {
        self.bytes.push(tag);
    }

    fn number(&mut self, number: u64) {
        self.bytes.extend(number.to_le_bytes());
    }

    fn hash(&mut self, value: &impl Hash) {
        self.number(stable_hash(value));
    }

    fn id(&mut self, id: &EntityId) {
        self.bytes.extend(id.kind.as_str().as_bytes());
        self.tag(0);
        self.bytes.extend(id.model.as_u128().to_le_bytes());
        self.bytes.extend(id.id().as_bytes());
        self.tag(0);
    }

    fn revno(&mut self, revno: Revno) {
        self.number(self.revnos.partition_point(|&other| other < revno) as u64);
        self.distance(revno);
    }

    /// A revno that is only ever compared with cursors: those that are behind, and by resuming those of the window.
    fn bound(&mut self, revno: Revno) {
        self.number(self.cursors.partition_point(|&other| other < revno) as u64);
        self.distance(revno);
    }

    fn distance(&mut self, revno: Revno) {
        self.number((self.latest.0 - revno.0).min(self.horizon + 1));
    }

    fn position(&mut self, position: Position) {
        self.number(self.positions.partition_point(|&other| other < position) as u64);
    }

    fn call(&mut self, call: CallId) {
        self.number(self.calls.partition_point(|&other| other < call) as u64);
    }

    fn time(&mut self, at: Time) {
        self.bytes.extend((i128::from(at.as_nanos()) - i128::from(self.now.as_nanos())).to_le_bytes());
    }
}

/// A hash that is the same in every process.
pub(in crate::machine) fn stable_hash(value: &impl Hash) -> u64 {
    let mut hasher = Xxh3::new();
    value.hash(&mut hasher);
    hasher.finish()
}
