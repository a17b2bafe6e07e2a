//! The worker's task, or a wait for its end, moves to another task (is polled with another waker) while what it waits for happens: the
//! newest waker is called.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Waker};

use loom::thread;

use super::common::{Bell, explore, start, store};

const OUTCOMES: [&str; 2] = ["over in the second poll", "woken by the second waker"];

type Choose = fn(&Waker, &Waker) -> Waker;

#[test]
fn a_worker_that_moves_is_woken() {
    explore(OUTCOMES, || worker(|_, newest| newest.clone()));
}

#[test]
fn a_wait_that_moves_is_woken() {
    explore(OUTCOMES, || wait(|_, newest| newest.clone()));
}

/// Whoever polls hands on the first waker it ever saw.
#[test]
#[should_panic(expected = "the newest waker is called")]
fn twin_worker_keeps_its_first_waker() {
    explore(OUTCOMES, || worker(|first, _| first.clone()));
}

/// The same for a wait.
#[test]
#[should_panic(expected = "the newest waker is called")]
fn twin_wait_keeps_its_first_waker() {
    explore(OUTCOMES, || wait(|first, _| first.clone()));
}

fn worker(choose: Choose) -> &'static str {
    let (worker, task) = start(store());
    model(task, move || worker.kill(), choose)
}

fn wait(choose: Choose) -> &'static str {
    let (worker, task) = start(store());
    model(worker.wait(), move || drop(task), choose)
}

fn model(mut future: impl Future + Unpin, end: impl FnOnce() + Send + 'static, choose: Choose) -> &'static str {
    let (first, newest) = (Bell::default(), Bell::default());
    let mut poll = |waker: &Waker| Pin::new(&mut future).poll(&mut Context::from_waker(waker)).is_ready();
    assert!(!poll(&first.waker()));
    let other = thread::spawn(end);
    let over = poll(&choose(&first.waker(), &newest.waker()));
    other.join().unwrap();
    if over {
        return "over in the second poll";
    }
    assert_eq!((first.rung(), newest.rung()), (0, 1), "the newest waker is called, and no other");
    assert!(poll(&newest.waker()));
    "woken by the second waker"
}
