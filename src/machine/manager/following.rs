//! What the backing says, and what time makes of its silence: subscribing, loading, asking for steps, failing, ending.

use core::mem;

use super::super::config::RestartPolicy;
use super::super::connection::{ConnectionStage, InFlight, Load};
use super::super::entity::EntityId;
use super::super::error::{Cause, CauseClass, NextError};
use super::super::input::{BackingCall, Read, Step};
use super::super::numbers::{FetchId, Generation, Position, Time};
use super::super::output::Output;
use super::super::report::Phase;
use super::super::store::Slot;
use super::StoreManager;

impl<V: PartialEq> StoreManager<V> {
    /// The subscription stands: notices of every commit after `position` will come. Asks for the load.
    pub fn subscribed(&mut self, now: Time, generation: Generation, position: Position) {
        self.begin(now);
        if !self.is_current(generation) {
            return;
        }
        let ConnectionStage::Subscribing { .. } = self.connection.stage else {
            self.connection.dropped.unasked += 1;
            return;
        };
        self.connection.last_sign = now;
        self.connection.stage = ConnectionStage::Loading { p0: position, since: now, load: Load::new() };
        self.store.begin_seeing();
        self.outputs.push_back(Output::Load { generation });
    }

    /// The load brought entities, each read at some moment since p0. The last word on an id counts.
    pub fn staged(&mut self, now: Time, generation: Generation, reads: Vec<(EntityId, Read<V>)>) {
        self.begin(now);
        if !self.is_current(generation) {
            self.throw_away(reads);
            return;
        }
        let ConnectionStage::Loading { since, load, .. } = &mut self.connection.stage else {
            self.connection.dropped.unasked += 1;
            self.throw_away(reads);
            return;
        };
        *since = now;
        let mut load = mem::replace(load, Load::new());
        for (id, read) in reads {
            self.stage(&mut load, id, read);
        }
        self.set_load(load);
    }

    /// The load has brought everything. Asks for the step that completes it.
    pub fn load_done(&mut self, now: Time, generation: Generation) {
        self.begin(now);
        if !self.is_current(generation) {
            return;
        }
        let ConnectionStage::Loading { p0, load, .. } = &mut self.connection.stage else {
            self.connection.dropped.unasked += 1;
            return;
        };
        let load = mem::replace(load, Load::new());
        self.connection.stage = ConnectionStage::Completing { p0: *p0, load };
        self.ask();
    }

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
        if !following || step.from > self.store.position {
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
        let base = self.connection.base().unwrap_or(self.store.position);
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

    /// A call, or the subscription, failed as a whole.
    pub fn failed(&mut self, now: Time, generation: Generation, call: BackingCall, cause: Cause) {
        self.begin(now);
        if !self.is_current(generation) {
            return;
        }
        let pending = match call {
            BackingCall::Subscription => !matches!(self.connection.stage, ConnectionStage::Waiting { .. }),
            BackingCall::Load => matches!(self.connection.stage, ConnectionStage::Loading { .. }),
            BackingCall::Fetch(fetch) => {
                self.connection.in_flight.as_ref().is_some_and(|in_flight| in_flight.fetch == fetch)
            }
        };
        if !pending {
            self.connection.dropped.stale += 1;
        } else if cause.is_final() {
            self.connection.remember(self.now, cause);
            self.end(cause);
        } else {
            self.fail(cause);
        }
        self.finish();
    }

    /// Does what has become due. Calling it early, or again, does no harm.
    pub fn handle_timeout(&mut self, now: Time) {
        self.begin(now);
        let due = self.connection.deadline(&self.config).filter(|timeout| timeout.at <= now);
        if due.is_some() {
            let silent = self.connection.is_subscribed()
                && self.connection.last_sign.after(self.config.heartbeat.saturating_mul(3)) <= now;
            match self.connection.phase() {
                Phase::Waiting => self.open_generation(),
                Phase::Completing | Phase::Following if !silent => self.fetch_overdue(),
                Phase::Loading | Phase::Completing | Phase::Following if silent => {
                    self.fail(Cause::own(CauseClass::Silent));
                }
                Phase::Subscribing | Phase::Loading | Phase::Completing | Phase::Following => {
                    self.fail(Cause::own(CauseClass::TimedOut));
                }
                Phase::Ended => {}
            }
        }
        self.end_aged();
        self.finish();
    }

    /// Ends the machine: every watcher is told `cause`, the backing is released.
    pub fn kill(&mut self, now: Time, cause: Cause) {
        self.begin(now);
        if self.ended.is_none() {
            self.end(cause);
        }
        self.finish();
    }

    /// Begins the next life of the connection.
    pub(super) fn open_generation(&mut self) {
        self.connection.generation.0 += 1;
        self.connection.stage = ConnectionStage::Subscribing { since: self.now };
        self.outputs.push_back(Output::Subscribe { generation: self.connection.generation });
    }

    /// Whether something is said under the generation that lives; counted if not.
    fn is_current(&mut self, generation: Generation) -> bool {
        let current = generation == self.connection.generation
            && !matches!(self.connection.stage, ConnectionStage::Waiting { .. } | ConnectionStage::Ended);
        if !current {
            self.connection.dropped.stale += 1;
        }
        current
    }

    /// The same for what a subscription says: it must stand. What it says is a sign of life.
    fn is_heard(&mut self, generation: Generation) -> bool {
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

    fn stage(&mut self, load: &mut Load<V>, id: EntityId, read: Read<V>) {
        let live = self.store.find(&id).filter(|&slot| self.store.entry(slot).value.is_some());
        load.errors.remove(&id);
        let earlier = match read {
            Read::Value(value) => {
                live.into_iter().for_each(|slot| self.store.see(slot));
                let old = live.and_then(|slot| self.store.entry(slot).value.as_ref());
                if old.is_some_and(|old| **old == *value) {
                    self.garbage.values.push(value);
                    load.differing.remove(&id)
                } else {
                    load.differing.insert(id, value)
                }
            }
            Read::Absent => {
                live.into_iter().for_each(|slot| self.store.unsee(slot));
                load.differing.remove(&id)
            }
            Read::Error(cause) => {
                live.into_iter().for_each(|slot| self.store.see(slot));
                let earlier = load.differing.remove(&id);
                load.errors.insert(id, cause);
                earlier
            }
        };
        self.garbage.values.extend(earlier);
    }

    fn set_load(&mut self, staged: Load<V>) {
        if let ConnectionStage::Loading { load, .. } | ConnectionStage::Completing { load, .. } =
            &mut self.connection.stage
        {
            *load = staged;
        }
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
                let id = self.store.entry(slot).id.clone();
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

    /// The load and the step from p0 together are one revno, and equal the backing at the step's end.
    fn complete_load(&mut self, step: Step<V>) {
        let following = ConnectionStage::Following { since: self.now };
        let ConnectionStage::Completing { mut load, .. } = mem::replace(&mut self.connection.stage, following) else {
            unreachable!("only a load that waits for its step is completed")
        };
        for (id, read) in step.entities {
            self.stage(&mut load, id, read);
        }
        let unseen: Vec<Slot> = self.store.unseen().to_vec();
        for slot in unseen {
            self.plan(slot, None);
        }
        for (id, value) in load.differing {
            let slot = self.store.intern(&id);
            self.plan(slot, Some(value));
        }
        self.connection.quarantine.replace(load.errors, self.now, &self.config.backoff);
        self.connection.out_of_reach_since = None;
        self.carry_out(step.to);
        if !mem::replace(&mut self.loaded, true) {
            self.watchers.wake_fresh();
        }
    }

    /// The rule of steps, for one that does not start after the store's position.
    fn follow(&mut self, step: Step<V>) {
        let position = self.store.position;
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

    /// Asks for the step since the store's position, if there is a reason and nothing in the way.
    fn ask(&mut self) {
        let connection = &mut self.connection;
        if connection.in_flight.is_some() || connection.fetch_again_at.is_some_and(|at| at > self.now) {
            return;
        }
        connection.fetch_again_at = None;
        match connection.phase() {
            Phase::Completing => {
                let since = connection.base().unwrap_or(self.store.position);
                self.send_fetch(since);
            }
            Phase::Following => {
                let due = connection.quarantine.next_due().is_some_and(|at| at <= self.now);
                if due || connection.fetch_wanted || !connection.queue.is_empty() {
                    self.send_fetch(self.store.position);
                }
            }
            Phase::Waiting | Phase::Subscribing | Phase::Loading | Phase::Ended => {}
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
        if matches!(self.connection.stage, ConnectionStage::Following { .. }) {
            for id in self.connection.quarantine.due(self.now) {
                let slot = self.store.intern(id);
                if !mem::replace(&mut self.store.entry_mut(slot).asked, true) {
                    slots.push(slot);
                }
            }
        }
        let ids = slots.iter().map(|&slot| self.store.entry(slot).id.clone()).collect();
        let (generation, fetch) = (self.connection.generation, self.connection.next_fetch());
        self.connection.in_flight = Some(InFlight { fetch, since, asked_at: self.now, slots });
        self.outputs.push_back(Output::Fetch { generation, fetch, since, ids });
    }

    fn fetch_overdue(&mut self) {
        let overdue = |asked: &mut InFlight| asked.asked_at.after(self.config.call_timeout) <= self.now;
        if let Some(asked) = self.connection.in_flight.take_if(overdue) {
            self.ask_later(&asked, CauseClass::TimedOut);
        }
        self.ask();
    }

    /// A fetch came to nothing: its ids go back to the queue, and it is repeated after a while, or was repeated often enough.
    fn ask_later(&mut self, asked: &InFlight, class: CauseClass) {
        for &slot in &asked.slots {
            self.store.entry_mut(slot).asked = false;
            self.enqueue(slot);
        }
        self.connection.fetch_wanted = true;
        if self.connection.fetch_failed(self.now, &self.config) {
            self.fail(Cause::own(class));
        }
    }

    fn enqueue(&mut self, slot: Slot) {
        if !mem::replace(&mut self.store.entry_mut(slot).queued, true) {
            self.connection.queue.push(slot);
            self.connection.queued_since.get_or_insert(self.now);
        }
    }

    fn release_asked(&mut self, slots: &[Slot]) {
        for &slot in slots {
            self.store.entry_mut(slot).asked = false;
            self.store.release_unused(slot);
        }
    }

    /// The generation is over; another follows after the back-off.
    fn fail(&mut self, cause: Cause) {
        self.close();
        self.connection.fail(self.now, cause, &self.config);
        match self.config.restart {
            RestartPolicy::Invisible => {}
            RestartPolicy::EndWatchers => self.end_watchers(cause),
        }
    }

    fn end(&mut self, cause: Cause) {
        self.ended = Some(cause);
        self.close();
        self.connection.end();
        self.end_watchers(cause);
        self.outputs.push_back(Output::Ended { cause });
    }

    /// Drops what the generation has queued, asked and staged.
    fn close(&mut self) {
        if !matches!(self.connection.stage, ConnectionStage::Waiting { .. }) {
            self.outputs.push_back(Output::Unsubscribe { generation: self.connection.generation });
        }
        for slot in mem::take(&mut self.connection.queue) {
            self.store.entry_mut(slot).queued = false;
            self.store.release_unused(slot);
        }
        if let Some(asked) = self.connection.in_flight.take() {
            self.release_asked(&asked.slots);
        }
        if let ConnectionStage::Loading { load, .. } | ConnectionStage::Completing { load, .. } =
            &mut self.connection.stage
        {
            self.garbage.values.extend(mem::take(&mut load.differing).into_values());
        }
    }

    fn end_watchers(&mut self, cause: Cause) {
        for watcher in self.watchers.unended() {
            self.end_watcher(watcher, NextError::Ended(cause));
        }
    }

    /// Frees what was read, but not here.
    fn throw_away(&mut self, reads: impl IntoIterator<Item = (EntityId, Read<V>)>) {
        for (_, read) in reads {
            match read {
                Read::Value(value) => self.garbage.values.push(value),
                Read::Absent | Read::Error(_) => {}
            }
        }
    }
}
