//! A mutation panics under the lock, as when two values cannot be compared, while a call is polled for the first time: the call reads
//! so, or is woken and reads it then.

use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use loom::thread;

use super::bent::{Bend, bent};
use super::common::{Call, commit, explore, keep, reader, tell};
use crate::driver::error::NextError;
use crate::driver::machine::Machine;
use crate::driver::sync::Arc;
use crate::machine::{Answer, Input, StoreManager, Time};

const OUTCOMES: [&str; 2] = ["ended in the first poll", "woken, then ended"];

#[test]
fn nobody_waits_for_what_panicked() {
    explore(OUTCOMES, || model(bent::<Panics>()));
}

/// The machine swallows the panic, so that nobody learns that its state is lost.
#[test]
#[should_panic(expected = "a call that waits is woken")]
fn twin_swallows_the_panic() {
    explore(OUTCOMES, || model(bent::<Swallows>()));
}

#[derive(Default)]
struct Panics;

impl Bend for Panics {
    fn handle(&mut self, machine: &mut StoreManager<u8>, now: Time, input: Input<u8>) -> Answer<u8> {
        assert!(!matches!(input, Input::Step { .. }), "these cannot be compared");
        machine.handle(now, input)
    }
}

#[derive(Default)]
struct Swallows;

impl Bend for Swallows {
    fn handle(&mut self, machine: &mut StoreManager<u8>, now: Time, input: Input<u8>) -> Answer<u8> {
        catch_unwind(AssertUnwindSafe(|| Panics.handle(machine, now, input))).unwrap_or(Answer::Done)
    }
}

fn model<M: Machine<u8>>(machine: M) -> &'static str {
    let keeper = keep(machine);
    let reader = reader(&keeper);
    let shared = Arc::clone(&keeper.shared);
    let worker = thread::spawn(move || catch_unwind(AssertUnwindSafe(|| tell(&shared, commit(1)))).is_err());
    let mut call = Call::new(&reader);
    let polled = call.poll();
    let panicked = worker.join().unwrap();

    let (outcome, answer) = call.end(polled);
    let Err(NextError::Ended(failure)) = answer else { panic!("the call ended") };
    assert_eq!(failure.to_string(), "the backing failed for good: the worker panicked: these cannot be compared");
    assert!(panicked, "the panic goes on in the task that caused it");
    outcome
}
