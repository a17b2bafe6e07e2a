//! Readers who come back: at once, or when the store has been brought to where they were.

use core::task::{Poll, Waker};

use super::super::after::After;
use super::super::causes::Failure;
use super::super::error::ResumeError;
use super::super::machine::Machine;
use super::super::seam::Seam;
use super::super::sync::lock;
use super::super::token::ResumeToken;
use super::{Census, Inner, Shared, Watched};
use crate::machine::{self, Position, Time, WatcherId};

/// A reader who came back has a watcher, or an error of its own, or the machine has ended.
type Resumed = Result<(WatcherId, Census), Result<ResumeError, Failure>>;

impl<V, M: Machine<V>, S: Seam> Shared<V, M, S> {
    pub(in crate::driver) fn try_resume(&self, token: &ResumeToken) -> Result<Watched, ResumeError> {
        self.conclude_resume(self.mutate(|inner, now, after| inner.resume(token, now, after)))
    }

    /// One poll of a reader who comes back: as long as the store has not been brought that far, it waits under `key`.
    pub(in crate::driver) fn poll_resume(
        &self,
        token: &ResumeToken,
        key: &mut Option<u64>,
        waker: &Waker,
    ) -> Poll<Result<Watched, ResumeError>> {
        let resumed = self.mutate(|inner, now, after| {
            let resumed = inner.resume(token, now, after);
            if let Err(Ok(ResumeError::Ahead { .. })) = resumed {
                after.discard(inner.wait_for_positions.set(token.point().position, key, waker));
                return Poll::Pending;
            }
            after.discard(key.take().and_then(|key| inner.wait_for_positions.remove(token.point().position, key)));
            Poll::Ready(resumed)
        });
        match resumed {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(resumed)) => Poll::Ready(self.conclude_resume(Ok(resumed))),
            Err(failure) => Poll::Ready(self.conclude_resume(Err(failure))),
        }
    }

    /// Somebody no longer waits for the store to be brought to this position. Says where it stands.
    pub(in crate::driver) fn forget_position_wait(&self, position: Position, key: u64) -> Position {
        let mut inner = lock(&self.lock);
        let waker = inner.wait_for_positions.remove(position, key);
        let position = inner.machine.report().position;
        drop(inner);
        drop(waker);
        position
    }

    fn conclude_resume(&self, resumed: Result<Resumed, Failure>) -> Result<Watched, ResumeError> {
        match resumed {
            Ok(Ok((watcher, census))) => {
                self.meters.publish(&census, self.seam.now());
                Ok(Watched::new(watcher))
            }
            Ok(Err(Ok(error))) => Err(error),
            Ok(Err(Err(failure))) | Err(failure) => Err(self.refusal(failure).into()),
        }
    }
}

impl<V, M: Machine<V>> Inner<V, M> {
    fn resume(&mut self, token: &ResumeToken, now: Time, after: &mut After<V>) -> Resumed {
        let resumed = self.machine.resume(now, token.filter().clone(), token.point()).map_err(|error| match error {
            machine::ResumeError::Ended(cause) => Err(self.causes.find(cause)),
            machine::ResumeError::Gone { epoch, oldest } => Ok(ResumeError::Gone { epoch, oldest }),
            machine::ResumeError::Future { latest } => Ok(ResumeError::Future { latest }),
            machine::ResumeError::Ahead { position } => Ok(ResumeError::Ahead { position }),
        });
        // One that comes back behind can pass the limit of age before anything else happens.
        after.wake(self.worker.take());
        self.counted = self.counts();
        resumed.map(|watcher| (watcher, self.census()))
    }
}
