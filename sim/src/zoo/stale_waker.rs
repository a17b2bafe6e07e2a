//! A future that keeps the waker of its first poll. The call moves to another task, which polls it with a waker of its own, and it is the
//! first one that is woken.

use std::task::{Poll, Waker};

use crate::driven::plant::{Answer, Moment, Notes, Plant};

/// The bug.
#[derive(Debug)]
pub(super) struct StaleWaker;

impl Plant for StaleWaker {
    fn poll(
        &self,
        notes: &mut Notes,
        _: Moment,
        waker: &Waker,
        ask: &mut dyn FnMut(&Waker) -> Poll<Answer>,
    ) -> Poll<Answer> {
        let first = notes.first.get_or_insert_with(|| waker.clone()).clone();
        ask(&first)
    }
}
