//! The lines of pending calls: joined by first poll, woken at the head, left by taking or dropping.

use super::super::garbage::Garbage;
use super::super::numbers::CallId;
use super::Watchers;
use super::cohort::Stage;
use super::watcher::Seats;

/// How a call stood in the line it has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::machine) enum Left {
    /// At the head, woken.
    WokenHead,
    /// At the head, not woken.
    Head,
    /// Behind another call.
    Inner,
}

impl Left {
    pub(in crate::machine) fn was_woken(self) -> bool {
        match self {
            Self::WokenHead => true,
            Self::Head | Self::Inner => false,
        }
    }
}

impl<V> Watchers<V> {
    /// Whether a call of this watcher would be answered with a batch; `loaded` says that a first load has finished.
    pub(in crate::machine) fn can_take(&self, watcher: u32, loaded: bool) -> bool {
        match self.cohorts[self.slab[watcher as usize].cohort as usize].stage {
            Stage::Fresh => loaded,
            Stage::CaughtUp => false,
            Stage::Behind => true,
        }
    }

    /// Puts a new call at the end of the line.
    pub(in crate::machine) fn join_line(&mut self, watcher: u32) -> CallId {
        self.last_call += 1;
        self.calls += 1;
        let call = CallId(self.last_call);
        let line = &mut self.slab[watcher as usize].line;
        let first = line.is_empty();
        line.push(call);
        if first {
            let cohort = self.slab[watcher as usize].cohort;
            self.cohorts[cohort as usize].lined += 1;
            self.take_seat(watcher);
        }
        call
    }

    /// The head was polled and found nothing: it waits on, and will be woken again.
    pub(in crate::machine) fn wait_on(&mut self, watcher: u32) {
        self.slab[watcher as usize].line.woken = false;
        self.take_seat(watcher);
    }

    /// Takes a call out of the line; `None` if it is not in it.
    pub(in crate::machine) fn leave_line(
        &mut self,
        watcher: u32,
        call: CallId,
        garbage: &mut Garbage<V>,
    ) -> Option<Left> {
        let line = &mut self.slab[watcher as usize].line;
        let left = if line.head() == Some(call) {
            if line.pop() { Left::WokenHead } else { Left::Head }
        } else if line.remove(call) {
            Left::Inner
        } else {
            return None;
        };
        self.calls -= 1;
        if self.slab[watcher as usize].line.is_empty() {
            let cohort = self.slab[watcher as usize].cohort;
            self.cohorts[cohort as usize].lined -= 1;
            if self.cohorts[cohort as usize].lined == 0 {
                self.release_kept(cohort, garbage);
            }
        }
        self.take_seat(watcher);
        Some(left)
    }

    /// Wakes the head of a watcher's line, if there is one.
    pub(in crate::machine) fn wake_head(&mut self, watcher: u32) {
        let line = &mut self.slab[watcher as usize].line;
        if let Some(call) = line.head() {
            line.woken = true;
            self.wakes.push(call);
            self.take_seat(watcher);
        }
    }

    /// Moves a watcher to the list of its cohort that fits its line.
    fn take_seat(&mut self, watcher: u32) {
        let member = &mut self.slab[watcher as usize];
        let (old, new) = (member.seat, member.seat_it_needs());
        if old != new {
            member.seat = new;
            let cohort = &mut self.cohorts[member.cohort as usize];
            cohort.chain(old).remove(&mut Seats(&mut self.slab), watcher);
            cohort.chain(new).push_back(&mut Seats(&mut self.slab), watcher);
        }
    }
}
