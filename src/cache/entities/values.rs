//! What several kinds are made of: statuses, addresses, constraints, lives and times.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Members;
use super::object::{Field, Problem, is_written, object, zero};
use crate::backing::Json;

object! {
    /// How something is.
    pub struct Status {
        /// An error of the query; never set in practice.
        "err" omitempty err: Option<Json>,
        /// One word: `active`, `idle`, `started`, ...
        "current" always current: String,
        /// A sentence for people.
        "message" always message: String,
        /// Since when.
        "since" omitempty since: Option<Timestamp>,
        /// The version of what reported it, for agents.
        "version" always version: String,
        /// What else belongs to it.
        "data" omitempty data: Members,
    }
}

impl Status {
    /// The status of an application that never set one: its readers derive it from the units.
    pub fn unset() -> Self {
        Self { current: UNSET.to_owned(), ..Self::default() }
    }

    /// Whether nobody ever set it.
    pub fn is_unset(&self) -> bool {
        self.current.is_empty() || self.current == UNSET
    }
}

const UNSET: &str = "unset";

object! {
    /// Where a machine can be reached.
    pub struct Address {
        /// The address itself.
        "value" always value: String,
        /// Its network.
        "cidr" omitempty cidr: String,
        /// `ipv4`, `ipv6` or `hostname`.
        "type" always kind: String,
        /// `public`, `local-cloud`, `local-machine`, ...
        "scope" always scope: String,
        /// The space's name.
        "space-name" omitempty space_name: String,
        /// The space's id.
        "space-id" omitempty space_id: String,
        /// How it was given out.
        "config-type" omitempty config_type: String,
        /// Whether it is not the first of its device.
        "is-secondary" omitempty is_secondary: bool,
    }
}

object! {
    /// What is asked of machines. Nothing asked is `{}`. Sizes are MiB.
    pub struct Constraints {
        /// The architecture.
        "arch" omitempty arch: String,
        /// The kind of container.
        "container" omitempty container: String,
        /// Cores.
        "cores" omitempty cores: u64,
        /// Power of a core, in hundredths of one of a reference machine.
        "cpu-power" omitempty cpu_power: u64,
        /// Memory.
        "mem" omitempty mem: u64,
        /// Size of the root disk.
        "root-disk" omitempty root_disk: u64,
        /// Where the root disk comes from.
        "root-disk-source" omitempty root_disk_source: String,
        /// Tags the provider knows.
        "tags" omitempty tags: Vec<String>,
        /// The role of the instance.
        "instance-role" omitempty instance_role: String,
        /// The provider's name for a size.
        "instance-type" omitempty instance_type: String,
        /// Network spaces to be in, or not in.
        "spaces" omitempty spaces: Vec<String>,
        /// Kind of virtual machine.
        "virt-type" omitempty virt_type: String,
        /// Availability zones.
        "zones" omitempty zones: Vec<String>,
        /// Whether a public address is wanted.
        "allocate-public-ip" omitempty allocate_public_ip: bool,
    }
}

/// Where an entity is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Life {
    /// Nothing was said; written as an empty string.
    #[default]
    Unsaid,
    /// It lives.
    Alive,
    /// It is to go, and does not yet.
    Dying,
    /// It is gone but for its record.
    Dead,
}

impl Life {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsaid => "",
            Self::Alive => "alive",
            Self::Dying => "dying",
            Self::Dead => "dead",
        }
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Field for Life {
    fn zero() -> Self {
        Self::Unsaid
    }

    fn is_empty(&self) -> bool {
        *self == Self::Unsaid
    }

    fn read(text: &str) -> Result<Self, Problem> {
        let word = String::read(text)?;
        let all = [Self::Unsaid, Self::Alive, Self::Dying, Self::Dead];
        all.into_iter()
            .find(|life| life.as_str() == word)
            .ok_or_else(|| Problem::new(format!("expected alive, dying or dead, got {:?}", short(&word))))
    }
}

impl Serialize for Life {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A time as it was written: RFC 3339, with all its digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Timestamp(String);

/// A text that is no time of RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseTimestampError {
    text: String,
}

impl Timestamp {
    /// What was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is Go's zero time, which says that there is none.
    pub fn is_zero(&self) -> bool {
        self.0 == ZERO_TIME
    }
}

const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

impl Default for Timestamp {
    fn default() -> Self {
        Self(ZERO_TIME.to_owned())
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match OffsetDateTime::parse(text, &Rfc3339) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(ParseTimestampError { text: short(text) }),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a time such as 2026-11-24T03:19:49.677082Z, got {:?}", self.text)
    }
}

impl core::error::Error for ParseTimestampError {}

impl Field for Timestamp {
    fn zero() -> Self {
        Self::default()
    }

    fn is_empty(&self) -> bool {
        self.is_zero()
    }

    fn read(text: &str) -> Result<Self, Problem> {
        String::read(text)?.parse().map_err(|error: ParseTimestampError| Problem::new(error.to_string()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Enough of a text to know it by.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_kept_as_it_was_written() {
        for text in
            [ZERO_TIME, "2026-11-24T03:19:49.677082001Z", "2024-02-29T23:59:59+02:00", "2026-11-24T03:19:49.100Z"]
        {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        assert!(Timestamp::default().is_zero());
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2026-02-30T00:00:00Z", "2026-11-24 03:19", "2026-11-24T03:19:49"] {
            let error = text.parse::<Timestamp>().unwrap_err();
            assert!(error.to_string().starts_with("expected a time such as"), "{error}");
        }
    }

    #[test]
    fn a_life_is_one_of_its_words() {
        assert_eq!(Life::read("\"dying\""), Ok(Life::Dying));
        assert_eq!(Life::read("\"undead\"").unwrap_err().to_string(), "expected alive, dying or dead, got \"undead\"");
    }
}
