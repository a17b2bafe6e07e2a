//! What the tests share: a database in a folder of its own, and another program that writes to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use multiwatcher::backing::Value;
use multiwatcher::backing::sqlite::{SqliteBacking, SqliteOptions};
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

pub(crate) use crate::view::{LONG, View, follow, held, id, short, until};

/// The model of `id`, as other programs write it.
pub(crate) const MODEL: &str = "00000000-0000-0000-0000-000000000001";

/// A place for a database, gone with the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The database of the test.
    pub(crate) fn path(&self) -> PathBuf {
        self.file("entities.db")
    }

    pub(crate) async fn open<V: Value + DeserializeOwned>(&self) -> SqliteBacking<V> {
        SqliteBacking::open(self.path()).await.unwrap()
    }

    /// Another program.
    pub(crate) fn shell(&self) -> Connection {
        shell(&self.path())
    }
}

pub(crate) fn shell(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(LONG).unwrap();
    connection
}

/// Writes an entity as another program does.
pub(crate) fn put(shell: &Connection, name: &str, value: &str) {
    let sql = "INSERT OR REPLACE INTO entity (kind, model, id, value) VALUES ('unit', ?, ?, ?)";
    shell.execute(sql, [MODEL, name, value]).unwrap();
}

/// What the file holds, by name.
pub(crate) fn contents(shell: &Connection) -> BTreeMap<String, i64> {
    let mut statement = shell.prepare("SELECT id, value FROM entity").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?.parse().unwrap()))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Options that wait for locks a short time only.
pub(crate) fn impatient() -> SqliteOptions {
    SqliteOptions::new().busy_timeout(Duration::from_millis(100))
}
