//! Seeds as people type them: a decimal number, a full commit hash, and ranges of them.

use core::fmt;
use core::ops::Range;
use core::str::FromStr;

use xxhash_rust::xxh3::xxh3_64;

/// What a run is drawn from. The same seed gives the same decisions, byte for byte, for ever within one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seed(pub u64);

/// Seeds `from..to`, never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedRange(Range<u64>);

/// A text that is no seed, or no range of seeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseSeedError {
    /// Neither a number nor a hash.
    NotASeed(String),
    /// No `..` between two seeds.
    NotARange(String),
    /// The end is not beyond the beginning.
    Empty {
        /// The first seed.
        from: u64,
        /// Where the range ends.
        to: u64,
    },
}

/// Hex digits of a full commit hash.
const HASH_DIGITS: usize = 40;

impl FromStr for Seed {
    type Err = ParseSeedError;

    /// A commit hash is folded: 160 bits do not fit, so its bytes are hashed to 64. Forty digits are always taken
    /// for a hash, because no 64-bit number has as many.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not_a_seed = || ParseSeedError::NotASeed(text.to_owned());
        if text.len() == HASH_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let lower = text.to_ascii_lowercase();
            return Ok(Self(xxh3_64(lower.as_bytes())));
        }
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(not_a_seed());
        }
        text.parse().map(Self).map_err(|_| not_a_seed())
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl SeedRange {
    /// The seeds from `from` on, up to but without `to`.
    pub fn new(from: u64, to: u64) -> Result<Self, ParseSeedError> {
        if from < to { Ok(Self(from..to)) } else { Err(ParseSeedError::Empty { from, to }) }
    }

    /// The first seed.
    pub fn first(&self) -> u64 {
        self.0.start
    }

    /// Where it ends: the first seed beyond.
    pub fn end(&self) -> u64 {
        self.0.end
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.end - self.0.start
    }
}

impl FromStr for SeedRange {
    type Err = ParseSeedError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (from, to) = text.split_once("..").ok_or_else(|| ParseSeedError::NotARange(text.to_owned()))?;
        Self::new(from.parse::<Seed>()?.0, to.parse::<Seed>()?.0)
    }
}

impl fmt::Display for SeedRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.0.start, self.0.end)
    }
}

impl fmt::Display for ParseSeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASeed(text) => {
                write!(f, "expected a 64-bit decimal number or a full commit hash of 40 hex digits, got {text:?}")
            }
            Self::NotARange(text) => write!(f, "expected two seeds such as 0..10000, got {text:?}"),
            Self::Empty { from, to } => {
                write!(f, "the range {from}..{to} is empty: its end must be above its beginning")
            }
        }
    }
}

impl core::error::Error for ParseSeedError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_hash_is_folded_the_same_in_either_case() {
        let lower: Seed = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12".parse().unwrap();
        let upper: Seed = "2FD4E1C67A2D28FCED849EE1BB76E7391B93EB12".parse().unwrap();
        assert_eq!(lower, upper);
        assert_eq!(lower.to_string().parse(), Ok(lower));
    }

    #[test]
    fn the_largest_number_is_a_seed_and_the_next_is_not() {
        assert_eq!("18446744073709551615".parse(), Ok(Seed(u64::MAX)));
        assert!("18446744073709551616".parse::<Seed>().is_err());
    }

    #[test]
    fn what_is_no_seed_says_what_was_expected() {
        for text in ["", "-1", "+1", "0x10", "2fd4e1c", " 1"] {
            let error = text.parse::<Seed>().unwrap_err();
            assert!(error.to_string().starts_with("expected a 64-bit decimal number"), "{text:?}: {error}");
        }
    }

    #[test]
    fn an_empty_range_is_refused() {
        assert_eq!("5..5".parse::<SeedRange>(), Err(ParseSeedError::Empty { from: 5, to: 5 }));
        assert_eq!("5..4".parse::<SeedRange>(), Err(ParseSeedError::Empty { from: 5, to: 4 }));
        assert_eq!("5..7".parse::<SeedRange>().unwrap().count(), 2);
    }
}
