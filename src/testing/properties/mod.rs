//! One property for every promise that the machine alone can break.
//!
//! A script is one word for the regime and one for each operation, so leaving out words shrinks a failure without
//! disturbing what is left. Every script runs in lockstep with the reference model; each property looks, besides, at its promise in
//! a way of its own that does not go through the reference model where that can be had. A property also counts how often it
//! had something to decide: one that never has proves nothing.

mod batches;
mod connection;
mod pairs;
mod persistence;
mod prints;
mod readers;

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{
    BatchSeen, Broken, CallSeen, DeltaSeen, Generator, How, Lockstep, Observation, Operation, Party, Promise, Regime,
    State, Val, Word,
};
use crate::machine::{Change, StoreManager};

/// What ships.
type Machine = StoreManager<Val>;

/// A run, before it is known what it will do.
#[derive(Clone, PartialEq)]
struct Script {
    regime: u64,
    words: Vec<u64>,
}

impl Script {
    fn regime(&self, tweak: fn(&mut Regime)) -> Regime {
        let mut regime = Regime::draw(&mut Word::new(self.regime));
        tweak(&mut regime);
        regime
    }
}

impl core::fmt::Debug for Script {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "regime {:#x}, words {:x?}", self.regime, self.words)
    }
}

fn scripts() -> impl Strategy<Value = Script> {
    (any::<u64>().no_shrink(), vec(any::<u64>().no_shrink(), 0..200))
        .prop_map(|(regime, words)| Script { regime, words })
}

/// `file` is where the property stands: its failures are kept in the file of the same name under proptest-regressions/.
fn config(file: &'static str) -> Config {
    Config { cases: 2000, source_file: Some(file), ..Config::default() }
}

/// Runs a property over many scripts. It returns how often it had something to decide.
fn holds(file: &'static str, property: impl Fn(&Script) -> Result<u32, Broken>) {
    let decided = Cell::new(0u64);
    let ran = TestRunner::new(config(file)).run(&scripts(), |script| match property(&script) {
        Ok(decisions) => {
            decided.set(decided.get() + u64::from(decisions));
            Ok(())
        }
        Err(broken) => Err(TestCaseError::fail(broken.to_string())),
    });
    if let Err(error) = ran {
        panic!("{error}");
    }
    assert!(decided.get() > 100, "the property had something to decide only {} times", decided.get());
}

/// Runs a script in lockstep; `look` sees every operation that was possible, and says how much it had to decide. At the end
/// everything heals.
fn play(
    script: &Script,
    tweak: fn(&mut Regime),
    mut look: impl FnMut(&Operation, &Lockstep<Machine>) -> Result<u32, Broken>,
) -> Result<u32, Broken> {
    let mut lockstep = Lockstep::<Machine>::start(script.regime(tweak))?;
    let mut made = Vec::new();
    let mut run = || {
        let mut decided = 0;
        for word in &script.words {
            let Some(operation) = Generator::next(lockstep.world().stage(), &mut Word::new(*word)) else { break };
            made.push(operation);
            if lockstep.apply(&operation)? {
                decided += look(&operation, &lockstep)?;
            }
        }
        lockstep.heal()?;
        Ok(decided)
    };
    run().map_err(|broken: Broken| {
        let story: Vec<_> = made.iter().map(|operation| format!("\n  {operation:?}")).collect();
        Broken::new(broken.promise, format!("{} after{}", broken.text, story.concat()))
    })
}

fn demand(holds: bool, promise: Promise, text: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken::new(promise, text())) }
}

/// The polls of the last operation: whose, how, and what they came to.
fn calls(lockstep: &Lockstep<Machine>) -> impl Iterator<Item = (u8, How, CallSeen)> {
    lockstep.world().seen().list().iter().filter_map(|observation| {
        let Observation::Called { reader, how, seen } = *observation else { return None };
        Some((reader, how, seen))
    })
}

/// Its batches, with the readers that took them.
fn batches(lockstep: &Lockstep<Machine>) -> impl Iterator<Item = (u8, BatchSeen, &[DeltaSeen])> {
    calls(lockstep).filter_map(|(reader, _, seen)| {
        let CallSeen::Batch(batch) = seen else { return None };
        Some((reader, batch, lockstep.world().seen().deltas(&batch)))
    })
}

/// The reader that began anew in it, if one did, with the view it comes back with: none if it opened a watcher.
fn begun(lockstep: &Lockstep<Machine>) -> Option<(u8, Option<State>)> {
    lockstep.world().seen().list().iter().find_map(|observation| {
        if let Observation::Opened { reader, .. } = *observation {
            return Some((reader, None));
        }
        let Observation::Resumed { reader, view, .. } = *observation else { return None };
        Some((reader, Some(view)))
    })
}

/// Whether it woke somebody.
fn wakes(lockstep: &Lockstep<Machine>) -> bool {
    lockstep.world().seen().list().iter().any(|observation| matches!(observation, Observation::Woken { .. }))
}

/// What a watcher that holds `view` holds after a batch.
fn fold(mut view: State, deltas: &[DeltaSeen]) -> State {
    for delta in deltas {
        view.set(delta.id, (delta.change == Change::Changed).then_some(delta.value));
    }
    view
}
