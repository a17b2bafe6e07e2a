//! A call that waits is polled with another waker while a change comes: the newest waker is called.

use core::task::{Poll, Waker};

use loom::thread;

use super::bent::{Bend, bent};
use super::common::{Bell, Call, commit, explore, keep, reader, store, tell, value};
use crate::driver::machine::Machine;
use crate::driver::sync::Arc;
use crate::machine::{Answer, Input, NextPoll, StoreManager, Time};

const OUTCOMES: [&str; 2] = ["taken in the second poll", "woken by the second waker"];

#[test]
fn the_newest_waker_is_called() {
    explore(OUTCOMES, || model(store(), |_, newest| newest.clone()));
}

/// The reader hands on the first waker it ever saw.
#[test]
#[should_panic(expected = "the newest waker is called")]
fn twin_keeps_its_first_waker() {
    explore(OUTCOMES, || model(store(), |first, _| first.clone()));
}

/// The machine gives a call another name whenever it is polled, and wakes it by its first.
#[test]
#[should_panic(expected = "the newest waker is called")]
fn twin_wakes_by_an_old_name() {
    explore(OUTCOMES, || model(bent::<Renamed>(), |_, newest| newest.clone()));
}

#[derive(Default)]
struct Renamed;

impl Bend for Renamed {
    fn handle(&mut self, machine: &mut StoreManager<u8>, now: Time, input: Input<u8>) -> Answer<u8> {
        let again = matches!(input, Input::Next { call: Some(_), .. });
        let mut answer = machine.handle(now, input);
        if let (Answer::Next(NextPoll::Pending(call)), true) = (&mut answer, again) {
            call.0 += 1000;
        }
        answer
    }
}

fn model<M: Machine<u8>>(machine: M, choose: fn(&Waker, &Waker) -> Waker) -> &'static str {
    let keeper = keep(machine);
    let reader = reader(&keeper);
    let (first, newest) = (Bell::default(), Bell::default());
    let mut call = Call::new(&reader);
    assert!(call.poll_with(&first.waker()).is_pending());
    let shared = Arc::clone(&keeper.shared);
    let worker = thread::spawn(move || tell(&shared, commit(1)));
    let polled = call.poll_with(&choose(&first.waker(), &newest.waker()));
    worker.join().unwrap();

    let rung = (first.rung(), newest.rung());
    match polled {
        Poll::Ready(answer) => {
            assert_eq!((value(&answer.unwrap()), rung), (1, (1, 0)));
            "taken in the second poll"
        }
        Poll::Pending => {
            assert_eq!(rung, (0, 1), "the newest waker is called, and no other");
            assert_eq!(call.take(), 1);
            "woken by the second waker"
        }
    }
}
