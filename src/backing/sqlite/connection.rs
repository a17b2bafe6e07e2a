//! A connection that is kept: opened again when the file was replaced or written, when it came back, and when it looks damaged.

use std::sync::Arc;

use rusqlite::Connection;

use super::error::{DamageError, PlaceError, SqliteError, is_corrupt, may_be_half};
use super::identities::Identities;
use super::pace::Found;
use super::place::{Connected, State, Way, Written};
use super::reading::{self, Trouble};
use super::schema;
use crate::backing::BackingError;

/// A connection and what to do when it goes.
#[derive(Debug)]
pub(super) struct Link {
    way: Way,
    connected: Option<Connected>,
    identities: Arc<Identities>,
    /// The file was another one, or damaged, when it was closed: parts of two may have been mixed.
    doubtful: bool,
    /// In which state the file was found damaged.
    damaged: Found<Option<Written>>,
    again: Again,
    version: Option<i64>,
    /// The schema that was found to be ours.
    schema: Option<i64>,
}

/// Whether a file is taken for written although it looks the same: within one tick of the file system's clock it may have been
/// written twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// It was not written lately.
    No,
    /// When a while has passed.
    Later,
    /// When it is used next.
    Next,
}

impl Link {
    /// One that connects when it is needed.
    pub(super) fn new(way: Way, identities: Arc<Identities>) -> Self {
        let (connected, damaged, again) = (None, Found::never(), Again::No);
        Self { way, connected, identities, doubtful: false, damaged, again, version: None, schema: None }
    }

    /// Connects, and makes the database if there is none and that is wanted.
    pub(super) fn open(&mut self, create: bool) -> Result<(), BackingError> {
        let renewed = self.identities.renewals();
        let connected = self.way.connect(create)?;
        if self.doubtful {
            examine(&connected.connection)?;
        }
        self.identities.add(connected.identity, renewed);
        (self.doubtful, self.version, self.schema) = (false, None, None);
        // The new connection stands before the old one goes: the last one who closes a file takes its log along.
        self.connected = Some(connected);
        Ok(())
    }

    /// Does something with the connection, if it is still of the file of that name.
    pub(super) fn run<T>(&mut self, work: impl Fn(&mut Connection) -> Result<T, Trouble>) -> Result<T, BackingError> {
        let connected = self.connection().map(drop);
        let done = connected.and_then(|()| self.attempt(work));
        done.map_err(|error| self.excuse(error))
    }

    /// The same right after another [`run`](Self::run): what that asked the file system is not asked again.
    pub(super) fn run_on<T>(
        &mut self,
        work: impl Fn(&mut Connection) -> Result<T, Trouble>,
    ) -> Result<T, BackingError> {
        self.attempt(work).map_err(|error| self.excuse(error))
    }

    /// A while has passed since the file was written.
    pub(super) fn settled(&mut self) {
        if self.again == Again::Later {
            self.again = Again::Next;
        }
    }

    /// The past came back in the same file, so it is another database from here on; and perhaps somebody is still writing the file.
    pub(super) fn rewound(&mut self) {
        self.identities.outdate();
        self.close();
    }

    /// What is read from here on is read at one moment, until that [ends](Self::end_moment); if the connection is opened again meanwhile,
    /// each call has a moment of its own.
    pub(super) fn begin_moment(&mut self) -> Result<(), BackingError> {
        self.run(|connection| Ok(connection.prepare_cached("BEGIN")?.execute([]).map(drop)?))
    }

    /// Ends the moment, if there is one.
    pub(super) fn end_moment(&mut self) {
        let Some(Connected { connection, .. }) = &self.connected else { return };
        if connection.is_autocommit() {
            return;
        }
        if let Err(error) = connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])) {
            tracing::warn!(%error, "a read does not end: the database is opened again");
            self.close();
        }
    }

    /// Whether somebody else has committed since the last call, or it is another file. To be asked in a moment, as whose part the news are
    /// then read.
    pub(super) fn has_news(&mut self) -> Result<bool, BackingError> {
        let version = self.run_on(|connection| Ok(reading::data_version(connection)?))?;
        let has_news = self.version != Some(version);
        if has_news {
            self.check_schema().map_err(|error| self.excuse(error))?;
            self.version = Some(version);
        }
        Ok(has_news)
    }

    /// Sees to it that the database has another identity than those that are outdated.
    pub(super) fn renew_identity(&mut self) -> Result<(), BackingError> {
        let Some((rewinds, known)) = self.identities.outdated() else { return Ok(()) };
        let identity = self.run(|connection| Ok(schema::renew_identity(connection, &known)?))?;
        self.identities.renewed(identity, rewinds);
        Ok(())
    }

    /// A later release may have changed the schema, or somebody the triggers.
    fn check_schema(&mut self) -> Result<(), BackingError> {
        let schema = self.run_on(|connection| Ok(schema::number(connection)?))?;
        if self.schema != Some(schema) {
            let connection = match &self.connected {
                Some(connected) => &connected.connection,
                None => self.connection()?,
            };
            schema::check(connection)?;
            self.schema = Some(schema);
        }
        Ok(())
    }

    /// If the file looks damaged, it is done once more with a new connection: a page may have been kept of what is no longer there.
    fn attempt<T>(&mut self, work: impl Fn(&mut Connection) -> Result<T, Trouble>) -> Result<T, BackingError> {
        let connection = match &mut self.connected {
            Some(connected) => &mut connected.connection,
            None => self.connection()?,
        };
        match work(connection) {
            Err(Trouble::Sqlite(error)) if is_corrupt(&error) => {
                tracing::warn!(%error, "the file looks damaged: it is opened again");
                self.close();
                self.open(false)?;
                Ok(work(self.connection()?)?)
            }
            done => Ok(done?),
        }
    }

    /// A damage may pass as long as the file is written, and so may another program's database: somebody copies it.
    fn excuse(&mut self, error: BackingError) -> BackingError {
        if may_be_half(&error) && !self.damaged.is_old(self.way.written()) {
            return BackingError::transient(error.into_error());
        }
        error
    }

    /// The connection to what is there under this name.
    fn connection(&mut self) -> Result<&mut Connection, BackingError> {
        let state = self.connected.as_ref().map(|connected| connected.state(&self.way));
        match state {
            Some(Ok(State::Same)) if self.again == Again::Next => {
                self.reopen()?;
                self.again = Again::No;
            }
            Some(Ok(State::Same)) => {}
            Some(Ok(State::Written)) => {
                self.reopen()?;
                self.again = Again::Later;
            }
            Some(Ok(State::Replaced)) => {
                self.close();
                self.open(false)?;
                return Err(PlaceError::Replaced.into());
            }
            Some(Err(error)) => {
                self.close();
                return Err(error);
            }
            None => self.open(false)?,
        }
        Ok(&mut self.connected.as_mut().expect("it is connected, or the match has returned").connection)
    }

    /// The file was written, perhaps as a whole: what the connection remembers of it may be of the past. Data is not looked at, for what
    /// readers were told shows by itself whether it is of this past.
    fn reopen(&mut self) -> Result<(), BackingError> {
        let known = self.identities.are();
        self.open(false)?;
        match &self.connected {
            Some(connected) if !known.contains(&connected.identity) => Err(PlaceError::Replaced.into()),
            _ => Ok(()),
        }
    }

    /// The last one who closes a file takes its log along, so that it is not taken for the log of the next one.
    fn close(&mut self) {
        (self.connected, self.doubtful) = (None, true);
    }
}

/// Whether the file hangs together.
fn examine(connection: &Connection) -> Result<(), BackingError> {
    let found: Result<String, _> = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(BackingError::permanent(DamageError { found })),
        Err(error) => Err(SqliteError::new("examining the database", error).into()),
    }
}
