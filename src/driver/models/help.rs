//! A commit wakes several calls, a few at a time, while another reader polls: each is woken once, by the worker or by that reader.

use std::sync::{Arc as StdArc, Mutex as StdMutex};
use std::task::Wake;

use loom::thread::{self, ThreadId};

use super::bent::{FirstOnly, bent};
use super::common::{Call, commit, explore, keep, reader, store, tell};
use crate::driver::machine::Machine;
use crate::driver::sync::Arc;

const OUTCOMES: [&str; 2] = ["the reader helped", "the worker woke both"];

#[test]
fn everybody_is_woken_whoever_does_it() {
    explore(OUTCOMES, || model(store()));
}

/// The machine wakes the first that waits and takes the others for woken.
#[test]
#[should_panic(expected = "each call that waits is woken once")]
fn twin_wakes_the_first() {
    explore(OUTCOMES, || model(bent::<FirstOnly>()));
}

/// A waker that knows on which threads it was called.
#[derive(Default)]
struct Who(StdMutex<Vec<ThreadId>>);

impl Wake for Who {
    fn wake(self: StdArc<Self>) {
        let thread = thread::current().id();
        self.0.lock().unwrap().push(thread);
    }
}

fn model<M: Machine<u8>>(machine: M) -> &'static str {
    let keeper = keep(machine);
    let readers = [reader(&keeper), reader(&keeper)];
    let helper = reader(&keeper);
    let mut waiting = readers.each_ref().map(|reader| (Call::new(reader), StdArc::new(Who::default())));
    for (call, who) in &mut waiting {
        assert!(call.poll_with(&StdArc::clone(who).into()).is_pending());
    }
    let shared = Arc::clone(&keeper.shared);
    let worker = thread::spawn(move || tell(&shared, commit(1)));
    let _ = Call::new(&helper).poll();
    worker.join().unwrap();

    let mut helped = false;
    for (call, who) in &mut waiting {
        let woken = who.0.lock().unwrap().clone();
        assert_eq!(woken.len(), 1, "each call that waits is woken once");
        helped |= woken[0] == thread::current().id();
        assert_eq!(call.take(), 1);
    }
    if helped { "the reader helped" } else { "the worker woke both" }
}
