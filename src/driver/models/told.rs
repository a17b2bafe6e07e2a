//! The worker breaks off when it has told several calls and woken the first, while another reader polls: each of them is woken once.

use core::any::Any;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc as StdArc;

use loom::thread;
use metrics::{Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use super::common::{Call, Still, commit, explore, keep, reader, store, tell};
use crate::driver::shared::{Shared, panicked};
use crate::driver::sync::Arc;
use crate::machine::StoreManager;

type Real = Shared<u8, StoreManager<u8>, Still>;

const OUTCOMES: [&str; 2] = ["a reader helped", "nobody helped"];

#[test]
fn whoever_was_told_is_woken_when_the_worker_breaks_off() {
    explore(OUTCOMES, || model(|shared, panic| shared.break_off(&panicked(panic))));
}

/// The task ends, and the others are left as they are.
#[test]
#[should_panic(expected = "each call that waits is woken once")]
fn twin_breaks_off_nothing() {
    explore(OUTCOMES, || model(|_, _| ()));
}

fn model(break_off: fn(&Real, &(dyn Any + Send))) -> &'static str {
    let keeper = metrics::with_local_recorder(&Panicking, || keep(store()));
    let readers = [reader(&keeper), reader(&keeper)];
    let helper = reader(&keeper);
    let mut waiting = readers.each_ref().map(Call::new);
    waiting.each_mut().map(Call::wait);
    let shared = Arc::clone(&keeper.shared);
    let worker = thread::spawn(move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| tell(&shared, commit(1)))) {
            break_off(&shared, &*panic);
        }
    });
    // Whoever helps counts whom it woke, too.
    let helped = catch_unwind(AssertUnwindSafe(|| Call::new(&helper).poll().is_ready())).is_err();
    worker.join().unwrap();
    for call in &waiting {
        assert_eq!(call.rung(), 1, "each call that waits is woken once");
    }
    if helped { "a reader helped" } else { "nobody helped" }
}

/// Metrics whose counters panic: what the worker does after it has woken the first.
struct Panicking;

impl CounterFn for Panicking {
    fn increment(&self, _: u64) {
        panic!("these metrics cannot be told anything");
    }

    fn absolute(&self, _: u64) {}
}

impl Recorder for Panicking {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(StdArc::new(Self))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
