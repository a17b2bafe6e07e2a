//! Who moves next. One file per scheduler, behind one small trait; the seed decides which of them a run gets, because
//! no single one is strong against every bug.

mod burst;
mod delay;
mod draws;
mod fair_pct;
mod hold;
mod kind;
mod pct;
mod portfolio;
mod pos;
mod round_robin;
mod starve;
mod uniform;
mod weighted;

use multiwatcher::testing::{Choices, Operation, Parties, Party, Regime};

pub use burst::Burst;
pub use delay::Delay;
pub use fair_pct::FairPct;
pub use hold::Hold;
pub use kind::{KINDS, Kind};
pub use pct::Pct;
pub use portfolio::Portfolio;
pub use pos::Pos;
pub use starve::Starve;
pub use uniform::Uniform;
pub use weighted::Weighted;

/// A set of parties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartySet(u16);

/// What a scheduler sees when it has to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Steps made so far.
    pub step: u32,
    /// Who can move; not empty.
    pub movable: PartySet,
    /// The subject waits for nothing but time: others may move, and change little.
    pub waits_for_time: bool,
}

/// Chooses who moves.
pub trait Scheduler {
    /// A run of this regime begins that has about so many steps.
    fn begin(&mut self, regime: &Regime, steps: u32, choices: &mut impl Choices);

    /// Who moves now; one of those who can, and somebody can.
    fn pick(&mut self, moment: Moment, choices: &mut impl Choices) -> Party;

    /// This operation was made. Most schedulers do not look at what a party does.
    #[inline]
    fn moved(&mut self, _: &Operation) {}

    /// What the party that was picked did came to nothing: it would have waited if it could. A scheduler that prefers
    /// somebody passes it over for a while, or nobody else would move.
    fn came_to_nothing(&mut self, party: Party);
}

impl PartySet {
    /// Nobody.
    pub const EMPTY: Self = Self(0);
    /// All readers there can be.
    pub const READERS: Self = Self(((1 << Party::READERS) - 1) << 6);

    /// The party of this number alone.
    #[must_use]
    pub const fn just(index: usize) -> Self {
        Self(1 << index)
    }

    /// Adds one.
    #[inline]
    pub fn insert(&mut self, party: Party) {
        self.0 |= 1 << party.index();
    }

    /// Takes one out.
    #[inline]
    pub fn remove(&mut self, party: Party) {
        self.0 &= !(1 << party.index());
    }

    /// Whether this one is in it.
    #[inline]
    pub fn has(self, party: Party) -> bool {
        self.0 >> party.index() & 1 == 1
    }

    /// All ones if the party of this number is in it, else zero.
    #[inline]
    pub fn mask(self, index: usize) -> u32 {
        u32::from(self.0 >> index & 1).wrapping_neg()
    }

    /// Those of it whose numbers are not below this one.
    #[must_use]
    #[inline]
    pub fn not_below(self, index: usize) -> Self {
        Self(self.0 >> index << index)
    }

    /// Whether nobody is.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many are.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Those of this set that are not in the other.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those that are in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are in one of the two.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The one with this many before it, counted in the order of their numbers.
    ///
    /// # Panics
    ///
    /// If there are not that many.
    #[inline]
    pub fn nth(self, n: u32) -> Party {
        assert!(n < self.len(), "member {n} of a set of {}", self.len());
        let mut rest = self.0;
        for _ in 0..n {
            rest &= rest - 1;
        }
        Party::at(rest.trailing_zeros() as usize)
    }

    /// All, in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Party> {
        self.indexes().map(Party::at)
    }

    /// Their numbers, ascending.
    #[inline]
    pub fn indexes(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let index = rest.trailing_zeros() as usize;
            (rest != 0).then(|| {
                rest &= rest - 1;
                index
            })
        })
    }
}

impl From<Parties> for PartySet {
    fn from(parties: Parties) -> Self {
        Self(parties.0)
    }
}

impl FromIterator<Party> for PartySet {
    fn from_iter<I: IntoIterator<Item = Party>>(parties: I) -> Self {
        let mut set = Self::EMPTY;
        parties.into_iter().for_each(|party| set.insert(party));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_its_members_in_order() {
        let set: PartySet = [Party::Reader(2), Party::Writer, Party::Clock].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Party::Writer, Party::Clock, Party::Reader(2)]);
        assert_eq!((0..3).map(|n| set.nth(n)).collect::<Vec<_>>(), [Party::Writer, Party::Clock, Party::Reader(2)]);
        assert!(set.has(Party::Clock) && !set.has(Party::Reader(1)));
    }

    #[test]
    fn the_set_of_readers_is_that_of_their_numbers() {
        let readers: PartySet =
            (0..Party::COUNT).map(Party::at).filter(|party| matches!(party, Party::Reader(_))).collect();
        assert_eq!(readers, PartySet::READERS);
    }
}
