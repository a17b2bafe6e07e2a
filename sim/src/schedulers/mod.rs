//! Who moves next. One file per scheduler, behind one small trait; the seed decides which of them a run gets, because
//! no single one is strong against every bug.

mod pct;
mod uniform;
mod weighted;

use core::fmt;

use multiwatcher::testing::{Choices, Parties, Party, Regime, Stream};
use serde::{Deserialize, Serialize};

pub use pct::Pct;
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

    /// What the party that was picked did came to nothing: it would have waited if it could. A scheduler that prefers
    /// somebody passes it over for a while, or nobody else would move.
    fn came_to_nothing(&mut self, party: Party);
}

/// The schedulers a run can have, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Uniform random.
    Uniform,
    /// Random by the regime's weights.
    Weighted,
    /// PCT of this depth.
    Pct(u8),
}

/// Every kind, in the order of their numbers.
pub const KINDS: [Kind; 5] = [Kind::Uniform, Kind::Weighted, Kind::Pct(1), Kind::Pct(2), Kind::Pct(3)];

/// All schedulers, one of them chosen for the run.
#[derive(Debug)]
pub struct Portfolio {
    kind: Kind,
    uniform: Uniform,
    weighted: Weighted,
    pct: Pct,
}

/// Two of three runs are random, the others share the depths of PCT.
const WEIGHTS: [u16; KINDS.len()] = [1, 13, 2, 2, 2];

impl Portfolio {
    /// None chosen yet.
    pub fn new() -> Self {
        Self { kind: Kind::Uniform, uniform: Uniform, weighted: Weighted::default(), pct: Pct::default() }
    }

    /// Draws the kind for a run.
    pub fn draw(choices: &mut impl Choices) -> Kind {
        KINDS[choices.weighted(Stream::Regime, &WEIGHTS)]
    }

    /// Chooses the kind of the run to begin.
    pub fn choose(&mut self, kind: Kind) {
        self.kind = kind;
        match kind {
            Kind::Uniform | Kind::Weighted => (),
            Kind::Pct(depth) => self.pct.set_depth(depth),
        }
    }
}

impl Default for Portfolio {
    fn default() -> Self {
        Self::new()
    }
}

impl Scheduler for Portfolio {
    fn begin(&mut self, regime: &Regime, steps: u32, choices: &mut impl Choices) {
        match self.kind {
            Kind::Uniform => self.uniform.begin(regime, steps, choices),
            Kind::Weighted => self.weighted.begin(regime, steps, choices),
            Kind::Pct(_) => self.pct.begin(regime, steps, choices),
        }
    }

    #[inline]
    fn pick(&mut self, moment: Moment, choices: &mut impl Choices) -> Party {
        match self.kind {
            Kind::Uniform => self.uniform.pick(moment, choices),
            Kind::Weighted => self.weighted.pick(moment, choices),
            Kind::Pct(_) => self.pct.pick(moment, choices),
        }
    }

    fn came_to_nothing(&mut self, party: Party) {
        match self.kind {
            Kind::Uniform => self.uniform.came_to_nothing(party),
            Kind::Weighted => self.weighted.came_to_nothing(party),
            Kind::Pct(_) => self.pct.came_to_nothing(party),
        }
    }
}

impl PartySet {
    /// Nobody.
    pub const EMPTY: Self = Self(0);

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

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform => f.write_str("uniform"),
            Self::Weighted => f.write_str("weighted"),
            Self::Pct(depth) => write!(f, "PCT({depth})"),
        }
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
}
