//! Decision files: one run as a list of decisions that people can read and edit. JSON lines; first the format and its
//! version, then a header with everything drawn once per run, then one operation a line, in the order they were made. A replay needs nothing else:
//! the seed stands there for information only.

use core::fmt;
use std::io::{self, BufRead, Write};

use multiwatcher::testing::{Operation, Regime};
use serde::{Deserialize, Serialize};

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

/// The second line of a decision file; the first says which format and version it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// What every version of the format begins with.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    format: String,
    version: u32,
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
const FORMAT: &str = "mwsim decisions";
/// Raised whenever an older file would mean something else.
const VERSION: u32 = 1;
/// The line that stands where the healing began.
const HEALING: &str = "\"Healing\"";

impl Decisions {
    /// Writes the file.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mark = Mark { format: FORMAT.to_owned(), version: VERSION };
        writeln!(out, "{}", json(&mark)?)?;
        writeln!(out, "{}", json(&self.header)?)?;
        for (index, operation) in self.operations.iter().enumerate() {
            if self.healing == Some(index) {
                writeln!(out, "{HEALING}")?;
            }
            writeln!(out, "{}", json(operation)?)?;
        }
        if self.healing == Some(self.operations.len()) {
            writeln!(out, "{HEALING}")?;
        }
        Ok(())
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

    /// Reads a file. Empty lines are passed over.
    pub fn read(input: impl BufRead) -> Result<Self, ReadError> {
        let mut lines = (1..).zip(input.lines());
        let mut next = || -> Result<Option<(usize, String)>, ReadError> {
            for (number, line) in lines.by_ref() {
                let line = line.map_err(ReadError::Io)?;
                if !line.trim().is_empty() {
                    return Ok(Some((number, line)));
                }
            }
            Ok(None)
        };
        let mark =
            next()?.and_then(|(_, line)| serde_json::from_str::<Mark>(&line).ok()).ok_or(ReadError::NotDecisions)?;
        if mark.format != FORMAT {
            return Err(ReadError::NotDecisions);
        }
        if mark.version != VERSION {
            return Err(ReadError::OtherVersion(mark.version));
        }
        let (number, line) = next()?.ok_or_else(|| ReadError::damaged(2, HEADER, "the file ends here"))?;
        let header: Header = parse(number, &line, HEADER)?;
        if World::named(&header.world).is_none() {
            return Err(ReadError::UnknownWorld(header.world));
        }
        let mut decisions = Self { header, operations: Vec::new(), healing: None };
        while let Some((number, line)) = next()? {
            if line.trim() == HEALING {
                decisions.healing = Some(decisions.operations.len());
            } else {
                decisions.operations.push(parse(number, &line, OPERATION)?);
            }
        }
        Ok(decisions)
    }
}

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
                write!(f, "not a decision file\n  expected a first line with \"format\":\"{FORMAT}\" and a version")
            }
            Self::OtherVersion(version) => {
                write!(f, "written in version {version} of the format\n  this program reads version {VERSION}")
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
