//! What lies between the simulated world and the worker: letters posted and not yet taken, the calls that are open, and a log
//! of what happened, in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use multiwatcher::backing::{BackingError, Identity, Notice, Reads, Step};
use multiwatcher::machine::{CallId, FetchId, Generation, Output, Position, Report};
use multiwatcher::testing::{State as Contents, Universe, Val};

/// Shared by the backing, its streams and calls, and the subject. Nothing contends: there is one thread.
#[derive(Debug, Clone, Default)]
pub(super) struct Wires(Arc<Mutex<State>>);

/// A letter's number, and what it says.
pub(super) type Letter<T> = (u32, T);

/// What a subscription says next: a notice, an error, or that its stream has ended.
pub(super) type Told = Option<Result<Notice<Val>, BackingError>>;

/// Everything that is open.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) log: VecDeque<Event>,
    pub(super) session: Option<Session>,
    pub(super) load: Option<Load>,
    pub(super) fetches: Vec<Fetch>,
    /// Which past of the backing answered the last subscription.
    pub(super) identity: Option<Identity>,
    /// Calls whose waker was called since they were last polled.
    pub(super) awake: Vec<CallId>,
    /// Calls of which the waker of an earlier poll was called, and not that of the newest.
    pub(super) misled: Vec<CallId>,
    /// Things the machine was told in this turn.
    pub(super) told: u32,
    pub(super) universe: Option<Arc<Universe>>,
    generations: u64,
    fetched: u64,
}

/// Something that happened.
#[derive(Debug)]
pub(super) enum Event {
    /// The worker asked for something.
    Asked(Output),
    /// The worker released the backing.
    Released,
    /// The worker took a letter.
    Took(u32),
    /// The machine was told that a deadline may have passed.
    TimedOut,
    /// The waker of a call's poll was called.
    Woken(CallId),
    /// The machine's census, and its store, before it was told the next thing in one turn.
    Settled(Box<(Report, Option<Contents>)>),
}

/// A subscription, from the call on.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) generation: Generation,
    pub(super) answer: Option<Letter<Result<(Position, Identity), BackingError>>>,
    pub(super) answered: bool,
    pub(super) notices: VecDeque<Letter<Told>>,
    /// An error or the end was posted: nothing after it will be taken.
    pub(super) failing: bool,
    pub(super) waker: Option<Waker>,
}

/// A load.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) generation: Generation,
    pub(super) parts: VecDeque<Letter<Result<Option<Reads<Val>>, BackingError>>>,
    /// The end was posted.
    pub(super) ending: bool,
    pub(super) waker: Option<Waker>,
}

/// A fetch.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) name: FetchId,
    pub(super) generation: Generation,
    pub(super) answer: Option<Letter<Result<Step<Val>, BackingError>>>,
    pub(super) waker: Option<Waker>,
}

impl Wires {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes something down.
    pub(super) fn note(&self, event: Event) {
        self.lock().log.push_back(event);
    }
}

impl State {
    /// The generation of the newest subscription.
    pub(super) fn newest_generation(&self) -> Generation {
        Generation(self.generations)
    }

    /// A new subscription is asked for. Its generation is the worker's, for calls begin in the order in which they are ordered.
    pub(super) fn open_session(&mut self) -> Generation {
        self.generations += 1;
        let generation = Generation(self.generations);
        self.session = Some(Session {
            generation,
            answer: None,
            answered: false,
            notices: VecDeque::new(),
            failing: false,
            waker: None,
        });
        self.log.push_back(Event::Asked(Output::Subscribe { generation }));
        generation
    }

    /// A subscription is dropped.
    pub(super) fn close_session(&mut self, generation: Generation) {
        if self.session.take_if(|session| session.generation == generation).is_some() {
            self.log.push_back(Event::Asked(Output::Unsubscribe { generation }));
        }
    }

    /// A load is asked for.
    pub(super) fn open_load(&mut self) -> Generation {
        let generation = Generation(self.generations);
        self.load = Some(Load { generation, parts: VecDeque::new(), ending: false, waker: None });
        self.log.push_back(Event::Asked(Output::Load { generation }));
        generation
    }

    /// A fetch is asked for; its name is the worker's, as above.
    pub(super) fn open_fetch(&mut self, since: Position, ids: Vec<multiwatcher::machine::EntityId>) -> FetchId {
        self.fetched += 1;
        let (fetch, generation) = (FetchId(self.fetched), Generation(self.generations));
        self.fetches.push(Fetch { name: fetch, generation, answer: None, waker: None });
        self.log.push_back(Event::Asked(Output::Fetch { generation, fetch, since, ids }));
        fetch
    }
}
