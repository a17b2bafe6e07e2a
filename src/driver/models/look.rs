//! The worker looks for orders while a reader's kill gives it one: the order is seen, or the worker is woken and sees it then.

use std::collections::VecDeque;

use loom::thread;

use super::common::{Bell, Still, explore, keep, store};
use crate::driver::after::{After, By};
use crate::driver::shared::Shared;
use crate::driver::sync::Arc;
use crate::driver::worker::Doing;
use crate::machine::{Cause, CauseClass, Input, Output, StoreManager};

type Real = Shared<u8, StoreManager<u8>, Still>;

const OUTCOMES: [&str; 2] = ["seen", "woken, then seen"];

#[test]
fn an_order_is_seen_or_wakes() {
    explore(OUTCOMES, || model(look, Real::kill));
}

/// The worker takes the orders under one lock and registers its waker under another.
#[test]
#[should_panic(expected = "the worker is woken")]
fn twin_registers_later() {
    explore(OUTCOMES, || {
        model(
            |shared, bell| {
                let orders = look(shared, &Bell::default());
                let _ = look(shared, bell);
                orders
            },
            Real::kill,
        )
    });
}

/// The reader poses as the worker, which would look for orders itself.
#[test]
#[should_panic(expected = "the worker is woken")]
fn twin_poses_as_the_worker() {
    explore(OUTCOMES, || {
        model(look, |shared| {
            let cause = Cause::new(CauseClass::Killed, 0);
            shared.tell(
                crate::machine::Time::ZERO,
                &mut After::new(By::Worker),
                &mut Vec::new(),
                Input::Kill { cause },
            );
        })
    });
}

fn look(shared: &Real, bell: &Bell) -> VecDeque<Output> {
    let mut orders = VecDeque::new();
    shared.turn(&bell.waker(), Doing::default(), false, &mut orders);
    orders
}

fn model(look_first: fn(&Real, &Bell) -> VecDeque<Output>, kill: fn(&Real)) -> &'static str {
    let keeper = keep(store());
    let bell = Bell::default();
    let shared = Arc::clone(&keeper.shared);
    let reader = thread::spawn(move || kill(&shared));
    let seen = look_first(&keeper.shared, &bell);
    reader.join().unwrap();

    let cause = Cause::new(CauseClass::Killed, 0);
    let is_end = |orders: &VecDeque<Output>| orders.contains(&Output::Ended { cause });
    if is_end(&seen) {
        return "seen";
    }
    assert_eq!(bell.rung(), 1, "the worker is woken");
    assert!(is_end(&look(&keeper.shared, &bell)));
    "woken, then seen"
}
