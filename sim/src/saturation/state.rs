//! The abstract state of a run: what the connection does, and where one reader stands. Small enough that all pairs with an
//! operation fit into a table.

use multiwatcher::machine::Phase;
use multiwatcher::testing::{Reference, Stage, WatcherStage};

/// Where a reader's watcher stands; a watcher that is behind by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// No watcher, or one that was stopped.
    None,
    /// No batch yet.
    Fresh,
    /// Nothing pending.
    CaughtUp,
    /// One revno behind.
    Behind,
    /// Several.
    FarBehind,
    /// Over.
    Ended,
}

/// The reader's pending calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Calls {
    /// It has none.
    None,
    /// None of them is woken.
    Waiting,
    /// One is woken.
    Woken,
}

/// What the connection does, and where one reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// What the connection does.
    pub phase: Phase,
    /// Where the watcher stands.
    pub place: Place,
    /// Its calls.
    pub calls: Calls,
}

const PLACES: [(Place, &str); 6] = [
    (Place::None, "no watcher"),
    (Place::Fresh, "fresh"),
    (Place::CaughtUp, "caught up"),
    (Place::Behind, "behind"),
    (Place::FarBehind, "far behind"),
    (Place::Ended, "ended"),
];
const CALLS: [(Calls, &str); 3] =
    [(Calls::None, "no call"), (Calls::Waiting, "call waits"), (Calls::Woken, "call woken")];
const PHASES: [(Phase, &str); 6] = [
    (Phase::Waiting, "waiting"),
    (Phase::Subscribing, "subscribing"),
    (Phase::Loading, "loading"),
    (Phase::Completing, "completing"),
    (Phase::Following, "following"),
    (Phase::Ended, "ended"),
];

impl State {
    /// How many there are.
    pub const COUNT: usize = PHASES.len() * Self::READERS;
    /// How many there are of one reader, whatever the connection does.
    pub const READERS: usize = PLACES.len() * CALLS.len();

    /// The state of this run as this reader meets it.
    #[inline]
    pub fn of(stage: &Stage, reference: &Reference, reader: u8) -> Self {
        let place = match reference.watcher(reader).stage() {
            WatcherStage::None => Place::None,
            WatcherStage::Fresh => Place::Fresh,
            WatcherStage::CaughtUp => Place::CaughtUp,
            WatcherStage::Behind { cursor, .. } if reference.latest().0 <= cursor + 1 => Place::Behind,
            WatcherStage::Behind { .. } => Place::FarBehind,
            WatcherStage::Ended(_) => Place::Ended,
        };
        let calls = match stage.readers().get(usize::from(reader)) {
            Some(reader) if reader.is_woken() => Calls::Woken,
            Some(reader) if !reader.calls().is_empty() => Calls::Waiting,
            Some(_) | None => Calls::None,
        };
        Self { phase: reference.phase(), place, calls }
    }

    /// Its number.
    #[inline]
    pub fn index(self) -> usize {
        self.phase as usize * Self::READERS + self.reader_index()
    }

    /// Its number among those of one reader.
    #[inline]
    pub fn reader_index(self) -> usize {
        self.place as usize * CALLS.len() + self.calls as usize
    }

    /// The state of this number.
    pub fn at(index: usize) -> Self {
        let reader = index % Self::READERS;
        Self {
            phase: PHASES[index / Self::READERS].0,
            place: PLACES[reader / CALLS.len()].0,
            calls: CALLS[reader % CALLS.len()].0,
        }
    }

    /// The reader's part of it in words.
    pub fn reader_words(self) -> String {
        format!("{}, {}", PLACES[self.place as usize].1, CALLS[self.calls as usize].1)
    }

    /// The phase in words.
    pub fn phase_words(self) -> &'static str {
        PHASES[self.phase as usize].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_of_one_state() {
        for index in 0..State::COUNT {
            assert_eq!(State::at(index).index(), index);
        }
        for (place, (phase, _)) in PHASES.iter().enumerate() {
            assert_eq!(*phase as usize, place, "the order of the machine's phases");
        }
    }
}
