//! Scenario files: a well-known situation written down, so that it can be run by name and read by people. What a seed draws
//! freely in a campaign, a scenario fixes or narrows: who reads, what goes wrong and how often, how the machine is made. It also says
//! what must be counted for the situation to have occurred at all.
//!
//! The format is TOML. A file begins with comment lines that explain it. Then come, in any order:
//!
//! | key | what it says | unless said |
//! |---|---|---|
//! | `seeds` | which seeds, `"0..300"`, the last one excluded | required |
//! | `readers` | one word each: eager, slow, sleeping, dropping, crowding, stopping, resuming, trying | required |
//! | `[expect]` | what must be counted in 100 runs, at least | required |
//! | `worlds` | of machine and driver | both |
//! | `steps` | operations before the healing | 100 |
//! | `promises` | those that are listened to, by name | all |
//! | `never` | operations that are not made before the healing, by their names in a summary | none |
//! | `values` | how many an entity can have | 2 |
//! | `unfiltered` | of 256 watchers, those that see everything | 256 |
//! | `telling` | notices or steps | notices |
//! | `[ids]` | models, kinds, names | 1, 1, 4 |
//! | `[machine]` | restart, window, lag-limit, lag-age, queue-limit, fetch-attempts, heartbeat, call-timeout, load-timeout, backoff-min, backoff-max | 10 ms and thereabouts |
//! | `[commits]` | most, deletes, same, skips | as in a calm run |
//! | `[faults]` | rates in 256, as in a decision file | none |
//! | `[weights]` | how often each party moves | as in a calm run |
//! | `[budgets]` | writer, saboteur, owner, opens | 200, 8, 0, 8 |
//!
//! A number is written as `3`, as a range `"2..6"` (the last one excluded), or as a list `[1, 2, 8]`; of the last two each seed draws
//! one. A time is written as `"10ms"` or as a list of such. What `[expect]` can count are the operations and faults of a summary, and
//! what [`Sight`] names.

mod expect;
mod file;
mod numbers;
mod sights;
mod words;

use core::fmt;
use std::path::Path;

use multiwatcher::testing::{Choices, Promise};

use crate::plan::Plan;
use crate::seed::SeedRange;
use crate::tally::Tally;
use crate::worlds::World;

pub use expect::{Counted, Expected};
pub use sights::Sight;
pub(crate) use sights::see;

use file::File;

/// A scenario that was read.
#[derive(Debug)]
pub struct Scenario {
    story: String,
    file: File,
    promises: Option<&'static [Promise]>,
}

/// Why a scenario file cannot be used.
#[derive(Debug)]
pub enum ScenarioError {
    /// It could not be read.
    Io(std::io::Error),
    /// It does not begin with lines that explain it.
    NoStory,
    /// Something in it is not as it must be.
    Damaged {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What was expected.
        why: String,
    },
}

impl Scenario {
    /// Reads a file.
    pub fn open(path: &Path) -> Result<Self, ScenarioError> {
        Self::read(&std::fs::read_to_string(path).map_err(ScenarioError::Io)?)
    }

    /// Reads the text of a file.
    pub fn read(text: &str) -> Result<Self, ScenarioError> {
        let story: Vec<_> = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
        if story.is_empty() {
            return Err(ScenarioError::NoStory);
        }
        let file: File = toml::from_str(text).map_err(|error| ScenarioError::damaged(text, &error))?;
        // Checkers listen to a list that outlives them; there is one for each file that a process reads.
        let promises = file.promises().map(|promises| &*promises.leak());
        Ok(Self { story: story.join("\n"), file, promises })
    }

    /// What it is about: its first lines.
    pub fn story(&self) -> &str {
        &self.story
    }

    /// The seeds it is run with, if nothing else is said.
    pub fn seeds(&self) -> &SeedRange {
        self.file.seeds()
    }

    /// The worlds it is about.
    pub fn worlds(&self) -> Vec<World> {
        self.file.worlds()
    }

    /// The promises that are listened to; `None` if all are.
    pub fn promises(&self) -> Option<&'static [Promise]> {
        self.promises
    }

    /// Draws what it leaves open.
    pub fn draw(&self, choices: &mut impl Choices) -> Plan {
        self.file.draw(choices)
    }

    /// What must be counted, with what was.
    pub fn expected<'a>(&'a self, tally: &'a Tally) -> impl Iterator<Item = Expected> + 'a {
        self.file.expected().map(|(counted, least)| Expected::new(counted, least, tally))
    }
}

impl ScenarioError {
    fn damaged(text: &str, error: &toml::de::Error) -> Self {
        let before = &text[..error.span().map_or(0, |span| span.start)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        Self::Damaged { line, column, why: error.message().trim().to_owned() }
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::NoStory => f.write_str("line 1, column 1\n  expected a comment that says what the scenario is about"),
            Self::Damaged { line, column, why } => write!(f, "line {line}, column {column}\n  {why}"),
        }
    }
}

impl core::error::Error for ScenarioError {}
