//! Waiting for a multiwatcher's end while another clone stops it, or the worker is killed: the wait ends, with the reason.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use loom::thread;

use super::bent::{Bend, Later, Stop, bent};
use super::common::{Bell, Kept, Reader, explore, keep, reader, store};
use crate::driver::error::NextError;
use crate::driver::machine::Machine;
use crate::driver::sync::Arc;
use crate::machine::{Report, Watchers};

const OUTCOMES: [&str; 2] = ["over in a poll", "woken, then over"];

#[test]
fn a_wait_ends_with_a_stop() {
    explore(OUTCOMES, || model(store(), stop));
}

/// The machine only notes the stop.
#[test]
#[should_panic(expected = "whoever is woken finds an end")]
fn twin_stops_later() {
    explore(OUTCOMES, || model(bent::<Later<Stop>>(), stop));
}

#[test]
fn a_wait_ends_with_the_worker() {
    explore(OUTCOMES, || model(store(), kill));
}

/// The machine's census does not see that the watcher has ended, so nobody who waits is asked to look.
#[test]
#[should_panic(expected = "whoever waits is woken")]
fn twin_counts_nothing() {
    explore(OUTCOMES, || model(bent::<Uncounted>(), kill));
}

#[derive(Default)]
struct Uncounted;

impl Bend for Uncounted {
    fn report(&self, report: Report) -> Report {
        Report { watchers: Watchers { caught_up: 1, ..Watchers::default() }, ..report }
    }
}

fn stop<M: Machine<u8>>(_: Kept<M>, reader: &Reader<M>) {
    reader.stop();
}

fn kill<M: Machine<u8>>(keeper: Kept<M>, _: &Reader<M>) {
    keeper.shared.kill();
}

fn model<M: Machine<u8>>(machine: M, end_it: fn(Kept<M>, &Reader<M>)) -> &'static str {
    let keeper = keep(machine);
    let reader = reader(&keeper);
    let clone = reader.clone();
    let kept = Arc::clone(&keeper);
    let other = thread::spawn(move || end_it(kept, &clone));
    let (mut end, bell) = (reader.wait(), Bell::default());
    let waker = bell.waker();
    let mut cx = Context::from_waker(&waker);
    let answer = Pin::new(&mut end).poll(&mut cx);
    other.join().unwrap();

    let (outcome, error) = match answer {
        Poll::Ready(error) => ("over in a poll", error),
        Poll::Pending => {
            assert_eq!(bell.rung(), 1, "whoever waits is woken, once");
            let Poll::Ready(error) = Pin::new(&mut end).poll(&mut cx) else { panic!("whoever is woken finds an end") };
            ("woken, then over", error)
        }
    };
    assert!(matches!(error, NextError::Stopped | NextError::Ended(_)), "{error}");
    outcome
}
