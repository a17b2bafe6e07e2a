//! The one lock, and what happens under it: the machine, the wakers of its calls, and the orders it has for the worker.
//!
//! Every operation is the same round: lock, one mutation of the machine, collect what it asks for, unlock, then call wakers and
//! free what is no longer needed. Nothing foreign is called or dropped while the lock is held, except that two values are compared, and
//! that the waker of whoever asks is compared and cloned: once for each wait, where a clone made before the lock would be one for each
//! poll.

mod ending;
mod resuming;
mod watched;

use core::panic::AssertUnwindSafe;
use core::task::{Poll, Waker};
use core::time::Duration;
use std::collections::VecDeque;
use std::panic::{catch_unwind, resume_unwind};

use super::after::{After, By};
use super::causes::{Causes, Failure};
use super::error::{NextError, WatchError};
use super::machine::Machine;
use super::meters::Meters;
use super::report::Report;
use super::seam::Seam;
use super::sync::{Mutex, lock};
use super::wakers::{Waits, Wakers};
use super::worker::Doing;
use crate::backing::{Identity, SharedError};
use crate::machine::{
    self, Batch, CallId, Cause, CauseClass, Epoch, Filter, Input, NextPoll, Output, Phase, Position, Progress, Time,
    Timeout, WatcherId,
};
pub(super) use ending::panicked;
pub(super) use watched::Watched;

/// So many are woken before it is looked whether somebody has helped.
const SHARE: usize = if cfg!(multiwatcher_loom) { 1 } else { 16 };

/// What a worker and its handles share.
#[derive(Debug)]
pub(super) struct Shared<V, M, S> {
    lock: Mutex<Inner<V, M>>,
    pub(super) seam: S,
    /// Which backing it was when the worker began; spans and metrics go by it.
    pub(super) identity: Identity,
    /// How long the backing is waited for: to be released, and to be as far as a reader who comes back.
    pub(super) patience: Duration,
    pub(super) epoch: Epoch,
    pub(super) meters: Meters,
    /// Whether there never was a backing.
    dead: bool,
}

#[derive(Debug)]
pub(super) struct Inner<V, M> {
    machine: M,
    /// The latest time the machine was told.
    now: Time,
    wakers: Wakers,
    /// Whom the worker has told and nobody has woken yet.
    told: VecDeque<Waker>,
    causes: Causes,
    /// What the worker is to do, in order.
    orders: VecDeque<Output>,
    worker: Option<Waker>,
    doing: Doing,
    /// Set if the worker broke off: the machine is asked nothing any more.
    broken: Option<Failure>,
    /// Why and when the machine ended, if it has.
    ended: Option<(Cause, Time)>,
    /// Set when the worker's task is over.
    over: Option<Failure>,
    wait_for_worker: Waits<()>,
    wait_for_watchers: Waits<WatcherId>,
    /// Readers who come back from further than the store has been brought to.
    wait_for_positions: Waits<Position>,
    /// Watchers, and those that have ended, as far as those know who wait for one's end. Kept while somebody does.
    counted: (usize, usize),
    /// How many were taken.
    censuses: u64,
    value: core::marker::PhantomData<V>,
}

/// What the worker finds when it looks.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) deadline: Option<Timeout>,
    /// What the gauges show, if that was asked for.
    pub(super) census: Option<Census>,
    pub(super) broken: Option<Failure>,
}

/// What the gauges show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Census {
    /// Ascends: of two, the one that was taken later.
    pub(super) number: u64,
    pub(super) report: machine::Report,
    pub(super) lag: u64,
    pub(super) duplicates: u64,
}

impl<V, M: Machine<V>, S: Seam> Shared<V, M, S> {
    /// Around a machine made for this seam's clock. `causes` holds the errors it was made with.
    pub(super) fn new(machine: M, causes: Causes, seam: S, identity: Identity, patience: Duration, dead: bool) -> Self {
        let mut inner = Inner {
            machine,
            now: seam.now(),
            wakers: Wakers::default(),
            told: VecDeque::new(),
            causes,
            orders: VecDeque::new(),
            worker: None,
            doing: Doing::default(),
            broken: None,
            ended: None,
            over: None,
            wait_for_worker: Waits::default(),
            wait_for_watchers: Waits::default(),
            wait_for_positions: Waits::default(),
            counted: (0, 0),
            censuses: 0,
            value: core::marker::PhantomData,
        };
        let mut after = After::new(By::Other);
        inner.settle(&mut after);
        let epoch = inner.machine.report().epoch;
        Self { lock: Mutex::new(inner), seam, identity, patience, epoch, meters: Meters::new(identity), dead }
    }

    pub(super) fn watch(&self, filter: Filter) -> Result<Watched, WatchError> {
        let opened = self.mutate(|inner, now, _| {
            let opened = inner.machine.watch(now, filter);
            let opened = opened.map_err(|machine::WatchError::Ended(cause)| inner.causes.find(cause));
            // Nobody ended.
            inner.counted = inner.counts();
            opened.map(|watcher| (watcher, inner.census()))
        });
        let (watcher, census) = opened.and_then(|opened| opened).map_err(|failure| self.refusal(failure))?;
        self.meters.publish(&census, self.seam.now());
        Ok(Watched::new(watcher))
    }

    /// One poll of a call: `call` is empty before the first, and when it is over.
    pub(super) fn poll_next(
        &self,
        watched: &Watched,
        call: &mut Option<CallId>,
        waker: &Waker,
    ) -> Poll<Result<Batch<V>, NextError>> {
        let polled = self.mutate_after(None, &mut After::new(By::Call), |inner, now, after| {
            match inner.machine.next(now, watched.id, *call) {
                NextPoll::Ready(result) => {
                    after.discard(call.take().and_then(|call| inner.wakers.remove(call)));
                    Poll::Ready(result.map_err(|error| watched.ended(inner.explain(error))))
                }
                NextPoll::Pending(id) => {
                    *call = Some(id);
                    after.discard(inner.wakers.set(id, waker));
                    Poll::Pending
                }
            }
        });
        let polled = polled.unwrap_or_else(|failure| Poll::Ready(Err(watched.final_error(failure))));
        if let Poll::Ready(Ok(batch)) = &polled {
            self.meters.told(batch.deltas().len());
        }
        polled
    }

    pub(super) fn drop_call(&self, watched: &Watched, call: CallId) {
        // A worker that broke off has dropped all calls already.
        let _ = self.mutate(|inner, now, after| {
            after.discard(inner.wakers.remove(call));
            inner.machine.handle(now, Input::DropCall { watcher: watched.id, call });
        });
    }

    pub(super) fn try_next(&self, watched: &Watched) -> Result<Option<Batch<V>>, NextError> {
        let taken = self.mutate(|inner, now, _| {
            let taken = inner.machine.try_next(now, watched.id);
            taken.map_err(|error| watched.ended(inner.explain(error)))
        });
        let taken = taken.unwrap_or_else(|failure| Err(watched.final_error(failure)));
        if let Ok(Some(batch)) = &taken {
            self.meters.told(batch.deltas().len());
        }
        taken
    }

    pub(super) fn progress(&self, watched: &Watched) -> Result<Option<Progress>, NextError> {
        let progress = self.mutate(|inner, now, _| {
            let progress = inner.machine.progress(now, watched.id);
            progress.map_err(|error| watched.ended(inner.explain(error)))
        });
        progress.unwrap_or_else(|failure| Err(watched.final_error(failure)))
    }

    pub(super) fn stop(&self, watched: &Watched) {
        let stopped = self.mutate(|inner, now, after| {
            inner.machine.handle(now, Input::Stop { watcher: watched.id });
            watched.stopped();
            if !inner.wait_for_watchers.is_empty() {
                after.left().woken.extend(inner.wait_for_watchers.take(watched.id));
                inner.counted = inner.counts();
            }
            inner.census()
        });
        // A worker that broke off has no watchers.
        if let Ok(census) = stopped {
            self.meters.publish(&census, self.seam.now());
        }
    }

    pub(super) fn kill(&self) {
        // A worker that broke off has ended already.
        let _ = self.mutate(|inner, now, _| {
            inner.machine.handle(now, Input::Kill { cause: Cause::new(CauseClass::Killed, 0) });
        });
    }

    pub(super) fn report(&self) -> Report {
        let now = self.seam.now();
        let inner = lock(&self.lock);
        let now = inner.now.max(now);
        Report::new(
            &inner.machine.report(),
            now,
            inner.over.is_some(),
            |cause| inner.causes.find(cause),
            || inner.machine.quarantined(),
        )
    }

    /// The worker looks what there is to do, and is woken when there is more. It `counts` when it has told something since.
    pub(super) fn turn(&self, waker: &Waker, doing: Doing, counts: bool, orders: &mut VecDeque<Output>) -> Turn {
        debug_assert!(orders.is_empty(), "orders are carried out before more are taken");
        let mut inner = lock(&self.lock);
        core::mem::swap(&mut inner.orders, orders);
        inner.doing = doing;
        let replaced = match &inner.worker {
            Some(known) if known.will_wake(waker) => None,
            Some(_) | None => inner.worker.replace(waker.clone()),
        };
        let turn = Turn {
            deadline: inner.machine.poll_timeout(),
            census: counts.then(|| inner.census()),
            broken: inner.broken.clone(),
        };
        drop(inner);
        drop(replaced);
        turn
    }

    /// The worker tells the machine something. It looks for orders afterwards.
    /// `named` are the errors behind causes that the input names for the first time.
    pub(super) fn tell(&self, now: Time, after: &mut After<V>, named: &mut Vec<(Cause, SharedError)>, input: Input<V>) {
        // If it broke off in between, the next look says so.
        let _ = self.mutate_after(Some(now), after, |inner, now, _| {
            if !named.is_empty() {
                inner.causes.keep(named.drain(..));
            }
            inner.machine.handle(now, input);
        });
    }

    /// The worker does something else than when it looked.
    pub(super) fn show(&self, doing: Doing) {
        lock(&self.lock).doing = doing;
    }

    /// What a cause of the machine stands for.
    pub(super) fn failure(&self, cause: Cause) -> Failure {
        lock(&self.lock).causes.find(cause)
    }

    /// Looks at the machine, for tests.
    #[cfg(feature = "testing")]
    pub(super) fn inspect<R>(&self, look: impl FnOnce(&M, Doing, usize) -> R) -> R {
        let inner = lock(&self.lock);
        look(&inner.machine, inner.doing, inner.wakers.len())
    }

    /// Whether somebody will be woken when this call is, for tests.
    #[cfg(feature = "testing")]
    pub(super) fn has_waker(&self, call: CallId) -> bool {
        lock(&self.lock).wakers.has(call)
    }

    fn refusal(&self, failure: Failure) -> WatchError {
        if self.dead { WatchError::Dead(failure) } else { WatchError::Ended(failure) }
    }

    fn mutate<R>(&self, mutation: impl FnOnce(&mut Inner<V, M>, Time, &mut After<V>) -> R) -> Result<R, Failure> {
        // Read without the lock, which is held for hardly longer than the clock takes to read.
        self.mutate_after(Some(self.seam.now()), &mut After::new(By::Other), mutation)
    }

    /// The round that every operation is. A panic in it (a value's comparison, or a bug) ends the worker and all that hangs on it.
    fn mutate_after<R>(
        &self,
        now: Option<Time>,
        after: &mut After<V>,
        mutation: impl FnOnce(&mut Inner<V, M>, Time, &mut After<V>) -> R,
    ) -> Result<R, Failure> {
        let mut inner = lock(&self.lock);
        if let Some(failure) = &inner.broken {
            return Err(failure.clone());
        }
        // Clocks of different threads, and one that a test moves, may disagree about the order of two moments. A call of next asks
        // no clock: nothing it does depends on the time.
        let now = now.map_or(inner.now, |now| now.max(inner.now));
        inner.now = now;
        let mutated = catch_unwind(AssertUnwindSafe(|| {
            let answer = mutation(&mut inner, now, after);
            inner.settle(after);
            answer
        }));
        let mutated = mutated.map_err(|panic| {
            inner.break_off(&panicked(&*panic), after);
            panic
        });
        drop(inner);
        self.carry_out(after);
        mutated.map_or_else(|panic| resume_unwind(panic), Ok)
    }
}

impl<V, M: Machine<V>, S: Seam> Shared<V, M, S> {
    /// What a mutation has left, now that the lock is released. The worker returns when everybody is woken whom it told.
    fn carry_out(&self, after: &mut After<V>) {
        loop {
            let woken = after.woken();
            after.run();
            // Whoever records it is foreign: if that panics, nobody is asleep who was to be woken.
            self.meters.woke(woken);
            if after.by != By::Worker || !after.more {
                return;
            }
            lock(&self.lock).share_out(after);
        }
    }
}

impl<V, M: Machine<V>> Inner<V, M> {
    /// Collects what a mutation asks for.
    fn settle(&mut self, after: &mut After<V>) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Wake { call } => {
                    let waker = self.wakers.remove(call);
                    if after.by == By::Worker { self.told.extend(waker) } else { after.wake(waker) }
                }
                Output::Unsubscribe { .. } | Output::Subscribe { .. } | Output::Load { .. } | Output::Fetch { .. } => {
                    self.orders.push_back(output);
                }
                Output::Ended { cause } => {
                    self.ended = Some((cause, self.now));
                    self.orders.push_back(output);
                }
            }
        }
        match after.by {
            By::Worker | By::Call if !self.told.is_empty() => self.share_out(after),
            By::Worker | By::Call | By::Other => {}
        }
        if !self.orders.is_empty() && after.by != By::Worker {
            after.wake(self.worker.take());
        }
        if self.machine.has_garbage() {
            self.machine.swap_garbage(&mut after.left().garbage);
        }
        if !self.wait_for_watchers.is_empty() {
            let counted = self.counts();
            if core::mem::replace(&mut self.counted, counted) != counted {
                // By a step or a deadline, and the machine does not say which.
                after.left().woken.extend(self.wait_for_watchers.take_all());
            }
        }
        if let Some(reached) = self.reached() {
            after.left().woken.extend(self.wait_for_positions.take_to(reached));
        }
        if self.causes.is_crowded() {
            after.left().errors.extend(self.causes.retain(&self.machine.causes()));
        }
    }

    /// Takes a share of those who are to be woken. A runtime starts its other threads at the first one woken, and they find little to do
    /// if all the others are woken one by one: they go to sleep and are started again and again. So they help with this.
    fn share_out(&mut self, after: &mut After<V>) {
        after.left().woken.extend(self.told.drain(..self.told.len().min(SHARE)));
        after.more = !self.told.is_empty();
    }

    /// How far those are to look again who wait for a position, if there are any. A store that follows has been brought somewhere; before
    /// its first load it stands nowhere, whatever position it begins with. One that has ended is brought nowhere any more.
    fn reached(&self) -> Option<Position> {
        if self.wait_for_positions.is_empty() {
            return None;
        }
        if self.ended.is_some() {
            return Some(Position(u64::MAX));
        }
        let report = self.machine.report();
        (report.phase == Phase::Following).then_some(report.position)
    }

    fn counts(&self) -> (usize, usize) {
        let watchers = self.machine.report().watchers;
        (watchers.total(), watchers.ended)
    }

    fn census(&mut self) -> Census {
        self.censuses += 1;
        let Self { machine, censuses: number, .. } = self;
        Census { number: *number, report: machine.report(), lag: machine.lag(), duplicates: machine.duplicates() }
    }

    fn explain(&self, error: machine::NextError) -> NextError {
        match error {
            machine::NextError::Stopped => NextError::Stopped,
            machine::NextError::Ended(cause) => NextError::Ended(self.causes.find(cause)),
            machine::NextError::Lagged { cursor, latest } => NextError::Lagged { cursor, latest },
            machine::NextError::UnknownCall { watcher, call } => {
                unreachable!("a handle polls its own pending calls alone, but {call} of {watcher} is unknown")
            }
        }
    }
}
