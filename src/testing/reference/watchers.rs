//! Each reader's watcher, computed from the history and that watcher's own calls alone.

use super::super::observation::{DeltaSeen, How};
use super::super::state::IdSet;
use super::super::universe::FilterIx;
use super::history::History;
use crate::machine::{NextError, Position, Revno, Time};

/// What a poll of a call must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It waits.
    Waits,
    /// Nothing, without waiting.
    Nothing,
    /// A batch.
    Batch,
    /// The watcher's final error.
    Error(NextError),
    /// An error that says that there is no such call.
    Unknown,
}

/// A watcher as it must be.
#[derive(Debug, Clone)]
pub struct Watcher {
    pub(super) stage: WatcherStage,
    pub(super) filter: FilterIx,
    pub(super) ids: IdSet,
    /// Calls in line, by first poll.
    pub(super) line: Vec<u32>,
    /// The head has been woken and not polled since.
    pub(super) woken: bool,
    /// Another watcher has taken, at the latest revno, the batch that a call in this line will take.
    pub(super) shares: bool,
}

/// Where a watcher stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatcherStage {
    /// There is none, or it was stopped.
    None,
    /// No batch yet.
    Fresh,
    /// Nothing pending: its cursor counts as the latest revno.
    CaughtUp,
    /// Something pending.
    Behind {
        /// Where it was brought to.
        cursor: u64,
        /// Where the store stood when it fell behind, or the token of its resume.
        position: Position,
        /// Of which past that was, if the store equalled the backing there.
        past: Option<u32>,
        /// Since when.
        since: Time,
    },
    /// Over, with this error for every call.
    Ended(NextError),
}

impl WatcherStage {
    /// Its place among the stages, for counting without a branch.
    pub(super) fn number(self) -> usize {
        match self {
            Self::None => 0,
            Self::Fresh => 1,
            Self::CaughtUp => 2,
            Self::Behind { .. } => 3,
            Self::Ended(_) => 4,
        }
    }
}

impl Watcher {
    pub(super) fn new() -> Self {
        Self {
            stage: WatcherStage::None,
            filter: FilterIx(0),
            ids: IdSet::EMPTY,
            line: Vec::with_capacity(8),
            woken: false,
            shares: false,
        }
    }

    pub(super) fn reset(&mut self) {
        self.open(WatcherStage::None, FilterIx(0), IdSet::EMPTY);
    }

    pub(super) fn open(&mut self, stage: WatcherStage, filter: FilterIx, ids: IdSet) {
        (self.stage, self.filter, self.ids) = (stage, filter, ids);
        (self.woken, self.shares) = (false, false);
        self.line.clear();
    }

    /// Where it stands.
    pub fn stage(&self) -> WatcherStage {
        self.stage
    }

    /// The ids its filter lets through.
    pub fn ids(&self) -> IdSet {
        self.ids
    }

    /// Its calls that are not decided, in line.
    pub fn line(&self) -> &[u32] {
        &self.line
    }

    /// The revno it has been brought to; none before its first batch, and none if it is over.
    pub fn cursor(&self, latest: Revno) -> Option<Revno> {
        match self.stage {
            WatcherStage::CaughtUp => Some(latest),
            WatcherStage::Behind { cursor, .. } => Some(Revno(cursor)),
            WatcherStage::None | WatcherStage::Fresh | WatcherStage::Ended(_) => None,
        }
    }

    /// Whether its next batch is there to be taken.
    pub(super) fn can_take(&self, loaded: bool) -> bool {
        match self.stage {
            WatcherStage::Fresh => loaded,
            WatcherStage::Behind { .. } => true,
            WatcherStage::None | WatcherStage::CaughtUp | WatcherStage::Ended(_) => false,
        }
    }

    /// What such a poll must come to.
    pub(super) fn expect(&self, how: How, loaded: bool) -> Expected {
        let can_take = self.can_take(loaded);
        match (self.stage, how) {
            (WatcherStage::None, _) => Expected::Error(NextError::Stopped),
            (WatcherStage::Ended(error), _) => Expected::Error(error),
            (WatcherStage::Fresh | WatcherStage::CaughtUp | WatcherStage::Behind { .. }, how) => match how {
                How::Over(_) => Expected::Unknown,
                How::Try | How::First(_) if self.line.is_empty() && can_take => Expected::Batch,
                How::Try => Expected::Nothing,
                How::Again(call) if self.line.first() == Some(&call) && can_take => Expected::Batch,
                How::First(_) | How::Again(_) => Expected::Waits,
            },
        }
    }

    /// The poll has happened.
    pub(super) fn called(&mut self, how: How, loaded: bool) {
        let expected = self.expect(how, loaded);
        if expected == Expected::Batch {
            self.stage = WatcherStage::CaughtUp;
            self.shares = false;
        }
        match (how, expected) {
            (How::First(call), Expected::Waits) => self.line.push(call),
            (How::Again(call), Expected::Waits) => {
                if self.line.first() == Some(&call) {
                    self.woken = false;
                }
            }
            (How::Again(call), Expected::Batch | Expected::Error(_)) => {
                self.leave(call);
            }
            (How::First(_) | How::Over(_) | How::Try | How::Again(_), _) => {}
        }
    }

    /// Another watcher of this filter has taken a batch, and stood at `stage` before it did.
    pub(super) fn others_took(&mut self, stage: WatcherStage) {
        let same = match (self.stage, stage) {
            (WatcherStage::Fresh, WatcherStage::Fresh) => true,
            (WatcherStage::Behind { cursor, .. }, WatcherStage::Behind { cursor: other, .. }) => cursor == other,
            (
                WatcherStage::None
                | WatcherStage::Fresh
                | WatcherStage::CaughtUp
                | WatcherStage::Behind { .. }
                | WatcherStage::Ended(_),
                _,
            ) => false,
        };
        self.shares |= same && !self.line.is_empty();
    }

    /// A pending call is dropped; the call that must be woken in its place is returned.
    pub(super) fn dropped(&mut self, call: u32, loaded: bool) -> Option<u32> {
        let passes_on = self.leave(call) && self.can_take(loaded);
        let next = self.line.first().copied().filter(|_| passes_on);
        self.woken = next.is_some() || self.woken;
        next
    }

    /// Whether the call was the head, and woken.
    fn leave(&mut self, call: u32) -> bool {
        let Some(at) = self.line.iter().position(|other| *other == call) else { return false };
        self.line.remove(at);
        self.shares &= !self.line.is_empty();
        at == 0 && core::mem::replace(&mut self.woken, false)
    }

    /// The store has a new revno.
    pub(super) fn advanced(&mut self, history: &History, before: (Position, Option<u32>), now: Time) {
        self.shares = false;
        match self.stage {
            WatcherStage::CaughtUp => {
                let cursor = history.latest() - 1;
                if history.pending(self.ids, cursor) {
                    let (position, past) = before;
                    self.stage = WatcherStage::Behind { cursor, position, past, since: now };
                }
            }
            WatcherStage::Behind { cursor, .. } => {
                if !history.pending(self.ids, cursor) {
                    self.stage = WatcherStage::CaughtUp;
                }
            }
            WatcherStage::None | WatcherStage::Fresh | WatcherStage::Ended(_) => {}
        }
    }

    /// The head must be woken, if it is not and there is something to take.
    pub(super) fn wake_head(&mut self, loaded: bool) -> Option<u32> {
        let head = self.line.first().copied().filter(|_| !self.woken && self.can_take(loaded));
        self.woken |= head.is_some();
        head
    }

    /// It is over; all its calls are decided and must be woken.
    pub(super) fn end(&mut self, stage: WatcherStage, wakes: &mut Vec<u32>) {
        wakes.append(&mut self.line);
        (self.stage, self.woken, self.shares) = (stage, false, false);
    }

    pub(super) fn batch(&self, history: &History, into: &mut Vec<DeltaSeen>) {
        into.clear();
        match self.stage {
            WatcherStage::Fresh => history.batch(self.ids, None, into),
            WatcherStage::Behind { cursor, .. } => history.batch(self.ids, Some(cursor), into),
            WatcherStage::None | WatcherStage::CaughtUp | WatcherStage::Ended(_) => {}
        }
    }
}
