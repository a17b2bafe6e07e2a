//! What the driver drives: the store manager, or another one in its place.

use crate::backing::Value;
use crate::machine::{
    Answer, Batch, CallId, Cause, EntityId, Filter, Garbage, Input, NextError, NextPoll, Output, Progress, Report,
    ResumeError, ResumePoint, StoreManager, Time, Timeout, WatchError, WatcherId,
};

/// A store manager as the driver sees it; its contract is that of [`StoreManager`]. The simulator puts wrong ones here.
pub trait Machine<V>: Send + 'static {
    /// Takes one stimulus.
    fn handle(&mut self, now: Time, input: Input<V>) -> Answer<V>;

    /// The next thing the outside must do.
    fn poll_output(&mut self) -> Option<Output>;

    /// The next moment at which time alone makes something happen.
    fn poll_timeout(&self) -> Option<Timeout>;

    /// Exchanges what is no longer needed for an empty container.
    fn swap_garbage(&mut self, empty: &mut Garbage<V>);

    /// Whether there may be anything that is no longer needed.
    fn has_garbage(&self) -> bool {
        true
    }

    /// The census.
    fn report(&self) -> Report;

    /// Ids in quarantine, with the cause.
    fn quarantined(&self) -> Vec<(EntityId, Cause)>;

    /// Every cause that it may still name.
    fn causes(&self) -> Vec<Cause>;

    /// How far the watcher that is furthest behind stands behind, in revnos; for metrics.
    fn lag(&self) -> u64 {
        0
    }

    /// How many notices named an id that was queued already, since the beginning; for metrics.
    fn duplicates(&self) -> u64 {
        0
    }

    /// A reader's poll of a call of `next`; the hot path, so it may have one of its own.
    fn next(&mut self, now: Time, watcher: WatcherId, call: Option<CallId>) -> NextPoll<V> {
        let Answer::Next(poll) = self.handle(now, Input::Next { watcher, call }) else { misanswered() };
        poll
    }

    /// Opens a watcher.
    fn watch(&mut self, now: Time, filter: Filter) -> Result<WatcherId, WatchError> {
        let Answer::Watch(result) = self.handle(now, Input::Watch { filter }) else { misanswered() };
        result
    }

    /// Opens a watcher for a reader that comes back.
    fn resume(&mut self, now: Time, filter: Filter, from: ResumePoint) -> Result<WatcherId, ResumeError> {
        let Answer::Resume(result) = self.handle(now, Input::Resume { filter, from }) else { misanswered() };
        result
    }

    /// A batch without waiting.
    fn try_next(&mut self, now: Time, watcher: WatcherId) -> Result<Option<Batch<V>>, NextError> {
        let Answer::TryNext(result) = self.handle(now, Input::TryNext { watcher }) else { misanswered() };
        result
    }

    /// How far a watcher's view reaches.
    fn progress(&mut self, now: Time, watcher: WatcherId) -> Result<Option<Progress>, NextError> {
        let Answer::Progress(result) = self.handle(now, Input::Progress { watcher }) else { misanswered() };
        result
    }
}

impl<V: Value> Machine<V> for StoreManager<V> {
    fn handle(&mut self, now: Time, input: Input<V>) -> Answer<V> {
        self.handle(now, input)
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.poll_output()
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        self.poll_timeout()
    }

    fn swap_garbage(&mut self, empty: &mut Garbage<V>) {
        self.swap_garbage(empty);
    }

    fn has_garbage(&self) -> bool {
        self.has_garbage()
    }

    fn report(&self) -> Report {
        self.report()
    }

    fn quarantined(&self) -> Vec<(EntityId, Cause)> {
        self.quarantined().map(|(id, cause)| (id.clone(), cause)).collect()
    }

    fn causes(&self) -> Vec<Cause> {
        self.causes().collect()
    }

    fn lag(&self) -> u64 {
        self.lag()
    }

    fn duplicates(&self) -> u64 {
        self.duplicates()
    }

    fn next(&mut self, now: Time, watcher: WatcherId, call: Option<CallId>) -> NextPoll<V> {
        self.next(now, watcher, call)
    }
}

/// An answer follows from its input; one that does not is a bug of whatever stands in the machine's place.
fn misanswered() -> ! {
    unreachable!("the machine's answer follows from what it was asked")
}
