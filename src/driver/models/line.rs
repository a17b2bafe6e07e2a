//! A call at the head of the line is dropped while a change comes, woken already or not: the second in line is woken, and takes.

use core::task::Poll;

use loom::thread;

use super::bent::{Drop, Mute, bent};
use super::common::{Call, commit, explore, keep, reader, store, tell, value};
use crate::driver::machine::Machine;
use crate::driver::sync::Arc;

const OUTCOMES: [&str; 2] = ["took in a poll of its own", "woken, then took"];

#[test]
fn a_dropped_call_hands_on_its_wake_up() {
    explore(OUTCOMES, || model(store()));
}

/// The machine lets a call that was woken leave the line, and wakes nobody in its place.
#[test]
#[should_panic(expected = "the second in line is woken once")]
fn twin_keeps_the_wake_up() {
    explore(OUTCOMES, || model(bent::<Mute<Drop>>()));
}

fn model<M: Machine<u8>>(machine: M) -> &'static str {
    let keeper = keep(machine);
    let reader = reader(&keeper);
    let (mut first, mut second) = (Call::new(&reader), Call::new(&reader));
    first.wait();
    second.wait();
    let dropper = thread::spawn(move || drop(first));
    let shared = Arc::clone(&keeper.shared);
    let worker = thread::spawn(move || tell(&shared, commit(1)));
    // Nothing keeps a task from polling without having been woken.
    let polled = second.poll();
    dropper.join().unwrap();
    worker.join().unwrap();

    assert_eq!(second.rung(), 1, "the second in line is woken once");
    match polled {
        Poll::Ready(answer) => {
            assert_eq!(value(&answer.unwrap()), 1);
            "took in a poll of its own"
        }
        Poll::Pending => {
            assert_eq!(second.take(), 1);
            "woken, then took"
        }
    }
}
