//! A backing of one's own, held against the conformance kit: a ledger in memory with a log of what its commits touched.
//!
//! `cargo run --example conformance --features testing`

#![expect(clippy::print_stdout, reason = "an example shows what it is told")]

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use multiwatcher::EntityId;
use multiwatcher::backing::{
    Backing, BackingError, Entities, Identity, Notice, Read, Reads, Step, Stream, Subscription,
};
use multiwatcher::machine::Position;
use multiwatcher::testing::conformance::{Database, Databases, Error, Options, check};

/// The ledger. Clones are the same one.
#[derive(Clone, Default)]
struct Ledger(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    entities: BTreeMap<EntityId, String>,
    /// What each commit touched; the first has position 1.
    log: Vec<Vec<EntityId>>,
    readers: Vec<Waker>,
}

impl Pages {
    fn position(&self) -> Position {
        Position(self.log.len() as u64)
    }

    fn touched_since(&self, since: Position) -> Vec<EntityId> {
        self.log.iter().skip(usize::try_from(since.0).unwrap_or(usize::MAX)).flatten().cloned().collect()
    }

    fn read(&self, id: EntityId) -> (EntityId, Read<String>) {
        let read = self.entities.get(&id).map_or(Read::Absent, |text| Read::Value(Arc::new(text.clone())));
        (id, read)
    }
}

impl Ledger {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().expect("nothing panics while it holds the pages")
    }
}

impl Backing for Ledger {
    type Value = String;

    fn identity(&self) -> Identity {
        Identity(7)
    }

    async fn watch(&self) -> Result<Subscription<String>, BackingError> {
        let position = self.pages().position();
        Ok(Subscription::new(position, Notices { ledger: self.clone(), seen: position }))
    }

    fn get_all(&self) -> Entities<String> {
        let pages = self.pages();
        Box::pin(Once(Some(pages.entities.keys().map(|id| pages.read(id.clone())).collect())))
    }

    async fn changed(&self, since: Position, mut ids: Vec<EntityId>) -> Result<Step<String>, BackingError> {
        let pages = self.pages();
        ids.extend(pages.touched_since(since));
        ids.sort_unstable();
        ids.dedup();
        // Log and values at one moment: the lock is held until all is read.
        Ok(Step { from: since, to: pages.position(), entities: ids.into_iter().map(|id| pages.read(id)).collect() })
    }
}

/// Tells what was touched. A ledger in memory cannot die silently; a real backing also yields a mark in every heartbeat.
struct Notices {
    ledger: Ledger,
    seen: Position,
}

impl Stream for Notices {
    type Item = Result<Notice<String>, BackingError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let mut pages = this.ledger.pages();
        if pages.position() == this.seen {
            pages.readers.push(cx.waker().clone());
            return Poll::Pending;
        }
        let touched = pages.touched_since(this.seen);
        this.seen = pages.position();
        Poll::Ready(Some(Ok(Notice::Changed(touched))))
    }
}

struct Once(Option<Reads<String>>);

impl Stream for Once {
    type Item = Result<Reads<String>, BackingError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

/// Makes ledgers for the kit.
struct Ledgers;

impl Databases for Ledgers {
    type Database = Ledger;

    async fn create(&self) -> Result<Ledger, Error> {
        Ok(Ledger::default())
    }
}

impl Database for Ledger {
    type Backing = Self;

    fn value(number: u8) -> String {
        format!("value {number}")
    }

    async fn open(&mut self) -> Result<Self, Error> {
        Ok(self.clone())
    }

    async fn commit(&mut self, writes: Vec<(EntityId, Option<String>)>) -> Result<(), Error> {
        let mut pages = self.pages();
        pages.log.push(writes.iter().map(|(id, _)| id.clone()).collect());
        for (id, value) in writes {
            match value {
                Some(value) => pages.entities.insert(id, value),
                None => pages.entities.remove(&id),
            };
        }
        let readers = std::mem::take(&mut pages.readers);
        drop(pages);
        readers.into_iter().for_each(Waker::wake);
        Ok(())
    }
}

fn main() -> Result<(), multiwatcher::testing::conformance::Failure> {
    let report = check(&Ledgers, &Options::default())?;
    println!("conforms: {report}");
    Ok(())
}
