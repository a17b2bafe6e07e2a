//! What a reader comes back with.

use core::fmt;
use core::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::backing::Identity;
use crate::machine::{Epoch, Filter, Position, ResumePoint, Revno};

/// How far a multiwatcher had been brought, and in what. Its text is opaque: keep it, and give it to
/// [`Worker::resume`](super::Worker::resume).
///
/// The text begins with its version and is safe in URLs and headers. It is checked for damage, not against forgery: a forged one
/// can make its bearer's own view wrong, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ResumeToken {
    point: ResumePoint,
    filter: Filter,
}

/// A text that is no resume token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseTokenError {
    /// It does not begin as one does.
    NoToken,
    /// It was damaged on its way.
    Damaged,
}

/// Version 1, as JSON. A later version gets a letter of its own, and this one stays readable.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Version1 {
    #[serde(rename = "e")]
    epoch: Identity,
    #[serde(rename = "r")]
    revno: Revno,
    #[serde(rename = "p")]
    position: Position,
    #[serde(rename = "b")]
    backing: Identity,
    #[serde(rename = "f")]
    filter: Filter,
    /// That the position is not [exact](crate::machine::Progress::exact), which is seldom.
    #[serde(rename = "x", default, skip_serializing_if = "core::ops::Not::not")]
    inexact: bool,
}

const PREFIX: &str = "mw1.";
const CHECK: usize = size_of::<u64>();

impl ResumeToken {
    pub(super) fn new(point: ResumePoint, filter: Filter) -> Self {
        Self { point, filter }
    }

    /// A token that was given out by nobody.
    #[cfg(feature = "testing")]
    pub fn forged(point: ResumePoint, filter: Filter) -> Self {
        Self::new(point, filter)
    }

    /// Where the multiwatcher had been brought to.
    pub fn point(&self) -> ResumePoint {
        self.point
    }

    /// The database it is of.
    pub fn identity(&self) -> Identity {
        self.point.backing
    }

    /// What the multiwatcher saw, and will see again.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }
}

impl fmt::Display for ResumeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { point: ResumePoint { epoch, revno, position, backing, exact }, filter } = self;
        let (epoch, backing, filter) = (Identity(epoch.0), *backing, filter.clone());
        let inside = Version1 { epoch, revno: *revno, position: *position, backing, filter, inexact: !exact };
        let mut bytes = serde_json::to_vec(&inside).map_err(|_| fmt::Error)?;
        bytes.extend(xxh3_64(&bytes).to_le_bytes());
        write!(f, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for ResumeToken {
    type Err = ParseTokenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_prefix(PREFIX).ok_or(ParseTokenError::NoToken)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ParseTokenError::Damaged)?;
        let (inside, check) = bytes.split_last_chunk::<CHECK>().ok_or(ParseTokenError::Damaged)?;
        if xxh3_64(inside).to_le_bytes() != *check {
            return Err(ParseTokenError::Damaged);
        }
        let Version1 { epoch, revno, position, backing, filter, inexact } =
            serde_json::from_slice(inside).map_err(|_| ParseTokenError::Damaged)?;
        let point = ResumePoint { epoch: Epoch(epoch.0), revno, position, backing, exact: !inexact };
        Ok(Self { point, filter })
    }
}

impl fmt::Display for ParseTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken => write!(f, "expected a resume token, which begins with {PREFIX:?}"),
            Self::Damaged => {
                f.write_str("expected a resume token as it was given out, got one that was damaged or cut")
            }
        }
    }
}

impl core::error::Error for ParseTokenError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{Kind, ModelId};

    fn token() -> ResumeToken {
        let (epoch, backing) = (Epoch(u128::MAX - 1), Identity(5));
        let point = ResumePoint { epoch, revno: Revno(7), position: Position(u64::MAX), backing, exact: true };
        let filter = Filter::models([ModelId::from_u128(1), ModelId::from_u128(2)]).only_kinds([Kind::new("unit")]);
        ResumeToken::new(point, filter)
    }

    #[test]
    fn a_token_survives_its_text() {
        assert_eq!(token().to_string().parse(), Ok(token()));
        let mut inexact = token();
        inexact.point.exact = false;
        assert_eq!(inexact.to_string().parse(), Ok(inexact));
    }

    /// Tokens are kept by clients: this one must be readable for ever.
    #[test]
    fn a_token_of_version_1_is_still_read() {
        let text = token().to_string();
        insta::assert_snapshot!(text);
    }

    #[test]
    fn no_damage_goes_unnoticed() {
        let text = token().to_string();
        for at in 0..text.len() {
            for other in [b'A', b'b', b'.'] {
                let mut damaged = text.clone().into_bytes();
                if damaged[at] == other {
                    continue;
                }
                damaged[at] = other;
                let damaged = String::from_utf8(damaged).unwrap();
                assert!(damaged.parse::<ResumeToken>().is_err(), "{damaged}");
            }
            assert!(text[..at].parse::<ResumeToken>().is_err(), "cut at {at}");
        }
    }
}
