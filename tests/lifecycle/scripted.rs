//! A backing that the test leads: every call waits until the test answers it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use multiwatcher::backing::{
    Backing, BackingError, Entities, Identity, Notice, Read, Reads, Step, Stream, Subscription,
};
use multiwatcher::machine::{EntityId, Position};

/// What the worker has open at the backing, and what the test has put there. Clones are the same one.
pub(crate) struct Script<V>(Arc<Mutex<State<V>>>);

impl<V> Clone for Script<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V> Default for Script<V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

struct State<V> {
    watches: VecDeque<Act<Position>>,
    notices: VecDeque<Act<Notice<V>>>,
    /// What the subscription tells again and again when there is nothing else.
    marks: Option<Position>,
    loads: VecDeque<Act<Option<Reads<V>>>>,
    changed: VecDeque<Act<Answer<V>>>,
    asked: Vec<(Position, Vec<EntityId>)>,
    waker: Vec<Waker>,
    counts: Counts,
    release: Act<()>,
    identity: Identity,
}

/// What a call comes to.
pub(crate) enum Act<T> {
    Answer(T),
    Fail(BackingError),
    Panic,
    Hang,
}

/// The answer to a fetch: where it ends, and what was read.
pub(crate) type Answer<V> = (Position, Reads<V>);

/// How often what was called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) watches: u32,
    pub(crate) loads: u32,
    pub(crate) fetches: u32,
    pub(crate) unwatches: u32,
    pub(crate) releases: u32,
}

impl<V> Default for State<V> {
    fn default() -> Self {
        Self {
            watches: VecDeque::new(),
            notices: VecDeque::new(),
            marks: None,
            loads: VecDeque::new(),
            changed: VecDeque::new(),
            asked: Vec::new(),
            waker: Vec::new(),
            counts: Counts::default(),
            release: Act::Answer(()),
            identity: Identity(7),
        }
    }
}

impl<V> Script<V> {
    /// The next call of `watch` comes to this.
    pub(crate) fn watch(&self, act: Act<Position>) {
        self.put(|state| state.watches.push_back(act));
    }

    /// The subscription tells this.
    pub(crate) fn notice(&self, act: Act<Notice<V>>) {
        self.put(|state| state.notices.push_back(act));
    }

    /// From now on the subscription always has something to tell: this mark.
    pub(crate) fn marks_without_end(&self, position: Position) {
        self.put(|state| state.marks = Some(position));
    }

    /// The load brings this; `None` is its end.
    pub(crate) fn load(&self, act: Act<Option<Reads<V>>>) {
        self.put(|state| state.loads.push_back(act));
    }

    /// The next fetch comes to this. Where it starts is where it was asked to.
    pub(crate) fn fetch(&self, act: Act<Answer<V>>) {
        self.put(|state| state.changed.push_back(act));
    }

    /// Releasing comes to this.
    pub(crate) fn release(&self, act: Act<()>) {
        self.put(|state| state.release = act);
    }

    /// Another database stands here from now on, or another past.
    pub(crate) fn is_now(&self, identity: Identity) {
        self.put(|state| state.identity = identity);
    }

    /// A generation without trouble: it subscribes at this position and loads these.
    pub(crate) fn follows(&self, position: u64, entities: Vec<(EntityId, V)>) {
        self.watch(Act::Answer(Position(position)));
        self.load(Act::Answer(Some(values(entities))));
        self.load(Act::Answer(None));
        self.fetch(Act::Answer((Position(position), Vec::new())));
    }

    /// A commit that is noticed and fetched.
    pub(crate) fn commits(&self, position: u64, entities: Vec<(EntityId, V)>) {
        let ids = entities.iter().map(|(id, _)| id.clone()).collect();
        self.fetch(Act::Answer((Position(position), values(entities))));
        self.notice(Act::Answer(Notice::Changed(ids)));
    }

    /// How often what was called.
    pub(crate) fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// What fetches asked: since when, and for which ids.
    pub(crate) fn asked(&self) -> Vec<(Position, Vec<EntityId>)> {
        self.lock().asked.clone()
    }

    fn put(&self, put: impl FnOnce(&mut State<V>)) {
        let wakers = {
            let mut state = self.lock();
            put(&mut state);
            std::mem::take(&mut state.waker)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State<V>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn take<T>(
        &self,
        cx: &Context<'_>,
        from: impl FnOnce(&mut State<V>) -> &mut VecDeque<Act<T>>,
    ) -> Poll<Result<T, BackingError>> {
        let mut state = self.lock();
        let queue = from(&mut state);
        let act = match queue.front() {
            Some(Act::Hang) | None => None,
            Some(Act::Answer(_) | Act::Fail(_) | Act::Panic) => queue.pop_front(),
        };
        let Some(act) = act else {
            state.waker.push(cx.waker().clone());
            return Poll::Pending;
        };
        drop(state);
        act.play()
    }
}

impl<T> Act<T> {
    fn play(self) -> Poll<Result<T, BackingError>> {
        match self {
            Self::Answer(answer) => Poll::Ready(Ok(answer)),
            Self::Fail(error) => Poll::Ready(Err(error)),
            Self::Panic => panic!("the backing was told to panic"),
            Self::Hang => Poll::Pending,
        }
    }
}

/// These, each read as a value.
pub(crate) fn values<V>(entities: Vec<(EntityId, V)>) -> Reads<V> {
    entities.into_iter().map(|(id, value)| (id, Read::Value(Arc::new(value)))).collect()
}

impl<V: PartialEq + Send + Sync + 'static> Backing for Script<V> {
    type Value = V;

    fn identity(&self) -> Identity {
        self.lock().identity
    }

    async fn watch(&self) -> Result<Subscription<V>, BackingError> {
        self.lock().counts.watches += 1;
        let position = poll_fn(|cx| self.take(cx, |state| &mut state.watches)).await?;
        Ok(Subscription::new(position, Told(self.clone())))
    }

    fn get_all(&self) -> Entities<V> {
        self.lock().counts.loads += 1;
        Box::pin(Loading(self.clone()))
    }

    async fn changed(&self, since: Position, ids: Vec<EntityId>) -> Result<Step<V>, BackingError> {
        {
            let mut state = self.lock();
            state.counts.fetches += 1;
            state.asked.push((since, ids));
        }
        let (to, entities) = poll_fn(|cx| self.take(cx, |state| &mut state.changed)).await?;
        Ok(Step { from: since, to, entities })
    }

    async fn release(&self) {
        let act = {
            let mut state = self.lock();
            state.counts.releases += 1;
            std::mem::replace(&mut state.release, Act::Answer(()))
        };
        match act {
            Act::Hang => std::future::pending().await,
            Act::Answer(()) | Act::Fail(_) => {}
            Act::Panic => panic!("the backing was told to panic"),
        }
    }
}

struct Told<V>(Script<V>);

impl<V> Stream for Told<V> {
    type Item = Result<Notice<V>, BackingError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mark = {
            let state = self.0.lock();
            state.marks.filter(|_| state.notices.is_empty())
        };
        if let Some(position) = mark {
            return Poll::Ready(Some(Ok(Notice::Mark(position))));
        }
        self.0.take(cx, |state| &mut state.notices).map(Some)
    }
}

impl<V> Drop for Told<V> {
    fn drop(&mut self) {
        self.0.lock().counts.unwatches += 1;
    }
}

struct Loading<V>(Script<V>);

impl<V> Stream for Loading<V> {
    type Item = Result<Reads<V>, BackingError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.take(cx, |state| &mut state.loads).map(Result::transpose)
    }
}
