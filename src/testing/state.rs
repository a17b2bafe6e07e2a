//! Sets of ids and states of the backing, packed into a few bits each.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::universe::{IdIx, Shape, Val};

/// A set of ids.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(into = "Vec<u8>", try_from = "Vec<u8>")]
pub struct IdSet(pub u16);

impl IdSet {
    /// None.
    pub const EMPTY: Self = Self(0);

    /// This one alone.
    pub fn one(ix: IdIx) -> Self {
        Self(1 << ix.0)
    }

    /// Those below this number.
    pub fn first(count: u8) -> Self {
        Self(u16::MAX.checked_shr(u32::from(16 - count.min(16))).unwrap_or(0))
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether this one is in it.
    pub fn has(self, ix: IdIx) -> bool {
        ix.0 < Shape::IDS && (self.0 >> ix.0) & 1 == 1
    }

    /// Puts one in.
    pub fn insert(&mut self, ix: IdIx) {
        self.0 |= 1 << ix.0;
    }

    /// Takes one out.
    pub fn remove(&mut self, ix: IdIx) {
        self.0 &= !(1 << ix.0);
    }

    /// In either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// In both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// In this one and not in the other.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The one with this many before it, if there are that many.
    pub fn nth(self, n: u32) -> Option<IdIx> {
        self.iter().nth(n as usize)
    }

    /// All, ascending.
    pub fn iter(self) -> Ids {
        Ids(self.0)
    }
}

/// The ids of a set, ascending.
#[derive(Debug, Clone)]
pub struct Ids(u16);

impl Ids {
    pub(super) fn new(bits: u16) -> Self {
        Self(bits)
    }
}

impl Iterator for Ids {
    type Item = IdIx;

    #[inline]
    fn next(&mut self) -> Option<IdIx> {
        if self.0 == 0 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 15")]
        let next = self.0.trailing_zeros() as u8;
        self.0 &= self.0 - 1;
        Some(IdIx(next))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.count_ones() as usize, Some(self.0.count_ones() as usize))
    }
}

impl ExactSizeIterator for Ids {}

impl fmt::Debug for IdSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|ix| ix.0)).finish()
    }
}

impl From<IdSet> for Vec<u8> {
    fn from(set: IdSet) -> Self {
        set.iter().map(|ix| ix.0).collect()
    }
}

impl TryFrom<Vec<u8>> for IdSet {
    type Error = String;

    fn try_from(list: Vec<u8>) -> Result<Self, String> {
        let mut set = Self::EMPTY;
        for ix in list {
            if ix >= Shape::IDS {
                return Err(format!("expected ids below {}, got {ix}", Shape::IDS));
            }
            set.insert(IdIx(ix));
        }
        Ok(set)
    }
}

/// What every id of the universe is worth at one moment: four bits each, zero if it is not alive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct State(pub u64);

impl State {
    /// Nothing is alive.
    pub const EMPTY: Self = Self(0);
    /// The highest value.
    pub const VALUES: Val = 14;
    /// Stands for a value that no regime has: only a broken subject comes up with one.
    pub const FOREIGN: Val = 15;

    /// The value of this id, if it is alive.
    pub fn get(self, ix: IdIx) -> Option<Val> {
        let value = (self.0 >> (4 * u32::from(ix.0)) & 15) as Val;
        (value != 0).then_some(value)
    }

    /// Gives this id a value, or none.
    pub fn set(&mut self, ix: IdIx, value: Option<Val>) {
        let bits = match value {
            None => 0,
            Some(value @ 1..=Self::VALUES) => u64::from(value),
            Some(_) => u64::from(Self::FOREIGN),
        };
        let shift = 4 * u32::from(ix.0);
        self.0 = self.0 & !(15 << shift) | bits << shift;
    }

    /// The ids that are alive.
    pub fn alive(self) -> IdSet {
        let any = (self.0 | self.0 >> 1 | self.0 >> 2 | self.0 >> 3) & 0x1111_1111_1111_1111;
        gather(any)
    }

    /// The ids whose values differ.
    pub fn differs(self, other: Self) -> IdSet {
        Self(self.0 ^ other.0).alive()
    }

    /// These ids alone.
    #[must_use]
    pub fn only(self, ids: IdSet) -> Self {
        Self(self.0 & spread(ids))
    }

    /// With these ids as the other state has them.
    #[must_use]
    pub fn with(self, ids: IdSet, other: Self) -> Self {
        let mask = spread(ids);
        Self(self.0 & !mask | other.0 & mask)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.alive().iter().map(|ix| (ix.0, self.get(ix).unwrap_or(0)))).finish()
    }
}

/// One bit of every four, packed.
fn gather(mut nibbles: u64) -> IdSet {
    nibbles = (nibbles | nibbles >> 3) & 0x0303_0303_0303_0303;
    nibbles = (nibbles | nibbles >> 6) & 0x000f_000f_000f_000f;
    nibbles = (nibbles | nibbles >> 12) & 0x0000_00ff_0000_00ff;
    nibbles = (nibbles | nibbles >> 24) & 0xffff;
    #[expect(clippy::cast_possible_truncation, reason = "sixteen bits are left")]
    IdSet(nibbles as u16)
}

/// Four bits for every one.
fn spread(ids: IdSet) -> u64 {
    let mut bits = u64::from(ids.0);
    bits = (bits | bits << 24) & 0x0000_00ff_0000_00ff;
    bits = (bits | bits << 12) & 0x000f_000f_000f_000f;
    bits = (bits | bits << 6) & 0x0303_0303_0303_0303;
    bits = (bits | bits << 3) & 0x1111_1111_1111_1111;
    bits * 15
}

/// What one commit does: ids with their new values, or none. Written as `0=2 3=-`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Changes {
    /// The ids it touches.
    pub ids: IdSet,
    /// What they are worth afterwards.
    pub values: State,
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, ix) in self.ids.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { " " })?;
            match self.values.get(ix) {
                Some(value) => write!(f, "{}={value}", ix.0)?,
                None => write!(f, "{}=-", ix.0)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl From<Changes> for String {
    fn from(changes: Changes) -> Self {
        changes.to_string()
    }
}

impl TryFrom<String> for Changes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Changes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut changes = Self::default();
        for part in text.split_whitespace() {
            let wrong = || format!("expected a change such as 3=2 or 3=-, got {part:?}");
            let (id, value) = part.split_once('=').ok_or_else(wrong)?;
            let id = id.parse().ok().filter(|id| *id < Shape::IDS).map(IdIx).ok_or_else(wrong)?;
            let value = match value {
                "-" => None,
                value => {
                    Some(value.parse().ok().filter(|value| (1..=State::VALUES).contains(value)).ok_or_else(wrong)?)
                }
            };
            changes.ids.insert(id);
            changes.values.set(id, value);
        }
        Ok(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_holds_what_was_set_and_nothing_else() {
        let mut state = State::EMPTY;
        for ix in (0..Shape::IDS).map(IdIx) {
            state.set(ix, Some(Val::from(ix.0) % State::VALUES + 1));
        }
        assert_eq!(state.alive(), IdSet(u16::MAX));
        state.set(IdIx(3), None);
        assert_eq!((state.get(IdIx(3)), state.get(IdIx(4)), state.get(IdIx(15))), (None, Some(5), Some(2)));
        assert_eq!(state.alive(), IdSet(u16::MAX).minus(IdSet::one(IdIx(3))));
    }

    #[test]
    fn sets_pick_ids_out_of_states() {
        let mut state = State::EMPTY;
        [1, 6, 11, 15].into_iter().for_each(|ix| state.set(IdIx(ix), Some(9)));
        for bits in 0..=u16::MAX {
            assert_eq!(state.only(IdSet(bits)).alive(), state.alive().and(IdSet(bits)));
        }
        let other = state.only(IdSet::first(7));
        assert_eq!(state.differs(other), IdSet(1 << 11 | 1 << 15));
        assert_eq!(other.with(IdSet::one(IdIx(15)), state).alive(), IdSet(1 << 1 | 1 << 6 | 1 << 15));
    }

    #[test]
    fn changes_are_read_as_they_are_written() {
        let changes: Changes = "0=2 3=- 15=14".parse().unwrap();
        assert_eq!(changes.to_string(), "0=2 3=- 15=14");
        assert_eq!((changes.values.get(IdIx(0)), changes.values.get(IdIx(3))), (Some(2), None));
        for wrong in ["3", "3=", "16=1", "3=0", "3=15", "x=1"] {
            assert!(wrong.parse::<Changes>().unwrap_err().starts_with("expected a change"), "{wrong}");
        }
    }
}
