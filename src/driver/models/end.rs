//! Waiting for a multiwatcher's end while another clone stops it: the wait ends, with `Stopped`.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use loom::thread;

use super::bent::{Bend, bent};
use super::common::{Bell, explore, keep, reader, store};
use crate::driver::error::NextError;
use crate::driver::machine::Machine;
use crate::machine::{Report, Watchers};

const OUTCOMES: [&str; 2] = ["over in a poll", "woken, then over"];

#[test]
fn a_wait_ends() {
    explore(OUTCOMES, || model(store()));
}

/// The machine's census does not see the stop, so nobody who waits is asked to look.
#[test]
#[should_panic(expected = "whoever waits is woken")]
fn twin_counts_nothing() {
    explore(OUTCOMES, || model(bent::<Uncounted>()));
}

#[derive(Default)]
struct Uncounted;

impl Bend for Uncounted {
    fn report(&self, report: Report) -> Report {
        Report { watchers: Watchers { caught_up: 1, ..Watchers::default() }, ..report }
    }
}

fn model<M: Machine<u8>>(machine: M) -> &'static str {
    let keeper = keep(machine);
    let reader = reader(&keeper);
    let clone = reader.clone();
    let stopper = thread::spawn(move || clone.stop());
    let (mut end, bell) = (reader.wait(), Bell::default());
    let waker = bell.waker();
    let mut cx = Context::from_waker(&waker);
    // A wait that begins may be asked to look again at once. So it is polled until it was polled last, and not yet woken.
    let mut heard = 0;
    let answer = loop {
        let polled = Pin::new(&mut end).poll(&mut cx);
        let rung = bell.rung();
        if polled.is_ready() || rung == heard {
            break polled;
        }
        heard = rung;
    };
    stopper.join().unwrap();

    let (outcome, error) = match answer {
        Poll::Ready(error) => ("over in a poll", error),
        Poll::Pending => {
            assert!(bell.rung() > heard, "whoever waits is woken");
            let Poll::Ready(error) = Pin::new(&mut end).poll(&mut cx) else { panic!("a stop is an end") };
            ("woken, then over", error)
        }
    };
    assert!(matches!(error, NextError::Stopped), "{error}");
    outcome
}
