//! The thread that writes: it commits transactions, says where readers stand, and prunes the log behind them. It may wait for the locks
//! of other writers; nobody who reads waits for it.

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use rusqlite::{Connection, TransactionBehavior, params};

use super::connection::Link;
use super::identities::Identities;
use super::inbox::Reply;
use super::place::Way;
use super::reading::{self, Trouble, row_of};
use crate::backing::{BackingError, FailureKind, Identity};
use crate::machine::{EntityId, Position};

/// How often it looks after the log while somebody reads; and how long after a change if nobody does.
const TEND: Duration = Duration::from_secs(5);
/// Every so many times, readers say that they are still there although there is nothing to prune.
const GREET: u32 = 12;
/// A reader that has not said so for this many seconds is gone: its process was killed.
const EXPIRY: i64 = 300;
/// Rows pruned in one transaction.
const PRUNED: i64 = 10_000;
/// After so many changes of our own the log is looked after, without waiting for the time.
const MANY: usize = 20_000;

/// How much of the log is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    /// So many rows, though nobody needs them.
    pub(super) at_least: u64,
    /// So many rows, though somebody would need more.
    pub(super) at_most: u64,
}

/// An entity, and the JSON it gets; none if it goes.
pub(super) type Change = (EntityId, Option<String>);

pub(super) enum Message {
    /// A transaction.
    Commit { changes: Vec<Change>, reply: Reply<Position> },
    /// A reader that needs the log from this position on.
    Register { name: Identity, needs: Arc<AtomicU64> },
    /// It is gone.
    Leave { name: Identity },
    /// Whoever was sent here before has been seen to.
    Settle(Reply<()>),
    /// The past came back: the database is to have another identity, unless it has one already.
    Renew(Reply<()>),
    /// The last handle is gone.
    End,
}

/// The way to the thread.
#[derive(Clone)]
pub(super) struct Inbox(Sender<Message>);

impl Inbox {
    pub(super) fn new() -> (Self, Receiver<Message>) {
        let (sender, messages) = channel();
        (Self(sender), messages)
    }

    pub(super) fn send(&self, message: Message) {
        // The thread goes with the last handle; nobody is left to miss it.
        let _ = self.0.send(message);
    }
}

struct Writer {
    link: Link,
    keep: Keep,
    readers: BTreeMap<Identity, Arc<AtomicU64>>,
    /// Changes since the log was looked after, and how often that was done.
    changes: usize,
    rounds: u32,
    /// Tells the reading thread that something was committed.
    look: Box<dyn Fn() + Send>,
}

/// Starts the thread.
pub(super) fn start(
    way: Way,
    keep: Keep,
    identities: Arc<Identities>,
    messages: Receiver<Message>,
    look: impl Fn() + Send + 'static,
) -> std::io::Result<()> {
    let link = Link::new(way, identities);
    let mut writer = Writer { link, keep, readers: BTreeMap::new(), changes: 0, rounds: 0, look: Box::new(look) };
    let thread = std::thread::Builder::new().name("multiwatcher-sqlite-writer".to_owned());
    thread.spawn(move || writer.run(&messages)).map(drop)
}

impl Writer {
    fn run(&mut self, messages: &Receiver<Message>) {
        loop {
            let message = if self.readers.is_empty() && self.changes == 0 {
                messages.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                messages.recv_timeout(TEND)
            };
            let message = match message {
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return self.end(),
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
            };
            // It calls nothing of others, so a panic is a mistake of ours: it fails the call that it happens in.
            if catch_unwind(AssertUnwindSafe(|| self.handle(message))).is_err() {
                tracing::error!("writing the database panicked");
            }
        }
    }

    fn handle(&mut self, message: Option<Message>) {
        let done = match message {
            Some(Message::Commit { mut changes, reply }) => {
                self.changes += changes.len();
                // In the order of the table each page is visited once. Of two changes of one entity the later one stays the later one.
                changes.sort_by(|(one, _), (other, _)| one.cmp(other));
                let committed = self.commit(&changes);
                if committed.is_ok() {
                    (self.look)();
                }
                // Nobody may be left to hear it; it was committed all the same.
                let _ = reply.send(committed);
                if self.changes > MANY { self.tend() } else { Ok(()) }
            }
            Some(Message::Register { name, needs }) => {
                self.readers.insert(name, needs);
                self.greet()
            }
            Some(Message::Leave { name }) => self.leave(name),
            Some(Message::Settle(reply)) => {
                // Nobody may be left who waits for it.
                let _ = reply.send(Ok(()));
                Ok(())
            }
            Some(Message::Renew(reply)) => {
                // Whoever asked hears of a failure, if it is still there; the next one asks again.
                let _ = reply.send(self.link.renew_identity());
                Ok(())
            }
            Some(Message::End) => Ok(()),
            None => self.tend(),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "the log of the database could not be looked after");
        }
    }

    fn commit(&mut self, changes: &[Change]) -> Result<Position, BackingError> {
        self.write(|connection| Ok(commit(connection, changes)?))
    }

    /// Writes, also to a file that has just come in the place of another one: that is what the name means.
    fn write<T>(&mut self, work: impl Fn(&mut Connection) -> Result<T, Trouble>) -> Result<T, BackingError> {
        match self.link.run(&work) {
            Err(error) if error.kind() == FailureKind::Rewound => self.link.run(work),
            done => done,
        }
    }

    fn leave(&mut self, name: Identity) -> Result<(), BackingError> {
        self.readers.remove(&name);
        self.write(|connection| {
            connection.prepare_cached("DELETE FROM reader WHERE name = ?")?.execute([name.to_string()])?;
            Ok(())
        })
    }

    /// Says where the readers stand.
    fn greet(&mut self) -> Result<(), BackingError> {
        let readers: Vec<_> =
            self.readers.iter().map(|(name, needs)| (name.to_string(), needs.load(Ordering::Relaxed))).collect();
        self.write(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (name, needs) in &readers {
                let sql = "INSERT OR REPLACE INTO reader (name, position, seen) VALUES (?, ?, unixepoch())";
                transaction.prepare_cached(sql)?.execute(params![name, row_of(Position(*needs))])?;
            }
            transaction.execute("DELETE FROM reader WHERE seen < unixepoch() - ?", [EXPIRY])?;
            Ok(transaction.commit()?)
        })
    }

    /// Prunes the log if it is long, and says that the readers are there, if that is needed or due.
    fn tend(&mut self) -> Result<(), BackingError> {
        (self.changes, self.rounds) = (0, self.rounds.wrapping_add(1));
        let keep = self.keep;
        let is_long = self.write(|connection| {
            let (oldest, latest) = span(connection)?;
            Ok(latest - oldest >= count(keep.at_least))
        })?;
        if is_long || self.rounds.is_multiple_of(GREET) {
            self.greet()?;
        }
        while is_long && self.write(|connection| Ok(prune(connection, keep)?))? {}
        Ok(())
    }

    fn end(&mut self) {
        for name in core::mem::take(&mut self.readers).into_keys() {
            if let Err(error) = self.leave(name) {
                tracing::debug!(%error, "a reader could not be signed off: it will expire");
                return;
            }
        }
    }
}

fn commit(connection: &mut Connection, changes: &[Change]) -> rusqlite::Result<Position> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (id, value) in changes {
        let (kind, model, id) = (id.kind.as_str(), id.model.to_string(), id.id());
        match value {
            Some(value) => {
                let sql = "INSERT INTO entity (kind, model, id, value) VALUES (?, ?, ?, ?)
                    ON CONFLICT (kind, model, id) DO UPDATE SET value = excluded.value";
                transaction.prepare_cached(sql)?.execute(params![kind, model, id, value])?;
            }
            None => {
                let sql = "DELETE FROM entity WHERE kind = ? AND model = ? AND id = ?";
                transaction.prepare_cached(sql)?.execute(params![kind, model, id])?;
            }
        }
    }
    let latest = reading::latest(&transaction)?;
    transaction.commit()?;
    Ok(latest.position)
}

/// Removes some rows that nobody needs, or that are too many; the last row stays, for positions go on from it. Whether there are
/// more.
fn prune(connection: &mut Connection, keep: Keep) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (oldest, latest) = span(&transaction)?;
    let slowest: Option<i64> = transaction.query_row("SELECT min(position) FROM reader", [], |row| row.get(0))?;
    // The row that a reader stands at stays too: by it the reader knows that it is still the same history.
    let unneeded = slowest.unwrap_or(oldest).min(latest.saturating_sub(count(keep.at_least)));
    let bound = unneeded.max(latest.saturating_sub(count(keep.at_most) - 1)).min(latest);
    let end = bound.min(oldest + PRUNED);
    if end > oldest {
        transaction.execute("DELETE FROM change_log WHERE position < ?", [end])?;
    }
    transaction.commit()?;
    Ok(end > oldest && end < bound)
}

/// The oldest and the latest position in the log.
fn span(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let sql = "SELECT coalesce((SELECT min(position) FROM change_log), 0), coalesce((SELECT max(position) FROM change_log), 0)";
    connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
}

fn count(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
