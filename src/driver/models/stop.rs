//! Stop against next: once `stop` has returned no poll that begins yields a batch, and a call that waited is woken, once, and reads
//! `Stopped`.

use core::task::Poll;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::bent::{Later, Mute, Stop, bent};
use super::common::{Call, commit, explore, keep, reader, store, tell};
use crate::driver::error::NextError;
use crate::driver::machine::Machine;
use crate::driver::sync::Arc;

const OUTCOMES: [&str; 3] = ["took a batch before", "stopped in a poll", "woken, then stopped"];

#[test]
fn nothing_follows_a_stop() {
    explore(OUTCOMES, || model(store()));
}

/// The machine only notes the stop, and carries it out after the next poll.
#[test]
#[should_panic(expected = "a poll that began after stop had returned took a batch")]
fn twin_stops_later() {
    explore(OUTCOMES, || model(bent::<Later<Stop>>()));
}

/// The machine stops the watcher and forgets the call that waits.
#[test]
#[should_panic(expected = "a call that waits is woken once")]
fn twin_forgets_the_call() {
    explore(OUTCOMES, || model(bent::<Mute<Stop>>()));
}

fn model<M: Machine<u8>>(machine: M) -> &'static str {
    let keeper = keep(machine);
    let reader = reader(&keeper);
    let stopped = Arc::new(AtomicBool::new(false));
    let (clone, stopping) = (reader.clone(), Arc::clone(&stopped));
    let ending = thread::spawn(move || {
        clone.stop();
        stopping.store(true, Ordering::Release);
    });
    let shared = Arc::clone(&keeper.shared);
    let worker = thread::spawn(move || tell(&shared, commit(1)));

    let mut call = Call::new(&reader);
    let answer = (0..2).find_map(|_| {
        let late = stopped.load(Ordering::Acquire);
        let Poll::Ready(answer) = call.poll() else { return None };
        assert!(!late || answer.is_err(), "a poll that began after stop had returned took a batch");
        Some(answer)
    });
    ending.join().unwrap();
    worker.join().unwrap();

    let outcome = match answer {
        Some(Ok(_)) => "took a batch before",
        Some(Err(error)) => {
            assert!(matches!(error, NextError::Stopped), "{error}");
            "stopped in a poll"
        }
        None => {
            assert_eq!(call.rung(), 1, "a call that waits is woken once");
            assert!(is_stopped(&call.poll()), "a poll that began after stop had returned took a batch");
            "woken, then stopped"
        }
    };
    assert!(is_stopped(&Call::new(&reader).poll()), "as every later call does");
    outcome
}

fn is_stopped<T>(polled: &Poll<Result<T, NextError>>) -> bool {
    matches!(polled, Poll::Ready(Err(NextError::Stopped)))
}
