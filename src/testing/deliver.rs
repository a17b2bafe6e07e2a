//! The backing's side of a run: commits, and what reaches the subject from its sessions.

use super::backing::{FLIGHTS, Flight, LogEntry, Message, Reading, StepRead};
use super::observation::Observation;
use super::operation::{CallKind, Failing, StaleKind};
use super::stage::Stage;
use super::state::{Changes, IdSet, State};
use super::subject::Subject;
use super::universe::{IdIx, Universe, Val};
use super::world::World;
use crate::machine::{BackingCall, Cause, CauseClass, EntityId, FetchId, Generation, Input, Position, Read, Step};

impl<S: Subject> World<S> {
    pub(super) fn commit(&mut self, changes: Changes, skip: u8) -> bool {
        if changes.ids.is_empty() || !changes.ids.minus(self.stage.universe.all()).is_empty() {
            return false;
        }
        let LogEntry { position, state, .. } = self.stage.backing.commit(changes, skip);
        self.seen.push(Observation::Committed { position, changes, state });
        true
    }

    pub(super) fn notice(&mut self, ids: IdSet, twice: bool) -> bool {
        let Some(session) = self.stage.backing.speaking() else { return false };
        let (generation, ids) = (session.generation, ids.and(session.touched));
        if ids.is_empty() {
            return false;
        }
        if let Some(session) = &mut self.stage.backing.session {
            session.owed = session.owed.minus(ids);
        }
        self.say_notice(generation, ids, twice)
    }

    fn say_notice(&mut self, generation: u32, ids: IdSet, twice: bool) -> bool {
        self.heard(generation);
        let universe = &self.stage.universe;
        let again = if twice { ids } else { IdSet::EMPTY };
        let mut named: Vec<EntityId> = Vec::with_capacity((ids.len() + again.len()) as usize);
        named.extend(ids.iter().chain(again.iter()).map(|ix| universe.id(ix).clone()));
        self.say(Observation::Noticed { generation, ids }, Input::Notice { generation: long(generation), ids: named })
    }

    pub(super) fn mark(&mut self, behind: u8) -> bool {
        let backing = &self.stage.backing;
        let Some(session) = backing.speaking() else { return false };
        let at = backing.end().saturating_sub(u32::from(behind)).max(session.accepted.unwrap_or(0));
        let (generation, position) = (session.generation, backing.log()[at as usize].position);
        self.say_mark(generation, position)
    }

    fn say_mark(&mut self, generation: u32, position: Position) -> bool {
        self.heard(generation);
        self.say(Observation::Marked { generation, position }, Input::Mark { generation: long(generation), position })
    }

    pub(super) fn read_unasked(&mut self, skip: i8) -> bool {
        let backing = &mut self.stage.backing;
        let (end, oldest) = (backing.end(), backing.oldest());
        let Some(&session) = backing.speaking() else { return false };
        let from = session.streamed.saturating_add_signed(i32::from(skip)).max(oldest);
        if !backing.streams() || backing.flights.len() == FLIGHTS || from >= end {
            return false;
        }
        let left_out = backing.touched(session.streamed, from.max(session.streamed));
        let step = backing.step(from, end, IdSet::EMPTY, IdSet::EMPTY);
        if let Some(session) = &mut backing.session {
            session.streamed = end;
            session.owed = session.owed.or(left_out);
        }
        backing.flights.push(Flight { generation: session.generation, message: Message::Unasked(step), repeat: false });
        true
    }

    pub(super) fn subscribed(&mut self) -> bool {
        let backing = &mut self.stage.backing;
        let (silent, end) = (backing.silent, backing.end());
        let Some(session) = backing.session.as_mut().filter(|session| !session.said && !session.rewound && !silent)
        else {
            return false;
        };
        if session.accepted.is_none() {
            (session.accepted, session.streamed) = (Some(end), end);
        }
        session.said = true;
        let (generation, at) = (session.generation, session.accepted.unwrap_or(end));
        backing.note_failure(CallKind::Subscribe, false);
        let position = backing.log()[at as usize].position;
        self.heard(generation);
        self.say_subscribed(generation, position)
    }

    fn say_subscribed(&mut self, generation: u32, position: Position) -> bool {
        let backing = self.stage.backing.identity();
        self.say(
            Observation::Subscribed { generation, position, backing },
            Input::Subscribed { generation: long(generation), position, backing },
        )
    }

    pub(super) fn read_load(&mut self, ids: IdSet, absent: bool) -> bool {
        let backing = &mut self.stage.backing;
        let (alive, end, ids) = (backing.latest().state.alive(), backing.end(), ids.and(self.stage.universe.all()));
        let Some(session) = backing.session.filter(|session| !session.rewound && !backing.silent) else { return false };
        let Some(load) = session.load else { return false };
        // An id is read again only if both attempts succeed, as an iteration that meets it twice would.
        let ids = ids.minus(load.errors).minus(load.read.and(backing.ailing));
        let told = if absent { ids } else { ids.and(alive.or(backing.ailing)) };
        if ids.is_empty() || backing.flights.len() == FLIGHTS {
            return false;
        }
        let reading = backing.read(end, told);
        if let Some(load) = backing.session.as_mut().and_then(|session| session.load.as_mut()) {
            load.read = load.read.or(ids);
            load.errors = load.errors.or(reading.errors);
            load.under_way += 1;
        }
        backing.flights.push(Flight {
            generation: session.generation,
            message: Message::Staged(reading),
            repeat: false,
        });
        true
    }

    pub(super) fn load_done(&mut self) -> bool {
        let backing = &mut self.stage.backing;
        if backing.silent || !backing.load_owes().is_empty() {
            return false;
        }
        let Some(session) = backing.session.as_mut().filter(|session| !session.rewound) else { return false };
        if session.load.take_if(|load| load.under_way == 0).is_none() {
            return false;
        }
        let generation = session.generation;
        backing.note_failure(CallKind::Load, false);
        self.say_load_done(generation)
    }

    fn say_load_done(&mut self, generation: u32) -> bool {
        self.say(Observation::LoadDone { generation }, Input::LoadDone { generation: long(generation) })
    }

    pub(super) fn read_fetch(&mut self, fetch: u8, skip: i8, omit: IdSet, behind: u8) -> bool {
        let backing = &mut self.stage.backing;
        let Some(&open) = backing.fetches.get(usize::from(fetch)) else { return false };
        if backing.silent || backing.flights.len() == FLIGHTS || backing.fate(CallKind::Fetch(fetch)).is_some() {
            return false;
        }
        let to = backing.end().saturating_sub(u32::from(behind)).max(backing.oldest());
        let from = open.since_at.saturating_add_signed(i32::from(skip)).clamp(backing.oldest(), to);
        // Read before it was asked for, it would miss what a notice has told of; only one that says so by its end may be.
        if to < open.asked_at && to >= open.since_at {
            return false;
        }
        let step = backing.step(from, to, open.ids, omit);
        backing.fetches.remove(usize::from(fetch));
        backing.note_failure(CallKind::Fetch(fetch), false);
        let message = Message::Answer(open.fetch, step);
        backing.flights.push(Flight { generation: open.generation, message, repeat: false });
        true
    }

    pub(super) fn deliver(&mut self, flight: u8, keep: bool) -> bool {
        let backing = &mut self.stage.backing;
        let index = usize::from(flight);
        let Some(&Flight { generation, message, repeat }) = backing.flights.get(index).filter(|_| !backing.silent)
        else {
            return false;
        };
        if keep {
            backing.flights[index].repeat = true;
        } else {
            backing.flights.remove(index);
        }
        match message {
            Message::Staged(reading) => {
                let load = backing.session.as_mut().filter(|session| session.generation == generation && !repeat);
                if let Some(load) = load.and_then(|session| session.load.as_mut()) {
                    load.under_way -= 1;
                }
                self.say_staged(generation, reading)
            }
            Message::Unasked(step) => {
                self.say_step(generation, None, step);
                true
            }
            Message::Answer(fetch, step) => {
                backing.answered = backing.answered.max(fetch);
                if !self.say_step(generation, Some(fetch), step) {
                    self.hand_over(generation, step);
                }
                true
            }
        }
    }

    /// Nobody waits for the answer any more: where calls are futures, one that was given up was dropped. A backing that has read a step
    /// may still hand it over, unasked, on the subscription it belongs to; that is how a late answer looks there.
    fn hand_over(&mut self, generation: u32, step: StepRead) {
        if self.stage.backing.speaking().is_some_and(|session| session.generation == generation) {
            self.say_step(generation, None, step);
        }
    }

    fn say_staged(&mut self, generation: u32, reading: Reading) -> bool {
        let reads = reads(&self.stage.universe, reading);
        self.say(
            Observation::Staged { generation, ids: reading.ids, errors: reading.errors },
            Input::Staged { generation: long(generation), reads },
        )
    }

    /// `false` if nobody listens.
    fn say_step(&mut self, generation: u32, fetch: Option<u32>, step: StepRead) -> bool {
        let StepRead { from, to, reading } = step;
        // The answer to a fetch says that the call works; the subscription may still be dead.
        if fetch.is_none() {
            self.heard(generation);
        }
        let Reading { at, ids, errors, .. } = reading;
        let stepped = Observation::Stepped { generation, fetch, from, to, at, ids, errors };
        let step = Step { from, to, entities: reads(&self.stage.universe, reading) };
        let generation = long(generation);
        let input = match fetch {
            None => Input::Step { generation, step },
            Some(fetch) => Input::Fetched { generation, fetch: FetchId(u64::from(fetch)), step },
        };
        self.said_to_somebody(stepped, input)
    }

    pub(super) fn fail(&mut self, call: CallKind, why: Failing) -> bool {
        let backing = &mut self.stage.backing;
        let Some(session) = backing.session.filter(|_| !backing.silent) else { return false };
        let class = match (backing.fate(call), why) {
            (Some(class), Failing::Passing | Failing::ForGood) => class,
            (None, Failing::Passing) => CauseClass::Transient,
            (None, Failing::ForGood) => CauseClass::Permanent,
        };
        match call {
            CallKind::Subscribe if !session.said || session.rewound => {
                backing.note_failure(call, true);
                self.say_failed(session.generation, BackingCall::Subscription, class)
            }
            CallKind::Load if session.load.is_some() => {
                backing.note_failure(call, true);
                self.say_failed(session.generation, BackingCall::Load, class)
            }
            CallKind::Fetch(fetch) if usize::from(fetch) < backing.fetches.len() => {
                let open = backing.fetches.remove(usize::from(fetch));
                backing.note_failure(call, true);
                self.say_failed(open.generation, BackingCall::Fetch(FetchId(u64::from(open.fetch))), class)
            }
            CallKind::Subscribe | CallKind::Load | CallKind::Fetch(_) => false,
        }
    }

    pub(super) fn say_failed(&mut self, generation: u32, call: BackingCall, class: CauseClass) -> bool {
        self.stage.cause += 1;
        self.say_failed_by(generation, call, Cause::new(class, self.stage.cause))
    }

    pub(super) fn say_failed_by(&mut self, generation: u32, call: BackingCall, cause: Cause) -> bool {
        self.say(
            Observation::Failed { generation, call, cause },
            Input::Failed { generation: long(generation), call, cause },
        )
    }

    /// What is not so is told by messages that must not be taken.
    pub(super) fn stale(&mut self, kind: StaleKind, age: u8) -> bool {
        let Some(generation) = self.stage.generation.checked_sub(u32::from(age)) else { return false };
        if !self.stage.untaken(generation).any(|other| other == kind) {
            return false;
        }
        let all = self.stage.universe.all();
        let (latest, at) = (*self.stage.backing.latest(), self.stage.backing.end());
        let state = lie(latest.state, all, self.stage.regime.values);
        let reading = Reading { at, state, ids: all, errors: IdSet::EMPTY };
        let step = StepRead { from: Position(0), to: Position(latest.position.0 + 1), reading };
        match kind {
            StaleKind::Subscribed => self.say_subscribed(generation, Position(0)),
            StaleKind::Staged => self.say_staged(generation, reading),
            StaleKind::LoadDone => self.say_load_done(generation),
            StaleKind::Notice => self.say_notice(generation, all, false),
            StaleKind::Mark => self.say_mark(generation, latest.position),
            StaleKind::Step | StaleKind::Fetched => {
                let fetch = (kind == StaleKind::Fetched).then_some(u32::MAX);
                self.say_step(generation, fetch, step);
                true
            }
            StaleKind::Failed => self.say_failed(generation, BackingCall::Subscription, CauseClass::Permanent),
        }
    }

    /// The current subscription has given a sign of life.
    fn heard(&mut self, generation: u32) {
        if self.stage.backing.session.is_some_and(|session| session.generation == generation) {
            self.stage.hear();
        }
    }
}

impl Stage {
    /// The kinds of messages under this generation that must not be taken now.
    pub(super) fn untaken(&self, generation: u32) -> impl Iterator<Item = StaleKind> + Clone {
        let session = self.backing.session.filter(|session| session.generation == generation);
        StaleKind::ALL.into_iter().filter(move |kind| {
            !session.is_some_and(|session| match kind {
                StaleKind::Subscribed => !session.said,
                StaleKind::Staged | StaleKind::LoadDone => session.load.is_some(),
                StaleKind::Fetched => false,
                StaleKind::Notice | StaleKind::Mark | StaleKind::Step | StaleKind::Failed => true,
            })
        })
    }
}

pub(super) fn long(generation: u32) -> Generation {
    Generation(u64::from(generation))
}

fn reads(universe: &Universe, reading: Reading) -> Vec<(EntityId, Read<Val>)> {
    let Reading { at, state, ids, errors } = reading;
    let read = |ix: IdIx| match state.get(ix) {
        _ if errors.has(ix) => Read::Error(Cause::new(CauseClass::Transient, u64::from(at))),
        Some(value) => Read::Value(universe.value(value, at % 2 == 1).clone()),
        None => Read::Absent,
    };
    ids.iter().map(|ix| (universe.id(ix).clone(), read(ix))).collect()
}

/// A state in which every id differs.
fn lie(state: State, all: IdSet, values: u8) -> State {
    let mut lie = State::EMPTY;
    for ix in all.iter() {
        let value = match state.get(ix) {
            None => Some(1),
            Some(value) if value < Val::from(values) => Some(value + 1),
            Some(_) => None,
        };
        lie.set(ix, value);
    }
    lie
}
