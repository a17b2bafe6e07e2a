//! Who moves in a run: the parties, and sets of them.

use serde::{Deserialize, Serialize};

use super::state::Ids;

/// Who moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Party {
    /// Commits to the backing.
    Writer,
    /// The backing's subscription: notices, marks, steps nobody asked for.
    Stream,
    /// The backing's answers to subscribe, load and fetch.
    Caller,
    /// Time.
    Clock,
    /// What goes wrong on purpose.
    Saboteur,
    /// Whoever owns the machine and may kill it.
    Owner,
    /// The reader of this number.
    Reader(u8),
    /// The worker's task, where there is one.
    Worker,
}

impl Party {
    /// The most readers a run has.
    pub const READERS: usize = 6;
    /// How many parties there are at most.
    pub const COUNT: usize = 7 + Self::READERS;

    /// Its number, for tables.
    pub fn index(self) -> usize {
        match self {
            Self::Writer => 0,
            Self::Stream => 1,
            Self::Caller => 2,
            Self::Clock => 3,
            Self::Saboteur => 4,
            Self::Owner => 5,
            Self::Reader(reader) => 6 + usize::from(reader),
            Self::Worker => 6 + Self::READERS,
        }
    }

    /// The party of this number.
    pub fn at(index: usize) -> Self {
        match index {
            0 => Self::Writer,
            1 => Self::Stream,
            2 => Self::Caller,
            3 => Self::Clock,
            4 => Self::Saboteur,
            5 => Self::Owner,
            reader if reader < 6 + Self::READERS => Self::Reader(u8::try_from(reader - 6).unwrap_or(u8::MAX)),
            _ => Self::Worker,
        }
    }
}

/// A set of parties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parties(pub u16);

impl Parties {
    /// Whether this one is in it.
    pub fn has(self, party: Party) -> bool {
        party.index() < Party::COUNT && (self.0 >> party.index()) & 1 == 1
    }

    /// How many.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Their numbers, ascending.
    pub fn indexes(self) -> impl Iterator<Item = usize> {
        Ids::new(self.0).map(|index| usize::from(index.0))
    }

    pub(super) fn add(&mut self, party: Party, can_move: bool) {
        self.0 |= u16::from(can_move) << party.index();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parties_and_their_numbers_belong_together() {
        (0..Party::COUNT).for_each(|index| assert_eq!(Party::at(index).index(), index));
    }
}
