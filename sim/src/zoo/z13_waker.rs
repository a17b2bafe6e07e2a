//! Z13 where it was, between reading and registering: opening a watcher reads where it is to be told, and its first call registers there.
//! If a restart comes in between, those who are registered are told of it, and this one registers with what nobody speaks to any more: it
//! hangs for ever.
//!
//! A call of a watcher that was opened in an older generation, and had not waited before the newer one began, registers no waker.

use std::task::{Poll, Waker};

use crate::driven::plant::{Answer, Moment, Notes, Plant};

/// The bug.
#[derive(Debug)]
pub(super) struct Z13Waker;

impl Plant for Z13Waker {
    fn poll(
        &self,
        notes: &mut Notes,
        now: Moment,
        waker: &Waker,
        ask: &mut dyn FnMut(&Waker) -> Poll<Answer>,
    ) -> Poll<Answer> {
        notes.is_lost |= !now.again && now.opened < now.generation;
        ask(if notes.is_lost { Waker::noop() } else { waker })
    }
}
