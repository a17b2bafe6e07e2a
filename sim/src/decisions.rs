//! Capsules: one run as a list of decisions that people can read and edit. JSON lines: the format with its version, the world and
//! what is broken; what the regime has that a calm one has not; one operation a line in the order they were made; and at the end,
//! for information, where it came from. Lines that begin with `#` are remarks.
//!
//! Operations of the healing are not written: they follow from where it begins, and a replay computes them.

use core::fmt;
use std::io::{self, BufRead, Write};

use multiwatcher::testing::{Operation, Regime};
use serde::{Deserialize, Serialize};

use crate::difference;
use crate::schedulers::Kind;
use crate::worlds::World;

/// One run, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Decisions {
    /// What was drawn once.
    pub header: Header,
    /// What was done, in order.
    pub operations: Vec<Operation>,
    /// How many of them were done before the healing began; `None` if it did not begin.
    pub healing: Option<usize>,
}

/// What is known of a run besides its operations.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Which world.
    pub world: String,
    /// The seed it was drawn from, for information.
    pub seed: u64,
    /// The scheduler that chose who moved, for information.
    pub scheduler: Kind,
    /// What it broke when it was written; empty if nothing.
    pub broken: String,
    /// What the run was like.
    pub regime: Regime,
}

/// What every version of the format begins with; the rest of the line is the version's own.
#[derive(Debug, Deserialize)]
struct Mark {
    format: String,
    version: u32,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    format: String,
    version: u32,
    world: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    broken: String,
}

/// The second line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Second {
    regime: serde_json::Value,
}

/// The last line, which may be left out. A scheduler that there is no more is no reason not to read the rest.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Last {
    seed: u64,
    #[serde(default)]
    scheduler: serde_json::Value,
}

/// Why a decision file cannot be used.
#[derive(Debug)]
pub enum ReadError {
    /// It could not be read.
    Io(io::Error),
    /// Its first line is no header of ours.
    NotDecisions,
    /// It was written in another version of the format.
    OtherVersion(u32),
    /// Its world is not known.
    UnknownWorld(String),
    /// A line is damaged.
    Damaged {
        /// Which line, from 1.
        line: usize,
        /// What was expected there.
        expected: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// How the format calls itself.
const FORMAT: &str = "mwsim capsule";
/// Raised whenever an older file would mean something else.
const VERSION: u32 = 2;
/// How it called itself in its first version, which had the whole regime and the operations of the healing in it.
const OLD_FORMAT: &str = "mwsim decisions";
/// That version.
const OLD_VERSION: u32 = 1;
/// The line that stands where the healing begins.
const HEALING: &str = "\"Healing\"";

impl Decisions {
    /// Writes the file.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Header { world, seed, scheduler, broken, regime } = &self.header;
        let (format, world, broken) = (FORMAT.to_owned(), world.clone(), broken.clone());
        writeln!(out, "{}", json(&First { format, version: VERSION, world, broken })?)?;
        let regime = difference::difference(&serde_json::to_value(regime)?, &calm()?);
        writeln!(out, "{}", json(&Second { regime: regime.unwrap_or_else(|| serde_json::json!({})) })?)?;
        for operation in self.before_healing() {
            writeln!(out, "{}", json(operation)?)?;
        }
        if self.healing.is_some() {
            writeln!(out, "{HEALING}")?;
        }
        writeln!(out, "{}", json(&Last { seed: *seed, scheduler: serde_json::to_value(scheduler)? })?)
    }

    /// The file as text.
    pub fn to_text(&self) -> io::Result<String> {
        let mut text = Vec::new();
        self.write(&mut text)?;
        String::from_utf8(text).map_err(io::Error::other)
    }

    /// The operations that were made before the healing began. Those after it follow from where it begins, and a replay computes
    /// them.
    pub fn before_healing(&self) -> &[Operation] {
        let end = self.healing.unwrap_or(self.operations.len());
        &self.operations[..end.min(self.operations.len())]
    }

    /// Which world it is about. A file about an unknown one is not read.
    pub fn world(&self) -> World {
        World::named(&self.header.world).unwrap_or(World::Machine)
    }

    /// Reads a file. Empty lines and remarks are passed over.
    pub fn read(input: impl BufRead) -> Result<Self, ReadError> {
        let mut lines = Vec::new();
        for (number, line) in (1..).zip(input.lines()) {
            let line = line.map_err(ReadError::Io)?;
            let text = line.trim();
            if !text.is_empty() && !text.starts_with('#') {
                lines.push((number, text.to_owned()));
            }
        }
        let mut lines = lines.into_iter();
        let (number, first) = lines.next().ok_or(ReadError::NotDecisions)?;
        let mark: Mark = serde_json::from_str(&first).map_err(|_| ReadError::NotDecisions)?;
        let decisions = match (mark.format.as_str(), mark.version) {
            (FORMAT, VERSION) => Self::read_lines(parse(number, &first, FIRST)?, &mut lines)?,
            (OLD_FORMAT, OLD_VERSION) => Self::read_old(&mut lines)?,
            (FORMAT | OLD_FORMAT, version) => return Err(ReadError::OtherVersion(version)),
            _ => return Err(ReadError::NotDecisions),
        };
        if World::named(&decisions.header.world).is_none() {
            return Err(ReadError::UnknownWorld(decisions.header.world));
        }
        Ok(decisions)
    }

    fn read_lines(first: First, lines: &mut dyn Iterator<Item = (usize, String)>) -> Result<Self, ReadError> {
        let (number, line) = lines.next().ok_or_else(|| ReadError::damaged(2, SECOND, "the file ends here"))?;
        let second: Second = parse(number, &line, SECOND)?;
        let regime = calm().map_err(ReadError::Io).and_then(|calm| {
            let whole = difference::with_difference(&calm, &second.regime);
            whole
                .and_then(|whole| serde_json::from_value(whole).map_err(|error| error.to_string()))
                .map_err(|why| ReadError::damaged(number, SECOND, &why))
        })?;
        let First { world, broken, .. } = first;
        let header = Header { world, seed: 0, scheduler: Kind::Uniform, broken, regime };
        let mut decisions = Self { header, operations: Vec::new(), healing: None };
        for (number, line) in lines {
            if line == HEALING {
                decisions.healing = Some(decisions.operations.len());
            } else if line.starts_with("{\"seed\"") {
                let last: Last = parse(number, &line, LAST)?;
                decisions.header.seed = last.seed;
                decisions.header.scheduler = serde_json::from_value(last.scheduler).unwrap_or(Kind::Uniform);
            } else if decisions.healing.is_some() {
                return Err(ReadError::damaged(number, LAST, "what happens after the healing began is not written"));
            } else {
                decisions.operations.push(parse(number, &line, OPERATION)?);
            }
        }
        Ok(decisions)
    }

    fn read_old(lines: &mut dyn Iterator<Item = (usize, String)>) -> Result<Self, ReadError> {
        let (number, line) = lines.next().ok_or_else(|| ReadError::damaged(2, HEADER, "the file ends here"))?;
        let header: Header = parse(number, &line, HEADER)?;
        let mut decisions = Self { header, operations: Vec::new(), healing: None };
        for (number, line) in lines {
            if line == HEALING {
                decisions.healing = Some(decisions.operations.len());
            } else {
                decisions.operations.push(parse(number, &line, OPERATION)?);
            }
        }
        Ok(decisions)
    }
}

/// The regime that capsules are compared with.
fn calm() -> io::Result<serde_json::Value> {
    serde_json::to_value(Regime::calm(1, &[])).map_err(io::Error::from)
}

const FIRST: &str = "a first line with format, version, world and broken";
const SECOND: &str = "what is not as in a calm run, such as {\"regime\":{\"readers\":[\"Eager\"]}}";
const LAST: &str = "the seed it came from, or the end of the file";
const HEADER: &str = "a header with world, seed, scheduler, broken and regime";
const OPERATION: &str = "an operation such as {\"Next\":{\"reader\":0}}";

fn json(value: &impl Serialize) -> io::Result<String> {
    serde_json::to_string(value).map_err(io::Error::from)
}

fn parse<T: for<'a> Deserialize<'a>>(number: usize, line: &str, expected: &'static str) -> Result<T, ReadError> {
    serde_json::from_str(line).map_err(|error| {
        // The parser counts lines too, but it sees only this one.
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        ReadError::damaged(number, expected, &format!("column {}: {text}", error.column()))
    })
}

impl ReadError {
    fn damaged(line: usize, expected: &'static str, why: &str) -> Self {
        Self::Damaged { line, expected, why: why.to_owned() }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::NotDecisions => {
                write!(f, "not a capsule\n  expected a first line with \"format\":\"{FORMAT}\" and a version")
            }
            Self::OtherVersion(version) => {
                write!(
                    f,
                    "written in version {version} of the format\n  this program reads versions {OLD_VERSION} and {VERSION}"
                )
            }
            Self::UnknownWorld(world) => {
                write!(f, "unknown world {world:?}\n  expected {:?}", World::Machine.name())
            }
            Self::Damaged { line, expected, why } => {
                write!(f, "line {line} is damaged\n  expected {expected}\n  {why}")
            }
        }
    }
}

impl core::error::Error for ReadError {}

#[cfg(test)]
mod tests {
    use multiwatcher::testing::{Character, FilterIx};

    use super::*;

    fn capsule() -> Decisions {
        let mut regime = Regime::calm(2, &[Character::Eager]);
        regime.config.lag_limit = Some(2);
        regime.config.heartbeat = core::time::Duration::from_millis(6);
        let header = Header {
            world: "machine+z7".to_owned(),
            seed: 16,
            scheduler: Kind::Uniform,
            broken: "stop-quiescent".to_owned(),
            regime,
        };
        let operations = vec![Operation::Open { reader: 0, filter: FilterIx(0) }, Operation::Stop { reader: 0 }];
        Decisions { header, operations, healing: Some(2) }
    }

    #[test]
    fn a_capsule_is_small_and_comes_back() {
        let text = capsule().to_text().unwrap();
        insta::assert_snapshot!(text);
        assert_eq!(Decisions::read(text.as_bytes()).unwrap(), capsule());
    }

    #[test]
    fn where_it_came_from_may_be_left_out_and_remarks_put_in() {
        let text = capsule().to_text().unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.contains("seed")).collect();
        let edited = format!("# who stops stays\n{}", lines.join("\n# a remark\n\n"));
        let mut expected = capsule();
        expected.header.seed = 0;
        assert_eq!(Decisions::read(edited.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn a_file_of_the_first_version_is_read() {
        let regime = serde_json::to_string(&capsule().header.regime).unwrap();
        let header = format!(r#"{{"world":"machine","seed":3,"scheduler":"uniform","broken":"","regime":{regime}}}"#);
        let old = format!(
            "{{\"format\":\"mwsim decisions\",\"version\":1}}\n{header}\n\"Accept\"\n\"Healing\"\n\"Subscribed\"\n"
        );
        let read = Decisions::read(old.as_bytes()).unwrap();
        assert_eq!((read.before_healing(), read.healing, read.header.seed), (&[Operation::Accept][..], Some(1), 3));
    }

    #[test]
    fn a_damaged_capsule_says_where_and_what_was_expected() {
        let text = capsule().to_text().unwrap();
        let unknown = text.replace("lag_limit", "lag_limits");
        let after = text.replace("\"Healing\"", "\"Healing\"\n\"Accept\"");
        for (name, damaged) in [("field", unknown), ("after", after)] {
            let error = Decisions::read(damaged.as_bytes()).unwrap_err();
            insta::assert_snapshot!(name, error.to_string());
        }
    }
}
