//! Two clones call next while a change comes: the batch goes to one of them, and only that one is woken, if any; the other gets the
//! next batch.

use core::task::Poll;

use loom::thread;

use super::bent::{Bend, Crowd, bent};
use super::common::{Call, commit, explore, keep, reader, store, tell, value};
use crate::driver::machine::Machine;
use crate::driver::sync::Arc;
use crate::machine::{Answer, Batch, Input, NextPoll, StoreManager, Time};

const OUTCOMES: [&str; 2] = ["one took in its first poll", "one was woken"];

#[test]
fn a_batch_goes_to_one_call() {
    explore(OUTCOMES, || model(store()));
}

/// The machine wakes everybody in line.
#[test]
#[should_panic(expected = "a change is for one call")]
fn twin_wakes_the_whole_line() {
    explore(OUTCOMES, || model(bent::<Crowd>()));
}

/// The machine gives the batch that one call took to the next one too.
#[test]
#[should_panic(expected = "a change is for one call")]
fn twin_gives_it_twice() {
    explore(OUTCOMES, || model(bent::<Twice>()));
}

#[derive(Default)]
struct Twice {
    taken: Option<Batch<u8>>,
}

impl Bend for Twice {
    fn handle(&mut self, machine: &mut StoreManager<u8>, now: Time, input: Input<u8>) -> Answer<u8> {
        if let (Input::Next { call: None, .. }, Some(taken)) = (&input, self.taken.take()) {
            return Answer::Next(NextPoll::Ready(Ok(taken)));
        }
        let answer = machine.handle(now, input);
        if let Answer::Next(NextPoll::Ready(Ok(batch))) = &answer {
            self.taken = Some(batch.clone());
        }
        answer
    }
}

fn model<M: Machine<u8>>(machine: M) -> &'static str {
    let keeper = keep(machine);
    let reader = reader(&keeper);
    let mut other = Call::new(&reader.clone());
    let clone = thread::spawn(move || {
        let polled = other.poll();
        (other, polled)
    });
    let shared = Arc::clone(&keeper.shared);
    let worker = thread::spawn(move || tell(&shared, commit(1)));
    let mut call = Call::new(&reader);
    let polled = call.poll();
    let (other, other_polled) = clone.join().unwrap();
    worker.join().unwrap();

    let mut calls = [(call, polled), (other, other_polled)];
    let took = calls.iter().filter(|(_, polled)| polled.is_ready()).count();
    let woken: usize = calls.iter().map(|(call, _)| call.rung()).sum();
    assert_eq!(took + woken, 1, "a change is for one call");
    calls.sort_by_key(|(call, polled)| polled.is_pending() && call.rung() == 0);
    let [(mut one, polled), (mut late, _)] = calls;
    let first = match polled {
        Poll::Ready(answer) => value(&answer.unwrap()),
        Poll::Pending => one.take(),
    };
    late.wait();
    tell(&keeper.shared, commit(2));
    assert_eq!((first, late.rung(), late.take()), (1, 1, 2), "the other gets the next batch");
    if took == 1 { "one took in its first poll" } else { "one was woken" }
}
