//! What the subscription says and what a fetch brings: notices, marks, and steps with the rule by which they are taken.

use core::mem;

use super::super::connection::{ConnectionStage, InFlight};
use super::super::entity::EntityId;
use super::super::error::{Cause, CauseClass};
use super::super::input::{Read, Step};
use super::super::numbers::{FetchId, Generation, Position, Time};
use super::StoreManager;

impl<V: PartialEq> StoreManager<V> {
    /// Commits touched these ids.
    pub fn notice(&mut self, now: Time, generation: Generation, ids: Vec<EntityId>) {
        self.begin(now);
        if !self.is_heard(generation) {
            return;
        }
        for id in ids {
            let slot = self.store.intern(&id);
            self.enqueue(slot);
        }
        if self.connection.queue.len() > self.config.queue_limit {
            self.fail(Cause::own(CauseClass::QueueFull));
        } else {
            self.ask();
        }
        self.finish();
    }

    /// A sign of life. The position is the backing's when it was sent; nothing follows from it.
    pub fn mark(&mut self, now: Time, generation: Generation, _position: Position) {
        self.begin(now);
        self.is_heard(generation);
    }

    /// A step that nobody asked for: taken if it joins the store's position, a reason to ask if it starts after it.
    pub fn step(&mut self, now: Time, generation: Generation, step: Step<V>) {
        self.begin(now);
        if !self.is_heard(generation) {
            self.throw_away(step.entities);
            return;
        }
        let following = matches!(self.connection.stage, ConnectionStage::Following { .. });
        if !following || step.from > self.store.position() {
            self.connection.dropped.gaps += 1;
            self.connection.fetch_wanted = true;
            self.throw_away(step.entities);
        } else {
            self.follow(step);
        }
        self.ask();
        self.finish();
    }

    /// The answer to a fetch.
    pub fn fetched(&mut self, now: Time, generation: Generation, fetch: FetchId, step: Step<V>) {
        self.begin(now);
        if !self.is_current(generation) {
            self.throw_away(step.entities);
            return;
        }
        let Some(asked) = self.connection.in_flight.take_if(|in_flight| in_flight.fetch == fetch) else {
            self.connection.dropped.stale += 1;
            self.throw_away(step.entities);
            return;
        };
        let base = self.connection.base().unwrap_or(self.store.position());
        if step.to < asked.since {
            self.throw_away(step.entities);
            self.release_asked(&asked.slots);
            self.fail(Cause::own(CauseClass::Contradiction));
        } else if step.from > base {
            self.connection.dropped.gaps += 1;
            self.throw_away(step.entities);
            self.ask_later(&asked, CauseClass::Contradiction);
        } else {
            self.connection.fetch_failures = 0;
            self.connection.fetch_again_at = None;
            self.take_step(&asked, step);
            self.ask();
        }
        self.finish();
    }

    /// Whether something is said under the generation that lives; counted if not.
    pub(super) fn is_current(&mut self, generation: Generation) -> bool {
        let current = generation == self.connection.generation
            && !matches!(self.connection.stage, ConnectionStage::Waiting { .. } | ConnectionStage::Ended);
        if !current {
            self.connection.dropped.stale += 1;
        }
        current
    }

    /// The same for what a subscription says: it must stand. What it says is a sign of life.
    pub(super) fn is_heard(&mut self, generation: Generation) -> bool {
        if !self.is_current(generation) {
            return false;
        }
        if !self.connection.is_subscribed() {
            self.connection.dropped.unasked += 1;
            return false;
        }
        self.connection.last_sign = self.now;
        true
    }

    /// A step was answered that joins what we have: it completes the load, or is followed. What it left out counts as unreadable.
    fn take_step(&mut self, asked: &InFlight, mut step: Step<V>) {
        for (id, _) in &step.entities {
            if let Some(slot) = self.store.find(id) {
                self.store.entry_mut(slot).asked = false;
            }
        }
        for &slot in &asked.slots {
            // Marked again: the entry must outlast the step, whatever that does to it.
            if mem::replace(&mut self.store.entry_mut(slot).asked, true) {
                let id = self.store.id(slot).clone();
                step.entities.push((id, Read::Error(Cause::own(CauseClass::Unanswered))));
            }
        }
        if matches!(self.connection.stage, ConnectionStage::Completing { .. }) {
            self.complete_load(step);
        } else {
            self.follow(step);
        }
        self.release_asked(&asked.slots);
    }

    /// The rule of steps, for one that does not start after the store's position.
    fn follow(&mut self, step: Step<V>) {
        let position = self.store.position();
        let quarantine = &self.connection.quarantine;
        let repeat = step.to == position && !step.entities.iter().any(|(id, _)| quarantine.contains(id));
        if step.to < position || repeat {
            self.connection.dropped.repeats += 1;
            self.throw_away(step.entities);
            return;
        }
        for (id, read) in step.entities {
            if step.to == position && !self.connection.quarantine.contains(&id) {
                self.throw_away([(id, read)]);
                continue;
            }
            match read {
                Read::Value(value) => {
                    self.connection.quarantine.remove(&id);
                    let slot = self.store.intern(&id);
                    self.plan(slot, Some(value));
                }
                Read::Absent => {
                    self.connection.quarantine.remove(&id);
                    if let Some(slot) = self.store.find(&id) {
                        self.plan(slot, None);
                    }
                }
                Read::Error(cause) => {
                    self.connection.quarantine.add(&id, cause, self.now, &self.config.backoff);
                    if let Some(slot) = self.store.find(&id) {
                        self.unplan(slot);
                        self.store.release_unused(slot);
                    }
                }
            }
        }
        self.carry_out(step.to);
    }

    /// Frees what was read, but not here.
    pub(super) fn throw_away(&mut self, reads: impl IntoIterator<Item = (EntityId, Read<V>)>) {
        for (_, read) in reads {
            match read {
                Read::Value(value) => self.garbage.values.push(value),
                Read::Absent | Read::Error(_) => {}
            }
        }
    }
}
