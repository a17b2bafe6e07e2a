//! The store manager: one type that joins the store, its watchers and the connection to the backing.
//!
//! This file holds the type, its contract, and the way in and out. What readers ask is in `readers`, and what they are told in
//! `taking`. How the store follows the backing is in `loading`, `following`, `asking` and `failing`; how a change is carried
//! out in `applying`.

mod applying;
mod asking;
mod check;
mod failing;
mod fingerprint;
mod following;
mod loading;
mod readers;
mod taking;

use std::collections::VecDeque;
use std::sync::Arc;

use derive_where::derive_where;

use super::config::Config;
use super::connection::Connection;
use super::delta::Delta;
use super::entity::EntityId;
use super::error::{Cause, NextError};
use super::garbage::Garbage;
use super::identity::Identity;
use super::input::{Answer, Input};
use super::numbers::{Epoch, Generation, Position, Revno, Time};
use super::output::{Output, Timeout};
use super::report::Report;
use super::store::Store;
use super::watchers::Watchers;
use applying::Planned;
pub use check::Broken;
pub(super) use check::ensure;
pub(super) use fingerprint::stable_hash;

/// The store manager as a state machine: it watches one backing and tells any number of watchers what changed.
///
/// # Contract
///
/// Whoever drives it does this, in this order:
///
/// 1. **Mutate once**: call [`handle`](Self::handle) or one of the typed methods that take `now`. `now` never runs backwards.
/// 2. **Drain**: call [`poll_output`](Self::poll_output) until it returns `None`, and do what each [`Output`] says, in order.
///    The next mutation panics if outputs are left.
/// 3. **Take out the garbage**: [`swap_garbage`](Self::swap_garbage), and drop it where no lock is held.
/// 4. **Wait** for the next stimulus, or until [`poll_timeout`](Self::poll_timeout), and then call
///    [`handle_timeout`](Self::handle_timeout).
///
/// A new machine has an output waiting: it asks for its first subscription. Subscriptions, loads and fetches are answered with
/// the [`Generation`] they were asked under; what comes too late, twice or unasked is counted and dropped. No output carries a
/// batch: a woken call is told what there is when it is polled.
///
/// Readers' mistakes (an unknown watcher, a foreign epoch) are answered with an error. Mistakes of the driver (outputs left
/// undrained, time running backwards) are bugs and panic.
///
/// # Example
///
/// ```
/// use multiwatcher::machine::*;
/// use std::sync::Arc;
///
/// let now = Time::ZERO;
/// let mut machine = StoreManager::<&str>::new(Config::default(), Epoch(1), now);
/// let Some(Output::Subscribe { generation }) = machine.poll_output() else { panic!("first it subscribes") };
/// machine.subscribed(now, generation, Position(7), Identity(1));
/// assert_eq!(machine.poll_output(), Some(Output::Load { generation }));
/// let id = EntityId::new("unit", ModelId::from_u128(1), "mysql/0");
/// machine.staged(now, generation, vec![(id.clone(), Read::Value(Arc::new("active")))]);
/// machine.load_done(now, generation);
/// let Some(Output::Fetch { fetch, since, .. }) = machine.poll_output() else { panic!("a step completes the load") };
/// machine.fetched(now, generation, fetch, Step { from: since, to: Position(7), entities: vec![] });
///
/// let watcher = machine.watch(now, Filter::all_models()).unwrap();
/// let batch = machine.try_next(now, watcher).unwrap().expect("a first batch never waits once there is a store");
/// assert_eq!(batch.deltas()[0].id(), &id);
/// ```
#[derive(Debug)]
#[derive_where(Clone)]
pub struct StoreManager<V> {
    config: Config,
    epoch: Epoch,
    /// Which backing the last subscription was of.
    backing: Option<Identity>,
    now: Time,
    store: Store<V>,
    watchers: Watchers<V>,
    connection: Connection<V>,
    /// Whether a first load has finished.
    loaded: bool,
    ended: Option<Cause>,
    outputs: VecDeque<Output>,
    garbage: Garbage<V>,
    /// Changes found in what the backing sent, not yet carried out; empty between mutations, as the two that follow.
    planned: Vec<Planned<V>>,
    orphans: Vec<u32>,
    scratch: Vec<Delta<V>>,
}

impl<V: PartialEq> StoreManager<V> {
    /// A machine that begins by subscribing. `epoch` must be new: no machine whose tokens are still about may have had it.
    pub fn new(config: Config, epoch: Epoch, now: Time) -> Self {
        let mut machine = Self::at_rest(config, epoch, now);
        machine.open_generation();
        machine
    }

    /// A machine that never had a backing: it answers every reader with `cause`.
    pub fn dead(config: Config, epoch: Epoch, now: Time, cause: Cause) -> Self {
        let mut machine = Self::at_rest(config, epoch, now);
        machine.ended = Some(cause);
        machine.connection.end();
        machine
    }

    fn at_rest(config: Config, epoch: Epoch, now: Time) -> Self {
        Self {
            epoch,
            backing: None,
            now,
            store: Store::new(config.window),
            watchers: Watchers::new(),
            connection: Connection::new(now),
            loaded: false,
            ended: None,
            outputs: VecDeque::new(),
            garbage: Garbage::new(),
            planned: Vec::new(),
            orphans: Vec::new(),
            scratch: Vec::new(),
            config,
        }
    }

    /// Takes one stimulus; the typed methods do the same.
    ///
    /// # Panics
    ///
    /// If outputs were not drained, or time runs backwards.
    pub fn handle(&mut self, now: Time, input: Input<V>) -> Answer<V> {
        match input {
            Input::Watch { filter } => return Answer::Watch(self.watch(now, filter)),
            Input::Resume { filter, from } => return Answer::Resume(self.resume(now, filter, from)),
            Input::Next { watcher, call } => return Answer::Next(self.next(now, watcher, call)),
            Input::TryNext { watcher } => return Answer::TryNext(self.try_next(now, watcher)),
            Input::Progress { watcher } => return Answer::Progress(self.progress(now, watcher)),
            Input::DropCall { watcher, call } => self.drop_call(now, watcher, call),
            Input::Stop { watcher } => self.stop(now, watcher),
            Input::Subscribed { generation, position, backing } => {
                self.subscribed(now, generation, position, backing);
            }
            Input::Staged { generation, reads } => self.staged(now, generation, reads),
            Input::LoadDone { generation } => self.load_done(now, generation),
            Input::Notice { generation, ids } => self.notice(now, generation, ids),
            Input::Mark { generation, position } => self.mark(now, generation, position),
            Input::Step { generation, step } => self.step(now, generation, step),
            Input::Fetched { generation, fetch, step } => self.fetched(now, generation, fetch, step),
            Input::Failed { generation, call, cause } => self.failed(now, generation, call, cause),
            Input::Timeout => self.handle_timeout(now),
            Input::Kill { cause } => self.kill(now, cause),
        }
        Answer::Done
    }

    /// The next thing the outside must do; `None` when there is no more.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front().or_else(|| self.watchers.wakes.pop().map(|call| Output::Wake { call }))
    }

    /// The next moment at which time alone makes something happen, and what. Ask again after every mutation.
    pub fn poll_timeout(&self) -> Option<Timeout> {
        let lag = self.lag_deadline();
        let connection = self.connection.deadline(&self.config);
        connection.into_iter().chain(lag).min()
    }

    /// Exchanges what is no longer needed for an empty container.
    ///
    /// # Panics
    ///
    /// If `empty` is not empty.
    pub fn swap_garbage(&mut self, empty: &mut Garbage<V>) {
        assert!(empty.is_empty(), "garbage is exchanged for an empty container");
        core::mem::swap(&mut self.garbage, empty);
    }

    /// Whether there is anything that is no longer needed.
    pub fn has_garbage(&self) -> bool {
        !self.garbage.is_empty()
    }

    /// What the machine holds.
    pub fn report(&self) -> Report {
        Report {
            epoch: self.epoch,
            revno: self.store.latest,
            position: self.store.position(),
            backing: self.backing,
            generation: self.connection.generation,
            phase: self.connection.phase(),
            watchers: self.watchers.counts,
            calls: self.watchers.calls,
            entities: self.store.live().len(),
            tombstones: self.store.tombstones(),
            shared_batches: self.watchers.shared_batches,
            queued: self.connection.queue.len(),
            queued_since: self.connection.queued_since,
            quarantined: self.connection.quarantine.len(),
            failures: self.connection.failures,
            last_failures: self.connection.last_failures,
            out_of_reach_since: self.connection.out_of_reach_since,
            dropped: self.connection.dropped,
            visited: self.watchers.visited,
        }
    }

    /// The lineage of its revnos.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The store's latest revno.
    pub fn revno(&self) -> Revno {
        self.store.latest
    }

    /// The backing's position the store stands at.
    pub fn position(&self) -> Position {
        self.store.position()
    }

    /// The connection's current life.
    pub fn generation(&self) -> Generation {
        self.connection.generation
    }

    /// Why it ended, if it has.
    pub fn ended(&self) -> Option<Cause> {
        self.ended
    }

    /// The live entities, by their latest change.
    pub fn entities(&self) -> impl Iterator<Item = (&EntityId, &Arc<V>)> {
        let cells = self.store.overall().after(Revno(0)).flatten();
        cells
            .filter(|cell| !cell.removed)
            .filter_map(|cell| cell.delta.as_ref())
            .map(|delta| (delta.id(), delta.value()))
    }

    /// Ids whose last read was an error, with the error.
    pub fn quarantined(&self) -> impl Iterator<Item = (&EntityId, Cause)> {
        self.connection.quarantine.iter()
    }

    /// How far the watcher that is furthest behind stands behind, in revnos.
    pub fn lag(&self) -> u64 {
        self.watchers.furthest_behind().map_or(0, |cohort| self.store.latest.0 - self.watchers.cohort(cohort).cursor.0)
    }

    /// How many notices named an id that was queued already, since the beginning.
    pub fn duplicates(&self) -> u64 {
        self.connection.duplicates
    }

    /// Every cause that the machine may still name: whoever keeps the real errors can forget the others. In no order, and perhaps
    /// repeated; its cost is the ids in quarantine and the watchers that have ended.
    pub fn causes(&self) -> impl Iterator<Item = Cause> {
        let ended = self.watchers.final_errors().filter_map(|error| match error {
            NextError::Ended(cause) => Some(cause),
            NextError::Stopped | NextError::Lagged { .. } | NextError::UnknownCall { .. } => None,
        });
        self.connection.causes().chain(self.ended).chain(ended)
    }

    /// Every mutation begins here.
    fn begin(&mut self, now: Time) {
        assert!(
            self.outputs.is_empty() && self.watchers.wakes.is_empty(),
            "the outputs of the last mutation must be drained before the next"
        );
        assert!(self.now <= now, "time must not run backwards: it was {}, then {now}", self.now);
        self.now = now;
    }

    /// Every mutation that may wake calls ends here: the order of wake-ups depends on nothing but the calls.
    fn finish(&mut self) {
        self.watchers.wakes.sort_unstable_by(|a, b| b.cmp(a));
        // A call whose watcher ends in the very step that woke it is woken once.
        self.watchers.wakes.dedup();
    }
}
