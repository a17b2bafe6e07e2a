//! A number for the state of the stage, and one for a whole lockstep run: equal ones have equal futures under equal operations.
//!
//! Budgets, rests and the totals of operations are left out: they are the generator's, and decide what is drawn, not what
//! an operation does.

use core::hash::{Hash, Hasher};

use xxhash_rust::xxh3::Xxh3;

use super::backing::Message;
use super::lockstep::Lockstep;
use super::observation::EPOCH;
use super::readers::Reader;
use super::stage::Stage;
use super::subject::Subject;
use crate::machine::{Position, Revno};

impl Stage {
    /// The fingerprint, given the subject's latest revno: places to resume from enter by their distance from it, positions by
    /// theirs from the backing's latest, generations by their age, calls by their order.
    pub fn fingerprint(&self, latest: Revno) -> u128 {
        let mut hasher = Xxh3::new();
        (self.ended, self.generation == 0).hash(&mut hasher);
        self.print_backing(&mut hasher);
        let mut calls: Vec<u32> =
            self.readers.iter().flat_map(|reader| reader.calls.iter().map(|call| call.number)).collect();
        calls.sort_unstable();
        for reader in &self.readers {
            self.print_reader(reader, latest, &calls, &mut hasher);
        }
        hasher.digest128()
    }

    fn print_backing(&self, hasher: &mut impl Hasher) {
        let it = &self.backing;
        (it.ailing, it.ailing_once, it.silent, it.has_lost_answer(), it.streams(), it.identity()).hash(hasher);
        if it.speaking().is_some() {
            self.now.since(self.heard).hash(hasher);
        }
        if let Some(session) = &it.session {
            (self.generation - session.generation, session.said, session.rewound, session.owed, session.touched)
                .hash(hasher);
            session.load.map(|load| (load.read, load.errors, load.under_way)).hash(hasher);
            session.accepted.map(|at| (it.end() - at, it.end() - session.streamed)).hash(hasher);
        }
        let newest = it
            .fetches
            .iter()
            .map(|fetch| fetch.fetch)
            .chain(it.flights.iter().filter_map(|flight| flight.message.answers()))
            .max();
        let rank = |fetch: u32| newest.map(|newest| newest - fetch);
        for fetch in &it.fetches {
            (self.generation - fetch.generation, rank(fetch.fetch), fetch.ids).hash(hasher);
            (it.end() - fetch.since_at, it.end() - fetch.asked_at, self.back(fetch.since)).hash(hasher);
        }
        for flight in &it.flights {
            let (reading, span) = match flight.message {
                Message::Staged(reading) => (reading, None),
                Message::Unasked(step) | Message::Answer(_, step) => {
                    (step.reading, Some((self.back(step.from), self.back(step.to))))
                }
            };
            (self.generation - flight.generation, flight.repeat, flight.message.answers().map(rank), span).hash(hasher);
            (reading.state.only(reading.ids), reading.ids, reading.errors, it.log()[reading.at as usize].state)
                .hash(hasher);
        }
        self.print_log(hasher);
    }

    /// The log's entries that a later answer can still go back to.
    fn print_log(&self, hasher: &mut impl Hasher) {
        let it = &self.backing;
        let oldest = it.oldest();
        let mut from =
            it.fetches.iter().map(|fetch| fetch.since_at).chain(it.session.and_then(|session| session.accepted)).min();
        if self.regime.faults.rewind > 0 || self.regime.faults.overlap > 0 {
            from = Some(oldest);
        }
        let from = from.unwrap_or(it.end());
        (it.end() - from, from.max(oldest) - from).hash(hasher);
        for entry in &it.log()[from.max(oldest) as usize..] {
            (self.back(entry.position), entry.state, entry.touched).hash(hasher);
        }
    }

    fn print_reader(&self, reader: &Reader, latest: Revno, calls: &[u32], hasher: &mut impl Hasher) {
        (reader.status, reader.filter, reader.fresh, reader.view, reader.over.is_some(), reader.calls.len())
            .hash(hasher);
        for call in &reader.calls {
            (calls.partition_point(|other| *other < call.number), call.woken).hash(hasher);
        }
        for held in &reader.kept {
            let distance = i128::from(latest.0) - i128::from(held.point.revno.0);
            (distance, self.back(held.point.position), held.point.epoch == EPOCH, held.view, held.filter).hash(hasher);
            held.point.backing.hash(hasher);
        }
    }

    fn back(&self, position: Position) -> i128 {
        i128::from(self.backing.latest().position.0) - i128::from(position.0)
    }
}

impl Message {
    fn answers(&self) -> Option<u32> {
        match self {
            Self::Answer(fetch, _) => Some(*fetch),
            Self::Staged(_) | Self::Unasked(_) => None,
        }
    }
}

impl<S: Subject> Lockstep<S> {
    /// The fingerprint of subject, stage and reference model together; none if the subject has none.
    pub fn state_fingerprint(&self) -> Option<u128> {
        let (stage, reference) = (self.world().stage(), self.reference());
        let subject = self.world().subject();
        let (print, milestones) = (subject.fingerprint(stage.now())?, subject.milestones_fingerprint());
        let mut hasher = Xxh3::new();
        (print, milestones, stage.fingerprint(reference.latest()), reference.fingerprint()).hash(&mut hasher);
        reference.print_places(&mut hasher);
        Some(hasher.digest128())
    }
}
