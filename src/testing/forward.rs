//! The fingerprint of a run in which nothing goes back, for searches that merge runs.
//!
//! Nobody resumes, prunes, rewinds, skips positions, reads behind the latest commit or from another start than asked for, or polls what is over;
//! no notice is repeated. Then of the backing's log only what was touched since somebody stands somewhere can still show, of a
//! reader's past nothing, and a run merges with many more. [`Stage::fingerprint`] is for runs in which anything may happen.

use core::hash::{Hash, Hasher};

use xxhash_rust::xxh3::Xxh3;

use super::backing::{Message, Reading};
use super::observation::Observation;
use super::readers::Status;
use super::reference::{ConnectionStage, Reference};
use super::stage::Stage;
use super::subject::Subject;
use super::world::World;
use crate::machine::{BackingCall, FetchId, Position};

impl<S: Subject> World<S> {
    /// The fingerprint of subject, stage, what was posted and not taken, and reference model together; none if the subject has
    /// none. Worlds with equal ones have equal futures, as long as nothing goes back. Budgets are whoever counts them to add.
    pub fn forward_fingerprint(&self, reference: &Reference) -> Option<u128> {
        let subject = self.subject.fingerprint(self.stage.now)?;
        Some(self.forward_fingerprint_with(subject, reference))
    }

    /// The same for a subject whose fingerprint is known: an operation in which it had no part leaves it as it was.
    pub fn forward_fingerprint_with(&self, subject: u128, reference: &Reference) -> u128 {
        let mut hasher = Xxh3::new();
        (subject, reference.fingerprint()).hash(&mut hasher);
        self.stage.print_forward(reference, &mut hasher);
        // What lies on different lines is taken in an order of the subject's own.
        for line in [Line::Subscription, Line::Load, Line::Fetch] {
            (line as u8).hash(&mut hasher);
            for (_, posted) in self.posted.iter().filter(|(_, posted)| Line::of(posted) == Some(line)) {
                self.stage.print_posted(posted, &mut hasher);
            }
        }
        hasher.digest128()
    }
}

/// Where something is posted; what lies on one line is taken in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Subscription,
    Load,
    Fetch,
}

impl Line {
    /// The line of what the backing says; `None` for what it does not say.
    fn of(posted: &Observation) -> Option<Self> {
        match *posted {
            Observation::Subscribed { .. }
            | Observation::Noticed { .. }
            | Observation::Marked { .. }
            | Observation::Stepped { fetch: None, .. } => Some(Self::Subscription),
            Observation::Staged { .. } | Observation::LoadDone { .. } => Some(Self::Load),
            Observation::Stepped { fetch: Some(_), .. } => Some(Self::Fetch),
            Observation::Failed { call, .. } => Some(match call {
                BackingCall::Subscription => Self::Subscription,
                BackingCall::Load => Self::Load,
                BackingCall::Fetch(_) => Self::Fetch,
            }),
            Observation::Committed { .. }
            | Observation::Rewound { .. }
            | Observation::TimedOut
            | Observation::Killed(_)
            | Observation::Now(_)
            | Observation::Unsubscribe { .. }
            | Observation::Subscribe { .. }
            | Observation::Load { .. }
            | Observation::Fetch { .. }
            | Observation::Ended(_)
            | Observation::Woken { .. }
            | Observation::WokenNobody
            | Observation::Opened { .. }
            | Observation::Resumed { .. }
            | Observation::Called { .. }
            | Observation::Dropped { .. }
            | Observation::Progressed { .. }
            | Observation::Stopped { .. }
            | Observation::Misanswered => None,
        }
    }
}

impl Stage {
    fn print_forward(&self, reference: &Reference, hasher: &mut impl Hasher) {
        let it = &self.backing;
        (self.ended, it.ailing, it.ailing_once, it.silent, it.has_lost_answer()).hash(hasher);
        let may_load = match reference.connection() {
            ConnectionStage::Subscribing { .. } | ConnectionStage::Loading { .. } => true,
            ConnectionStage::Waiting { .. }
            | ConnectionStage::Completing { .. }
            | ConnectionStage::Following { .. }
            | ConnectionStage::Ended => false,
        };
        if let Some(session) = &it.session {
            (self.age(session.generation), session.said, session.owed).hash(hasher);
            (may_load || session.load.is_some()).then_some(session.touched).hash(hasher);
            session.load.map(|load| (load.read, load.errors, load.under_way)).hash(hasher);
            session.accepted.map(|at| (!session.said).then_some(it.end() - at)).hash(hasher);
            it.streams().then(|| self.since(session.streamed)).hash(hasher);
        }
        self.since(self.entry_of(reference.position())).hash(hasher);
        if let ConnectionStage::Loading { p0, .. } | ConnectionStage::Completing { p0 } = reference.connection() {
            self.since(self.entry_of(p0)).hash(hasher);
        } else if let Some(at) = it.session.and_then(|session| session.accepted).filter(|_| may_load) {
            self.since(at).hash(hasher);
        }
        for fetch in &it.fetches {
            (self.age(fetch.generation), self.before_newest(fetch.fetch), fetch.ids).hash(hasher);
            self.since(fetch.since_at).hash(hasher);
        }
        for flight in &it.flights {
            (self.age(flight.generation), flight.repeat).hash(hasher);
            match flight.message {
                Message::Staged(reading) => self.print_reading(&reading, hasher),
                Message::Unasked(step) => {
                    (self.behind(step.from), self.behind(step.to)).hash(hasher);
                    self.print_reading(&step.reading, hasher);
                }
                Message::Answer(fetch, step) => {
                    (self.before_newest(fetch), self.behind(step.from), self.behind(step.to)).hash(hasher);
                    self.print_reading(&step.reading, hasher);
                }
            }
        }
        self.print_readers(hasher);
    }

    fn print_readers(&self, hasher: &mut impl Hasher) {
        let calls = || self.readers.iter().flat_map(|reader| &reader.calls);
        for reader in &self.readers {
            (reader.status, reader.filter, reader.opens > 0, reader.calls.len()).hash(hasher);
            // What somebody holds who is told nothing more is of no account.
            (reader.status == Status::Open).then_some((reader.fresh, reader.view)).hash(hasher);
            for call in &reader.calls {
                (calls().filter(|other| other.number < call.number).count(), call.woken).hash(hasher);
            }
        }
    }

    /// The reference model takes the whole state at the entry, whatever ids were read.
    fn print_reading(&self, reading: &Reading, hasher: &mut impl Hasher) {
        (reading.state.only(reading.ids), reading.ids, reading.errors).hash(hasher);
        self.backing.log()[reading.at as usize].state.hash(hasher);
    }

    fn print_posted(&self, posted: &Observation, hasher: &mut impl Hasher) {
        core::mem::discriminant(posted).hash(hasher);
        match *posted {
            Observation::Subscribed { generation, position, .. } | Observation::Marked { generation, position } => {
                (self.age(generation), self.behind(position)).hash(hasher);
                self.since(self.entry_of(position)).hash(hasher);
            }
            Observation::Staged { generation, ids, errors } => (self.age(generation), ids, errors).hash(hasher),
            Observation::LoadDone { generation } => self.age(generation).hash(hasher),
            Observation::Noticed { generation, ids } => (self.age(generation), ids).hash(hasher),
            Observation::Stepped { generation, fetch, from, to, at, ids, errors } => {
                (self.age(generation), fetch.map(|fetch| self.before_newest(fetch))).hash(hasher);
                (self.behind(from), self.behind(to), ids, errors).hash(hasher);
                self.backing.log()[at as usize].state.hash(hasher);
            }
            Observation::Failed { generation, call, cause } => {
                let fetch = match call {
                    BackingCall::Fetch(FetchId(fetch)) => {
                        u32::try_from(fetch).ok().map(|fetch| self.before_newest(fetch))
                    }
                    BackingCall::Subscription | BackingCall::Load => None,
                };
                (self.age(generation), fetch, cause).hash(hasher);
            }
            Observation::Committed { .. }
            | Observation::Rewound { .. }
            | Observation::TimedOut
            | Observation::Killed(_)
            | Observation::Now(_)
            | Observation::Unsubscribe { .. }
            | Observation::Subscribe { .. }
            | Observation::Load { .. }
            | Observation::Fetch { .. }
            | Observation::Ended(_)
            | Observation::Woken { .. }
            | Observation::WokenNobody
            | Observation::Opened { .. }
            | Observation::Resumed { .. }
            | Observation::Called { .. }
            | Observation::Dropped { .. }
            | Observation::Progressed { .. }
            | Observation::Stopped { .. }
            | Observation::Misanswered => {}
        }
    }

    fn age(&self, generation: u32) -> u32 {
        self.generation.wrapping_sub(generation)
    }

    fn before_newest(&self, fetch: u32) -> u32 {
        self.backing.newest_fetch().wrapping_sub(fetch)
    }

    fn behind(&self, position: Position) -> i128 {
        i128::from(self.backing.latest().position.0) - i128::from(position.0)
    }

    /// What was touched after this entry, and how many commits ago it was. A step from there must tell of it.
    fn since(&self, entry: u32) -> (u32, super::state::IdSet) {
        let end = self.backing.end();
        (end - entry.min(end), self.backing.touched(entry, end))
    }

    /// The latest entry that is no later than this position.
    fn entry_of(&self, position: Position) -> u32 {
        let before = self.backing.log().partition_point(|entry| entry.position <= position);
        u32::try_from(before).expect("a run has fewer commits").saturating_sub(1)
    }
}
