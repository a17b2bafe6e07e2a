//! A small backing with a log, and the ways in which it can be wrong. Without a bug it conforms.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use multiwatcher::EntityId;
use multiwatcher::backing::{
    Backing, BackingError, Entities, Identity, Notice, Read, Reads, Step, Stream, Subscription,
};
use multiwatcher::machine::{ModelId, Position};
use multiwatcher::testing::conformance::{Database, Databases, Error};

/// What is wrong with a backing; itself makes databases that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Nothing.
    None,
    /// Every third commit draws its position, and is visible after another one, which has drawn the next position and removes what is not
    /// there.
    OutOfOrder,
    /// A step holds half of what its last commit touched.
    HalfCommit,
    /// Of the second commit nobody is told.
    LostNotice,
    /// A load reads what was there one commit ago, and says nothing of it.
    OldLoad,
    /// A step leaves out what was removed.
    NoAbsence,
}

/// The backing. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Wrong {
    state: Arc<Mutex<State>>,
    bug: Bug,
}

#[derive(Default)]
struct State {
    entities: BTreeMap<EntityId, u8>,
    /// What was there before the last commit.
    before: BTreeMap<EntityId, u8>,
    /// By position, what each commit touched.
    log: BTreeMap<u64, BTreeSet<EntityId>>,
    drawn: u64,
    /// A commit that has its position and is not visible yet.
    hidden: Option<(u64, Writes)>,
    told: u64,
    wakers: Vec<Waker>,
}

type Writes = Vec<(EntityId, Option<u8>)>;

impl Databases for Bug {
    type Database = Wrong;

    async fn create(&self) -> Result<Wrong, Error> {
        Ok(Wrong { state: Arc::default(), bug: *self })
    }
}

impl Database for Wrong {
    type Backing = Self;

    fn value(number: u8) -> u8 {
        number
    }

    async fn open(&mut self) -> Result<Self, Error> {
        Ok(self.clone())
    }

    async fn commit(&mut self, writes: Writes) -> Result<(), Error> {
        self.write(&writes).into_iter().for_each(Waker::wake);
        // The reader may look now.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        let mut state = self.lock();
        if let Some((position, writes)) = state.hidden.take() {
            state.show(position, &writes);
        }
        Ok(())
    }
}

impl State {
    fn show(&mut self, position: u64, writes: &[(EntityId, Option<u8>)]) {
        self.before = self.entities.clone();
        for (id, value) in writes {
            match value {
                Some(value) => self.entities.insert(id.clone(), *value),
                None => self.entities.remove(id),
            };
        }
        self.log.insert(position, writes.iter().map(|(id, _)| id.clone()).collect());
    }

    fn visible(&self) -> u64 {
        self.log.last_key_value().map_or(0, |(position, _)| *position)
    }
}

impl Wrong {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the state")
    }

    /// Commits, as far as the bug lets it; returns whom to wake.
    fn write(&self, writes: &[(EntityId, Option<u8>)]) -> Vec<Waker> {
        let mut state = self.lock();
        state.drawn += 1;
        let position = state.drawn;
        if self.bug == Bug::OutOfOrder && position % 3 == 1 {
            state.drawn += 1;
            state.show(position + 1, &[(EntityId::new("unit", ModelId::from_u128(0), "nobody"), None)]);
            state.hidden = Some((position, writes.to_vec()));
        } else {
            state.show(position, writes);
        }
        if !(self.bug == Bug::LostNotice && position == 2) {
            state.told = state.drawn;
        }
        std::mem::take(&mut state.wakers)
    }
}

impl Backing for Wrong {
    type Value = u8;

    fn identity(&self) -> Identity {
        Identity(1)
    }

    async fn watch(&self) -> Result<Subscription<u8>, BackingError> {
        let position = Position(self.lock().visible());
        Ok(Subscription::new(position, Notices { state: Arc::clone(&self.state), seen: position.0 }))
    }

    fn get_all(&self) -> Entities<u8> {
        let state = self.lock();
        let read = if self.bug == Bug::OldLoad { &state.before } else { &state.entities };
        let reads: Reads<u8> = read.iter().map(|(id, value)| (id.clone(), Read::Value(Arc::new(*value)))).collect();
        Box::pin(Once(Some(Ok(reads))))
    }

    async fn changed(&self, since: Position, ids: Vec<EntityId>) -> Result<Step<u8>, BackingError> {
        let state = self.lock();
        let mut touched: BTreeSet<EntityId> = ids.into_iter().collect();
        let commits: Vec<_> = state.log.range(since.0 + 1..).collect();
        let read = |id: &EntityId| match state.entities.get(id) {
            Some(value) => Read::Value(Arc::new(*value)),
            None => Read::Absent,
        };
        for (_, ids) in &commits {
            touched.extend(ids.iter().cloned());
        }
        if let (Bug::HalfCommit, Some((_, ids))) = (self.bug, commits.last())
            && ids.len() > 1
        {
            ids.iter().skip(1).for_each(|id| {
                touched.remove(id);
            });
        }
        let mut entities: Reads<u8> = touched.iter().map(|id| (id.clone(), read(id))).collect();
        if self.bug == Bug::NoAbsence {
            entities.retain(|(_, read)| !matches!(read, Read::Absent));
        }
        Ok(Step { from: since, to: Position(state.visible()), entities })
    }
}

struct Notices {
    state: Arc<Mutex<State>>,
    seen: u64,
}

impl Stream for Notices {
    type Item = Result<Notice<u8>, BackingError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let mut state = this.state.lock().expect("nothing panics while it holds the state");
        if state.told > this.seen {
            let touched = state.log.range(this.seen + 1..).flat_map(|(_, ids)| ids.iter().cloned());
            let ids = touched.collect();
            this.seen = state.told;
            return Poll::Ready(Some(Ok(Notice::Changed(ids))));
        }
        state.wakers.push(cx.waker().clone());
        Poll::Pending
    }
}

struct Once(Option<Result<Reads<u8>, BackingError>>);

impl Stream for Once {
    type Item = Result<Reads<u8>, BackingError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.get_mut().0.take())
    }
}
