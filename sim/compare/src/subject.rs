//! The model as a subject: what a backing tells becomes steps, and calls are polled by the simulated readers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use multiwatcher::machine::{
    Answer, Batch, CallId, Change, Config, Delta, Dropped, EntityId, Epoch, Failures, FetchId, Generation, Input,
    NextError, NextPoll, Output, Phase, Position, Read, Report, ResumeError, Revno, Step, Time, Timeout, WatcherId,
    Watchers,
};
use multiwatcher::testing::{IdIx, State, Subject, Universe, Val};

use crate::model::{self, Bug, IDS, Store};

/// The model behind the machine's interface.
#[derive(Debug)]
pub struct Small {
    store: Store,
    epoch: Epoch,
    universe: Option<Arc<Universe>>,
    position: Position,
    generation: Generation,
    /// What the first load has brought; `None` once it is in the store.
    staged: Option<BTreeMap<EntityId, Option<u8>>>,
    queued: BTreeSet<EntityId>,
    again: bool,
    asked: bool,
    fetches: u64,
    watchers: u64,
    last_call: u64,
    calls: BTreeMap<CallId, WatcherId>,
    /// With Z26: batches whose cursor has moved and whose call has not been polled again.
    slots: BTreeMap<CallId, Batch<Val>>,
    outputs: VecDeque<Output>,
}

impl Small {
    /// How subjects with this bug are made.
    pub fn maker(bug: Bug) -> fn(Config, Epoch, Time) -> Self {
        match bug {
            Bug::None => |_, epoch, _| Self::new(epoch, Bug::None),
            Bug::Z1 => |_, epoch, _| Self::new(epoch, Bug::Z1),
            Bug::Z3 => |_, epoch, _| Self::new(epoch, Bug::Z3),
            Bug::Z26 => |_, epoch, _| Self::new(epoch, Bug::Z26),
        }
    }

    fn new(epoch: Epoch, bug: Bug) -> Self {
        let generation = Generation(1);
        Self {
            store: Store::new(bug),
            epoch,
            universe: None,
            position: Position(0),
            generation,
            staged: Some(BTreeMap::new()),
            queued: BTreeSet::new(),
            again: false,
            asked: false,
            fetches: 0,
            watchers: 0,
            last_call: 0,
            calls: BTreeMap::new(),
            slots: BTreeMap::new(),
            outputs: VecDeque::from([Output::Subscribe { generation }]),
        }
    }

    fn universe(&self) -> &Universe {
        self.universe.as_ref().expect("a subject meets the universe before anything else")
    }

    fn fetch(&mut self) {
        if self.asked {
            self.again = true;
            return;
        }
        (self.asked, self.again) = (true, false);
        self.fetches += 1;
        let ids = std::mem::take(&mut self.queued).into_iter().collect();
        let (generation, fetch, since) = (self.generation, FetchId(self.fetches), self.position);
        self.outputs.push_back(Output::Fetch { generation, fetch, since, ids });
    }

    fn step(&mut self, step: Step<Val>) {
        let (read, to) = (values(step.entities), step.to);
        let first = self.staged.take();
        if first.is_none() && to <= self.position {
            return;
        }
        let all: BTreeMap<_, _> = first.unwrap_or_default().into_iter().chain(read).collect();
        let changes: Vec<_> = all.iter().map(|(id, value)| (self.universe().place(id).at(), *value)).collect();
        self.store.apply(&changes);
        self.position = to;
        self.wake();
    }

    fn wake(&mut self) {
        let due = self.calls.iter().filter(|(_, watcher)| self.store.pending(watcher.0).is_some());
        self.outputs.extend(due.map(|(call, _)| Output::Wake { call: *call }));
    }

    fn take(&mut self, watcher: WatcherId) -> Option<Batch<Val>> {
        if self.staged.is_some() {
            return None;
        }
        let model::Batch { revno, deltas, .. } = self.store.take(watcher.0)?;
        let delta = |(id, revno, value, last): (usize, u64, Option<u8>, u8)| {
            let place = IdIx(u8::try_from(id).expect("two ids"));
            let change = if value.is_some() { Change::Changed } else { Change::Removed };
            Delta::new(self.universe().id(place).clone(), Revno(revno), change, Arc::new(Val::from(last)))
        };
        Some(Batch::new(Revno(revno), self.position, deltas.into_iter().map(delta).collect()))
    }

    fn next(&mut self, watcher: WatcherId, call: Option<CallId>) -> NextPoll<Val> {
        if let Some(batch) = call.and_then(|call| self.slots.remove(&call)) {
            call.map(|call| self.calls.remove(&call));
            return NextPoll::Ready(Ok(batch));
        }
        let taken = self.take(watcher);
        if let Some(batch) = taken {
            if self.store.bug == Bug::Z26 {
                let call = self.waits(watcher, call);
                self.slots.insert(call, batch);
                self.outputs.push_back(Output::Wake { call });
                return NextPoll::Pending(call);
            }
            call.map(|call| self.calls.remove(&call));
            return NextPoll::Ready(Ok(batch));
        }
        NextPoll::Pending(self.waits(watcher, call))
    }

    fn waits(&mut self, watcher: WatcherId, call: Option<CallId>) -> CallId {
        call.unwrap_or_else(|| {
            self.last_call += 1;
            self.calls.insert(CallId(self.last_call), watcher);
            CallId(self.last_call)
        })
    }
}

fn values(reads: Vec<(EntityId, Read<Val>)>) -> Vec<(EntityId, Option<u8>)> {
    let value = |read| match read {
        Read::Value(value) => Some(Some(u8::try_from(*value).expect("a few values"))),
        Read::Absent => Some(None),
        Read::Error(_) => None,
    };
    reads.into_iter().filter_map(|(id, read)| Some((id, value(read)?))).collect()
}

impl Subject for Small {
    fn handle(&mut self, _now: Time, input: Input<Val>) -> Answer<Val> {
        match input {
            Input::Watch { filter: _ } => {
                self.watchers += 1;
                self.store.open(self.watchers);
                return Answer::Watch(Ok(WatcherId(self.watchers)));
            }
            Input::Resume { .. } => {
                let oldest = Revno(self.store.revno());
                return Answer::Resume(Err(ResumeError::Gone { epoch: self.epoch, oldest }));
            }
            Input::Next { watcher, .. } | Input::TryNext { watcher } if watcher.0 > self.watchers => {
                return Answer::Next(NextPoll::Ready(Err(NextError::Stopped)));
            }
            Input::Next { watcher, call } => return Answer::Next(self.next(watcher, call)),
            Input::TryNext { watcher } => return Answer::TryNext(Ok(self.take(watcher))),
            Input::Progress { watcher: _ } => return Answer::Progress(Ok(None)),
            Input::DropCall { call, .. } => {
                self.calls.remove(&call);
                self.slots.remove(&call);
            }
            Input::Stop { watcher } => self.store.stop(watcher.0),
            Input::Subscribed { generation, position, .. } => {
                self.position = position;
                self.outputs.push_back(Output::Load { generation });
            }
            Input::Staged { generation: _, reads } => {
                if let Some(staged) = &mut self.staged {
                    staged.extend(values(reads));
                }
            }
            Input::LoadDone { .. } => self.fetch(),
            Input::Notice { ids, .. } => {
                self.queued.extend(ids);
                if self.staged.is_none() {
                    self.fetch();
                }
            }
            Input::Fetched { step, .. } => {
                self.asked = false;
                self.step(step);
                if self.again || !self.queued.is_empty() {
                    self.fetch();
                }
            }
            Input::Mark { .. } | Input::Step { .. } | Input::Failed { .. } | Input::Timeout | Input::Kill { .. } => {}
        }
        Answer::Done
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        None
    }

    fn meet(&mut self, universe: &Arc<Universe>) {
        self.universe = Some(Arc::clone(universe));
    }

    fn report(&self) -> Report {
        Report {
            epoch: self.epoch,
            revno: Revno(self.store.revno()),
            position: self.position,
            backing: None,
            generation: self.generation,
            phase: Phase::Following,
            watchers: Watchers { caught_up: self.store.watchers(), ..Watchers::default() },
            calls: self.calls.len(),
            entities: self.store.state().iter().flatten().count(),
            tombstones: 0,
            shared_batches: 0,
            queued: self.queued.len(),
            queued_since: None,
            quarantined: 0,
            failures: 0,
            last_failures: Failures::new(),
            out_of_reach_since: None,
            dropped: Dropped::default(),
            visited: 0,
        }
    }

    fn store(&self, _universe: &Universe) -> Option<State> {
        let mut state = State::EMPTY;
        for (id, value) in (0..).zip(self.store.state()).take(IDS) {
            state.set(IdIx(id), value.map(Val::from));
        }
        Some(state)
    }
}
