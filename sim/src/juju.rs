//! A small store with Juju's algorithm: per entity it counts the watchers that hold it, instead of keeping lives.
//!
//! It stands in the machine's place so that the harness can show what that algorithm gets wrong (Z1, Z2 and Z3 of the bug zoo).
//! Written anew from its description; of the protocol only what one model and a backing without faults need. A removal keeps
//! the entity as a tombstone while its count is above zero; a watcher that takes adds one for each live entity created after its
//! revno, and subtracts one for each tombstone created before; one that stops subtracts one for everything created before
//! that it should not have been told is gone.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use multiwatcher::machine::{
    Answer, Batch, CallId, Change, Config, Delta, Dropped, EntityId, Epoch, Failures, FetchId, Generation, Input,
    NextError, NextPoll, Output, Phase, Position, Read, Report, ResumeError, Revno, Step, Time, Timeout, WatcherId,
    Watchers,
};
use multiwatcher::testing::{Fresh, State, Subject, Universe, Val};
use xxhash_rust::xxh3::xxh3_128;

/// Juju's store, as a subject.
#[derive(Debug, Clone)]
pub struct JujuStore {
    epoch: Epoch,
    position: Position,
    latest: i64,
    entities: BTreeMap<EntityId, Counted>,
    watchers: BTreeMap<WatcherId, Watcher>,
    last_watcher: u64,
    last_call: u64,
    last_fetch: u64,
    outputs: VecDeque<Output>,
}

#[derive(Debug, Clone)]
struct Counted {
    created: i64,
    changed: i64,
    removed: bool,
    holders: i64,
    value: Arc<Val>,
}

#[derive(Debug, Clone)]
struct Watcher {
    revno: i64,
    fresh: bool,
    calls: Vec<CallId>,
}

impl JujuStore {
    fn update(&mut self, id: EntityId, value: Arc<Val>) {
        match self.entities.get_mut(&id) {
            Some(entity) if entity.value == value => {}
            Some(entity) => {
                self.latest += 1;
                *entity = Counted { changed: self.latest, removed: false, value, ..*entity };
            }
            None => {
                self.latest += 1;
                let entity = Counted { created: self.latest, changed: self.latest, removed: false, holders: 0, value };
                self.entities.insert(id, entity);
            }
        }
    }

    fn remove(&mut self, id: &EntityId) {
        let Some(entity) = self.entities.get_mut(id).filter(|entity| !entity.removed) else { return };
        self.latest += 1;
        if entity.holders == 0 {
            self.entities.remove(id);
        } else {
            (entity.changed, entity.removed) = (self.latest, true);
        }
    }

    fn changes_since(&self, revno: i64) -> Vec<Delta<Val>> {
        let told = |entity: &Counted| entity.changed > revno && !(entity.removed && entity.created > revno);
        let mut told: Vec<_> = self.entities.iter().filter(|(_, entity)| told(entity)).collect();
        told.sort_by_key(|(_, entity)| entity.changed);
        let delta = |(id, entity): (&EntityId, &Counted)| {
            let change = if entity.removed { Change::Removed } else { Change::Changed };
            Delta::new(id.clone(), revno_of(entity.changed), change, Arc::clone(&entity.value))
        };
        told.into_iter().map(delta).collect()
    }

    /// What a watcher that took from `revno` now holds, and no longer holds.
    fn count_taken(&mut self, revno: i64) {
        for entity in self.entities.values_mut().filter(|entity| entity.changed > revno) {
            if entity.created > revno {
                entity.holders += i64::from(!entity.removed);
            } else if entity.removed {
                entity.holders -= 1;
            }
        }
        self.drop_unheld();
    }

    fn count_left(&mut self, revno: i64) {
        let told_gone = |entity: &Counted| entity.removed && entity.changed <= revno;
        for entity in self.entities.values_mut().filter(|entity| entity.created <= revno && !told_gone(entity)) {
            entity.holders -= 1;
        }
        self.drop_unheld();
    }

    fn drop_unheld(&mut self) {
        self.entities.retain(|_, entity| !entity.removed || entity.holders > 0);
    }

    /// A batch if there is one; the very first is answered even when empty, without moving the watcher.
    fn take(&mut self, id: WatcherId) -> Result<Option<Batch<Val>>, NextError> {
        let watcher = self.watchers.get(&id).ok_or(NextError::Stopped)?;
        let (revno, fresh) = (watcher.revno, watcher.fresh);
        let deltas = self.changes_since(revno);
        if deltas.is_empty() && !fresh {
            return Ok(None);
        }
        if !deltas.is_empty() {
            self.count_taken(revno);
        }
        let latest = self.latest;
        let watcher = self.watchers.get_mut(&id).ok_or(NextError::Stopped)?;
        watcher.fresh = false;
        if !deltas.is_empty() {
            watcher.revno = latest;
        }
        Ok(Some(Batch::new(revno_of(latest), self.position, deltas)))
    }

    fn next(&mut self, id: WatcherId, call: Option<CallId>) -> NextPoll<Val> {
        match self.take(id) {
            Err(error) => NextPoll::Ready(Err(error)),
            Ok(Some(batch)) => {
                self.forget_call(id, call);
                NextPoll::Ready(Ok(batch))
            }
            Ok(None) => NextPoll::Pending(call.unwrap_or_else(|| {
                self.last_call += 1;
                let call = CallId(self.last_call);
                self.watchers.entry(id).and_modify(|watcher| watcher.calls.push(call));
                call
            })),
        }
    }

    fn forget_call(&mut self, id: WatcherId, call: Option<CallId>) {
        if let Some(watcher) = self.watchers.get_mut(&id) {
            watcher.calls.retain(|other| Some(*other) != call);
        }
    }

    fn apply(&mut self, step: Step<Val>) {
        let before = self.latest;
        for (id, read) in step.entities {
            match read {
                Read::Value(value) => self.update(id, value),
                Read::Absent => self.remove(&id),
                Read::Error(_) => {}
            }
        }
        self.position = step.to;
        if self.latest > before {
            let calls = self.watchers.values().flat_map(|watcher| &watcher.calls);
            self.outputs.extend(calls.map(|&call| Output::Wake { call }));
        }
    }

    fn fetch(&mut self, generation: Generation, ids: Vec<EntityId>) {
        self.last_fetch += 1;
        let (fetch, since) = (FetchId(self.last_fetch), self.position);
        self.outputs.push_back(Output::Fetch { generation, fetch, since, ids });
    }

    fn stop(&mut self, id: WatcherId) {
        if let Some(watcher) = self.watchers.remove(&id) {
            self.count_left(watcher.revno);
            self.outputs.extend(watcher.calls.into_iter().map(|call| Output::Wake { call }));
        }
    }
}

impl Fresh for JujuStore {
    fn fresh(_config: Config, epoch: Epoch, _now: Time) -> Self {
        Self {
            epoch,
            position: Position(0),
            latest: 0,
            entities: BTreeMap::new(),
            watchers: BTreeMap::new(),
            last_watcher: 0,
            last_call: 0,
            last_fetch: 0,
            outputs: VecDeque::from([Output::Subscribe { generation: Generation(1) }]),
        }
    }
}

impl Subject for JujuStore {
    fn handle(&mut self, _now: Time, input: Input<Val>) -> Answer<Val> {
        match input {
            // Filters came later; the stories need none.
            Input::Watch { filter: _ } => {
                self.last_watcher += 1;
                let id = WatcherId(self.last_watcher);
                self.watchers.insert(id, Watcher { revno: 0, fresh: true, calls: Vec::new() });
                return Answer::Watch(Ok(id));
            }
            Input::Resume { .. } => {
                return Answer::Resume(Err(ResumeError::Gone { epoch: self.epoch, oldest: revno_of(self.latest) }));
            }
            Input::Next { watcher, call } => return Answer::Next(self.next(watcher, call)),
            Input::TryNext { watcher } => return Answer::TryNext(self.take(watcher)),
            Input::Progress { watcher: _ } => return Answer::Progress(Ok(None)),
            Input::DropCall { watcher, call } => self.forget_call(watcher, Some(call)),
            Input::Stop { watcher } => self.stop(watcher),
            Input::Subscribed { generation, position, .. } => {
                self.position = position;
                self.outputs.push_back(Output::Load { generation });
            }
            Input::Staged { generation: _, reads } => {
                let position = self.position;
                self.apply(Step { from: position, to: position, entities: reads });
            }
            Input::LoadDone { generation } => self.fetch(generation, Vec::new()),
            Input::Notice { generation, ids } => self.fetch(generation, ids),
            Input::Fetched { step, .. } | Input::Step { step, .. } => self.apply(step),
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
        let tombstones = self.entities.values().filter(|entity| entity.removed).count();
        Report {
            epoch: self.epoch,
            revno: revno_of(self.latest),
            position: self.position,
            backing: None,
            generation: Generation(1),
            phase: Phase::Following,
            watchers: Watchers { caught_up: self.watchers.len(), ..Watchers::default() },
            calls: self.watchers.values().map(|watcher| watcher.calls.len()).sum(),
            entities: self.entities.len() - tombstones,
            tombstones,
            shared_batches: 0,
            queued: 0,
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
        for (id, entity) in self.entities.iter().filter(|(_, entity)| !entity.removed) {
            state.set(universe.place(id), Some(*entity.value));
        }
        Some(state)
    }

    /// Revnos by rank, as for the machine.
    fn fingerprint(&self, _now: Time) -> Option<u128> {
        let mut revnos: Vec<i64> = self.entities.values().flat_map(|entity| [entity.created, entity.changed]).collect();
        revnos.extend(self.watchers.values().map(|watcher| watcher.revno));
        revnos.push(self.latest);
        revnos.sort_unstable();
        revnos.dedup();
        let rank = |revno: i64| revnos.partition_point(|&other| other < revno);
        let entities = self.entities.iter().map(|(id, entity)| {
            let Counted { created, changed, removed, holders, value } = entity;
            format!("{id} {} {} {removed} {holders} {value}", rank(*created), rank(*changed))
        });
        let watchers = self
            .watchers
            .iter()
            .map(|(id, watcher)| format!("{id} {} {} {}", rank(watcher.revno), watcher.fresh, watcher.calls.len()));
        let text: Vec<String> = entities.chain([rank(self.latest).to_string()]).chain(watchers).collect();
        Some(xxh3_128(text.join(";").as_bytes()))
    }
}

fn revno_of(revno: i64) -> Revno {
    Revno(u64::try_from(revno).expect("the counter begins at 0 and only grows"))
}
