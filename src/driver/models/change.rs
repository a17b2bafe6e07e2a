//! A change while a call is polled for the first time: the call takes it, or is woken.

use loom::thread;

use super::bent::{Mute, Step, bent};
use super::common::{Call, Reader, commit, explore, keep, reader, store, tell, value};
use crate::driver::machine::Machine;
use crate::driver::sync::Arc;
use core::task::Poll;

const OUTCOMES: [&str; 2] = ["taken in the first poll", "woken"];

#[test]
fn a_change_is_taken_or_wakes() {
    explore(OUTCOMES, || model(store(), first_poll));
}

/// The machine applies the change and wakes nobody.
#[test]
#[should_panic(expected = "a call that waits is woken by a change")]
fn twin_no_wake() {
    explore(OUTCOMES, || model(bent::<Mute<Step>>(), first_poll));
}

/// The reader looks under one lock, stands in line under another, and believes what it saw first.
#[test]
#[should_panic(expected = "a call that waits is woken by a change")]
fn twin_looks_before_it_registers() {
    explore(OUTCOMES, || {
        model(store(), |reader, call| {
            let seen = reader.try_next().unwrap().map(|batch| value(&batch));
            if seen.is_none() {
                let _ = call.poll();
            }
            seen
        })
    });
}

fn first_poll<M: Machine<u8>>(_: &Reader<M>, call: &mut Call<M>) -> Option<u8> {
    match call.poll() {
        Poll::Ready(answer) => Some(value(&answer.unwrap())),
        Poll::Pending => None,
    }
}

fn model<M: Machine<u8>>(machine: M, poll: fn(&Reader<M>, &mut Call<M>) -> Option<u8>) -> &'static str {
    let keeper = keep(machine);
    let reader = reader(&keeper);
    let shared = Arc::clone(&keeper.shared);
    let worker = thread::spawn(move || tell(&shared, commit(1)));

    let mut call = Call::new(&reader);
    let taken = poll(&reader, &mut call);
    worker.join().unwrap();

    if let Some(taken) = taken {
        assert_eq!((taken, call.rung()), (1, 0));
        return "taken in the first poll";
    }
    assert_eq!(call.rung(), 1, "a call that waits is woken by a change");
    assert_eq!(call.take(), 1);
    "woken"
}
