//! The simulated readers: what each has open, what it holds, and what it kept to come back with.

use super::observation::EPOCH;
use super::regime::Character;
use super::state::State;
use super::universe::FilterIx;
use crate::machine::{CallId, Identity, Position, ResumePoint, Revno, WatcherId};

/// A reader.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(super) character: Character,
    pub(super) status: Status,
    pub(super) watcher: WatcherId,
    pub(super) filter: FilterIx,
    pub(super) calls: Vec<Call>,
    pub(super) over: Option<Call>,
    pub(super) fresh: bool,
    pub(super) view: State,
    pub(super) kept: Vec<Held>,
    pub(super) opens: u16,
    pub(super) batches: u32,
}

/// What a reader has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// No watcher yet, or none since it could not be opened.
    Closed,
    /// A watcher.
    Open,
    /// A watcher that answered with its final error.
    Ended,
    /// A watcher that it stopped; its id is still known.
    Stopped,
}

/// A call of `next` that has been polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The run's number of it.
    pub number: u32,
    /// The subject's name for it.
    pub id: CallId,
    /// Its waker has been called since it was last polled.
    pub woken: bool,
}

/// A place to resume from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// What it was told.
    pub point: ResumePoint,
    /// Its view there.
    pub view: State,
    /// The filter it had.
    pub filter: FilterIx,
}

/// How many places a reader keeps; the oldest is forgotten first.
pub(super) const KEPT: usize = 8;
/// The most calls a reader has in line.
pub(super) const LINE: usize = 4;

impl Reader {
    /// One that has nothing.
    pub fn new(character: Character) -> Self {
        Self::with_buffers(character, Vec::with_capacity(LINE), Vec::with_capacity(KEPT))
    }

    /// As new, with the same buffers.
    pub fn reset(&mut self, character: Character) {
        let (mut calls, mut kept) = (core::mem::take(&mut self.calls), core::mem::take(&mut self.kept));
        calls.clear();
        kept.clear();
        *self = Self::with_buffers(character, calls, kept);
    }

    fn with_buffers(character: Character, calls: Vec<Call>, kept: Vec<Held>) -> Self {
        Self {
            character,
            status: Status::Closed,
            watcher: WatcherId(0),
            filter: FilterIx(0),
            calls,
            over: None,
            fresh: true,
            view: State::EMPTY,
            kept,
            opens: 0,
            batches: 0,
        }
    }

    /// What it is like.
    pub fn character(&self) -> Character {
        self.character
    }

    /// What it has.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Its watcher, if it ever had one.
    pub fn watcher(&self) -> Option<WatcherId> {
        (self.status != Status::Closed).then_some(self.watcher)
    }

    /// What it wants to see.
    pub fn filter(&self) -> FilterIx {
        self.filter
    }

    /// Its pending calls, in the order of their first polls.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Whether it has had no batch of this watcher.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// The fold of its batches.
    pub fn view(&self) -> State {
        self.view
    }

    /// Places to resume from, newest last.
    pub fn kept(&self) -> &[Held] {
        &self.kept
    }

    /// Batches it has had in the run.
    pub fn batches(&self) -> u32 {
        self.batches
    }

    /// Watchers it has opened or resumed in the run.
    pub fn opens(&self) -> u16 {
        self.opens
    }

    /// Whether one of its calls is woken.
    pub fn is_woken(&self) -> bool {
        self.calls.iter().any(|call| call.woken)
    }

    pub(super) fn opened(&mut self, watcher: WatcherId, filter: FilterIx) {
        self.status = Status::Open;
        (self.watcher, self.filter) = (watcher, filter);
        (self.fresh, self.view) = (true, State::EMPTY);
        self.calls.clear();
        self.over = None;
    }

    pub(super) fn resumed(&mut self, watcher: WatcherId, held: &Held) {
        self.opened(watcher, held.filter);
        (self.fresh, self.view) = (false, held.view);
    }

    /// Takes a pending call out of the line: it is over.
    pub(super) fn finish(&mut self, call: usize) {
        self.over = Some(self.calls.remove(call));
    }

    /// Remembers what it was told, by a subject that follows this backing.
    pub(super) fn keep(&mut self, revno: Revno, position: Position, backing: Identity) {
        if self.kept.len() == KEPT {
            self.kept.remove(0);
        }
        let point = ResumePoint { epoch: EPOCH, revno, position, backing, exact: true };
        self.kept.push(Held { point, view: self.view, filter: self.filter });
    }
}
