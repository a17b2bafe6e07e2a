//! All checks against a store manager of one's own. This one is naive: each reader has a queue of what changed, by id, and a later
//! change takes an earlier one's place. It has the bug that such a queue invites, the simulator finds it, and prints the
//! page of the run; repaired, the same seeds are clean.
//!
//! `cargo run --package multiwatcher-sim --example own_subject`
//!
//! What it takes:
//!
//! 1. [`Subject`] for the store manager: inputs in, outputs out, time as a value, and which promises it makes.
//! 2. A [`Maker`] that makes one per run, [`Maker::own`].
//! 3. A [`Runner`] for the campaign. A manager that does all that the machine does needs no more. This one knows no faults, no
//!    filters and nobody who comes back, so its runs have a regime without them ([`Runner::in_regime`]).

#![expect(clippy::print_stdout, reason = "an example shows what it is told")]

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::Arc;

use multiwatcher::machine::{
    Answer, Batch, CallId, Change, Config, Delta, Dropped, EntityId, Epoch, Failures, FetchId, Generation, Input,
    NextError, NextPoll, Output, Phase, Position, Read, Report, ResumeError, Revno, Step, Time, Timeout, WatcherId,
    Watchers,
};
use multiwatcher::testing::{Character, Promise, Regime, State, Subject, Universe, Val};
use multiwatcher_sim::campaign::{self, Campaign, Outcome, Seeds};
use multiwatcher_sim::page;
use multiwatcher_sim::runner::{Failure, Runner};
use multiwatcher_sim::seed::SeedRange;
use multiwatcher_sim::tally::Tally;
use multiwatcher_sim::worlds::Maker;

/// Enough that what is not found is not often there.
const SEEDS: u64 = 3_000;

fn main() -> Result<(), Box<dyn Error>> {
    let naive = Maker::own(Naive::new);
    let failure = hunt(naive)?.failure.ok_or("the bug was not found")?.1;
    page::write(naive, &failure.decisions, &failure.broken, "repaired, it is clean:", &mut std::io::stdout())?;
    let outcome = hunt(Maker::own(Naive::repaired))?;
    if let Some((seed, failure)) = outcome.failure {
        return Err(format!("seed {seed}: {}", failure.broken.text).into());
    }
    println!("{} seeds, no promise broken", outcome.seeds);
    Ok(())
}

/// Runs the seeds, and stops at the first that breaks a promise.
fn hunt<S: Subject + Send>(maker: Maker<S>) -> Result<Outcome<Tally, Box<Failure>>, Box<dyn Error>> {
    let readers = [Character::Eager, Character::Slow, Character::Dropping, Character::Stopping, Character::Trying];
    let regime = Regime::calm(3, &readers);
    let jobs = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let campaign = Campaign { seeds: Seeds::Range(SeedRange::new(0, SEEDS)?), jobs };
    Ok(campaign::run(&campaign, || Runner::of(maker).in_regime(regime.clone()), |_| ()))
}

/// A store manager with a queue for each reader.
#[derive(Debug)]
struct Naive {
    /// What it should do and a first try would not: forget what a reader never heard of.
    forgets_the_unheard: bool,
    epoch: Epoch,
    phase: Phase,
    position: Position,
    latest: Revno,
    store: BTreeMap<EntityId, (Revno, Arc<Val>)>,
    /// Loaded so far; it is half of some commit until the load is complete.
    staged: BTreeMap<EntityId, Read<Val>>,
    readers: BTreeMap<WatcherId, Reader>,
    opened: u64,
    calls: u64,
    fetches: u64,
    /// Told of and not asked about.
    noticed: Vec<EntityId>,
    is_fetching: bool,
    is_loaded: bool,
    outputs: VecDeque<Output>,
}

#[derive(Debug)]
struct Reader {
    /// It has had no batch.
    fresh: bool,
    queue: BTreeMap<EntityId, Queued>,
    /// By first poll.
    calls: VecDeque<CallId>,
}

#[derive(Debug)]
struct Queued {
    revno: Revno,
    change: Change,
    value: Arc<Val>,
    /// It has been created since the last batch.
    unheard: bool,
}

impl Naive {
    fn new(_: Config, epoch: Epoch, _: Time) -> Self {
        Self {
            forgets_the_unheard: false,
            epoch,
            phase: Phase::Subscribing,
            position: Position(0),
            latest: Revno(0),
            store: BTreeMap::new(),
            staged: BTreeMap::new(),
            readers: BTreeMap::new(),
            opened: 0,
            calls: 0,
            fetches: 0,
            noticed: Vec::new(),
            is_fetching: false,
            is_loaded: false,
            outputs: VecDeque::from([Output::Subscribe { generation: Generation(1) }]),
        }
    }

    fn repaired(config: Config, epoch: Epoch, now: Time) -> Self {
        Self { forgets_the_unheard: true, ..Self::new(config, epoch, now) }
    }

    fn apply(&mut self, entities: impl IntoIterator<Item = (EntityId, Read<Val>)>) {
        let revno = Revno(self.latest.0 + 1);
        for (id, read) in entities {
            let before = self.store.get(&id).map(|(_, value)| Arc::clone(value));
            match (read, before) {
                (Read::Value(value), before) if before.as_ref() != Some(&value) => {
                    self.latest = revno;
                    self.store.insert(id.clone(), (revno, Arc::clone(&value)));
                    self.queue(&id, revno, Change::Changed, &value, before.is_none());
                }
                (Read::Absent, Some(value)) => {
                    self.latest = revno;
                    self.store.remove(&id);
                    self.queue(&id, revno, Change::Removed, &value, false);
                }
                (Read::Value(_) | Read::Absent | Read::Error(_), _) => {}
            }
        }
    }

    fn queue(&mut self, id: &EntityId, revno: Revno, change: Change, value: &Arc<Val>, created: bool) {
        for reader in self.readers.values_mut().filter(|reader| !reader.fresh) {
            let unheard = reader.queue.get(id).map_or(created, |queued| queued.unheard);
            if change == Change::Removed && unheard && self.forgets_the_unheard {
                reader.queue.remove(id);
            } else {
                reader.queue.insert(id.clone(), Queued { revno, change, value: Arc::clone(value), unheard });
            }
        }
    }

    fn wake_the_first(&mut self) {
        let ready = self.readers.values().filter(|reader| reader.has_something(self.is_loaded));
        let first = ready.filter_map(|reader| reader.calls.front());
        self.outputs.extend(first.map(|&call| Output::Wake { call }));
    }

    /// What a reader is told: at first everything, later its queue.
    fn take(&mut self, watcher: WatcherId) -> Option<Batch<Val>> {
        let reader = self.readers.get_mut(&watcher).filter(|reader| reader.has_something(self.is_loaded))?;
        let queue = std::mem::take(&mut reader.queue).into_iter();
        let mut deltas: Vec<_> = if std::mem::take(&mut reader.fresh) {
            let all = self.store.iter();
            all.map(|(id, (revno, value))| Delta::new(id.clone(), *revno, Change::Changed, Arc::clone(value))).collect()
        } else {
            queue.map(|(id, queued)| Delta::new(id, queued.revno, queued.change, queued.value)).collect()
        };
        deltas.sort_by_key(Delta::revno);
        Some(Batch::new(self.latest, self.position, deltas))
    }

    fn next(&mut self, watcher: WatcherId, call: Option<CallId>) -> NextPoll<Val> {
        let Some(reader) = self.readers.get_mut(&watcher) else { return NextPoll::Ready(Err(NextError::Stopped)) };
        let is_first = reader.calls.front().copied() == call;
        if is_first && let Some(batch) = self.take(watcher) {
            self.forget(watcher, call);
            return NextPoll::Ready(Ok(batch));
        }
        NextPoll::Pending(call.unwrap_or_else(|| {
            self.calls += 1;
            let call = CallId(self.calls);
            self.readers.entry(watcher).and_modify(|reader| reader.calls.push_back(call));
            call
        }))
    }

    fn forget(&mut self, watcher: WatcherId, call: Option<CallId>) {
        let Some(reader) = self.readers.get_mut(&watcher) else { return };
        let was_first = reader.calls.front().copied() == call;
        reader.calls.retain(|other| Some(*other) != call);
        if was_first && reader.has_something(self.is_loaded) {
            self.outputs.extend(reader.calls.front().map(|&call| Output::Wake { call }));
        }
    }

    fn fetch(&mut self, generation: Generation) {
        if self.is_fetching || self.phase == Phase::Following && self.noticed.is_empty() {
            return;
        }
        self.is_fetching = true;
        self.fetches += 1;
        let ids = std::mem::take(&mut self.noticed);
        let (fetch, since) = (FetchId(self.fetches), self.position);
        self.outputs.push_back(Output::Fetch { generation, fetch, since, ids });
    }

    fn take_step(&mut self, generation: Generation, step: Step<Val>, answers: bool) {
        self.is_fetching &= !answers;
        match self.phase {
            Phase::Following if step.to > self.position || answers => self.apply(step.entities),
            Phase::Completing if answers => {
                (self.phase, self.is_loaded) = (Phase::Following, true);
                // What the step has was read later than what was loaded.
                let mut loaded = std::mem::take(&mut self.staged);
                loaded.extend(step.entities);
                self.apply(loaded);
            }
            Phase::Following
            | Phase::Completing
            | Phase::Subscribing
            | Phase::Loading
            | Phase::Waiting
            | Phase::Ended => return,
        }
        self.position = self.position.max(step.to);
        self.wake_the_first();
        self.fetch(generation);
    }
}

impl Reader {
    fn has_something(&self, is_loaded: bool) -> bool {
        if self.fresh { is_loaded } else { !self.queue.is_empty() }
    }
}

impl Subject for Naive {
    /// Tombstones and a log of revnos it has none, so what is said of those is not asked of it.
    const PROMISES: &'static [Promise] = &[
        Promise::ExactPrefix,
        Promise::NoSpuriousDelta,
        Promise::Ordered,
        Promise::AtomicCommit,
        Promise::Coalescing,
        Promise::FreshFirst,
        Promise::StopQuiescent,
        Promise::CancelSafe,
    ];

    fn handle(&mut self, _: Time, input: Input<Val>) -> Answer<Val> {
        match input {
            Input::Watch { filter: _ } => {
                self.opened += 1;
                let watcher = WatcherId(self.opened);
                self.readers.insert(watcher, Reader { fresh: true, queue: BTreeMap::new(), calls: VecDeque::new() });
                return Answer::Watch(Ok(watcher));
            }
            Input::Resume { .. } => {
                return Answer::Resume(Err(ResumeError::Gone { epoch: self.epoch, oldest: self.latest }));
            }
            Input::Next { watcher, call } => return Answer::Next(self.next(watcher, call)),
            Input::TryNext { watcher } => {
                let Some(reader) = self.readers.get(&watcher) else {
                    return Answer::TryNext(Err(NextError::Stopped));
                };
                let waits = !reader.calls.is_empty();
                return Answer::TryNext(Ok(if waits { None } else { self.take(watcher) }));
            }
            Input::Progress { .. } => return Answer::Progress(Ok(None)),
            Input::DropCall { watcher, call } => self.forget(watcher, Some(call)),
            Input::Stop { watcher } => {
                let calls = self.readers.remove(&watcher).map(|reader| reader.calls).unwrap_or_default();
                self.outputs.extend(calls.into_iter().map(|call| Output::Wake { call }));
            }
            Input::Subscribed { generation, position, .. } => {
                (self.phase, self.position) = (Phase::Loading, position);
                self.outputs.push_back(Output::Load { generation });
            }
            Input::Staged { reads, .. } => self.staged.extend(reads),
            Input::LoadDone { generation } => {
                self.phase = Phase::Completing;
                self.fetch(generation);
            }
            Input::Notice { generation, ids } => {
                self.noticed.extend(ids);
                if self.phase == Phase::Following {
                    self.fetch(generation);
                }
            }
            Input::Step { generation, step } => self.take_step(generation, step, false),
            Input::Fetched { generation, step, .. } => self.take_step(generation, step, true),
            Input::Mark { .. } | Input::Failed { .. } | Input::Timeout | Input::Kill { .. } => {}
        }
        Answer::Done
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        None
    }

    fn report(&self) -> Report {
        let fresh = self.readers.values().filter(|reader| reader.fresh).count();
        let behind = self.readers.values().filter(|reader| !reader.queue.is_empty()).count();
        let caught_up = self.readers.len() - fresh - behind;
        Report {
            epoch: self.epoch,
            revno: self.latest,
            position: self.position,
            backing: None,
            generation: Generation(1),
            phase: self.phase,
            watchers: Watchers { fresh, caught_up, behind, ..Watchers::default() },
            calls: self.readers.values().map(|reader| reader.calls.len()).sum(),
            entities: self.store.len(),
            tombstones: 0,
            shared_batches: 0,
            queued: self.noticed.len(),
            queued_since: None,
            quarantined: 0,
            failures: 0,
            last_failures: Failures::new(),
            out_of_reach_since: None,
            dropped: Dropped::default(),
            visited: 0,
        }
    }

    fn store(&self, universe: &Universe) -> Option<State> {
        let mut state = State::EMPTY;
        for (id, (_, value)) in &self.store {
            state.set(universe.place(id), Some(**value));
        }
        Some(state)
    }
}
