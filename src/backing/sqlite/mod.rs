//! A backing in an SQLite file that several processes may write, with this library or with plain SQL.
//!
//! # What other programs may do
//!
//! Entities are rows of an ordinary table. Whoever commits to it, also by the `sqlite3` shell, is noticed:
//!
//! ```sql
//! INSERT INTO entity (kind, model, id, value)
//! VALUES ('unit', '00000000-0000-0000-0000-000000000001', 'mysql/0', '{"status":"active"}')
//! ON CONFLICT (kind, model, id) DO UPDATE SET value = excluded.value;
//! UPDATE entity SET value = json_set(value, '$.status', 'idle') WHERE kind = 'unit';
//! DELETE FROM entity WHERE id = 'mysql/0';
//! ```
//!
//! `INSERT OR REPLACE` and a change of the key, which is a removal and an addition, are noticed too. The model is a uuid in small letters, with
//! hyphens; anything else is refused by the table. The value is JSON text; one that is not, or not what the program that watches
//! expects, is an error about that entity alone ([`Read::Error`]), which is then read again now and then.
//!
//! # Tables
//!
//! | table | holds |
//! |---|---|
//! | `entity (kind, model, id, value)` | the entities; the first three are the key |
//! | `change_log (position, nonce, kind, model, id)` | which entities commits touched; filled by triggers, within the transaction of whoever writes |
//! | `reader (name, position, seen)` | from where on workers need the log, and when they last said so |
//! | `meta (name, value)` | the identity of the database, and of which file it is |
//!
//! The position of a commit is the number of its last row in the log, shifted left by 20 bits, with the low 20 bits of that row's nonce.
//! SQLite lets one process write at a time, so positions become visible in their order. A step is read in one read transaction, so it
//! never holds half of a commit. `PRAGMA user_version` is the version of the schema: a database of an older one is brought up to date
//! when it is opened, one of a newer one is refused. Leave the triggers alone: a database without one of them is refused as well.
//!
//! The log is pruned behind the slowest worker that reads it, and by a limit ([`SqliteOptions::keep_log`]); a worker whose place was
//! pruned loads again. A worker that ends is taken off the table of readers before its
//! [`wait`](crate::driver::Worker::wait) returns; one whose process was killed stops to count after five minutes.
//!
//! # How soon a commit is noticed
//!
//! A commit through the same backing is told at once. Of another process's commit the system tells by a watch of the folder: expect
//! well under a millisecond from the commit to the worker on a machine that is not busy, and less than three on one that is. Where the
//! folder cannot be watched the database is looked at every ten milliseconds; and five times a second in any case, so a file system
//! whose watch misses something, as those of networks do, costs a fifth of a second.
//!
//! # Restoring a backup
//!
//! Use the shell's `.restore`. Or stop the programs that write to the file, remove its `-wal` and `-shm`, and move the other file into
//! its place. Either is noticed: each row of the log has a random nonce, by which a worker
//! sees that its place belongs to another history, and a file is known by its number and birth. Workers then load again, readers see the
//! difference, and the database gets another [identity](Backing::identity), so that resume tokens of the past are known as such; no worker
//! goes on under the old one, so as long as somebody holds the lock that this needs, readers are served from what is known. A copy has
//! an identity of its own from when it is first opened.
//!
//! A copy *onto* the file (`cp backup.db entities.db`) is noticed as well, by the file's size and times: it is then read afresh, and while
//! it does not hang together, for it is still being copied, the worker tries again. But SQLite knows nothing of such a copy. It is safe
//! only while nobody writes and the log holds nothing that is not in the file: run `PRAGMA wal_checkpoint(TRUNCATE)` before it.
//!
//! A backup that is restored into the same file while nobody watches brings its identity along, and nobody is there to change it. Positions
//! carry bits of the nonce for that: a resume token from what was lost has a position between two of the history that took its place. A
//! worker has passed over it, so it is [`Gone`](crate::driver::ResumeError::Gone), or has not come so far, so it is
//! [`Ahead`](crate::driver::ResumeError::Ahead) until there is another commit. One commit in a million that were lost is not told from the
//! one that got its row. A token from before the backup was made is of a past that both histories share, and holds.
//!
//! # Failures
//!
//! A lock that is not released within the busy time-out, a full disk and a missing file are
//! [transient](crate::backing::FailureKind::Transient): the worker tries again with its back-off, and readers are served from what
//! it knows. A damaged file, another program's database and one of a newer schema are
//! [permanent](crate::backing::FailureKind::Permanent): the worker ends, with an error that says so, once nobody has written to the file
//! for a second; before that it may be half a copy.
//!
//! A commit is safe from a crash of the program when it is made, and from a crash of the machine a moment later (`synchronous = NORMAL`):
//! after such a crash the last commits may be gone, which is a past that came back.

mod connection;
mod error;
mod identities;
mod inbox;
mod load;
mod notices;
mod options;
mod pace;
mod place;
mod reader;
mod reading;
mod schema;
mod source;
mod transaction;
mod watch;
mod writer;

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use self::identities::Identities;
use self::inbox::{Message, Reply};
use self::load::SqliteLoad;
use self::notices::SqliteNotices;
use super::{Backing, BackingError, Entities, Identity, Json, Read, Step, Subscription, Value};
use crate::machine::{EntityId, Position};
pub use options::SqliteOptions;
pub use transaction::SqliteTransaction;

/// Entities in an SQLite file. Clones are the same backing. The [module](self) says what other programs may do with the file.
///
/// `V` is what the JSON of a value is read as: [`Json`] keeps the text, any other type that `serde` can read will do.
/// Two threads of its own read and write, so no call blocks the program's runtime, whichever that is. They end when the last clone is
/// dropped.
pub struct SqliteBacking<V = Json> {
    shared: Arc<Shared<V>>,
}

/// What every handle holds: the ways to the threads.
struct Shared<V> {
    reader: inbox::Inbox<V>,
    writer: writer::Inbox,
    identities: Arc<Identities>,
}

impl<V: Value + DeserializeOwned> SqliteBacking<V> {
    /// Opens the database in this file, or makes one. [`SqliteOptions`] has more to say.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, BackingError> {
        SqliteOptions::new().open(path).await
    }

    /// A database in the memory of this process, gone with the last clone.
    pub async fn in_memory() -> Result<Self, BackingError> {
        SqliteOptions::new().open_in_memory().await
    }

    /// The value of an entity.
    pub async fn get(&self, id: &EntityId) -> Result<Read<V>, BackingError> {
        self.ask(|reply| Message::Get { id: id.clone(), reply }).await
    }

    /// The position of the latest commit. The [module](self) says what it is made of.
    pub async fn position(&self) -> Result<Position, BackingError> {
        self.ask(Message::Position).await
    }

    async fn ask<T>(&self, message: impl FnOnce(Reply<T>) -> Message<V>) -> Result<T, BackingError> {
        ask(&self.shared, message).await.unwrap_or_else(|_| Err(given_up()))
    }
}

impl<V> SqliteBacking<V> {
    /// A transaction, to be filled and committed.
    pub fn transaction(&self) -> SqliteTransaction<'_, V> {
        SqliteTransaction::new(self)
    }

    /// Commits one value. Returns the commit's position.
    pub async fn put(&self, id: EntityId, value: &V) -> Result<Position, BackingError>
    where
        V: Serialize,
    {
        self.transaction().put(id, value).commit().await
    }

    /// Commits one removal. Returns the position of the latest commit.
    pub async fn remove(&self, id: EntityId) -> Result<Position, BackingError> {
        self.transaction().remove(id).commit().await
    }
}

impl<V: Value + DeserializeOwned> Backing for SqliteBacking<V> {
    type Value = V;

    fn identity(&self) -> Identity {
        self.shared.identities.current()
    }

    /// Waits until the database has another identity, if the past came back: what the worker gives to its readers under the old one would
    /// be of two pasts.
    async fn watch(&self) -> Result<Subscription<V>, BackingError> {
        loop {
            if self.shared.identities.is_outdated() {
                let (reply, renewed) = oneshot::channel();
                self.shared.writer.send(writer::Message::Renew(reply));
                renewed.await.unwrap_or_else(|_| Err(BackingError::transient("renewing the identity panicked")))?;
            }
            let (position, slot) = self.ask(Message::Watch).await?;
            let notices = SqliteNotices::new(slot, Arc::clone(&self.shared));
            // It may have come back meanwhile; the notices that are dropped end the subscription.
            if !self.shared.identities.is_outdated() {
                return Ok(Subscription::new(position, notices));
            }
        }
    }

    fn get_all(&self) -> Entities<V> {
        Box::pin(SqliteLoad::new(Arc::clone(&self.shared)))
    }

    async fn changed(&self, since: Position, ids: Vec<EntityId>) -> Result<Step<V>, BackingError> {
        self.ask(|reply| Message::Changed { since, ids, reply }).await
    }

    /// Waits until the table of readers no longer holds the worker, or it was found that it cannot be taken off: a lock was not released in
    /// time, the file is gone. It then counts for five minutes more.
    async fn release(&self) {
        // A thread that is gone has nothing to be waited for.
        let _ = self.ask(Message::Settle).await;
    }
}

/// Asks the reading thread. The answer does not come if it panicked over the question.
fn ask<V, T>(
    shared: &Shared<V>,
    message: impl FnOnce(Reply<T>) -> Message<V>,
) -> oneshot::Receiver<Result<T, BackingError>> {
    let (reply, answer) = oneshot::channel();
    shared.reader.send(message(reply));
    answer
}

fn given_up() -> BackingError {
    BackingError::transient("reading the database panicked")
}

impl<V> Drop for Shared<V> {
    fn drop(&mut self) {
        self.reader.send(Message::End);
        self.writer.send(writer::Message::End);
    }
}

impl<V> Clone for SqliteBacking<V> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<V> fmt::Debug for SqliteBacking<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identity = self.shared.identities.current();
        f.debug_struct("SqliteBacking").field("identity", &identity).finish_non_exhaustive()
    }
}
