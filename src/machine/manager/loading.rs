//! How a generation begins: the subscription, the load that is staged as it arrives, and the step that completes it.

use core::mem;

use super::super::connection::{ConnectionStage, Load};
use super::super::entity::EntityId;
use super::super::identity::Identity;
use super::super::input::{Read, Step};
use super::super::numbers::{Generation, Position, Time};
use super::super::output::Output;
use super::super::store::Slot;
use super::StoreManager;

impl<V: PartialEq> StoreManager<V> {
    /// The subscription stands: notices of every commit after `position` will come. Asks for the load. If it is of another backing than
    /// the one before, or of one whose past has changed, readers see the difference, and tokens of the past are refused.
    pub fn subscribed(&mut self, now: Time, generation: Generation, position: Position, backing: Identity) {
        self.begin(now);
        if !self.is_current(generation) {
            return;
        }
        let ConnectionStage::Subscribing { .. } = self.connection.stage else {
            self.connection.dropped.unasked += 1;
            return;
        };
        if self.backing.replace(backing) != Some(backing) {
            self.store.milestones.begin_past();
        }
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

    /// The load and the step from p0 together are one revno, and equal the backing at the step's end.
    pub(super) fn complete_load(&mut self, step: Step<V>) {
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
        // They were compared as they were staged, and the store has not changed since: not again while the lock is held.
        for (id, value) in load.differing {
            let slot = self.store.intern(&id);
            self.store.touch_places(slot);
            self.plan_difference(slot, Some(value));
        }
        self.connection.quarantine.replace(load.errors, self.now, &self.config.backoff);
        self.connection.out_of_reach_since = None;
        if step.to < self.store.position() {
            self.store.milestones.begin_past();
        }
        self.carry_out(step.to);
        if !mem::replace(&mut self.loaded, true) {
            self.watchers.wake_fresh();
        }
    }
}
