//! What is counted: pairs of a state and an operation, and pairs of a fault and where a reader stands, in one table.

use core::fmt;

use super::state::State;
use crate::exercised::Kind;
use crate::fault::Fault;

/// One pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pair {
    /// An operation of this kind in this state. For a reader's it is that reader's state, else that of one after the other.
    Operation(State, Kind),
    /// This fault while a reader stands there; the phase is not looked at.
    Fault(Fault, State),
}

impl Pair {
    /// How many are about operations.
    pub const OPERATIONS: usize = State::COUNT * Kind::COUNT;
    /// How many there are.
    pub const COUNT: usize = Self::OPERATIONS + State::READERS * Fault::COUNT;

    /// Its place in the table.
    #[inline]
    pub fn index(self) -> usize {
        match self {
            Self::Operation(state, kind) => state.index() * Kind::COUNT + kind as usize,
            Self::Fault(fault, state) => Self::OPERATIONS + state.reader_index() * Fault::COUNT + fault as usize,
        }
    }

    /// The pair at this place.
    pub fn at(index: usize) -> Self {
        match index.checked_sub(Self::OPERATIONS) {
            None => Self::Operation(State::at(index / Kind::COUNT), Kind::ALL[index % Kind::COUNT]),
            Some(index) => Self::Fault(Fault::ALL[index % Fault::COUNT], State::at(index / Fault::COUNT)),
        }
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self::at)
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(state, kind) => {
                write!(f, "{}: {}, {}", kind.name(), state.phase_words(), state.reader_words())
            }
            Self::Fault(fault, state) => write!(f, "{}: {}", fault.name(), state.reader_words()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_of_one_pair() {
        for index in 0..Pair::COUNT {
            assert_eq!(Pair::at(index).index(), index);
        }
    }
}
