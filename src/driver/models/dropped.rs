//! The worker's task is dropped, as when a runtime shuts down, while a call is polled for the first time: the call reads so, or is
//! woken and reads it then.

use loom::thread;

use super::common::{Call, Still, Task, explore, start, store};
use crate::driver::causes::Failure;
use crate::driver::error::NextError;
use crate::driver::shared::Shared;
use crate::driver::sync::Arc;
use crate::machine::{CauseClass, StoreManager};

type Real = Shared<u8, StoreManager<u8>, Still>;

const OUTCOMES: [&str; 2] = ["ended in the first poll", "woken, then ended"];

#[test]
fn nobody_waits_for_a_task_that_is_gone() {
    explore(OUTCOMES, || {
        model(|_, task| {
            drop(task);
            None
        })
    });
}

/// The task says that it is over, and breaks off nothing that hangs on it.
#[test]
#[should_panic(expected = "a call that waits is woken")]
fn twin_breaks_off_nothing() {
    explore(OUTCOMES, || {
        model(|shared, task| {
            shared.finish(Failure::new(CauseClass::Permanent, "it is over"));
            Some(task)
        })
    });
}

fn model(end: fn(&Real, Task) -> Option<Task>) -> &'static str {
    let (worker, task) = start(store());
    let reader = worker.watch_all_models().unwrap();
    assert!(reader.try_next().unwrap().is_some());
    let shared = Arc::clone(&worker.keeper.shared);
    let runtime = thread::spawn(move || end(&shared, task));
    let mut call = Call::new(&reader);
    let polled = call.poll();
    let _kept = runtime.join().unwrap();

    let (outcome, answer) = call.end(polled);
    assert!(matches!(answer, Err(NextError::Ended(failure)) if failure.class() == CauseClass::Permanent));
    outcome
}
