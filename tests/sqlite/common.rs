//! What the tests share: a database in a folder of its own, another program that writes to it, and a reader that keeps a view.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use multiwatcher::backing::Value;
use multiwatcher::backing::sqlite::{SqliteBacking, SqliteOptions};
use multiwatcher::driver::{Multiwatcher, Worker};
use multiwatcher::machine::{Backoff, Change, Config, EntityId, ModelId};
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio::time::timeout;

/// Nothing takes this long unless it is broken.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// The model of `id`, as other programs write it.
pub(crate) const MODEL: &str = "00000000-0000-0000-0000-000000000001";

/// The entity of this name in model 1.
pub(crate) fn id(name: &str) -> EntityId {
    EntityId::new("unit", ModelId::from_u128(1), name)
}

/// A configuration with a short back-off.
pub(crate) fn short() -> Config {
    let backoff = Backoff { min: Duration::from_millis(20), max: Duration::from_millis(200) };
    Config { backoff, ..Config::default() }
}

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

/// A reader and the fold of its batches.
pub(crate) struct View {
    pub(crate) reader: Multiwatcher<i64>,
    pub(crate) held: BTreeMap<String, i64>,
}

impl View {
    /// One whose first batch was taken.
    pub(crate) async fn open(worker: &Worker<i64>) -> Self {
        let mut view = Self { reader: worker.watch_all_models().unwrap(), held: BTreeMap::new() };
        view.next().await;
        view
    }

    /// Takes a batch; what it told in short: `x=1` or `-x`.
    pub(crate) async fn next(&mut self) -> Vec<String> {
        let batch = timeout(LONG, self.reader.next()).await.expect("a batch comes").unwrap();
        let mut told = Vec::new();
        for delta in batch.deltas() {
            let name = delta.id().id().to_owned();
            match delta.change() {
                Change::Changed => {
                    told.push(format!("{name}={}", delta.value()));
                    self.held.insert(name, **delta.value());
                }
                Change::Removed => {
                    told.push(format!("-{name}"));
                    self.held.remove(&name);
                }
            }
        }
        told
    }

    /// Takes batches until it holds this.
    pub(crate) async fn until(&mut self, wanted: &BTreeMap<String, i64>) {
        while self.held != *wanted {
            self.next().await;
        }
    }
}

/// What a view should hold.
pub(crate) fn held<const N: usize>(entities: [(&str, i64); N]) -> BTreeMap<String, i64> {
    entities.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waited = timeout(LONG, async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}

/// A worker over the database of a folder, and a view that holds it.
pub(crate) async fn follow(backing: &SqliteBacking<i64>) -> (Worker<i64>, View) {
    let worker = Worker::start(backing.clone(), short());
    let view = View::open(&worker).await;
    (worker, view)
}

/// Options that wait for locks a short time only.
pub(crate) fn impatient() -> SqliteOptions {
    SqliteOptions::new().busy_timeout(Duration::from_millis(100))
}
