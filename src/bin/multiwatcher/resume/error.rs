//! What may be wrong with the file of `watch --resume`. Each says what to do.

use core::fmt;
use std::path::PathBuf;

use multiwatcher::backing::Identity;

/// Why the file cannot be used, or could not be written.
#[derive(Debug)]
pub(crate) struct ResumeFileError {
    pub(super) path: PathBuf,
    pub(super) why: Why,
}

#[derive(Debug)]
pub(super) enum Why {
    /// A line is not what was written.
    Damaged { line: usize, expected: &'static str },
    /// It is shorter than what was written.
    Short { entities: usize, got: usize },
    /// A later release has written it.
    Newer { version: u32 },
    /// It is of another database, or of another past of it.
    OtherBacking { file: Identity, opened: Identity },
    /// It was written with other models or kinds.
    OtherFilter { file: String, asked: String },
    /// Another process goes on with it.
    InUse,
    /// It could not be read or written.
    Failed { doing: &'static str, error: std::io::Error },
}

impl ResumeFileError {
    /// Whether what was asked for was wrong, and not the disk.
    pub(crate) fn is_usage(&self) -> bool {
        match self.why {
            Why::Damaged { .. }
            | Why::Short { .. }
            | Why::Newer { .. }
            | Why::OtherBacking { .. }
            | Why::OtherFilter { .. }
            | Why::InUse => true,
            Why::Failed { .. } => false,
        }
    }
}

impl fmt::Display for ResumeFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.why {
            Why::Damaged { line, expected } => write!(
                f,
                "{path}:{line}: expected {expected}\n  the file is damaged, or none that watch --resume wrote; remove it to \
                 begin with the whole state"
            ),
            Why::Short { entities, got } => write!(
                f,
                "{path}: expected {entities} entities, got {got}\n  the file is damaged; remove it to begin with the whole state"
            ),
            Why::Newer { version } => {
                write!(
                    f,
                    "{path}: expected version {} at most, got {version}: a later release wrote it",
                    super::record::VERSION
                )
            }
            Why::OtherBacking { file, opened } => write!(
                f,
                "{path}: expected the backing {file}, got {opened}\n  it is another database, a copy, or one to which an older \
                 state was restored; --adopt goes on with it all the same, with the difference to it"
            ),
            Why::OtherFilter { file, asked } => write!(
                f,
                "{path}: expected {file}, as it was begun with, got {asked}\n  use a file for each choice of models and kinds"
            ),
            Why::InUse => write!(f, "{path}: another process goes on with it\n  use a file for each watch"),
            Why::Failed { doing, error } => write!(f, "{path}: {doing}: {error}"),
        }
    }
}

impl core::error::Error for ResumeFileError {}
