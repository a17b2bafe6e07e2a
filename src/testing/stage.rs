//! Everything of a run but the subject: backing, readers, time. What the generator and the schedulers look at.

use super::backing::Backing;
use super::operation::Party;
use super::readers::{Reader, Status};
use super::regime::{Character, Regime, Telling};
use super::universe::Universe;
use crate::machine::{Time, Timeout};

/// The surroundings of the subject.
#[derive(Debug, Clone)]
pub struct Stage {
    pub(super) regime: Regime,
    pub(super) universe: Universe,
    pub(super) backing: Backing,
    pub(super) readers: Vec<Reader>,
    pub(super) now: Time,
    pub(super) deadline: Option<Timeout>,
    /// The newest generation the subject has named.
    pub(super) generation: u32,
    /// When the subject last heard from the backing's subscription.
    pub(super) heard: Time,
    pub(super) ended: bool,
    /// The number of the newest call.
    pub(super) call: u32,
    made: [u32; Party::COUNT],
    total: u32,
}

impl Stage {
    pub(super) fn new(regime: Regime) -> Self {
        let mut stage = Self {
            universe: Universe::new(regime.shape),
            backing: Backing::new(false),
            readers: Vec::with_capacity(Party::READERS),
            now: Time::ZERO,
            deadline: None,
            generation: 0,
            heard: Time::ZERO,
            ended: false,
            call: 0,
            made: [0; Party::COUNT],
            total: 0,
            regime,
        };
        stage.clear();
        stage
    }

    pub(super) fn reset(&mut self, regime: &Regime) {
        if self.universe.shape() != regime.shape {
            self.universe = Universe::new(regime.shape);
        }
        self.regime.clone_from(regime);
        self.clear();
    }

    fn clear(&mut self) {
        assert!(self.regime.readers.len() <= Party::READERS, "a run has at most {} readers", Party::READERS);
        self.backing.reset(self.regime.telling == Telling::Steps);
        self.readers.truncate(self.regime.readers.len());
        for (reader, character) in self.readers.iter_mut().zip(&self.regime.readers) {
            reader.reset(*character);
        }
        for character in &self.regime.readers[self.readers.len()..] {
            self.readers.push(Reader::new(*character));
        }
        (self.now, self.deadline, self.heard) = (Time::ZERO, None, Time::ZERO);
        (self.generation, self.ended, self.call) = (0, false, 0);
        (self.made, self.total) = ([0; Party::COUNT], 0);
    }

    /// What the run is like.
    pub fn regime(&self) -> &Regime {
        &self.regime
    }

    /// Its ids, filters and values.
    pub fn universe(&self) -> &Universe {
        &self.universe
    }

    /// The backing.
    pub fn backing(&self) -> &Backing {
        &self.backing
    }

    /// The readers.
    pub fn readers(&self) -> &[Reader] {
        &self.readers
    }

    /// The time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// When the subject wants to be told that a deadline has passed.
    pub fn deadline(&self) -> Option<Timeout> {
        self.deadline
    }

    /// Whether the subject has said that it ended.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Operations this party has made.
    pub fn made(&self, party: Party) -> u32 {
        self.made[party.index()]
    }

    /// Operations of all parties.
    pub fn total(&self) -> u32 {
        self.total
    }

    pub(super) fn count(&mut self, party: Party) {
        self.made[party.index()] += 1;
        self.total += 1;
    }

    /// Whether a party could do something of use, its budget considered. Costs a few comparisons.
    pub fn enabled(&self, party: Party) -> bool {
        let budgets = &self.regime.budgets;
        match party {
            Party::Writer => self.made(party) < u32::from(budgets.writer),
            Party::Stream => !self.ended && self.stream_enabled(),
            Party::Caller => !self.ended && self.caller_enabled(),
            Party::Clock => !self.mark_overdue() && (self.deadline.is_some() || !self.ended),
            Party::Saboteur => !self.ended && self.made(party) < u32::from(budgets.saboteur) && self.regime.faults.sabotage() > 0,
            Party::Owner => !self.ended && self.made(party) < u32::from(budgets.owner),
            Party::Reader(reader) => self.readers.get(usize::from(reader)).is_some_and(|reader| self.reader_enabled(reader)),
        }
    }

    fn stream_enabled(&self) -> bool {
        self.backing.speaking().is_some_and(|session| {
            !session.owed.is_empty()
                || self.backing.streams() && session.streamed < self.backing.end()
                || self.mark_due()
        })
    }

    fn caller_enabled(&self) -> bool {
        let backing = &self.backing;
        if backing.is_silent() {
            return false;
        }
        !backing.flights.is_empty()
            || !backing.fetches.is_empty()
            || backing.session.as_ref().is_some_and(|session| !session.said || session.load.is_some() || session.rewound)
    }

    fn reader_enabled(&self, reader: &Reader) -> bool {
        match reader.status {
            Status::Stopped if !reader.calls.is_empty() => true,
            Status::Closed | Status::Stopped => reader.opens < self.regime.budgets.opens && (!self.ended || reader.opens == 0),
            Status::Ended => true,
            Status::Open if reader.is_woken() => reader.character != Character::Sleeping || reader.batches < 2,
            Status::Open if reader.calls.is_empty() || reader.character.is_restless() => self.total >= reader.rests_until,
            Status::Open => false,
        }
    }

    /// Whether it is time for a sign of life.
    pub fn mark_due(&self) -> bool {
        self.now >= self.heard.after(self.regime.config.heartbeat / 2)
    }

    /// Whether a backing that can speak has been quiet for longer than it promised; then time waits for it.
    pub fn mark_overdue(&self) -> bool {
        self.now >= self.heard.after(self.regime.config.heartbeat) && self.backing.speaking().is_some()
    }
}

impl Character {
    /// Whether such a reader does more than poll when it is woken.
    pub fn is_restless(self) -> bool {
        match self {
            Self::Eager | Self::Slow | Self::Sleeping => false,
            Self::Dropping | Self::Crowding | Self::Stopping | Self::Resuming | Self::Trying => true,
        }
    }
}
