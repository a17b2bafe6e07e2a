//! The simulated backing: a log of commits, one session at a time, and answers that are read at one moment and arrive at another.
//!
//! Everything here is legal behaviour of a backing or one of the faults the contract allows for; in particular whatever is
//! said in the current session was true at the moment it was read.

use super::operation::CallKind;
use super::state::{Changes, IdSet, State};
use crate::machine::{CauseClass, Identity, Position};

/// One entry of the log: a commit, or a return to an older state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEntry {
    /// Its position.
    pub position: Position,
    /// The state after it.
    pub state: State,
    /// The ids it touched.
    pub touched: IdSet,
}

/// The connection as the backing sees it, from being asked to subscribe until it is told to unsubscribe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// The machine's name for it.
    pub generation: u32,
    /// The log's entry it listens from, once it does.
    pub accepted: Option<u32>,
    /// The machine has been told so.
    pub said: bool,
    /// The load, from being asked for until it is done.
    pub load: Option<Load>,
    /// The backing went back after it was accepted: its calls fail.
    pub rewound: bool,
    /// Ids that commits touched and no notice has told of.
    pub owed: IdSet,
    /// All ids that commits have touched.
    pub touched: IdSet,
    /// The entry up to which steps nobody asked for have been read.
    pub streamed: u32,
}

/// A load under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// The ids read.
    pub read: IdSet,
    /// Those of them that could not be read.
    pub errors: IdSet,
    /// Answers that have not arrived yet.
    pub under_way: u8,
}

/// A fetch that was asked for and has not been answered, perhaps abandoned long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFetch {
    /// Whose.
    pub generation: u32,
    /// Its name.
    pub fetch: u32,
    /// Where the step must start.
    pub since: Position,
    /// The entry of that position.
    pub since_at: u32,
    /// The ids to name.
    pub ids: IdSet,
    /// The log's entry when it was asked for; a true answer is read no earlier.
    pub asked_at: u32,
}

/// Something under way to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flight {
    /// Of which generation.
    pub generation: u32,
    /// What it says.
    pub message: Message,
    /// It has arrived before.
    pub repeat: bool,
}

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Entities of a load.
    Staged(Reading),
    /// A step nobody asked for.
    Unasked(StepRead),
    /// The answer to a fetch.
    Answer(u32, StepRead),
}

/// Entities read at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The entry of the log they were read at.
    pub at: u32,
    /// What they were.
    pub state: State,
    /// The ids told of.
    pub ids: IdSet,
    /// Those that could not be read.
    pub errors: IdSet,
}

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepRead {
    /// Where it starts.
    pub from: Position,
    /// Where it was read.
    pub to: Position,
    /// What was read.
    pub reading: Reading,
}

/// The most answers under way at once.
pub(super) const FLIGHTS: usize = 8;
/// The most fetches kept open; the oldest is forgotten first.
pub(super) const FETCHES: usize = 4;

/// The backing.
#[derive(Debug, Clone)]
pub struct Backing {
    log: Vec<LogEntry>,
    /// The entry since which it has not gone back.
    lineage: u32,
    /// How often it has gone back.
    pasts: u32,
    /// The first entry that has not been pruned.
    floor: u32,
    pub(super) session: Option<Session>,
    pub(super) fetches: Vec<OpenFetch>,
    pub(super) flights: Vec<Flight>,
    pub(super) ailing: IdSet,
    pub(super) ailing_once: IdSet,
    pub(super) silent: bool,
    /// The answer to the newest fetch was lost: the subject waits for nothing.
    lost: bool,
    /// The newest fetch, and the newest one whose answer has arrived.
    asked: u32,
    pub(super) answered: u32,
    streams: bool,
    /// A bit for each kind of call that failed the last time.
    pub(super) failed_last: u8,
}

impl Backing {
    /// Empty, at position 0. One that streams hands over steps unasked, and owes notices only for what those leave out.
    pub fn new(streams: bool) -> Self {
        let mut backing = Self {
            log: Vec::with_capacity(256),
            lineage: 0,
            pasts: 0,
            floor: 0,
            session: None,
            fetches: Vec::with_capacity(FETCHES),
            flights: Vec::with_capacity(FLIGHTS),
            ailing: IdSet::EMPTY,
            ailing_once: IdSet::EMPTY,
            silent: false,
            lost: false,
            asked: 0,
            answered: 0,
            streams,
            failed_last: 0,
        };
        backing.reset(streams);
        backing
    }

    /// As new, with the same buffers.
    pub fn reset(&mut self, streams: bool) {
        self.log.clear();
        self.log.push(LogEntry { position: Position(0), state: State::EMPTY, touched: IdSet::EMPTY });
        (self.lineage, self.pasts, self.floor) = (0, 0, 0);
        self.session = None;
        self.fetches.clear();
        self.flights.clear();
        (self.ailing, self.ailing_once) = (IdSet::EMPTY, IdSet::EMPTY);
        (self.silent, self.lost, self.asked, self.streams) = (false, false, 0, streams);
        (self.answered, self.failed_last) = (0, 0);
    }

    /// Everything that happened, oldest first. Entry 0 is the empty beginning.
    pub fn log(&self) -> &[LogEntry] {
        &self.log
    }

    /// The latest entry.
    pub fn latest(&self) -> &LogEntry {
        self.log.last().expect("the beginning is an entry")
    }

    /// The latest entry's index.
    pub fn end(&self) -> u32 {
        u32::try_from(self.log.len() - 1).expect("a run has fewer commits")
    }

    /// The first entry it still knows what happened since.
    pub fn oldest(&self) -> u32 {
        self.floor.max(self.lineage)
    }

    /// The entry since which it has not gone back.
    pub(super) fn lineage(&self) -> u32 {
        self.lineage
    }

    /// Which past of it this is.
    pub fn identity(&self) -> Identity {
        Identity(u128::from(self.pasts))
    }

    /// The session, if there is one.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Fetches without an answer, oldest first.
    pub fn fetches(&self) -> &[OpenFetch] {
        &self.fetches
    }

    /// The name of the newest fetch; no older one is waited for.
    pub fn newest_fetch(&self) -> u32 {
        self.asked
    }

    /// Whether a newer fetch than this one has been answered.
    pub fn is_overtaken(&self, fetch: u32) -> bool {
        fetch < self.answered
    }

    /// What is under way, oldest first.
    pub fn flights(&self) -> &[Flight] {
        &self.flights
    }

    /// Ids that cannot be read.
    pub fn ailing(&self) -> IdSet {
        self.ailing
    }

    /// Whether it neither speaks nor answers.
    pub fn is_silent(&self) -> bool {
        self.silent
    }

    /// Whether it hands over steps unasked.
    pub fn streams(&self) -> bool {
        self.streams
    }

    /// A session that has been said to stand, in which the backing can speak the truth.
    pub fn speaking(&self) -> Option<&Session> {
        self.session.as_ref().filter(|session| session.said && !session.rewound && !self.silent)
    }

    pub(super) fn commit(&mut self, changes: Changes, skip: u8) -> LogEntry {
        let latest = *self.latest();
        let position = Position(latest.position.0 + 1 + u64::from(skip));
        let entry = LogEntry { position, state: latest.state.with(changes.ids, changes.values), touched: changes.ids };
        self.log.push(entry);
        if let Some(session) = &mut self.session
            && session.accepted.is_some()
            && !session.rewound
        {
            session.touched = session.touched.or(changes.ids);
            if !self.streams {
                session.owed = session.owed.or(changes.ids);
            }
        }
        entry
    }

    pub(super) fn rewind(&mut self, back: u8) -> Option<LogEntry> {
        let target = self.end().checked_sub(u32::from(back)).filter(|target| *target >= self.oldest() && back > 0)?;
        let LogEntry { position, state, .. } = self.log[target as usize];
        let entry = LogEntry { position, state, touched: IdSet::EMPTY };
        self.log.push(entry);
        self.lineage = self.end();
        self.pasts += 1;
        if let Some(session) = &mut self.session {
            session.rewound = session.accepted.is_some();
        }
        Some(entry)
    }

    pub(super) fn prune(&mut self, keep: u8) -> bool {
        let floor = self.end().saturating_sub(u32::from(keep));
        if floor <= self.floor {
            return false;
        }
        self.floor = floor;
        // What can no longer be streamed is told by notices.
        if let Some(Session { streamed, accepted: Some(_), .. }) = self.session
            && streamed < floor
            && self.streams
        {
            let skipped = self.touched(streamed, floor);
            if let Some(session) = &mut self.session {
                session.streamed = floor;
                session.owed = session.owed.or(skipped.and(session.touched));
            }
        }
        true
    }

    pub(super) fn subscribe(&mut self, generation: u32) {
        (self.silent, self.lost) = (false, false);
        self.session = Some(Session {
            generation,
            accepted: None,
            said: false,
            load: None,
            rewound: false,
            owed: IdSet::EMPTY,
            touched: IdSet::EMPTY,
            streamed: 0,
        });
    }

    pub(super) fn unsubscribe(&mut self, generation: u32) {
        self.session.take_if(|session| session.generation == generation);
        self.fetches.retain(|fetch| fetch.generation != generation);
    }

    /// Whether the subject waits for an answer that will never come.
    pub fn has_lost_answer(&self) -> bool {
        self.lost
    }

    /// Something under way will never arrive. A load that leaves something out would be a lie, so that is not possible.
    pub(super) fn lose(&mut self, flight: usize) -> bool {
        let Some(&Flight { generation, message, repeat }) = self.flights.get(flight) else { return false };
        if let Some(session) = self.session.as_mut().filter(|session| session.generation == generation && !repeat) {
            match message {
                Message::Staged(_) => return false,
                Message::Unasked(step) => session.owed = session.owed.or(step.reading.ids.and(session.touched)),
                Message::Answer(fetch, _) => self.lost |= fetch == self.asked,
            }
        }
        self.flights.remove(flight);
        true
    }

    pub(super) fn load_asked(&mut self, generation: u32) {
        if let Some(session) = self.session.as_mut().filter(|session| session.generation == generation) {
            session.load = Some(Load { read: IdSet::EMPTY, errors: IdSet::EMPTY, under_way: 0 });
        }
    }

    pub(super) fn fetch_asked(&mut self, generation: u32, fetch: u32, since: Position, ids: IdSet) {
        if self.fetches.len() == FETCHES {
            self.fetches.remove(0);
        }
        (self.asked, self.lost) = (fetch, false);
        let lineage = self.lineage as usize;
        let before = self.log[lineage..].partition_point(|entry| entry.position <= since);
        let since_at = u32::try_from(lineage + before).expect("a run has fewer commits").saturating_sub(1);
        self.fetches.push(OpenFetch { generation, fetch, since, since_at, ids, asked_at: self.end() });
    }

    pub(super) fn accept(&mut self) -> bool {
        let end = self.end();
        match &mut self.session {
            Some(session) if session.accepted.is_none() && !self.silent => {
                session.accepted = Some(end);
                session.streamed = end;
                true
            }
            Some(_) | None => false,
        }
    }

    /// The ids a load must read before it may be done: those alive that no commit has touched since p0.
    pub fn load_owes(&self) -> IdSet {
        match self.session {
            Some(Session { load: Some(load), touched, .. }) => {
                self.latest().state.alive().minus(touched).minus(load.read)
            }
            Some(_) | None => IdSet::EMPTY,
        }
    }

    /// How a call of this session fails that is to fail; pruned and rewound calls can do nothing else.
    pub fn fate(&self, call: CallKind) -> Option<CauseClass> {
        let session = self.session.as_ref()?;
        if session.rewound {
            return Some(CauseClass::Rewound);
        }
        match call {
            CallKind::Subscribe | CallKind::Load => None,
            CallKind::Fetch(fetch) => {
                let fetch = self.fetches.get(usize::from(fetch))?;
                (fetch.since_at < self.oldest()).then_some(CauseClass::Pruned)
            }
        }
    }

    /// Reads these ids at an entry; those that could not be read once, can from then on.
    pub(super) fn read(&mut self, at: u32, ids: IdSet) -> Reading {
        let errors = ids.and(self.ailing);
        self.ailing = self.ailing.minus(errors.and(self.ailing_once));
        Reading { at, state: self.log[at as usize].state, ids, errors }
    }

    /// The ids touched after one entry, up to another.
    pub fn touched(&self, from: u32, to: u32) -> IdSet {
        let entries = self.log.get(from as usize + 1..=to as usize).unwrap_or_default();
        entries.iter().fold(IdSet::EMPTY, |touched, entry| touched.or(entry.touched))
    }

    /// A step from one entry to another that also names these ids.
    pub(super) fn step(&mut self, from: u32, to: u32, named: IdSet, omitted: IdSet) -> StepRead {
        let touched = self.touched(from, to);
        let reading = self.read(to, touched.or(named.minus(omitted)));
        StepRead { from: self.log[from as usize].position, to: self.log[to as usize].position, reading }
    }
}
