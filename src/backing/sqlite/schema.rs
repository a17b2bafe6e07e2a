//! The tables of a database, their versions, and who may open one. What is read from them and written to them stands elsewhere.

use core::fmt;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::error::SqliteError;
use crate::backing::{BackingError, Identity};

/// Marks a database as one of ours: `mwat`, where SQLite's header has a place for it.
const APPLICATION: i32 = 0x6d77_6174;

/// What brings a database from each version to the next. A step that was released is never changed.
const MIGRATIONS: &[&str] = &[VERSION_1];

/// An entity has one key and no other number, so `INSERT OR REPLACE` can remove no row but the one of that key, and its own trigger
/// logs that one. The model has one spelling, so that two rows cannot be one entity.
///
/// A position is one more than the latest, drawn under the lock that makes commits visible. The nonce tells two commits from each
/// other that got the same position because the past came back between them.
const VERSION_1: &str = "
CREATE TABLE entity (
    kind TEXT NOT NULL CONSTRAINT \"the kind is text\" CHECK (typeof(kind) = 'text'),
    model TEXT NOT NULL CONSTRAINT \"the model is a uuid in small letters, with hyphens\" CHECK (
        typeof(model) = 'text' AND length(model) = 36 AND substr(model, 9, 1) = '-' AND substr(model, 14, 1) = '-'
        AND substr(model, 19, 1) = '-' AND substr(model, 24, 1) = '-' AND length(replace(model, '-', '')) = 32
        AND replace(model, '-', '') NOT GLOB '*[^0-9a-f]*'),
    id TEXT NOT NULL CONSTRAINT \"the id is text\" CHECK (typeof(id) = 'text'),
    value TEXT NOT NULL,
    PRIMARY KEY (kind, model, id)
) WITHOUT ROWID;

CREATE TABLE change_log (
    position INTEGER PRIMARY KEY,
    nonce INTEGER NOT NULL,
    kind TEXT NOT NULL,
    model TEXT NOT NULL,
    id TEXT NOT NULL
);

CREATE TABLE reader (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    seen INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER entity_inserted AFTER INSERT ON entity BEGIN
    INSERT INTO change_log (nonce, kind, model, id) VALUES (random(), NEW.kind, NEW.model, NEW.id);
END;
CREATE TRIGGER entity_deleted AFTER DELETE ON entity BEGIN
    INSERT INTO change_log (nonce, kind, model, id) VALUES (random(), OLD.kind, OLD.model, OLD.id);
END;
CREATE TRIGGER entity_updated AFTER UPDATE ON entity BEGIN
    INSERT INTO change_log (nonce, kind, model, id) VALUES (random(), NEW.kind, NEW.model, NEW.id);
END;
CREATE TRIGGER entity_renamed AFTER UPDATE ON entity
WHEN (OLD.kind, OLD.model, OLD.id) IS NOT (NEW.kind, NEW.model, NEW.id) BEGIN
    INSERT INTO change_log (nonce, kind, model, id) VALUES (random(), OLD.kind, OLD.model, OLD.id);
END;
";

/// Without one of them a commit could go unnoticed.
const TRIGGERS: &[&str] = &["entity_deleted", "entity_inserted", "entity_renamed", "entity_updated"];

/// A file that is no database of ours, or of a version that is still to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SchemaError {
    /// A later version has made it.
    Newer { version: i64 },
    /// Another program's.
    Foreign,
    /// There was to be one, and nothing is written there, or not yet.
    Empty,
    /// Somebody dropped it.
    Missing { trigger: &'static str },
}

/// Makes the tables, or brings them to the latest version, and says which database it is. `file` names the file as long as it is the
/// same one: a copy of a database, thus a restored backup, gets an identity of its own.
pub(super) fn prepare(connection: &mut Connection, file: &str, create: bool) -> Result<Identity, BackingError> {
    if let Some(identity) = settled(connection, file)? {
        return Ok(identity);
    }
    // Several may open a database at the same moment: the first one makes it.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(classify)?;
    refuse(&transaction, create)?;
    migrate(&transaction, MIGRATIONS)?;
    let identity = claim(&transaction, file).map_err(classify)?;
    transaction.commit().map_err(classify)?;
    Ok(identity)
}

/// Refuses what is not ours to open, and what is to be there and is not: an empty file may be one that somebody is about to copy. Nothing
/// is written.
pub(super) fn refuse(connection: &Connection, create: bool) -> Result<(), BackingError> {
    match version(connection)? {
        0 if !create => Err(BackingError::transient(SchemaError::Empty)),
        _ => Ok(()),
    }
}

/// A number that is another one whenever the schema has changed.
pub(super) fn number(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA schema_version")?.query_row([], |row| row.get(0))
}

/// Whether a database that is open is still ours, and whole.
pub(super) fn check(connection: &Connection) -> Result<(), BackingError> {
    refuse(connection, false)?;
    verify(connection)
}

/// Gives the database another identity than these, unless somebody has done so already.
pub(super) fn renew_identity(connection: &mut Connection, known: &[Identity]) -> rusqlite::Result<Identity> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let identity = match read_identity(&transaction)? {
        Some(identity) if !known.contains(&identity) => identity,
        _ => {
            let fresh = Identity::fresh();
            put_meta(&transaction, "identity", &fresh.to_string())?;
            fresh
        }
    };
    transaction.commit()?;
    Ok(identity)
}

/// Its identity as it stands there.
fn read_identity(connection: &Connection) -> rusqlite::Result<Option<Identity>> {
    Ok(meta(connection, "identity")?.and_then(|text| text.parse().ok()))
}

/// The identity, if nothing is to be done about this database. Nothing is written, so no lock is waited for.
fn settled(connection: &Connection, file: &str) -> Result<Option<Identity>, BackingError> {
    let version = version(connection)?;
    if usize::try_from(version).is_ok_and(|version| version == MIGRATIONS.len()) {
        verify(connection)?;
        if meta(connection, "file").map_err(classify)?.is_some_and(|known| known == file) {
            return read_identity(connection).map_err(classify);
        }
    }
    Ok(None)
}

/// The version, of a database that is ours or empty.
fn version(connection: &Connection) -> Result<i64, BackingError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(classify);
    let (version, application) = (number("user_version")?, number("application_id")?);
    let is_empty = || connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    if application != i64::from(APPLICATION) && (version != 0 || is_empty().map_err(classify)? != 0) {
        return Err(BackingError::permanent(SchemaError::Foreign));
    }
    if usize::try_from(version).is_ok_and(|version| version > MIGRATIONS.len()) {
        return Err(BackingError::permanent(SchemaError::Newer { version }));
    }
    Ok(version)
}

fn migrate(transaction: &Transaction<'_>, migrations: &[&str]) -> Result<(), BackingError> {
    let version = usize::try_from(version(transaction)?).unwrap_or_default();
    for (migration, number) in migrations.iter().zip(1i64..).skip(version) {
        transaction.execute_batch(migration).map_err(classify)?;
        transaction.pragma_update(None, "user_version", number).map_err(classify)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION).map_err(classify)?;
    verify(transaction)
}

fn verify(connection: &Connection) -> Result<(), BackingError> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'entity' AND name = ?";
    for &trigger in TRIGGERS {
        let there: i64 = connection.query_row(sql, [trigger], |row| row.get(0)).map_err(classify)?;
        if there == 0 {
            return Err(BackingError::permanent(SchemaError::Missing { trigger }));
        }
    }
    Ok(())
}

fn claim(transaction: &Transaction<'_>, file: &str) -> rusqlite::Result<Identity> {
    if let (Some(known), Some(identity)) = (meta(transaction, "file")?, read_identity(transaction)?)
        && known == file
    {
        return Ok(identity);
    }
    let identity = Identity::fresh();
    put_meta(transaction, "identity", &identity.to_string())?;
    put_meta(transaction, "file", file)?;
    Ok(identity)
}

fn meta(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM meta WHERE name = ?", [name], |row| row.get(0)).optional()
}

fn put_meta(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", [name, value]).map(drop)
}

fn classify(error: rusqlite::Error) -> BackingError {
    SqliteError::new("opening the database", error).into()
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { version } => {
                let ours = MIGRATIONS.len();
                write!(
                    f,
                    "expected a database of schema version {ours} at most, got one of version {version}: a later release made it"
                )
            }
            Self::Foreign => {
                f.write_str("expected an empty database or one of multiwatcher, got one of another program")
            }
            Self::Empty => f.write_str("expected a database of multiwatcher, got an empty one"),
            Self::Missing { trigger } => {
                write!(f, "expected a trigger {trigger} on the table entity: without it commits would go unnoticed")
            }
        }
    }
}

impl core::error::Error for SchemaError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a later release might do.
    const NEXT: &str = "ALTER TABLE entity ADD COLUMN note TEXT; UPDATE entity SET note = 'old';";

    fn migrated(connection: &mut Connection, migrations: &[&str]) -> Result<(), BackingError> {
        let transaction = connection.transaction().unwrap();
        migrate(&transaction, migrations)?;
        transaction.commit().unwrap();
        Ok(())
    }

    fn number(connection: &Connection, sql: &str) -> i64 {
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_database_of_an_older_version_gets_the_steps_it_lacks_and_keeps_its_rows() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrated(&mut connection, &[VERSION_1]).unwrap();
        let model = "00000000-0000-0000-0000-000000000001";
        connection.execute("INSERT INTO entity VALUES ('unit', ?, 'x', '1')", [model]).unwrap();
        // A step that fails takes the others of its transaction along.
        assert!(migrated(&mut connection, &[VERSION_1, NEXT, "CREATE TABLE entity (x)"]).is_err());
        assert_eq!(number(&connection, "PRAGMA user_version"), 1);
        // The first one would fail if it were made again: its tables are there.
        migrated(&mut connection, &[VERSION_1, NEXT]).unwrap();
        assert_eq!(number(&connection, "PRAGMA user_version"), 2);
        assert_eq!(number(&connection, "SELECT count(*) FROM entity WHERE id = 'x' AND note = 'old'"), 1);
        assert_eq!(number(&connection, "SELECT count(*) FROM change_log"), 2);
    }
}
