//! What the task and the handles of a cache share, behind one short lock. No value is parsed, compared or freed under it, and nobody
//! is woken. What is done there for a batch is to note, for each watcher that it concerns, that it does, and which ids if it wants to know.

use core::panic::AssertUnwindSafe;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::replica::Changes;
use super::report::{CacheEnd, CacheReport};
use super::snapshot::Snapshot;
use super::source::{Reader, Source};
use super::watches::{Due, Watches};
use crate::backing::SharedError;
use crate::driver::Seam;
use crate::machine::{Filter, Time};

pub(super) struct Shared<S: Seam> {
    pub(super) seam: S,
    state: Mutex<State<S>>,
}

struct State<S: Seam> {
    snapshot: Option<Snapshot>,
    watches: Watches,
    connection: Connection<S>,
    end: Option<CacheEnd>,
    /// Whether the task is gone, and its multiwatcher with it.
    is_over: bool,
    task: Option<Waker>,
    /// How often a poll of the task began or ended: odd while one goes on.
    polls: u64,
    ends: BTreeMap<u64, Waker>,
    last_end: u64,
}

/// The cache's connection to its worker.
struct Connection<S: Seam> {
    source: Option<Source<S>>,
    reader: Option<Reader<S>>,
    /// Since when changes have not been heard; `None` while there is a reader that has told its whole state.
    away_since: Option<Time>,
    last_batch: Option<Time>,
    /// A batch was taken, and what is held is still the state before it.
    applies: bool,
    openings: u64,
    last_failure: Option<SharedError>,
}

impl<S: Seam> Shared<S> {
    pub(super) fn new(seam: S, source: Source<S>) -> Self {
        let connection = Connection {
            source: Some(source),
            reader: None,
            away_since: Some(seam.now()),
            last_batch: None,
            applies: false,
            openings: 0,
            last_failure: None,
        };
        let state = State {
            snapshot: None,
            watches: Watches::default(),
            connection,
            end: None,
            is_over: false,
            task: None,
            polls: 0,
            ends: BTreeMap::new(),
            last_end: 0,
        };
        Self { seam, state: Mutex::new(state) }
    }

    /// Every change of the state is a few moves that cannot fail.
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        self.lock().snapshot.clone()
    }

    /// A multiwatcher was opened.
    pub(super) fn opened(&self, reader: Reader<S>) {
        let mut state = self.lock();
        state.connection.openings += 1;
        let replaced = state.connection.reader.replace(reader);
        drop(state);
        drop(replaced);
    }

    /// A batch was taken and is being applied.
    pub(super) fn applies(&self) {
        self.lock().connection.applies = true;
    }

    /// A batch was applied. Tells everybody whom it concerns.
    pub(super) fn publish(&self, snapshot: Snapshot, changes: &Changes) {
        let now = self.seam.now();
        let mut state = self.lock();
        if state.end.is_some() {
            return;
        }
        let replaced = state.snapshot.replace(snapshot);
        (state.connection.away_since, state.connection.applies) = (None, false);
        state.connection.last_batch = Some(now);
        // Before there is anything, nobody can be answered; then everybody can.
        let wakers = if replaced.is_none() { state.watches.take_all() } else { state.watches.tell(changes) };
        drop(state);
        drop(replaced);
        wakers.into_iter().for_each(wake);
    }

    /// The multiwatcher has ended, or none could be opened.
    pub(super) fn lost(&self, failure: SharedError) {
        let now = self.seam.now();
        let mut state = self.lock();
        let (reader, source) = (state.connection.reader.take(), state.connection.source.clone());
        drop(state);
        // What it heard last may have been old already.
        let out_of_reach = reader.as_ref().and(source).and_then(|source| source.report()?.out_of_reach_for);
        drop(reader);
        state = self.lock();
        state.connection.away_since.get_or_insert(before(now, out_of_reach.unwrap_or_default()));
        let replaced = state.connection.last_failure.replace(failure);
        drop(state);
        drop(replaced);
    }

    /// The cache ends, if it has not. Everybody is told at once; the task follows.
    pub(super) fn end(&self, end: CacheEnd) {
        let now = self.seam.now();
        let mut state = self.lock();
        if state.end.is_some() {
            return;
        }
        state.end = Some(end);
        state.connection.away_since.get_or_insert(now);
        let gone = (state.connection.reader.take(), state.connection.source.take());
        let mut wakers = state.watches.take_all();
        wakers.extend(state.task.take());
        drop(state);
        drop(gone);
        wakers.into_iter().for_each(wake);
    }

    /// The task is gone, for whatever reason.
    pub(super) fn over(&self) {
        self.end(CacheEnd::TaskGone);
        let wakers = {
            let mut state = self.lock();
            state.is_over = true;
            core::mem::take(&mut state.ends)
        };
        wakers.into_values().for_each(wake);
    }

    /// A poll of the task begins, unless the cache has ended; if it has not, the task is woken when it does.
    pub(super) fn begin_poll(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.end.is_some() {
            return Poll::Ready(());
        }
        state.polls += 1;
        let replaced = state.task.replace(cx.waker().clone());
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    pub(super) fn end_poll(&self) {
        self.lock().polls += 1;
    }

    pub(super) fn poll_over(&self, key: &mut Option<u64>, cx: &Context<'_>) -> Poll<CacheEnd> {
        let mut state = self.lock();
        if state.is_over {
            return Poll::Ready(state.end.clone().expect("it ends before it is over"));
        }
        state.last_end += 1;
        let key = *key.get_or_insert(state.last_end);
        let replaced = state.ends.insert(key, cx.waker().clone());
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    pub(super) fn forget_end(&self, key: u64) {
        let waker = self.lock().ends.remove(&key);
        drop(waker);
    }

    pub(super) fn watch(&self, filter: Filter, wants_ids: bool) -> u64 {
        self.lock().watches.open(filter, wants_ids)
    }

    pub(super) fn unwatch(&self, key: u64) {
        let closed = self.lock().watches.close(key);
        drop(closed);
    }

    /// What a watcher is owed, with the snapshot that it is about.
    pub(super) fn poll_watch(&self, key: u64, cx: &Context<'_>) -> Poll<Result<(Snapshot, Due), CacheEnd>> {
        let mut state = self.lock();
        if let Some(end) = &state.end {
            return Poll::Ready(Err(end.clone()));
        }
        let snapshot = state.snapshot.clone();
        let (due, replaced) = state.watches.take(key, snapshot.is_some(), cx.waker());
        drop(state);
        drop(replaced);
        match (due, snapshot) {
            (Due::Nothing, _) | (_, None) => Poll::Pending,
            (due, Some(snapshot)) => Poll::Ready(Ok((snapshot, due))),
        }
    }

    pub(super) fn report(&self) -> CacheReport {
        let state = self.lock();
        let (snapshot, connection) = (state.snapshot.clone(), &state.connection);
        let (reader, source) = (connection.reader.clone(), connection.source.clone());
        let (away_since, last_batch, openings) = (connection.away_since, connection.last_batch, connection.openings);
        let (polls, applies) = (state.polls, connection.applies);
        let (last_failure, end, watchers) = (connection.last_failure.clone(), state.end.clone(), state.watches.len());
        drop(state);
        // First what the reader has been brought to, then what there is.
        let progress = reader.and_then(|reader| reader.progress().ok().flatten());
        let worker = source.and_then(|source| source.report());
        let epoch = snapshot.as_ref().map(Snapshot::epoch);
        // While the task has not been polled meanwhile, it has taken no batch: what is held is where the reader stands, unless it is
        // still applying one.
        let is_quiet = !applies && polls.is_multiple_of(2) && self.lock().polls == polls;
        let stands = progress.map(|progress| progress.revno);
        // The worker of this epoch; another one may have taken its place a moment ago.
        let worker = worker.filter(|worker| epoch == Some(worker.census.epoch));
        let is_latest = worker.as_ref().is_some_and(|worker| stands == Some(worker.census.revno));
        let is_caught_up = away_since.is_none() && is_quiet && is_latest;
        let now = self.seam.now();
        let away = away_since.map(|since| now.since(since));
        CacheReport {
            epoch,
            revno: snapshot.as_ref().map(Snapshot::revno),
            position: snapshot.as_ref().map(Snapshot::position),
            is_caught_up,
            out_of_reach_for: away.or_else(|| worker.and_then(|worker| worker.out_of_reach_for)),
            last_batch_ago: last_batch.map(|at| now.since(at)),
            entities: snapshot.as_ref().map_or(0, Snapshot::len),
            models: snapshot.as_ref().map_or(0, |snapshot| snapshot.models().count()),
            broken: snapshot.as_ref().map_or(0, |snapshot| snapshot.broken().count()),
            watchers,
            openings,
            last_failure,
            end,
        }
    }
}

/// That long before a moment. The cache's clock is not the worker's, so it is told how long ago something was, not when.
fn before(moment: Time, ago: Duration) -> Time {
    let nanos = u64::try_from(ago.as_nanos()).unwrap_or(u64::MAX);
    Time::from_nanos(moment.as_nanos().saturating_sub(nanos))
}

/// Wakes. What a waker does does not keep others from being woken, nor the cache from going on.
fn wake(waker: Waker) {
    if catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err() {
        tracing::error!("a waker of the model cache's reader panicked");
    }
}
