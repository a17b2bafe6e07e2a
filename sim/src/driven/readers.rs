//! The readers' handles and the futures of their calls.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use multiwatcher::driver::{Multiwatcher, Next};
use multiwatcher::machine::{CallId, Generation, WatcherId};
use multiwatcher::testing::Val;

use super::plant::{Answer, Moment, Notes, Plant};
use super::runtime::Runtime;
use super::subject::Inside;
use super::watched::Watched;
use super::wires::{Event, Wires};

pub(super) type Handle<M> = Multiwatcher<Val, Watched<M>, Runtime>;
type Call<M> = Next<Val, Watched<M>, Runtime>;

/// Every handle and every pending call of a run.
pub(super) struct Readers<M: Inside> {
    pub(super) wires: Wires,
    handles: Vec<Seat<M>>,
    pub(super) calls: Vec<Pending<M>>,
    plant: Option<&'static dyn Plant>,
}

/// A watcher's handle.
struct Seat<M: Inside> {
    watcher: WatcherId,
    handle: Handle<M>,
    /// The generation the worker was in when it was opened.
    opened: Generation,
}

pub(super) struct Pending<M: Inside> {
    pub(super) call: CallId,
    planted: Option<Box<Planted>>,
    future: Call<M>,
    pub(super) waker: Arc<CallWaker>,
    pub(super) polls: u32,
}

/// What is planted in a call.
struct Planted {
    plant: &'static dyn Plant,
    /// The generation the worker was in when its watcher was opened.
    opened: Generation,
    notes: Notes,
}

/// The waker of one poll. Every other poll brings a new one, as a call that moves between tasks does, and only the newest counts.
pub(super) struct CallWaker {
    wires: Wires,
    whose: Mutex<Whose>,
}

/// Whose poll it was.
#[derive(Debug, Clone, Copy)]
enum Whose {
    /// That is not known, or the call is over.
    Nobodys,
    /// The newest of this call.
    Newest(CallId),
    /// One of this call, and a later poll has brought another waker.
    Earlier(CallId),
}

impl Wake for CallWaker {
    fn wake(self: Arc<Self>) {
        match *self.whose.lock().unwrap_or_else(PoisonError::into_inner) {
            Whose::Nobodys => {}
            Whose::Newest(call) => {
                let mut state = self.wires.lock();
                state.awake.push(call);
                state.log.push_back(Event::Woken(call));
            }
            Whose::Earlier(call) => self.wires.lock().misled.push(call),
        }
    }
}

impl CallWaker {
    fn set(&self, whose: Whose) {
        *self.whose.lock().unwrap_or_else(PoisonError::into_inner) = whose;
    }
}

impl<M: Inside> Readers<M> {
    pub(super) fn new(wires: Wires, plant: Option<&'static dyn Plant>) -> Self {
        Self { wires, handles: Vec::new(), calls: Vec::new(), plant }
    }

    /// A watcher was opened.
    pub(super) fn add(&mut self, handle: Handle<M>) -> WatcherId {
        let watcher = handle.watcher();
        let opened = generation(&self.wires);
        self.handles.push(Seat { watcher, handle, opened });
        watcher
    }

    /// The newest handle of this watcher.
    pub(super) fn handle(&self, watcher: WatcherId) -> Option<&Handle<M>> {
        self.seat(watcher).map(|seat| &seat.handle)
    }

    fn seat(&self, watcher: WatcherId) -> Option<&Seat<M>> {
        self.handles.iter().rev().find(|seat| seat.watcher == watcher)
    }

    /// The first poll of a new call. A call that pends is known by its id from then on.
    pub(super) fn call(&mut self, watcher: WatcherId) -> Option<Poll<Answer>> {
        let seat = self.seat(watcher)?;
        let (mut future, opened) = (seat.handle.next(), seat.opened);
        let mut planted = self.plant.map(|plant| Box::new(Planted { plant, opened, notes: Notes::default() }));
        let waker = self.waker();
        let polled = ask(&mut future, &mut planted, &self.wires, false, &waker);
        if let Some(call) = future.call() {
            waker.set(Whose::Newest(call));
            self.calls.push(Pending { call, planted, future, waker, polls: 1 });
        }
        Some(polled)
    }

    /// The call that was added last.
    pub(super) fn newest(&self) -> Option<CallId> {
        self.calls.last().map(|pending| pending.call)
    }

    /// A later poll. `None` if there is no such call.
    pub(super) fn poll(&mut self, call: CallId) -> Option<Poll<Answer>> {
        let at = self.calls.iter().position(|pending| pending.call == call)?;
        self.wires.lock().awake.retain(|awake| *awake != call);
        self.calls[at].polls += 1;
        if self.calls[at].polls.is_multiple_of(2) {
            let waker = self.waker();
            waker.set(Whose::Newest(call));
            std::mem::replace(&mut self.calls[at].waker, waker).set(Whose::Earlier(call));
        }
        let Pending { future, planted, waker, .. } = &mut self.calls[at];
        let polled = ask(future, planted, &self.wires, true, waker);
        if polled.is_ready() {
            self.calls.remove(at);
            self.forget(call);
        }
        Some(polled)
    }

    /// Drops a call.
    pub(super) fn drop_call(&mut self, call: CallId) {
        if let Some(at) = self.calls.iter().position(|pending| pending.call == call) {
            let pending = self.calls.remove(at);
            self.forget(call);
            pending.waker.set(Whose::Nobodys);
            drop(pending);
        }
    }

    /// Whether the driver keeps the waker of a pending call's newest poll.
    pub(super) fn has_waker(&self, call: CallId) -> bool {
        self.calls.iter().any(|pending| pending.call == call && pending.is_held())
    }

    /// Whether the waker of an earlier poll of this call was called, in place of that of the newest.
    pub(super) fn is_misled(&self, call: CallId) -> bool {
        self.wires.lock().misled.contains(&call)
    }

    /// A call is over.
    fn forget(&self, call: CallId) {
        let mut state = self.wires.lock();
        state.awake.retain(|awake| *awake != call);
        state.misled.retain(|misled| *misled != call);
    }

    fn waker(&self) -> Arc<CallWaker> {
        Arc::new(CallWaker { wires: self.wires.clone(), whose: Mutex::new(Whose::Nobodys) })
    }
}

/// The generation that the worker is in, or will first be in.
fn generation(wires: &Wires) -> Generation {
    wires.lock().newest_generation().max(Generation(1))
}

/// One poll of a call, as it ships or with what is planted. `again` says that it was polled before.
fn ask<M: Inside>(
    future: &mut Call<M>,
    planted: &mut Option<Box<Planted>>,
    wires: &Wires,
    again: bool,
    waker: &Arc<CallWaker>,
) -> Poll<Answer> {
    let waker = Waker::from(Arc::clone(waker));
    let mut ask = |waker: &Waker| Pin::new(&mut *future).poll(&mut Context::from_waker(waker));
    let Some(planted) = planted else { return ask(&waker) };
    let Planted { plant, opened, notes } = &mut **planted;
    let now = Moment { again, opened: *opened, generation: generation(wires) };
    plant.poll(notes, now, &waker, &mut ask)
}

impl<M: Inside> Pending<M> {
    /// Whether the driver keeps the waker of its newest poll.
    pub(super) fn is_held(&self) -> bool {
        Arc::strong_count(&self.waker) > 1
    }
}
