//! What SQLite says, sorted by what the worker is to make of it.

use core::error::Error;
use core::fmt;

use rusqlite::ErrorCode;

use super::schema::SchemaError;
use crate::backing::{BackingError, FailureKind};
use crate::machine::EntityId;

/// SQLite could not do something.
#[derive(Debug)]
pub(super) struct SqliteError {
    doing: &'static str,
    error: rusqlite::Error,
}

/// What a row holds is no value of the type asked for.
#[derive(Debug)]
pub(super) struct ValueError {
    pub(super) id: EntityId,
    pub(super) error: Box<dyn Error + Send + Sync>,
}

/// The place that a reader asks about is not, or no longer, in the log. Places are told by the rows of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlaceError {
    /// The log begins later.
    Pruned { since: i64, oldest: i64 },
    /// The log has not come so far.
    Ahead { since: i64, latest: i64 },
    /// Another commit has this position now.
    Other { since: i64 },
    /// There is another file of that name, or another log.
    Replaced,
}

/// Parts of the file do not belong together.
#[derive(Debug)]
pub(super) struct DamageError {
    pub(super) found: String,
}

impl SqliteError {
    pub(super) fn new(doing: &'static str, error: rusqlite::Error) -> Self {
        Self { doing, error }
    }

    fn kind(&self) -> FailureKind {
        match self.error.sqlite_error_code() {
            // A row is put right by whoever wrote it.
            None if is_of_a_row(&self.error) => FailureKind::Transient,
            // What is wrong with the file, or with what was asked, stays wrong.
            None
            | Some(
                ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::TooBig
                | ErrorCode::ApiMisuse
                | ErrorCode::ParameterOutOfRange,
            ) => FailureKind::Permanent,
            // Locks are released, disks are emptied, files come back, rights are given.
            Some(_) => FailureKind::Transient,
        }
    }
}

/// Whether a row holds something else than is written there.
fn is_of_a_row(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, InvalidColumnType, Utf8Error};
    matches!(error, FromSqlConversionFailure(..) | InvalidColumnType(..) | Utf8Error(..))
}

/// Whether this says that what is in the file does not hang together, or is not ours, which may be because it is half a copy.
pub(super) fn may_be_half(error: &BackingError) -> bool {
    let error = error.error();
    error.is::<DamageError>()
        || error.is::<SchemaError>()
        || error.downcast_ref::<SqliteError>().is_some_and(|error| is_corrupt(&error.error))
}

/// Whether this says that a place is of a past which is over in the same file.
pub(super) fn is_of_another_past(error: &BackingError) -> bool {
    match error.error().downcast_ref::<PlaceError>() {
        Some(PlaceError::Ahead { .. } | PlaceError::Other { .. }) => true,
        Some(PlaceError::Pruned { .. } | PlaceError::Replaced) | None => false,
    }
}

/// Whether the file itself is damaged, or looks so because another one was put in its place.
pub(super) fn is_corrupt(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

impl From<SqliteError> for BackingError {
    fn from(error: SqliteError) -> Self {
        Self::new(error.kind(), error)
    }
}

impl From<PlaceError> for BackingError {
    fn from(error: PlaceError) -> Self {
        let kind = match error {
            PlaceError::Pruned { .. } => FailureKind::Pruned,
            PlaceError::Ahead { .. } | PlaceError::Other { .. } | PlaceError::Replaced => FailureKind::Rewound,
        };
        Self::new(kind, error)
    }
}

impl fmt::Display for SqliteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { doing, error } = self;
        write!(f, "{doing}: {error}")?;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy) => {
                f.write_str(" (another process held the lock for longer than the busy time-out)")
            }
            Some(ErrorCode::DatabaseCorrupt) => f.write_str(" (the file is damaged: restore a backup)"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value of {} cannot be read: {}", self.id, self.error)
    }
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pruned { since, oldest } => {
                write!(f, "asked since row {since} of the log, which begins at {oldest}")
            }
            Self::Ahead { since, latest } => {
                write!(f, "asked since row {since} of the log, but the latest is {latest}: an older state was restored")
            }
            Self::Other { since } => {
                write!(
                    f,
                    "asked since row {since} of the log, which is another commit now: an older state was restored"
                )
            }
            Self::Replaced => f.write_str("the file of the database, or its log, was replaced by another one"),
        }
    }
}

impl Error for SqliteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl Error for ValueError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}

impl fmt::Display for DamageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the file was replaced, and what is there now is damaged (restore a backup): {}", self.found)
    }
}

impl Error for PlaceError {}
impl Error for DamageError {}
