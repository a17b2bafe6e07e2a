//! Kill against next: once `kill` has returned no poll that begins yields a batch to any reader, and a call that waited is woken, once,
//! and reads why.

use core::task::Poll;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::bent::{Kill, Later, Mute, bent};
use super::common::{Call, commit, explore, keep, reader, store, tell};
use crate::driver::error::{NextError, WatchError};
use crate::driver::machine::Machine;
use crate::driver::sync::Arc;
use crate::machine::{Batch, CauseClass, Filter};

const OUTCOMES: [&str; 4] =
    ["one waited, one took", "one waited, one ended", "one ended, one took", "both ended in a poll"];

#[test]
fn nothing_follows_a_kill() {
    explore(OUTCOMES, || model(store()));
}

/// The machine only notes the kill, and carries it out after the next poll.
#[test]
#[should_panic(expected = "a poll that began after kill had returned took a batch")]
fn twin_ends_later() {
    explore(OUTCOMES, || model(bent::<Later<Kill>>()));
}

/// The machine ends the watchers and wakes none of their calls.
#[test]
#[should_panic(expected = "a call that waits is woken once")]
fn twin_forgets_the_calls() {
    explore(OUTCOMES, || model(bent::<Mute<Kill>>()));
}

fn model<M: Machine<u8>>(machine: M) -> &'static str {
    let keeper = keep(machine);
    let (idle, behind) = (reader(&keeper), reader(&keeper));
    tell(&keeper.shared, commit(1));
    assert!(idle.try_next().unwrap().is_some());

    let killed = Arc::new(AtomicBool::new(false));
    let (shared, killing) = (Arc::clone(&keeper.shared), Arc::clone(&killed));
    let ending = thread::spawn(move || {
        shared.kill();
        killing.store(true, Ordering::Release);
    });
    let knows = Arc::clone(&killed);
    let other = thread::spawn(move || {
        let late = knows.load(Ordering::Acquire);
        let polled = Call::new(&behind).poll();
        assert!(!late || is_killed(&polled), "a poll that began after kill had returned took a batch");
        polled
    });
    let mut call = Call::new(&idle);
    let waits = call.poll().is_pending();
    ending.join().unwrap();
    let took = matches!(other.join().unwrap(), Poll::Ready(Ok(_)));

    if waits {
        assert_eq!(call.rung(), 1, "a call that waits is woken once");
        assert!(is_killed(&call.poll()), "and reads why");
    }
    assert!(is_killed(&Call::new(&idle).poll()), "as every later call does");
    let refused = keeper.shared.watch(Filter::all_models());
    assert!(matches!(refused, Err(WatchError::Ended(failure)) if failure.class() == CauseClass::Killed));
    match (waits, took) {
        (true, true) => "one waited, one took",
        (true, false) => "one waited, one ended",
        (false, true) => "one ended, one took",
        (false, false) => "both ended in a poll",
    }
}

fn is_killed(polled: &Poll<Result<Batch<u8>, NextError>>) -> bool {
    matches!(polled, Poll::Ready(Err(NextError::Ended(failure))) if failure.class() == CauseClass::Killed)
}
