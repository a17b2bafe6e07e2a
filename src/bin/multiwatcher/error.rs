//! Why a command could not do what was asked. Each is told in a sentence or two, and has an exit code.

use core::fmt;

use multiwatcher::EntityId;
use multiwatcher::backing::BackingError;

use crate::cli::{ABSENT, DONE, FAILED, USAGE};
use crate::locator::Locator;
use crate::resume::ResumeFileError;
use crate::signals::Stop;

/// Why a command ended otherwise than by having done what was asked.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// There is no such entity.
    NoEntity(EntityId),
    /// Nothing of what was asked for is there.
    Nothing(String),
    /// What was given could not be understood: where, what was expected, what was got.
    Input(String),
    /// A backing failed.
    Backing {
        /// Which.
        locator: Locator,
        /// How.
        why: String,
    },
    /// Something else failed: a file, the output.
    Failed(String),
    /// Nobody reads the output any more.
    ReaderGone,
    /// A signal ended it.
    Stopped(Stop),
    /// A signal ended it, and there is something to say about that.
    StoppedAt(Stop, String),
}

impl CommandError {
    /// A failed call of a backing.
    pub(crate) fn backing(locator: &Locator, error: &BackingError) -> Self {
        Self::Backing { locator: locator.clone(), why: error.to_string() }
    }

    /// The output could not be written.
    pub(crate) fn output(error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        Self::Failed(format!("the output could not be written: {error}"))
    }

    /// Whether there is anything to say.
    pub(crate) fn is_told(&self) -> bool {
        match self {
            Self::ReaderGone | Self::Stopped(_) => false,
            Self::NoEntity(_)
            | Self::Nothing(_)
            | Self::Input(_)
            | Self::Backing { .. }
            | Self::Failed(_)
            | Self::StoppedAt(..) => true,
        }
    }

    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::NoEntity(_) | Self::Nothing(_) => ABSENT,
            Self::Input(_) => USAGE,
            Self::Backing { .. } | Self::Failed(_) => FAILED,
            // Whoever read the output has read enough, as `head` does; that is no failure of ours.
            Self::ReaderGone => DONE,
            Self::Stopped(stop) | Self::StoppedAt(stop, _) => stop.exit_code(),
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEntity(id) => write!(f, "there is no {} {:?} in the model {}", id.kind, id.id(), id.model),
            Self::Nothing(what) | Self::Input(what) | Self::Failed(what) => f.write_str(what),
            Self::Backing { locator, why } => write!(f, "{locator}\n  {why}"),
            Self::ReaderGone => f.write_str("nobody reads the output"),
            Self::Stopped(stop) => write!(f, "{stop}"),
            Self::StoppedAt(stop, what) => write!(f, "{stop}: {what}"),
        }
    }
}

impl core::error::Error for CommandError {}

impl From<ResumeFileError> for CommandError {
    fn from(error: ResumeFileError) -> Self {
        if error.is_usage() { Self::Input(error.to_string()) } else { Self::Failed(error.to_string()) }
    }
}
