//! The SQLite backing held against the kit: in a file that another connection writes, and in memory.

use std::time::Duration;

use multiwatcher::EntityId;
use multiwatcher::backing::sqlite::{SqliteBacking, SqliteOptions};
use multiwatcher::testing::conformance::{Database, Databases, Error, Options, check};
use rusqlite::{Connection, params};
use tempfile::TempDir;

/// Files, each in a folder of its own.
struct Files;

/// A file, and another program's connection to it.
struct File {
    folder: TempDir,
    writer: Connection,
}

impl Databases for Files {
    type Database = File;

    async fn create(&self) -> Result<File, Error> {
        let folder = TempDir::new()?;
        let path = folder.path().join("entities.db");
        // Whoever opens it first makes the tables.
        drop(SqliteBacking::<u8>::open(&path).await?);
        let writer = Connection::open(path)?;
        writer.busy_timeout(Duration::from_secs(10))?;
        Ok(File { folder, writer })
    }
}

impl Database for File {
    type Backing = SqliteBacking<u8>;

    fn value(number: u8) -> u8 {
        number
    }

    async fn open(&mut self) -> Result<SqliteBacking<u8>, Error> {
        Ok(SqliteBacking::open(self.folder.path().join("entities.db")).await?)
    }

    async fn commit(&mut self, writes: Vec<(EntityId, Option<u8>)>) -> Result<(), Error> {
        let transaction = self.writer.transaction()?;
        for (id, value) in writes {
            let (kind, model, id) = (id.kind.as_str().to_owned(), id.model.to_string(), id.id().to_owned());
            match value {
                Some(value) => transaction.execute(
                    "INSERT INTO entity VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                    params![kind, model, id, value.to_string()],
                )?,
                None => transaction
                    .execute("DELETE FROM entity WHERE (kind, model, id) = (?, ?, ?)", params![kind, model, id])?,
            };
        }
        Ok(transaction.commit()?)
    }

    /// The log is pruned under the worker by somebody else: all but its last row.
    async fn disturb(&mut self) -> Result<(), Error> {
        let all_but_the_last = "DELETE FROM change_log WHERE position < (SELECT max(position) FROM change_log)";
        self.writer.execute(all_but_the_last, [])?;
        Ok(())
    }
}

/// Databases in memory, written through the backing itself.
struct InMemory;

struct Memory(SqliteBacking<u8>);

impl Databases for InMemory {
    type Database = Memory;

    async fn create(&self) -> Result<Memory, Error> {
        Ok(Memory(SqliteOptions::new().keep_log(1, 4).open_in_memory().await?))
    }
}

impl Database for Memory {
    type Backing = SqliteBacking<u8>;

    fn value(number: u8) -> u8 {
        number
    }

    async fn open(&mut self) -> Result<SqliteBacking<u8>, Error> {
        Ok(self.0.clone())
    }

    async fn commit(&mut self, writes: Vec<(EntityId, Option<u8>)>) -> Result<(), Error> {
        let transaction = writes.into_iter().fold(self.0.transaction(), |transaction, (id, value)| match value {
            Some(value) => transaction.put(id, &value),
            None => transaction.remove(id),
        });
        transaction.commit().await?;
        Ok(())
    }
}

#[test]
fn an_sqlite_file_conforms_while_another_program_writes_and_prunes() {
    let report = check(&Files, &Options::default()).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(report.cases == 64 && report.batches > 300 && report.disturbed > 20 && report.workers > 20, "{report}");
    assert!(report.resumed > 10 && report.taken_over > 10, "{report}");
}

#[test]
fn an_sqlite_database_in_memory_conforms() {
    let report = check(&InMemory, &Options::default()).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(report.cases == 64 && report.batches > 300 && report.workers > 20, "{report}");
    assert!(report.resumed > 10 && report.taken_over > 10, "{report}");
}
