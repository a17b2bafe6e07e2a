//! Ends: who waits for them, and how everything ends that hangs on a worker whose task is gone.

use core::any::Any;
use core::task::{Poll, Waker};

use super::super::after::{After, By};
use super::super::causes::Failure;
use super::super::error::NextError;
use super::super::foreign::message;
use super::super::machine::Machine;
use super::super::seam::Seam;
use super::super::sync::lock;
use super::super::worker::Doing;
use super::{Inner, Shared, Watched};
use crate::machine::{CauseClass, Time};

impl<V, M: Machine<V>, S: Seam> Shared<V, M, S> {
    /// Ready with the watcher's final error once it has ended.
    pub(in crate::driver) fn poll_watcher_end(
        &self,
        watched: &Watched,
        key: &mut Option<u64>,
        waker: &Waker,
    ) -> Poll<NextError> {
        let polled = self.mutate(|inner, now, after| match inner.machine.progress(now, watched.id) {
            Err(error) => Poll::Ready(watched.ended(inner.explain(error))),
            Ok(_) => {
                if inner.wait_for_watchers.is_empty() {
                    inner.counted = inner.counts();
                }
                after.discard(inner.wait_for_watchers.set(watched.id, key, waker));
                Poll::Pending
            }
        });
        polled.unwrap_or_else(|failure| Poll::Ready(watched.final_error(failure)))
    }

    /// Ready with the worker's final failure once its task is over.
    pub(in crate::driver) fn poll_worker_end(&self, key: &mut Option<u64>, waker: &Waker) -> Poll<Failure> {
        let mut inner = lock(&self.lock);
        match inner.over.clone() {
            Some(failure) => Poll::Ready(failure),
            None => {
                let replaced = inner.wait_for_worker.set((), key, waker);
                drop(inner);
                drop(replaced);
                Poll::Pending
            }
        }
    }

    /// Somebody no longer waits for the worker's end.
    pub(in crate::driver) fn forget_worker_wait(&self, key: u64) {
        let waker = lock(&self.lock).wait_for_worker.remove((), key);
        drop(waker);
    }

    /// Somebody no longer waits for a watcher's end.
    pub(in crate::driver) fn forget_watcher_wait(&self, watched: &Watched, key: u64) {
        let waker = lock(&self.lock).wait_for_watchers.remove(watched.id, key);
        drop(waker);
    }

    /// Ends everything that hangs on the worker, whatever state the machine is in: the worker's task is gone, or going.
    pub(in crate::driver) fn break_off(&self, failure: &Failure) {
        let mut after = After::<V>::new(By::Other);
        let mut inner = lock(&self.lock);
        inner.break_off(failure, &mut after);
        drop(inner);
        after.run();
    }

    /// The worker's task is over: for the reason for which the machine ended, or else for this one.
    pub(in crate::driver) fn finish(&self, failure: Failure) {
        let mut after = After::<V>::new(By::Other);
        let mut inner = lock(&self.lock);
        let failure = inner.ended.map_or(failure, |(cause, _)| inner.causes.find(cause));
        inner.over.get_or_insert(failure);
        inner.doing = Doing::default();
        after.left().woken.extend(inner.wait_for_worker.take_all());
        drop(inner);
        after.run();
    }

    /// Why and when it ended, if it has; its backing may still be released.
    pub(in crate::driver) fn end(&self) -> Option<(Failure, Time)> {
        let inner = lock(&self.lock);
        let broken = || inner.broken.as_ref().map(|failure| (failure.clone(), inner.now));
        inner.ended.map(|(cause, at)| (inner.causes.find(cause), at)).or_else(broken)
    }
}

impl<V, M: Machine<V>> Inner<V, M> {
    pub(super) fn break_off(&mut self, failure: &Failure, after: &mut After<V>) {
        self.broken.get_or_insert_with(|| failure.clone());
        after.left().woken.extend(self.told.drain(..));
        after.left().woken.extend(self.wakers.take_all());
        after.left().woken.extend(self.wait_for_watchers.take_all());
        after.left().woken.extend(self.wait_for_positions.take_all());
        after.wake(self.worker.take());
    }
}

/// The failure that a panic of the worker is.
pub(in crate::driver) fn panicked(panic: &(dyn Any + Send)) -> Failure {
    Failure::new(CauseClass::Permanent, format!("the worker panicked: {}", message(panic)))
}
