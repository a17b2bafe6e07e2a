//! When a step is asked for, what it must name, and what becomes of a question that came to nothing.

use core::mem;

use super::super::connection::InFlight;
use super::super::error::{Cause, CauseClass};
use super::super::numbers::Position;
use super::super::output::Output;
use super::super::report::Phase;
use super::super::store::Slot;
use super::StoreManager;

impl<V: PartialEq> StoreManager<V> {
    /// Asks for the step since the store's position, if there is a reason and nothing in the way.
    pub(super) fn ask(&mut self) {
        let connection = &mut self.connection;
        if connection.in_flight.is_some() || connection.fetch_again_at.is_some_and(|at| at > self.now) {
            return;
        }
        connection.fetch_again_at = None;
        match connection.phase() {
            Phase::Completing => {
                let since = connection.base().unwrap_or(self.store.position());
                self.send_fetch(since);
            }
            Phase::Following => {
                let due = connection.quarantine.next_due().is_some_and(|at| at <= self.now);
                if due || connection.fetch_wanted || !connection.queue.is_empty() {
                    self.send_fetch(self.store.position());
                }
            }
            Phase::Waiting | Phase::Subscribing | Phase::Loading | Phase::Ended => {}
        }
    }

    /// A fetch came to nothing: its ids go back to the queue, and it is repeated after a while, or was repeated often enough.
    pub(super) fn ask_later(&mut self, asked: &InFlight, class: CauseClass) {
        for &slot in &asked.slots {
            self.store.entry_mut(slot).asked = false;
            self.enqueue(slot);
        }
        self.connection.fetch_wanted = true;
        if self.connection.fetch_failed(self.now, &self.config) {
            self.fail(Cause::own(class));
        }
    }

    pub(super) fn fetch_overdue(&mut self) {
        let overdue = |asked: &mut InFlight| asked.asked_at.after(self.config.call_timeout) <= self.now;
        if let Some(asked) = self.connection.in_flight.take_if(overdue) {
            self.ask_later(&asked, CauseClass::TimedOut);
        }
        self.ask();
    }

    pub(super) fn enqueue(&mut self, slot: Slot) {
        if mem::replace(&mut self.store.entry_mut(slot).queued, true) {
            self.connection.duplicates += 1;
        } else {
            self.connection.queue.push(slot);
            self.connection.queued_since.get_or_insert(self.now);
        }
    }

    pub(super) fn release_asked(&mut self, slots: &[Slot]) {
        for &slot in slots {
            self.store.entry_mut(slot).asked = false;
            self.store.release_unused(slot);
        }
    }

    fn send_fetch(&mut self, since: Position) {
        let mut slots = mem::take(&mut self.connection.queue);
        self.connection.queued_since = None;
        self.connection.fetch_wanted = false;
        for &slot in &slots {
            let entry = self.store.entry_mut(slot);
            (entry.queued, entry.asked) = (false, true);
        }
        if self.connection.phase() == Phase::Following {
            for id in self.connection.quarantine.due(self.now) {
                let slot = self.store.intern(id);
                if !mem::replace(&mut self.store.entry_mut(slot).asked, true) {
                    slots.push(slot);
                }
            }
        }
        let ids = slots.iter().map(|&slot| self.store.id(slot).clone()).collect();
        let (generation, fetch) = (self.connection.generation, self.connection.next_fetch());
        self.connection.in_flight = Some(InFlight { fetch, since, asked_at: self.now, slots });
        self.outputs.push_back(Output::Fetch { generation, fetch, since, ids });
    }
}
