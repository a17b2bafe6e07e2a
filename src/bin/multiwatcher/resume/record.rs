//! The lines of the file. Each is a record in JSON behind a check of it and of all lines before it:
//!
//! ```text
//! 0d3c… {"resume":{"version":1,"backing":"…","filter":{…},"entities":1}}
//! 81f0… {"entity":["unit","…","mysql/0","5f1c…"]}
//! 9a27… {"telling":[["unit","…","mysql/1","77aa…"],["unit","…","mysql/0","-"]]}
//! c41b… "told"
//! ```
//!
//! First the entities as they were when the file was written, then what was printed since. For an entity there is the digest of
//! its value, `-` if it was removed, `?` if it is not known which.

use core::fmt;
use std::collections::BTreeMap;

use multiwatcher::backing::Identity;
use multiwatcher::{EntityId, Filter, Kind, ModelId};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The version of the format.
pub(super) const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Record {
    /// The first line: of what the file is, and how many entities follow.
    Resume(Head),
    /// An entity that was printed.
    Entity(Note),
    /// What is about to be printed.
    Telling(Vec<Note>),
    /// It was.
    Told,
    /// The backing goes by this identity from here on.
    Backing(Identity),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) version: u32,
    pub(super) backing: Identity,
    pub(super) filter: Filter,
    pub(super) entities: usize,
}

/// What was printed of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// A value of this digest.
    Value(u128),
    /// That it was removed.
    Removed,
    /// One or the other, or nothing.
    Unknown,
}

/// What was printed of which entity.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Note(Kind, ModelId, String, #[serde(with = "said")] Said);

impl Note {
    pub(super) fn new(id: &EntityId, said: Said) -> Self {
        Self(id.kind.clone(), id.model, id.id().to_owned(), said)
    }

    /// It was printed.
    pub(super) fn apply(self, held: &mut BTreeMap<EntityId, Option<u128>>) {
        let Self(kind, model, id, said) = self;
        let id = EntityId::new(kind, model, id);
        match said {
            Said::Value(digest) => held.insert(id, Some(digest)),
            Said::Removed => held.remove(&id),
            Said::Unknown => held.insert(id, None),
        };
    }

    /// It may have been printed.
    pub(super) fn apply_in_doubt(self, held: &mut BTreeMap<EntityId, Option<u128>>) {
        let Self(kind, model, id, _) = self;
        held.insert(EntityId::new(kind, model, id), None);
    }
}

/// Appends a record as a line; `check` is that of the lines before, and becomes that of this one.
pub(super) fn append(record: &Record, check: &mut u64, to: &mut Vec<u8>) {
    let json = serde_json::to_vec(record).expect("texts and numbers are JSON");
    *check = xxh3_64_with_seed(&json, *check);
    to.extend_from_slice(format!("{check:016x} ").as_bytes());
    to.extend_from_slice(&json);
    to.push(b'\n');
}

/// The record of a line, without its end, if it is the one that was written there.
pub(super) fn read(line: &[u8], check: &mut u64) -> Result<Record, Wrong> {
    let (digits, json) = line.split_at_checked(17).ok_or(Wrong::Line)?;
    let told = core::str::from_utf8(digits).ok().and_then(|digits| digits.strip_suffix(' '));
    let told = told.and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or(Wrong::Line)?;
    *check = xxh3_64_with_seed(json, *check);
    if told != *check {
        return Err(Wrong::Check);
    }
    serde_json::from_slice(json).map_err(|_| Wrong::Line)
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It is none of ours.
    Line,
    /// It is not the one that was written, or another one is missing before it.
    Check,
}

impl Wrong {
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Line => "a check and a record",
            Self::Check => "the record that its check was made of, after the lines that were before it",
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(digest) => write!(f, "{digest:032x}"),
            Self::Removed => f.write_str("-"),
            Self::Unknown => f.write_str("?"),
        }
    }
}

mod said {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Said;

    pub(super) fn serialize<S: Serializer>(said: &Said, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(said)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Said, D::Error> {
        match &*Cow::<'de, str>::deserialize(deserializer)? {
            "-" => Ok(Said::Removed),
            "?" => Ok(Said::Unknown),
            digits => u128::from_str_radix(digits, 16)
                .map(Said::Value)
                .map_err(|_| D::Error::custom(format!("expected 32 hexadecimal digits, - or ?, got {digits:?}"))),
        }
    }
}
