//! One watcher: its audience, its cohort, its line of calls, and how it ended.

use std::collections::VecDeque;

use slab::Slab;

use super::super::error::NextError;
use super::super::numbers::{CallId, WatcherId};
use super::links::{Link, Links, NONE};

#[derive(Debug, Clone)]
pub(in crate::machine) struct Watcher {
    pub(in crate::machine) id: WatcherId,
    pub(in crate::machine) audience: u32,
    pub(in crate::machine) cohort: u32,
    pub(super) link: Link,
    pub(super) seat: Seat,
    pub(in crate::machine) line: Line,
    /// Set when it ended otherwise than by a stop; it then belongs to no cohort.
    pub(in crate::machine) ended: Option<Box<NextError>>,
}

/// In which list of its cohort a watcher is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// A call waits at the head of its line and has not been woken.
    Waiting,
    /// No call, or one that was woken.
    Resting,
}

impl Watcher {
    pub(super) fn new(id: WatcherId, audience: u32) -> Self {
        Self { id, audience, cohort: NONE, link: Link::LOOSE, seat: Seat::Resting, line: Line::default(), ended: None }
    }

    pub(super) fn seat_it_needs(&self) -> Seat {
        if self.line.head().is_some() && !self.line.woken { Seat::Waiting } else { Seat::Resting }
    }
}

/// The pending calls of one watcher, by first poll. An empty line, and one of a single call, hold no memory of their own.
#[derive(Debug, Clone, Default)]
pub(in crate::machine) struct Line {
    /// 0 for none: call ids begin at 1.
    head: u64,
    #[expect(
        clippy::box_collection,
        reason = "one word instead of four in every watcher, for a second call that is rare"
    )]
    rest: Option<Box<VecDeque<CallId>>>,
    /// Whether the head was woken and has not been polled since.
    pub(in crate::machine) woken: bool,
}

impl Line {
    pub(in crate::machine) fn head(&self) -> Option<CallId> {
        (self.head != 0).then_some(CallId(self.head))
    }

    pub(in crate::machine) fn contains(&self, call: CallId) -> bool {
        self.iter().any(|other| other == call)
    }

    pub(in crate::machine) fn is_empty(&self) -> bool {
        self.head == 0
    }

    pub(in crate::machine) fn iter(&self) -> impl Iterator<Item = CallId> {
        self.head().into_iter().chain(self.rest.iter().flat_map(|rest| rest.iter().copied()))
    }

    pub(super) fn push(&mut self, call: CallId) {
        if self.head == 0 {
            (self.head, self.woken) = (call.0, false);
        } else {
            self.rest.get_or_insert_default().push_back(call);
        }
    }

    /// Takes the head out; the next call becomes the head, not woken. Whether the old one was woken is returned.
    pub(super) fn pop(&mut self) -> bool {
        let next = self.rest.as_mut().and_then(|rest| rest.pop_front());
        self.head = next.map_or(0, |call| call.0);
        self.shrink();
        core::mem::replace(&mut self.woken, false)
    }

    /// Takes out a call that is not the head.
    pub(super) fn remove(&mut self, call: CallId) -> bool {
        let Some(rest) = &mut self.rest else { return false };
        let Some(at) = rest.iter().position(|&other| other == call) else { return false };
        rest.remove(at);
        self.shrink();
        true
    }

    fn shrink(&mut self) {
        if self.rest.as_ref().is_some_and(|rest| rest.is_empty()) {
            self.rest = None;
        }
    }
}

/// The lists of a cohort's members.
pub(super) struct Seats<'a>(pub(super) &'a mut Slab<Watcher>);

impl Links for Seats<'_> {
    fn link(&mut self, at: u32) -> &mut Link {
        &mut self.0[at as usize].link
    }
}
