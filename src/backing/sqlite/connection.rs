//! A connection that is kept: opened again when the file was replaced, when it came back, and when it looks damaged; and the
//! identity of what was opened last.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::error::{DamageError, PlaceError, SqliteError, is_corrupt};
use super::place::{Connected, Way};
use super::reading::{self, Trouble};
use super::schema;
use crate::backing::{BackingError, Identity};

/// Which database it is, as far as is known, and which it was before.
#[derive(Debug)]
pub(super) struct Identities(Mutex<Vec<Identity>>);

/// A connection and what to do when it goes.
#[derive(Debug)]
pub(super) struct Link {
    way: Way,
    connected: Option<Connected>,
    identities: Arc<Identities>,
    /// The file was another one, or damaged, when it was closed: parts of two may have been mixed.
    doubtful: bool,
    version: Option<i64>,
    /// The schema that was found to be ours.
    schema: Option<i64>,
}

impl Identities {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Vec::new())))
    }

    /// The latest.
    pub(super) fn current(&self) -> Identity {
        self.locked(|all| all.last().copied()).unwrap_or(Identity(0))
    }

    fn add(&self, identity: Identity) {
        self.locked(|all| {
            all.retain(|known| *known != identity);
            all.push(identity);
        });
    }

    fn are(&self) -> Vec<Identity> {
        self.locked(|all| all.clone())
    }

    fn locked<R>(&self, work: impl FnOnce(&mut Vec<Identity>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Link {
    /// One that connects when it is needed.
    pub(super) fn new(way: Way, identities: Arc<Identities>) -> Self {
        Self { way, connected: None, identities, doubtful: false, version: None, schema: None }
    }

    /// Connects, and makes the database if there is none and that is wanted.
    pub(super) fn open(&mut self, create: bool) -> Result<(), BackingError> {
        let connected = self.way.connect(create)?;
        if self.doubtful {
            examine(&connected.connection)?;
        }
        self.identities.add(connected.identity);
        (self.doubtful, self.version, self.schema) = (false, None, None);
        self.connected = Some(connected);
        Ok(())
    }

    /// Does something with the connection, if it is still of the file of that name.
    pub(super) fn run<T>(&mut self, work: impl Fn(&mut Connection) -> Result<T, Trouble>) -> Result<T, BackingError> {
        self.connection()?;
        self.run_on(work)
    }

    /// The same right after another [`run`](Self::run): what that asked the file system is not asked again. If the file looks damaged, it
    /// is done once more with a new connection: a page may have been kept of what is no longer there.
    pub(super) fn run_on<T>(
        &mut self,
        work: impl Fn(&mut Connection) -> Result<T, Trouble>,
    ) -> Result<T, BackingError> {
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
        let has_news = self.version.replace(version) != Some(version);
        if has_news {
            self.check_schema()?;
        }
        Ok(has_news)
    }

    /// The past came back in the same file: it is another database from here on.
    pub(super) fn renew_identity(&mut self) -> Result<(), BackingError> {
        let known = self.identities.are();
        let identity = self.run(|connection| Ok(schema::renew_identity(connection, &known)?))?;
        self.identities.add(identity);
        Ok(())
    }

    /// A later release may have changed the schema, or somebody the triggers.
    fn check_schema(&mut self) -> Result<(), BackingError> {
        let schema = self.run_on(|connection| Ok(schema::number(connection)?))?;
        if self.schema != Some(schema) {
            schema::check(self.connection()?)?;
            self.schema = Some(schema);
        }
        Ok(())
    }

    /// The connection to what is there under this name.
    fn connection(&mut self) -> Result<&mut Connection, BackingError> {
        let is_current = self.connected.as_ref().map(|connected| connected.is_current(&self.way));
        match is_current {
            Some(Ok(true)) => {}
            Some(Ok(false)) => {
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
