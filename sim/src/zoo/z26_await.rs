//! Z26 where it was, in the future: `next` takes the batch, then comes an await, and the caller drops the future there. The batch is
//! lost.
//!
//! A call that was woken takes its batch and lets others have their turn before it returns it. (One that finds its batch in its first
//! poll returns it: the world knows no call by name that never waited.)

use std::task::{Poll, Waker};

use crate::driven::plant::{Answer, Moment, Notes, Plant};

/// The bug.
#[derive(Debug)]
pub(super) struct Z26Await;

impl Plant for Z26Await {
    fn poll(
        &self,
        notes: &mut Notes,
        now: Moment,
        waker: &Waker,
        ask: &mut dyn FnMut(&Waker) -> Poll<Answer>,
    ) -> Poll<Answer> {
        if let Some(taken) = notes.taken.take() {
            return Poll::Ready(Ok(taken));
        }
        match ask(waker) {
            Poll::Ready(Ok(batch)) if now.again => {
                notes.taken = Some(batch);
                waker.wake_by_ref();
                Poll::Pending
            }
            polled @ (Poll::Ready(_) | Poll::Pending) => polled,
        }
    }
}
