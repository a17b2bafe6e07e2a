//! Where a database is: how it is connected to, and whether it is still the same file.

use core::time::Duration;
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

impl Way {
    /// Connects, and makes or brings up to date what is there.
    pub(super) fn connect(&self, create: bool) -> Result<Connected, BackingError> {
        for _ in 0..ATTEMPTS {
            let mut connection = self.open(create)?;
            let file = self.file()?;
            let identity = schema::prepare(&mut connection, &self.name(file))?;
            // What was opened is known to be the file of that name if the name means the same before and after.
            if self.file()? == file {
                return Ok(Connected { connection, identity, file, log: self.log() });
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

    /// What tells the file that has this name now.
    fn file(&self) -> Result<Stamp, BackingError> {
        match &self.place {
            Place::Memory(_) => Ok(Stamp::Memory),
            Place::File(path) => stamp(path).map_err(|error| gone(path, &error)),
        }
    }

    /// The same for the index of its log, as long as somebody has it open.
    fn log(&self) -> Option<Stamp> {
        match &self.place {
            Place::Memory(_) => None,
            Place::File(path) => {
                let mut index = path.as_os_str().to_owned();
                index.push("-shm");
                stamp(Path::new(&index)).ok()
            }
        }
    }

    fn open(&self, create: bool) -> Result<Connection, BackingError> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
        let opened = match &self.place {
            Place::File(path) => {
                if !create {
                    stamp(path).map_err(|error| gone(path, &error))?;
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
            schema::refuse(&connection)?;
            self.settle(&connection).map_err(classify)?;
            Ok(connection)
        })
    }

    /// With a write-ahead log, readers and writers do not wait for each other.
    fn settle(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.pragma_update(None, "page_size", PAGE)?;
        if let Place::File(_) = self.place {
            connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        }
        if let Some(pages) = self.max_pages {
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        }
        connection.pragma_update(None, "cache_size", -i64::from(self.cache))?;
        connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT, |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "normal")
    }
}

impl Connected {
    /// Whether the name still means this file, and whoever opens it shares the log with this connection.
    pub(super) fn is_current(&self, way: &Way) -> Result<bool, BackingError> {
        way.file().map(|file| file == self.file && way.log() == self.log)
    }
}

fn stamp(path: &Path) -> std::io::Result<Stamp> {
    let about = std::fs::metadata(path)?;
    let made = about.created().ok().and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
    Ok(Stamp::File { number: number(&about), made: made.unwrap_or_default().as_nanos() })
}

#[cfg(unix)]
fn number(about: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(about)
}

#[cfg(not(unix))]
fn number(_: &std::fs::Metadata) -> u64 {
    0
}

fn gone(path: &Path, error: &std::io::Error) -> BackingError {
    BackingError::transient(format!("expected a database at {}: {error}", path.display()))
}

fn classify(error: rusqlite::Error) -> BackingError {
    SqliteError::new("connecting to the database", error).into()
}
