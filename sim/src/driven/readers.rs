//! The readers' handles and the futures of their calls.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use multiwatcher::driver::{Multiwatcher, Next};
use multiwatcher::machine::{Batch, CallId, WatcherId};
use multiwatcher::testing::Val;

use super::runtime::Runtime;
use super::subject::Inside;
use super::watched::Watched;
use super::wires::{Event, Wires};

pub(super) type Handle<M> = Multiwatcher<Val, Watched<M>, Runtime>;
type Call<M> = Next<Val, Watched<M>, Runtime>;
type Answer = Result<Batch<Val>, multiwatcher::driver::NextError>;

/// Every handle and every pending call of a run.
pub(super) struct Readers<M: Inside> {
    pub(super) wires: Wires,
    handles: Vec<(WatcherId, Handle<M>)>,
    pub(super) calls: Vec<Pending<M>>,
}

pub(super) struct Pending<M: Inside> {
    pub(super) call: CallId,
    future: Call<M>,
    pub(super) waker: Arc<CallWaker>,
    pub(super) polls: u32,
}

/// The waker of one poll. Every other poll brings a new one, as a call that moves between tasks does, and only the newest counts.
pub(super) struct CallWaker {
    wires: Wires,
    /// Whose poll it was; `None` while that is not known, and when a later poll has brought another.
    call: Mutex<Option<CallId>>,
}

impl Wake for CallWaker {
    fn wake(self: Arc<Self>) {
        if let Some(call) = *self.call.lock().unwrap_or_else(PoisonError::into_inner) {
            let mut state = self.wires.lock();
            state.awake.push(call);
            state.log.push_back(Event::Woken(call));
        }
    }
}

impl CallWaker {
    fn set(&self, call: Option<CallId>) {
        *self.call.lock().unwrap_or_else(PoisonError::into_inner) = call;
    }
}

impl<M: Inside> Readers<M> {
    pub(super) fn new(wires: Wires) -> Self {
        Self { wires, handles: Vec::new(), calls: Vec::new() }
    }

    /// A watcher was opened.
    pub(super) fn add(&mut self, handle: Handle<M>) -> WatcherId {
        let watcher = handle.watcher();
        self.handles.push((watcher, handle));
        watcher
    }

    /// The newest handle of this watcher.
    pub(super) fn handle(&self, watcher: WatcherId) -> Option<&Handle<M>> {
        self.handles.iter().rev().find(|(other, _)| *other == watcher).map(|(_, handle)| handle)
    }

    /// The first poll of a new call. A call that pends is known by its id from then on.
    pub(super) fn call(&mut self, watcher: WatcherId) -> Option<Poll<Answer>> {
        let mut future = self.handle(watcher)?.next();
        let waker = self.waker();
        let polled = poll(&mut future, &waker);
        if let Some(call) = future.call() {
            waker.set(Some(call));
            self.calls.push(Pending { call, future, waker, polls: 1 });
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
            waker.set(Some(call));
            std::mem::replace(&mut self.calls[at].waker, waker).set(None);
        }
        let pending = &mut self.calls[at];
        let polled = poll(&mut pending.future, &pending.waker);
        if polled.is_ready() {
            self.calls.remove(at);
        }
        Some(polled)
    }

    /// Drops a call.
    pub(super) fn drop_call(&mut self, call: CallId) {
        if let Some(at) = self.calls.iter().position(|pending| pending.call == call) {
            let pending = self.calls.remove(at);
            self.wires.lock().awake.retain(|awake| *awake != call);
            pending.waker.set(None);
            drop(pending);
        }
    }

    fn waker(&self) -> Arc<CallWaker> {
        Arc::new(CallWaker { wires: self.wires.clone(), call: Mutex::new(None) })
    }
}

fn poll<M: Inside>(future: &mut Call<M>, waker: &Arc<CallWaker>) -> Poll<Answer> {
    let waker = Waker::from(Arc::clone(waker));
    Pin::new(future).poll(&mut Context::from_waker(&waker))
}
