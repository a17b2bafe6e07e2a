//! A backing in memory: transactions of several entities, any number of writers. For examples, tests, and programs whose
//! entities live nowhere else.

mod contents;

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use self::contents::Contents;
use super::{Backing, BackingError, Entities, Identity, Notice, Read, Step, Stream, Subscription, Value};
use crate::machine::{EntityId, Position};

/// How often a subscription tells that it is alive, unless told otherwise; and what it can be told.
const HEARTBEAT: Duration = Duration::from_secs(5);
const HEARTBEATS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_hours(1));
/// How many commits the log keeps unless told otherwise.
const KEPT: usize = 100_000;
/// How many entities a load reads at a time, and how many ids a notice names.
const CHUNK: usize = 1024;

/// Entities in memory. Clones are the same backing.
///
/// Its subscriptions need a tokio runtime with time, for their marks.
pub struct MemoryBacking<V> {
    shared: Arc<Shared<V>>,
}

struct Shared<V> {
    identity: Identity,
    state: Mutex<State<V>>,
}

struct State<V> {
    entities: Contents<V>,
    position: Position,
    /// What the last commits touched, oldest first.
    log: VecDeque<(Position, Vec<EntityId>)>,
    /// Commits up to this one are no longer in the log.
    pruned: Position,
    kept: usize,
    heartbeat: Duration,
    hands_over_steps: bool,
    subscribers: BTreeMap<u64, Option<Waker>>,
    last_subscriber: u64,
}

impl<V> MemoryBacking<V> {
    /// One without entities.
    #[must_use]
    pub fn new() -> Self {
        let state = State {
            entities: Contents::new(),
            position: Position(0),
            log: VecDeque::new(),
            pruned: Position(0),
            kept: KEPT,
            heartbeat: HEARTBEAT,
            hands_over_steps: true,
            subscribers: BTreeMap::new(),
            last_subscriber: 0,
        };
        Self { shared: Arc::new(Shared { identity: Identity::fresh(), state: Mutex::new(state) }) }
    }

    /// Keep this many commits in the log. Whoever falls further behind reloads.
    #[must_use]
    pub fn keep_commits(self, kept: usize) -> Self {
        self.lock().kept = kept;
        self
    }

    /// How often a subscription tells that it is alive while nothing happens: every five seconds unless told otherwise, and from ten
    /// milliseconds to an hour. Keep it below the worker's [`heartbeat`](crate::machine::Config::heartbeat): three times that without a
    /// sign of life is a failure, so a worker with less than 5/3 seconds would open this backing again and again.
    #[must_use]
    pub fn heartbeat(self, heartbeat: Duration) -> Self {
        let (least, most) = HEARTBEATS;
        self.lock().heartbeat = heartbeat.clamp(least, most);
        self
    }

    /// Tell which ids were touched, and hand over what happened when asked, as a database across a network does. Otherwise notices
    /// carry values: steps are handed over unasked, which is half the work.
    #[must_use]
    pub fn tell_ids_only(self) -> Self {
        self.lock().hands_over_steps = false;
        self
    }

    /// A transaction, to be filled and committed.
    pub fn transaction(&self) -> Transaction<'_, V> {
        Transaction { backing: self, changes: Vec::new() }
    }

    /// Commits one value. Returns the commit's position.
    pub fn put(&self, id: EntityId, value: V) -> Position {
        self.transaction().put(id, value).commit()
    }

    /// Commits one removal. Returns the commit's position.
    pub fn remove(&self, id: EntityId) -> Position {
        self.transaction().remove(id).commit()
    }

    /// The value of an entity.
    pub fn get(&self, id: &EntityId) -> Option<Arc<V>> {
        self.lock().entities.get(id).cloned()
    }

    /// The position of the latest commit.
    pub fn position(&self) -> Position {
        self.lock().position
    }

    /// How many subscriptions stand.
    pub fn subscriptions(&self) -> usize {
        self.lock().subscribers.len()
    }

    /// A panic while it was locked has left it whole: every change to the state is one move after all that can fail.
    fn lock(&self) -> MutexGuard<'_, State<V>> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Clone for MemoryBacking<V> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<V> Default for MemoryBacking<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V> fmt::Debug for MemoryBacking<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let mut f = f.debug_struct("MemoryBacking");
        f.field("identity", &self.shared.identity).field("position", &state.position);
        f.field("entities", &state.entities.len()).finish_non_exhaustive()
    }
}

/// Changes that become visible together, or not at all if it is dropped.
#[must_use = "nothing happens before it is committed"]
pub struct Transaction<'a, V> {
    backing: &'a MemoryBacking<V>,
    changes: Vec<(EntityId, Option<Arc<V>>)>,
}

impl<V> Transaction<'_, V> {
    /// Gives an entity a value.
    pub fn put(mut self, id: EntityId, value: V) -> Self {
        self.changes.push((id, Some(Arc::new(value))));
        self
    }

    /// Removes an entity; one that is not there counts as touched.
    pub fn remove(mut self, id: EntityId) -> Self {
        self.changes.push((id, None));
        self
    }

    /// Makes it visible. Returns its position, or the latest one if there is nothing in it.
    pub fn commit(self) -> Position {
        let Self { backing, mut changes } = self;
        let (position, wakers, forgotten) = {
            let mut state = backing.lock();
            if changes.is_empty() {
                return state.position;
            }
            let position = Position(state.position.0 + 1);
            let touched = in_order(changes.iter().map(|(id, _)| id.clone()).collect());
            // What is replaced takes the place of what replaces it, to be freed without the lock.
            for (id, value) in &mut changes {
                *value = match value.take() {
                    Some(value) => state.entities.put(id, value),
                    None => state.entities.remove(id),
                };
            }
            state.position = position;
            state.log.push_back((position, touched));
            let forgotten = state.prune();
            let wakers: Vec<_> = state.subscribers.values_mut().filter_map(Option::take).collect();
            (position, wakers, forgotten)
        };
        wakers.into_iter().for_each(Waker::wake);
        drop((changes, forgotten));
        position
    }
}

impl<V> fmt::Debug for Transaction<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("changes", &self.changes.len()).finish_non_exhaustive()
    }
}

impl<V> State<V> {
    /// Forgets the oldest commits; they are returned, to be freed without the lock.
    fn prune(&mut self) -> Vec<(Position, Vec<EntityId>)> {
        let excess = self.log.len().saturating_sub(self.kept);
        let forgotten: Vec<_> = self.log.drain(..excess).collect();
        if let Some((position, _)) = forgotten.last() {
            self.pruned = *position;
        }
        forgotten
    }

    /// The ids touched after a position, commit by commit, at most about so many; and where they end.
    fn touched(&self, since: Position, most: usize) -> (Vec<EntityId>, Position) {
        // Positions are those of the log, one for each commit: what came after stands at its end.
        let newer = usize::try_from(self.position.0 - since.0).unwrap_or(usize::MAX).min(self.log.len());
        let (mut touched, mut end) = (Vec::new(), since);
        for (position, ids) in self.log.range(self.log.len() - newer..) {
            touched.extend(ids.iter().cloned());
            end = *position;
            if touched.len() >= most {
                break;
            }
        }
        (in_order(touched), end)
    }

    fn step(&self, since: Position, ids: Vec<EntityId>) -> Result<Step<V>, BackingError> {
        if since < self.pruned {
            return Err(self.pruned_error(since));
        }
        if since > self.position {
            let (at, latest) = (since, self.position);
            return Err(BackingError::rewound(format!("asked since position {at}, but the latest is {latest}")));
        }
        let (mut touched, to) = self.touched(since, usize::MAX);
        if !ids.is_empty() {
            touched.extend(ids);
            touched = in_order(touched);
        }
        Ok(Step { from: since, to, entities: touched.into_iter().map(|id| self.read(id)).collect() })
    }

    fn read(&self, id: EntityId) -> (EntityId, Read<V>) {
        let read = self.entities.get(&id).map_or(Read::Absent, |value| Read::Value(Arc::clone(value)));
        (id, read)
    }

    fn pruned_error(&self, since: Position) -> BackingError {
        let pruned = self.pruned;
        BackingError::pruned(format!("asked since position {since}, but the log begins after {pruned}"))
    }
}

impl<V: Value> Backing for MemoryBacking<V> {
    type Value = V;

    fn identity(&self) -> Identity {
        self.shared.identity
    }

    async fn watch(&self) -> Result<Subscription<V>, BackingError> {
        let heartbeat = self.lock().heartbeat;
        let mut marks = interval_at(Instant::now() + heartbeat, heartbeat);
        marks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut state = self.lock();
        state.last_subscriber += 1;
        let key = state.last_subscriber;
        state.subscribers.insert(key, None);
        let position = state.position;
        drop(state);
        Ok(Subscription::new(position, MemoryNotices { backing: self.clone(), key, told: position, marks }))
    }

    fn get_all(&self) -> Entities<V> {
        Box::pin(MemoryLoad { backing: self.clone(), last: None })
    }

    async fn changed(&self, since: Position, ids: Vec<EntityId>) -> Result<Step<V>, BackingError> {
        self.lock().step(since, ids)
    }
}

/// Each id once, in order.
fn in_order(mut ids: Vec<EntityId>) -> Vec<EntityId> {
    if ids.len() > 1 {
        ids.sort_unstable();
        ids.dedup();
    }
    ids
}

struct MemoryNotices<V> {
    backing: MemoryBacking<V>,
    key: u64,
    told: Position,
    marks: Interval,
}

impl<V> Stream for MemoryNotices<V> {
    type Item = Result<Notice<V>, BackingError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let mut state = this.backing.lock();
        if state.position > this.told {
            if this.told < state.pruned {
                return Poll::Ready(Some(Err(state.pruned_error(this.told))));
            }
            if state.hands_over_steps {
                let step = state.step(this.told, Vec::new());
                this.told = state.position;
                return Poll::Ready(Some(step.map(Notice::Step)));
            }
            let (touched, to) = state.touched(this.told, CHUNK);
            this.told = to;
            return Poll::Ready(Some(Ok(Notice::Changed(touched))));
        }
        let position = state.position;
        let replaced = state.subscribers.insert(this.key, Some(cx.waker().clone()));
        drop(state);
        drop(replaced);
        this.marks.poll_tick(cx).map(|_| Some(Ok(Notice::Mark(position))))
    }
}

impl<V> Drop for MemoryNotices<V> {
    fn drop(&mut self) {
        let waker = self.backing.lock().subscribers.remove(&self.key);
        drop(waker);
    }
}

struct MemoryLoad<V> {
    backing: MemoryBacking<V>,
    last: Option<EntityId>,
}

impl<V> Stream for MemoryLoad<V> {
    type Item = Result<Vec<(EntityId, Read<V>)>, BackingError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk: Vec<_> = {
            let state = self.backing.lock();
            let rest = state.entities.after(self.last.as_ref()).take(CHUNK);
            rest.map(|(id, value)| (id.clone(), Read::Value(Arc::clone(value)))).collect()
        };
        let Some((last, _)) = chunk.last() else { return Poll::Ready(None) };
        self.last = Some(last.clone());
        Poll::Ready(Some(Ok(chunk)))
    }
}
