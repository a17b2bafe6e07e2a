//! Waiting for the worker's end while its task is dropped: the wait ends, with the reason.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use loom::future::block_on;
use loom::thread;

use super::common::{Bell, Still, explore, start, store};
use crate::driver::causes::Failure;
use crate::driver::worker::{Worker, WorkerEnd};
use crate::machine::StoreManager;

type Real = Worker<u8, StoreManager<u8>, Still>;
type End = WorkerEnd<u8, StoreManager<u8>, Still>;

const OUTCOMES: [&str; 2] = ["over in the first poll", "woken, then over"];

#[test]
fn a_wait_ends() {
    explore(OUTCOMES, || model(|_, end, bell| poll(end, bell).is_ready()));
}

/// The same for as long as it takes, with loom's own waker: to clone or to drop one is a step too, under the lock or not.
#[test]
fn whoever_blocks_goes_on() {
    explore(["over"], || {
        let (worker, task) = start(store());
        let runtime = thread::spawn(move || drop(task));
        assert_reason(&block_on(worker.wait()));
        runtime.join().unwrap();
        "over"
    });
}

/// The waiter looks under one lock, registers under another, and believes what it saw first.
#[test]
#[should_panic(expected = "whoever waits is woken")]
fn twin_looks_before_it_registers() {
    explore(OUTCOMES, || {
        model(|worker, end, bell| {
            let over = worker.report().is_over;
            if !over {
                let _ = poll(end, bell);
            }
            over
        })
    });
}

fn poll(end: &mut End, bell: &Bell) -> Poll<Failure> {
    Pin::new(end).poll(&mut Context::from_waker(&bell.waker()))
}

fn model(first_poll: fn(&Real, &mut End, &Bell) -> bool) -> &'static str {
    let (worker, task) = start(store());
    let (mut end, bell) = (worker.wait(), Bell::default());
    let runtime = thread::spawn(move || drop(task));
    let over = first_poll(&worker, &mut end, &bell);
    runtime.join().unwrap();
    if over {
        return "over in the first poll";
    }
    assert_eq!(bell.rung(), 1, "whoever waits is woken");
    let Poll::Ready(failure) = poll(&mut end, &bell) else { panic!("whoever waits is woken when it is over") };
    assert_reason(&failure);
    "woken, then over"
}

fn assert_reason(failure: &Failure) {
    assert!(
        failure.to_string().ends_with("the worker's task was dropped, as when its runtime shuts down"),
        "{failure}"
    );
}
