//! Where a database is: how it is connected to, and whether it is still the same file.

use core::time::Duration;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::error::{PlaceError, SqliteError};
use super::schema;
use crate::backing::{BackingError, Identity};

/// Pages of twice the usual size: an entity of a thousand bytes then fits into its leaf.
const PAGE: u32 = 8192;
/// A checkpoint, which waits for the disk, is due after so many pages: 32 MiB.
const CHECKPOINT: u32 = 4096;
/// How often a file that is being replaced is looked at again.
const ATTEMPTS: usize = 5;

/// A file, or a name in the memory of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    File(PathBuf),
    Memory(String),
}

/// How to connect.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) place: Place,
    pub(super) busy_timeout: Duration,
    pub(super) max_pages: Option<u32>,
    /// KiB of pages kept in memory.
    pub(super) cache: u32,
}

/// A connection, and which file it is of.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) connection: Connection,
    pub(super) identity: Identity,
    file: Stamp,
    /// What had been written to it before it was opened.
    written: Written,
    /// The index of the log, which all who have the file open share.
    log: Option<Stamp>,
}

/// What tells a file as long as it is the same: another one of that path has another stamp. A place in memory is always the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stamp {
    Memory,
    /// The number of the file and the time it was made, in nanoseconds: numbers are used again.
    File {
        number: u64,
        made: u128,
    },
}

/// What tells the states of a file from each other, but for what is written within one tick of the file system's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Written {
    size: u64,
    modified: u128,
    touched: (i64, i64),
}

/// What has become of the file of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing. What is committed goes to the log.
    Same,
    /// It was written: what the log held, by a checkpoint; or as a whole, by somebody who knows nothing of the log.
    Written,
    /// The name means another file, or whoever opens it shares another log.
    Replaced,
}

impl Way {
    /// Connects, and makes or brings up to date what is there.
    pub(super) fn connect(&self, create: bool) -> Result<Connected, BackingError> {
        for _ in 0..ATTEMPTS {
            // Looked at first: what is written afterwards, the connection need not know.
            let written = self.look().map(|(_, written)| written).unwrap_or_default();
            let mut connection = self.open(create)?;
            let (file, _) = self.look()?;
            let identity = schema::prepare(&mut connection, &self.name(file), create)?;
            // What was opened is known to be the file of that name if the name means the same before and after.
            if self.look()?.0 == file {
                return Ok(Connected { connection, identity, file, written, log: self.log() });
            }
        }
        Err(PlaceError::Replaced.into())
    }

    /// What a database keeps to know whether it is a copy.
    fn name(&self, file: Stamp) -> String {
        match (&self.place, file) {
            (Place::Memory(name), _) => name.clone(),
            (Place::File(_), Stamp::Memory) => String::new(),
            (Place::File(_), Stamp::File { number, made }) => format!("{number}-{made}"),
        }
    }

    /// What tells the file that has this name now, and what was written to it.
    fn look(&self) -> Result<(Stamp, Written), BackingError> {
        match &self.place {
            Place::Memory(_) => Ok((Stamp::Memory, Written::default())),
            Place::File(path) => match std::fs::metadata(path) {
                Ok(about) => Ok((stamp(&about), written(&about))),
                Err(error) => Err(gone(path, &error)),
            },
        }
    }

    /// What was written to the file that has this name now.
    pub(super) fn written(&self) -> Option<Written> {
        self.look().ok().map(|(_, written)| written)
    }

    /// The same for the index of its log, as long as somebody has it open.
    fn log(&self) -> Option<Stamp> {
        match &self.place {
            Place::Memory(_) => None,
            Place::File(path) => {
                let mut index = path.as_os_str().to_owned();
                index.push("-shm");
                std::fs::metadata(Path::new(&index)).ok().as_ref().map(stamp)
            }
        }
    }

    fn open(&self, create: bool) -> Result<Connection, BackingError> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
        let opened = match &self.place {
            Place::File(path) => {
                if !create {
                    self.look()?;
                }
                Connection::open_with_flags(path, flags)
            }
            Place::Memory(name) => {
                Connection::open_with_flags(format!("file:/{name}?vfs=memdb"), flags | OpenFlags::SQLITE_OPEN_URI)
            }
        };
        opened.map_err(classify).and_then(|connection| {
            connection.busy_timeout(self.busy_timeout).map_err(classify)?;
            // Nothing is changed about another program's database.
            schema::refuse(&connection, create)?;
            self.settle(&connection)?;
            Ok(connection)
        })
    }

    fn settle(&self, connection: &Connection) -> Result<(), BackingError> {
        connection.pragma_update(None, "page_size", PAGE).map_err(classify)?;
        if let Place::File(_) = self.place {
            log_ahead(connection)?;
        }
        self.limit(connection).map_err(classify)
    }

    fn limit(&self, connection: &Connection) -> rusqlite::Result<()> {
        if let Some(pages) = self.max_pages {
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        }
        connection.pragma_update(None, "cache_size", -i64::from(self.cache))?;
        connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT, |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "normal")
    }
}

impl Connected {
    /// What has become of the file since.
    pub(super) fn state(&self, way: &Way) -> Result<State, BackingError> {
        let (file, written) = way.look()?;
        Ok(if file != self.file || way.log() != self.log {
            State::Replaced
        } else if written != self.written {
            State::Written
        } else {
            State::Same
        })
    }
}

/// With a write-ahead log, readers and writers do not wait for each other. SQLite answers which mode it is in: not where the processes
/// that have a file open cannot share memory.
fn log_ahead(connection: &Connection) -> Result<(), BackingError> {
    let mode = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0));
    match mode.map_err(classify)? {
        mode if mode.eq_ignore_ascii_case("wal") => Ok(()),
        mode => Err(BackingError::permanent(format!(
            "expected a file system on which SQLite can keep a write-ahead log, which most of networks are not: the journal mode is {mode}"
        ))),
    }
}

fn stamp(about: &Metadata) -> Stamp {
    let made = about.created().ok().and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
    Stamp::File { number: number(about), made: made.unwrap_or_default().as_nanos() }
}

fn written(about: &Metadata) -> Written {
    let modified = about.modified().ok().and_then(|modified| modified.duration_since(std::time::UNIX_EPOCH).ok());
    Written { size: about.len(), modified: modified.unwrap_or_default().as_nanos(), touched: touched(about) }
}

/// When the file system last wrote something down about it; nobody can set that back, as a copy does with the other time.
#[cfg(unix)]
fn touched(about: &Metadata) -> (i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (about.ctime(), about.ctime_nsec())
}

#[cfg(not(unix))]
fn touched(_: &Metadata) -> (i64, i64) {
    (0, 0)
}

#[cfg(unix)]
fn number(about: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(about)
}

#[cfg(not(unix))]
fn number(_: &Metadata) -> u64 {
    0
}

fn gone(path: &Path, error: &std::io::Error) -> BackingError {
    BackingError::transient(format!("expected a database at {}: {error}", path.display()))
}

fn classify(error: rusqlite::Error) -> BackingError {
    SqliteError::new("connecting to the database", error).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_log_can_be_written_ahead_that_is_an_error() {
        // Nothing on a file system stands in its way there.
        let connection = Connection::open_in_memory().unwrap();
        let error = log_ahead(&connection).unwrap_err();
        assert!(error.to_string().contains("the journal mode is memory"), "{error}");
    }
}
