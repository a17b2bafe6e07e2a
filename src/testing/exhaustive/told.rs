//! The player that looks at nothing but what readers are told.

use core::hash::Hash;

use xxhash_rust::xxh3::Xxh3;

use super::super::observation::{CallSeen, Observation};
use super::super::operation::Operation;
use super::super::readers::Status;
use super::super::state::State;
use super::super::subject::{Fresh, Subject};
use super::super::universe::IdIx;
use super::super::world::World;
use super::moves::{drop_waiting, is_legal};
use super::{Move, Player, Scope};
use crate::machine::Change;

/// What a reader can be told wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// It was told that an entity is gone which it never held.
    NeverHeld {
        /// Who.
        reader: u8,
        /// Of what.
        id: IdIx,
    },
    /// It does not have an entity that is alive, and will not be told.
    Lost {
        /// Who.
        reader: u8,
        /// What.
        id: IdIx,
    },
    /// It keeps an entity that is gone, and will not be told.
    Kept {
        /// Who.
        reader: u8,
        /// What.
        id: IdIx,
    },
    /// It has an old value, and will not be told.
    Stale {
        /// Who.
        reader: u8,
        /// Of what.
        id: IdIx,
    },
    /// The subject did not ask for what it must ask for.
    Stuck,
}

/// A subject in its world, with readers that believe what they are told.
#[derive(Debug, Clone)]
pub struct Told<S> {
    world: World<S>,
}

impl<S: Fresh + Clone> Told<S> {
    /// A subject brought to the start of a search; `None` if it does not get there.
    pub fn opened(scope: &Scope) -> Option<Self> {
        let mut world = World::start(scope.regime());
        scope.opening().all(|operation| world.apply(&operation)).then_some(Self { world })
    }
}

impl<S: Subject + Clone> Told<S> {
    /// How many readers have stopped.
    pub fn stopped(&self) -> usize {
        self.world.stage().readers().iter().filter(|reader| reader.status() == Status::Stopped).count()
    }

    /// Applies one operation; what a batch tells is held against what its reader held before.
    fn apply(&mut self, operation: &Operation) -> Result<(), Wrong> {
        let held: Vec<State> = self.world.stage().readers().iter().map(super::super::readers::Reader::view).collect();
        self.world.clear_seen();
        if !self.world.apply(operation) {
            return Err(Wrong::Stuck);
        }
        let seen = self.world.seen();
        for observation in seen.list() {
            if let Observation::Called { reader, seen: CallSeen::Batch(batch), .. } = observation {
                let never_held = seen.deltas(batch).iter().find(|delta| {
                    delta.change == Change::Removed && held[usize::from(*reader)].get(delta.id).is_none()
                });
                if let Some(delta) = never_held {
                    return Err(Wrong::NeverHeld { reader: *reader, id: delta.id });
                }
            }
        }
        Ok(())
    }
}

impl<S: Subject + Clone> Player for Told<S> {
    type Wrong = Wrong;

    fn play(&mut self, step: Move) -> Result<(), Wrong> {
        step.operations().iter().try_for_each(|operation| self.apply(operation))?;
        drop_waiting(&self.world, step).map_or(Ok(()), |operation| self.apply(&operation))
    }

    fn is_legal(&self, step: Move) -> bool {
        is_legal(&self.world, step)
    }

    fn read_out(&mut self, readers: &[u8]) -> Result<(), Wrong> {
        for &reader in readers {
            let batches = |told: &Self| told.world.stage().readers()[usize::from(reader)].batches();
            let mut before = None;
            while is_legal(&self.world, Move::Next(reader)) && before != Some(batches(self)) {
                before = Some(batches(self));
                self.play(Move::Next(reader))?;
            }
        }
        let latest = self.world.stage().backing().latest().state;
        for &number in readers {
            let reader = &self.world.stage().readers()[usize::from(number)];
            let due = latest.only(self.world.stage().universe().passing(reader.filter()));
            let view = reader.view();
            if reader.status() == Status::Open
                && let Some(id) = view.differs(due).iter().next()
            {
                return Err(match (view.get(id), due.get(id)) {
                    (None, _) => Wrong::Lost { reader: number, id },
                    (Some(_), None) => Wrong::Kept { reader: number, id },
                    (Some(_), Some(_)) => Wrong::Stale { reader: number, id },
                });
            }
        }
        Ok(())
    }

    fn fingerprint(&self) -> u128 {
        let mut hasher = Xxh3::new();
        let stage = self.world.stage();
        self.world.subject().fingerprint(stage.now()).hash(&mut hasher);
        stage.backing().latest().state.hash(&mut hasher);
        for reader in stage.readers() {
            (reader.status(), reader.is_fresh(), reader.view()).hash(&mut hasher);
        }
        hasher.digest128()
    }
}
