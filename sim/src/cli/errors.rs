//! What makes a question unanswerable. Each is told in one sentence and ends with exit code 2.

use core::fmt;
use std::path::PathBuf;

use crate::decisions::ReadError;
use crate::explore::ScopeError;
use crate::net::NotBuilt;
use crate::scenario::ScenarioError;
use crate::seed::ParseSeedError;
use crate::zoo::table::file::FileError;

/// Why a command could not do what was asked.
#[derive(Debug)]
pub enum UsageError {
    /// The argument of `replay` is neither a seed nor a file that exists.
    NeitherSeedNorFile {
        /// What was given.
        given: String,
        /// Why it is no seed.
        seed: ParseSeedError,
        /// Why it is no file.
        file: std::io::Error,
    },
    /// A capsule could not be used.
    DecisionFile {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: ReadError,
    },
    /// A scenario file could not be used.
    ScenarioFile {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: ScenarioError,
    },
    /// A capsule could not be written.
    NotWritten {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A capsule of the corpus that this program was built with cannot be read.
    Corpus {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        why: ReadError,
    },
    /// The file of the control table could not be used.
    TableFile {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: FileError,
    },
    /// The picture of a run could not be written.
    Picture {
        /// Where to.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// A scope file could not be read.
    NoScope {
        /// Which.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// A scope file is damaged.
    Scope {
        /// Which.
        path: PathBuf,
        /// Where, and what was expected there.
        why: ScopeError,
    },
    /// What is to be searched has no fingerprint.
    NoFingerprint(&'static str),
    /// The second process of `check-determinism` did not do its part.
    OtherProcess(String),
    /// So many hunts of so many seeds reach beyond the last seed there is.
    NoSeeds(ParseSeedError),
    /// There is no command of this name.
    NoCommand(String),
    /// The net world is not in this program.
    NetNotBuilt(NotBuilt),
    /// The net world cannot do something that the others can.
    NotOfNet(&'static str),
    /// Nobody reads the output any more.
    ReaderGone,
    /// Output could not be written.
    Output(std::io::Error),
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeitherSeedNorFile { given, seed, file } => {
                write!(f, "{given:?} is neither a seed nor a file\n  as a seed: {seed}\n  as a file: {file}")
            }
            Self::DecisionFile { path, why } => write!(f, "{}\n  {why}", path.display()),
            Self::ScenarioFile { path, why } => write!(f, "{}\n  {why}", path.display()),
            Self::NotWritten { path, error } => write!(f, "{} could not be written\n  {error}", path.display()),
            Self::Corpus { name, why } => write!(f, "sim/corpus/{name}.capsule\n  {why}"),
            Self::TableFile { path, why } => write!(f, "{}\n  {why}", path.display()),
            Self::Picture { path, why } => {
                write!(f, "the picture could not be written to {}\n  {why}", path.display())
            }
            Self::NoScope { path, why } => write!(f, "{}\n  {why}", path.display()),
            Self::Scope { path, why } => write!(f, "{}\n  {why}", path.display()),
            Self::NoFingerprint(world) => write!(
                f,
                "the world {world} cannot be searched\n  expected one whose states have fingerprints, by which the search merges them; \
                 try mwsim run --world {world}"
            ),
            Self::OtherProcess(what) => write!(f, "the second process failed: {what}"),
            Self::NoSeeds(error) => write!(f, "a hunt begins beyond the last seed: {error}"),
            Self::NoCommand(name) => {
                write!(f, "there is no command {name:?}\n  expected one of those that mwsim --help lists, such as run")
            }
            Self::NetNotBuilt(why) => fmt::Display::fmt(why, f),
            Self::NotOfNet(flag) => write!(
                f,
                "{flag} says nothing to the world net\n  its runs have no list of decisions: give --seeds, --time, --start, --jobs or \
                 --json"
            ),
            Self::ReaderGone => f.write_str("nobody reads the output"),
            Self::Output(error) => write!(f, "the output could not be written: {error}"),
        }
    }
}

impl core::error::Error for UsageError {}

impl From<ParseSeedError> for UsageError {
    fn from(error: ParseSeedError) -> Self {
        Self::NoSeeds(error)
    }
}

impl From<std::io::Error> for UsageError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe { Self::ReaderGone } else { Self::Output(error) }
    }
}
