//! Everything of a run but the subject: backing, readers, time. What the generator and the schedulers look at.

use std::sync::Arc;

use super::backing::Backing;
use super::party::{Parties, Party};
use super::readers::{Reader, Status};
use super::regime::{Character, Regime, Telling};
use super::universe::Universe;
use crate::machine::{Time, Timeout, TimeoutReason};

/// The surroundings of the subject.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about a run")]
pub struct Stage {
    pub(super) regime: Arc<Regime>,
    pub(super) universe: Arc<Universe>,
    /// The universes of earlier runs: there are few shapes, and making one costs more than a step.
    shelf: Vec<Arc<Universe>>,
    pub(super) backing: Backing,
    pub(super) readers: Vec<Reader>,
    pub(super) now: Time,
    pub(super) deadline: Option<Timeout>,
    /// The newest generation the subject has named.
    pub(super) generation: u32,
    /// When the subject last heard from the backing's subscription.
    pub(super) heard: Time,
    /// From when on a sign of life is due, and from when on it is overdue.
    marks: (Time, Time),
    /// Who may move as far as weights go.
    pub(super) weights: [u16; Party::COUNT],
    /// Bits of the readers that have something to do, and of those that have it after a rest.
    ready: u8,
    resting: u8,
    /// By reader: it does nothing of its own accord before so many operations of the run.
    rests_until: [u32; Party::READERS],
    sabotages: bool,
    pub(super) ended: bool,
    /// Whether the subject has a task.
    pub(super) has_task: bool,
    /// Whether that was woken and has not been polled since.
    pub(super) runnable: bool,
    /// The number of the newest call.
    pub(super) call: u32,
    /// The number of the newest failure told.
    pub(super) cause: u64,
    made: [u32; Party::COUNT],
    total: u32,
}

impl Stage {
    pub(super) fn new(regime: Regime) -> Self {
        let mut stage = Self {
            universe: Arc::new(Universe::new(regime.shape)),
            backing: Backing::new(false),
            readers: Vec::with_capacity(Party::READERS),
            now: Time::ZERO,
            deadline: None,
            generation: 0,
            heard: Time::ZERO,
            marks: (Time::ZERO, Time::ZERO),
            weights: [0; Party::COUNT],
            ready: 0,
            resting: 0,
            rests_until: [0; Party::READERS],
            sabotages: false,
            ended: false,
            has_task: false,
            runnable: false,
            call: 0,
            cause: 0,
            made: [0; Party::COUNT],
            total: 0,
            shelf: Vec::new(),
            regime: Arc::new(regime),
        };
        stage.clear();
        stage
    }

    pub(super) fn reset(&mut self, regime: &Regime) {
        if self.universe.shape() != regime.shape {
            self.universe = match self.shelf.iter().find(|universe| universe.shape() == regime.shape) {
                Some(universe) => Arc::clone(universe),
                None => {
                    let universe = Arc::new(Universe::new(regime.shape));
                    self.shelf.push(Arc::clone(&universe));
                    universe
                }
            };
        }
        Arc::make_mut(&mut self.regime).clone_from(regime);
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
        (self.now, self.deadline) = (Time::ZERO, None);
        self.weights = self.regime.weights.by_party(self.regime.readers.len());
        self.sabotages = self.regime.faults.sabotage() > 0;
        (self.generation, self.ended, self.call, self.cause) = (0, false, 0, 0);
        self.runnable = false;
        (self.made, self.total) = ([0; Party::COUNT], 0);
        self.hear();
        (self.ready, self.resting, self.rests_until) = (0, 0, [0; Party::READERS]);
        (0..self.readers.len()).for_each(|reader| self.note(reader));
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

    /// Whether nothing but time brings about what the subject waits for. The other deadlines are there in case somebody else does
    /// not move.
    pub fn waits_for_time(&self) -> bool {
        self.deadline.is_some_and(|deadline| match deadline.why {
            TimeoutReason::Reopen | TimeoutReason::FetchAgain | TimeoutReason::ReadAgain => true,
            TimeoutReason::SubscribeOverdue
            | TimeoutReason::LoadOverdue
            | TimeoutReason::FetchOverdue
            | TimeoutReason::Silence
            | TimeoutReason::LagAge => false,
        })
    }

    /// Whether the subject has said that it ended.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Whether the subject has a task, which is a driver's: what it asks for is a future or a stream, and can be dropped.
    pub fn is_driven(&self) -> bool {
        self.has_task
    }

    /// Whether the subject has a task that was woken and has not been polled since: it may still owe something.
    pub fn is_runnable(&self) -> bool {
        self.runnable
    }

    /// Whether the subject has a task.
    pub fn has_task(&self) -> bool {
        self.has_task
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

    /// Whether a party could do something of use, its budget considered.
    pub fn enabled(&self, party: Party) -> bool {
        self.movable().has(party)
    }

    /// The parties that could do something of use, their budgets considered. Costs a few comparisons.
    pub fn movable(&self) -> Parties {
        let (budgets, backing) = (&self.regime.budgets, &self.backing);
        let mut parties = Parties::default();
        parties.add(Party::Worker, self.runnable);
        parties.add(Party::Writer, self.made(Party::Writer) < u32::from(budgets.writer));
        if self.ended {
            parties.add(Party::Clock, self.deadline.is_some());
        } else {
            let (mut telling, mut asked, mut overdue) = (false, false, false);
            if let Some(session) = backing.session.as_ref().filter(|_| !backing.silent) {
                asked = !session.said | session.rewound | session.load.is_some();
                if session.said && !session.rewound {
                    overdue = self.now >= self.marks.1;
                    telling = !session.owed.is_empty() | self.mark_due()
                        || backing.streams() && session.streamed < backing.end();
                }
            }
            let under_way = !backing.silent & !(backing.flights.is_empty() & backing.fetches.is_empty());
            parties.add(Party::Stream, telling);
            parties.add(Party::Caller, under_way | asked);
            parties.add(Party::Clock, !overdue);
            parties.add(Party::Saboteur, self.sabotages & (self.made(Party::Saboteur) < u32::from(budgets.saboteur)));
            parties.add(Party::Owner, self.made(Party::Owner) < u32::from(budgets.owner));
        }
        let mut rested = 0;
        for (reader, until) in self.rests_until.iter().enumerate() {
            rested |= u8::from(*until <= self.total) << reader;
        }
        let ready = self.ready | self.resting & rested;
        parties.0 |= u16::from(ready) << Party::Reader(0).index();
        parties
    }

    /// Finds out whether a reader has something to do. Called whenever that may have changed.
    pub(super) fn note(&mut self, number: usize) {
        let reader = &self.readers[number];
        // Whoever stopped may still find out that the machine has ended; then it is told, and has nothing left to do.
        let finds_out = reader.opens == 0 || reader.status == Status::Stopped;
        let may_open = reader.opens < self.regime.budgets.opens && (!self.ended || finds_out);
        let (ready, resting) = match reader.status {
            Status::Closed | Status::Stopped => (!reader.calls.is_empty() || may_open, false),
            Status::Ended => (true, false),
            Status::Open if reader.character == Character::Sleeping && reader.batches >= 2 => (false, false),
            Status::Open if reader.is_woken() => (reader.character != Character::Slow, true),
            Status::Open => (false, reader.calls.is_empty() || reader.character.is_restless()),
        };
        let bit = 1 << number;
        self.ready = if ready { self.ready | bit } else { self.ready & !bit };
        self.resting = if resting { self.resting | bit } else { self.resting & !bit };
    }

    /// A reader has done something of its own accord: it rests before it does so again.
    pub(super) fn rest(&mut self, number: usize, batch: bool) {
        let reader = &self.readers[number];
        let operations = match reader.character {
            Character::Eager | Character::Sleeping => 0,
            Character::Slow => 24 * u32::from(batch),
            Character::Dropping
            | Character::Crowding
            | Character::Stopping
            | Character::Resuming
            | Character::Trying => 8,
        };
        self.rests_until[number] = self.total + operations;
        self.note(number);
    }

    /// The subject has said that it ended.
    pub(super) fn end(&mut self) {
        self.ended = true;
        (0..self.readers.len()).for_each(|reader| self.note(reader));
    }

    /// The subject hears from the backing's subscription.
    pub(super) fn hear(&mut self) {
        let heartbeat = self.regime.config.heartbeat;
        self.heard = self.now;
        self.marks = (self.now.after(heartbeat / 2), self.now.after(heartbeat));
    }

    /// Whether it is time for a sign of life.
    pub fn mark_due(&self) -> bool {
        self.now >= self.marks.0
    }

    /// Whether a backing that can speak has been quiet for longer than it promised; then time waits for it.
    pub fn mark_overdue(&self) -> bool {
        self.now >= self.marks.1 && self.backing.speaking().is_some()
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
