//! Z12, Juju PR 13714: the store handed out its live value. The caller edited it, and the update that followed was found equal to
//! what the store held, and lost.
//!
//! The shipped machine with values that can be edited in place, which is what takes the bug to be possible. Whoever makes an
//! update has read the entity before, if anybody has, and edits what he was given.
//!
//! Values without such a door are safe. A batch shares them, so nobody gets at one to edit it:
//!
//! ```compile_fail,E0594
//! # use multiwatcher::machine::Batch;
//! fn edit(batch: &Batch<u32>) {
//!     for delta in batch.deltas() {
//!         **delta.value() = 2;
//!     }
//! }
//! ```
//!
//! What can be done is to edit a copy, and the store has no part in that:
//!
//! ```
//! # use multiwatcher::machine::Batch;
//! fn edit(batch: &Batch<u32>) -> Vec<u32> {
//!     batch.deltas().iter().map(|delta| **delta.value() + 1).collect()
//! }
//! ```

use core::sync::atomic::{AtomicU32, Ordering};
use std::collections::BTreeMap;
use std::sync::Arc;

use multiwatcher::machine::{
    Answer, Batch, Cause, Config, Delta, EntityId, Epoch, Garbage, Input, NextPoll, Output, Read, Report, Step,
    StoreManager, Time, Timeout,
};
use multiwatcher::testing::{State, Universe, Val};

use super::with::{Stand, Stands};

/// A value that can be edited by whoever shares it.
#[derive(Debug)]
struct Editable(AtomicU32);

/// The bug.
#[derive(Debug)]
pub(super) struct Z12 {
    machine: StoreManager<Editable>,
    /// What was handed out last of each entity.
    handed_out: BTreeMap<EntityId, Arc<Editable>>,
}

impl Editable {
    fn get(&self) -> Val {
        self.0.load(Ordering::Relaxed)
    }
}

impl PartialEq for Editable {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Stands for Z12 {
    fn stand(config: Config, epoch: Epoch, now: Time) -> Box<dyn Stand> {
        Box::new(Self { machine: StoreManager::new(config, epoch, now), handed_out: BTreeMap::new() })
    }
}

impl Stand for Z12 {
    fn handle(&mut self, now: Time, input: Input<Val>) -> Answer<Val> {
        let input = self.with_edits(input);
        match self.machine.handle(now, input) {
            Answer::Watch(answer) => Answer::Watch(answer),
            Answer::Resume(answer) => Answer::Resume(answer),
            Answer::Next(NextPoll::Ready(Ok(batch))) => Answer::Next(NextPoll::Ready(Ok(self.hand_out(&batch)))),
            Answer::Next(NextPoll::Ready(Err(error))) => Answer::Next(NextPoll::Ready(Err(error))),
            Answer::Next(NextPoll::Pending(call)) => Answer::Next(NextPoll::Pending(call)),
            Answer::TryNext(taken) => Answer::TryNext(taken.map(|batch| batch.map(|batch| self.hand_out(&batch)))),
            Answer::Progress(answer) => Answer::Progress(answer),
            Answer::Done => Answer::Done,
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.machine.poll_output()
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        self.machine.poll_timeout()
    }

    fn report(&self) -> Report {
        self.machine.report()
    }

    fn store(&self, universe: &Universe) -> State {
        let mut state = State::EMPTY;
        for (id, value) in self.machine.entities() {
            let place = universe.place(id);
            if place.at() < universe.ids().len() {
                state.set(place, Some(value.get()));
            }
        }
        state
    }

    fn check(&self) -> Result<(), String> {
        self.machine.check().map_err(|broken| broken.to_string())
    }

    fn swap_garbage(&mut self, _: &mut Garbage<Val>) {
        self.machine.swap_garbage(&mut Garbage::default());
    }

    fn quarantined(&self) -> Vec<(EntityId, Cause)> {
        self.machine.quarantined().map(|(id, cause)| (id.clone(), cause)).collect()
    }

    fn causes(&self) -> Vec<Cause> {
        self.machine.causes().collect()
    }
}

impl Z12 {
    fn hand_out(&mut self, batch: &Batch<Editable>) -> Batch<Val> {
        let handed_out = batch.deltas().iter().map(|delta| {
            self.handed_out.insert(delta.id().clone(), Arc::clone(delta.value()));
            Delta::new(delta.id().clone(), delta.revno(), delta.change(), Arc::new(delta.value().get()))
        });
        Batch::new(batch.revno(), batch.position(), handed_out.collect())
    }

    /// Whoever made the updates in it has edited what he held.
    fn with_edits(&self, input: Input<Val>) -> Input<Editable> {
        match input {
            Input::Watch { filter } => Input::Watch { filter },
            Input::Resume { filter, from } => Input::Resume { filter, from },
            Input::Next { watcher, call } => Input::Next { watcher, call },
            Input::TryNext { watcher } => Input::TryNext { watcher },
            Input::DropCall { watcher, call } => Input::DropCall { watcher, call },
            Input::Progress { watcher } => Input::Progress { watcher },
            Input::Stop { watcher } => Input::Stop { watcher },
            Input::Subscribed { generation, position, backing } => Input::Subscribed { generation, position, backing },
            Input::Staged { generation, reads } => Input::Staged { generation, reads: editable(reads) },
            Input::LoadDone { generation } => Input::LoadDone { generation },
            Input::Notice { generation, ids } => Input::Notice { generation, ids },
            Input::Mark { generation, position } => Input::Mark { generation, position },
            Input::Step { generation, step } => Input::Step { generation, step: self.updates(step) },
            Input::Fetched { generation, fetch, step } => {
                Input::Fetched { generation, fetch, step: self.updates(step) }
            }
            Input::Failed { generation, call, cause } => Input::Failed { generation, call, cause },
            Input::Timeout => Input::Timeout,
            Input::Kill { cause } => Input::Kill { cause },
        }
    }

    fn updates(&self, step: Step<Val>) -> Step<Editable> {
        for (id, read) in &step.entities {
            if let (Read::Value(value), Some(held)) = (read, self.handed_out.get(id)) {
                held.0.store(**value, Ordering::Relaxed);
            }
        }
        Step { from: step.from, to: step.to, entities: editable(step.entities) }
    }
}

fn editable(reads: Vec<(EntityId, Read<Val>)>) -> Vec<(EntityId, Read<Editable>)> {
    let with_value = |read| match read {
        Read::Value(value) => Read::Value(Arc::new(Editable(AtomicU32::new(*value)))),
        Read::Absent => Read::Absent,
        Read::Error(cause) => Read::Error(cause),
    };
    reads.into_iter().map(|(id, read)| (id, with_value(read))).collect()
}
