//! A reader that comes back behind brings a deadline nearer while the worker looks: the worker sees the nearer deadline, or is woken
//! and sees it then.

use core::time::Duration;

use loom::thread;

use super::common::{Bell, Still, commit, explore, keep, loaded, tell};
use crate::driver::shared::{Shared, Turn};
use crate::driver::sync::Arc;
use crate::driver::token::ResumeToken;
use crate::driver::worker::Doing;
use crate::machine::{Config, Filter, Position, ResumePoint, Revno, StoreManager, TimeoutReason};

type Real = Shared<u8, StoreManager<u8>, Still>;

const OUTCOMES: [&str; 2] = ["seen", "woken, then seen"];

#[test]
fn a_nearer_deadline_is_seen_or_wakes() {
    explore(OUTCOMES, || model(look));
}

/// The worker reads the deadline under one lock and registers its waker under another.
#[test]
#[should_panic(expected = "the worker is woken")]
fn twin_registers_later() {
    explore(OUTCOMES, || {
        model(|shared, bell| {
            let turn = look(shared, &Bell::default());
            let _ = look(shared, bell);
            turn
        })
    });
}

fn look(shared: &Real, bell: &Bell) -> Turn {
    shared.turn(&bell.waker(), Doing::default(), false, &mut std::collections::VecDeque::new())
}

fn model(look_first: fn(&Real, &Bell) -> Turn) -> &'static str {
    let keeper = keep(loaded(Config { window: 8, lag_age: Some(Duration::from_secs(1)), ..Config::default() }));
    tell(&keeper.shared, commit(1));
    let bell = Bell::default();
    let shared = Arc::clone(&keeper.shared);
    let reader = thread::spawn(move || {
        let from = ResumePoint {
            epoch: shared.epoch,
            revno: Revno(1),
            position: Position(0),
            backing: shared.identity,
            exact: true,
        };
        shared.try_resume(&ResumeToken::new(from, Filter::all_models())).unwrap();
    });
    let turn = look_first(&keeper.shared, &bell);
    reader.join().unwrap();

    let is_near = |turn: &Turn| turn.deadline.is_some_and(|deadline| deadline.why == TimeoutReason::LagAge);
    if is_near(&turn) {
        return "seen";
    }
    assert_eq!(bell.rung(), 1, "the worker is woken");
    assert!(is_near(&look(&keeper.shared, &bell)));
    "woken, then seen"
}
