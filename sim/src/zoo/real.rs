//! The machine as it ships, behind names of calls of our own: so a bug can hold a call back, or take one for another.

use std::collections::VecDeque;

use multiwatcher::machine::{
    Batch, CallId, Cause, EntityId, Filter, Garbage, Input, NextError, NextPoll, Output, Progress, ResumeError,
    ResumePoint, StoreManager, Time, WatchError, WatcherId,
};
use multiwatcher::testing::Val;

/// The shipped machine.
#[derive(Debug)]
pub struct Real {
    machine: StoreManager<Val>,
    calls: Vec<Call>,
    last_call: u64,
    outputs: VecDeque<Output>,
    is_fetching: bool,
}

/// A pending call of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Its name outside.
    pub outer: CallId,
    /// Its name in the machine; `None` if the machine does not know of it.
    pub inner: Option<CallId>,
    /// Whose it is.
    pub watcher: WatcherId,
}

/// A name that no call of the machine has.
const NO_CALL: CallId = CallId(u64::MAX);

impl Real {
    pub(super) fn new(machine: StoreManager<Val>) -> Self {
        let mut real = Self { machine, calls: Vec::new(), last_call: 0, outputs: VecDeque::new(), is_fetching: false };
        real.drain();
        real
    }

    /// The machine, to look at.
    pub fn machine(&self) -> &StoreManager<Val> {
        &self.machine
    }

    /// The pending calls of a watcher, by first poll.
    pub fn line(&self, watcher: WatcherId) -> Vec<Call> {
        self.calls.iter().filter(|call| call.watcher == watcher).copied().collect()
    }

    /// Every pending call.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The pending call of this name.
    pub fn call(&self, outer: CallId) -> Option<Call> {
        self.calls.iter().find(|call| call.outer == outer).copied()
    }

    /// How many calls wait of which the machine does not know.
    pub fn unknown_calls(&self) -> usize {
        self.calls.iter().filter(|call| call.inner.is_none()).count()
    }

    /// Whether a fetch is under way.
    pub fn is_fetching(&self) -> bool {
        self.is_fetching
    }

    /// The ids that are alive in the store.
    pub fn alive(&self) -> impl Iterator<Item = &EntityId> {
        self.machine.entities().map(|(id, _)| id)
    }

    /// Whether this watcher has had its first batch, and has something pending.
    pub fn is_behind(&mut self, now: Time, watcher: WatcherId) -> bool {
        let latest = self.machine.revno();
        self.progress(now, watcher).is_ok_and(|told| told.is_some_and(|told| told.revno < latest))
    }

    /// Opens a watcher.
    pub fn watch(&mut self, now: Time, filter: Filter) -> Result<WatcherId, WatchError> {
        self.machine.watch(now, filter)
    }

    /// Opens a watcher for a reader that comes back.
    pub fn resume(&mut self, now: Time, filter: Filter, from: ResumePoint) -> Result<WatcherId, ResumeError> {
        self.machine.resume(now, filter, from)
    }

    /// Polls a call.
    pub fn next(&mut self, now: Time, watcher: WatcherId, outer: Option<CallId>) -> NextPoll<Val> {
        let at = outer.map(|outer| self.calls.iter().position(|call| call.outer == outer));
        let inner = match at {
            None => None,
            Some(Some(at)) => self.calls[at].inner,
            Some(None) => Some(NO_CALL),
        };
        let polled = self.machine.next(now, watcher, inner);
        match (polled, at.flatten()) {
            (NextPoll::Pending(inner), Some(at)) => {
                self.calls[at].inner = Some(inner);
                NextPoll::Pending(self.calls[at].outer)
            }
            (NextPoll::Pending(inner), None) => NextPoll::Pending(self.pend(watcher, Some(inner))),
            (NextPoll::Ready(Err(NextError::UnknownCall { watcher, .. })), _) => {
                NextPoll::Ready(Err(NextError::UnknownCall { watcher, call: outer.unwrap_or(NO_CALL) }))
            }
            (NextPoll::Ready(answer), at) => {
                at.map(|at| self.calls.remove(at));
                NextPoll::Ready(answer)
            }
        }
    }

    /// A poll took its batch and did not get it: the call waits for the next one, under its old name if it had one.
    pub fn wait_on(&mut self, now: Time, watcher: WatcherId, outer: Option<CallId>) -> NextPoll<Val> {
        match self.machine.next(now, watcher, None) {
            NextPoll::Pending(inner) => NextPoll::Pending(match outer {
                None => self.pend(watcher, Some(inner)),
                Some(outer) => {
                    self.calls.push(Call { outer, inner: Some(inner), watcher });
                    outer
                }
            }),
            NextPoll::Ready(answer) => NextPoll::Ready(answer),
        }
    }

    /// A batch without waiting.
    pub fn try_next(&mut self, now: Time, watcher: WatcherId) -> Result<Option<Batch<Val>>, NextError> {
        self.machine.try_next(now, watcher)
    }

    /// How far a watcher's view reaches.
    pub fn progress(&mut self, now: Time, watcher: WatcherId) -> Result<Option<Progress>, NextError> {
        self.machine.progress(now, watcher)
    }

    /// Drops a call.
    pub fn drop_call(&mut self, now: Time, watcher: WatcherId, outer: CallId) {
        if let Some(call) = self.call(outer) {
            self.forget(outer);
            call.inner.into_iter().for_each(|inner| self.machine.drop_call(now, watcher, inner));
            self.drain();
        }
    }

    /// Stops a watcher.
    pub fn stop(&mut self, now: Time, watcher: WatcherId) {
        self.machine.stop(now, watcher);
        self.drain();
    }

    /// Ends the machine.
    pub fn kill(&mut self, now: Time, cause: Cause) {
        self.machine.kill(now, cause);
        self.drain();
    }

    /// Tells what the backing says, or that a deadline may have passed.
    pub fn hear(&mut self, now: Time, input: Input<Val>) {
        self.is_fetching &= !matches!(input, Input::Fetched { .. });
        self.machine.handle(now, input);
        self.drain();
    }

    /// A new call that waits, known to the machine or not.
    pub fn pend(&mut self, watcher: WatcherId, inner: Option<CallId>) -> CallId {
        self.last_call += 1;
        let outer = CallId(self.last_call);
        self.calls.push(Call { outer, inner, watcher });
        outer
    }

    /// Two calls change places in the machine's line.
    pub fn exchange(&mut self, one: CallId, other: CallId) {
        let at = |outer| self.calls.iter().position(|call| call.outer == outer);
        if let (Some(one), Some(other)) = (at(one), at(other)) {
            let inner = self.calls[one].inner;
            self.calls[one].inner = self.calls[other].inner;
            self.calls[other].inner = inner;
        }
    }

    /// A call is over.
    pub fn forget(&mut self, outer: CallId) {
        self.calls.retain(|call| call.outer != outer);
    }

    /// Has a call woken.
    pub fn wake(&mut self, outer: CallId) {
        self.outputs.push_back(Output::Wake { call: outer });
    }

    fn drain(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Wake { call: inner } => {
                    let known = self.calls.iter().find(|call| call.inner == Some(inner));
                    self.outputs.extend(known.map(|call| Output::Wake { call: call.outer }));
                }
                Output::Fetch { .. } => {
                    self.is_fetching = true;
                    self.outputs.push_back(output);
                }
                Output::Unsubscribe { .. } | Output::Ended { .. } => {
                    self.is_fetching = false;
                    self.outputs.push_back(output);
                }
                Output::Subscribe { .. } | Output::Load { .. } => self.outputs.push_back(output),
            }
        }
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(super) fn swap_garbage(&mut self, empty: &mut Garbage<Val>) {
        self.machine.swap_garbage(empty);
    }
}
