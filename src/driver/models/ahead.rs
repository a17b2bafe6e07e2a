//! A reader comes from a worker that has been further, while the step comes that brings this one there: it is taken over at once, or
//! woken and taken over then.

use core::task::Poll;

use loom::thread;

use super::common::{Bell, Still, commit, explore, keep, loaded, tell};
use crate::driver::error::ResumeError;
use crate::driver::shared::{Shared, Watched};
use crate::driver::sync::Arc;
use crate::driver::token::ResumeToken;
use crate::machine::{Config, Epoch, Filter, Position, ResumePoint, Revno, StoreManager};

type Real = Shared<u8, StoreManager<u8>, Still>;
type Polled = Poll<Result<Watched, ResumeError>>;

const OUTCOMES: [&str; 2] = ["at once", "woken, then taken over"];

#[test]
fn one_from_ahead_is_taken_over_or_woken() {
    explore(OUTCOMES, || model(|shared, key, bell| shared.poll_resume(&token(shared), key, &bell.waker())));
}

/// It looks where the store stands under one lock, and registers its waker under another.
#[test]
#[should_panic(expected = "the reader is woken")]
fn twin_registers_later() {
    explore(OUTCOMES, || {
        model(|shared, key, bell| {
            let polled = shared.poll_resume(&token(shared), &mut None, &Bell::default().waker());
            let _ = shared.poll_resume(&token(shared), key, &bell.waker());
            polled
        })
    });
}

/// Of another worker of this backing, which has been brought to position 1.
fn token(shared: &Real) -> ResumeToken {
    let (epoch, backing) = (Epoch(!shared.epoch.0), shared.identity);
    let point = ResumePoint { epoch, revno: Revno(9), position: Position(1), backing, exact: true };
    ResumeToken::new(point, Filter::all_models())
}

fn model(poll: fn(&Real, &mut Option<u64>, &Bell) -> Polled) -> &'static str {
    let keeper = keep(loaded(Config { window: 8, ..Config::default() }));
    let shared = Arc::clone(&keeper.shared);
    let worker = thread::spawn(move || tell(&shared, commit(1)));
    let (bell, mut key) = (Bell::default(), None);
    let polled = poll(&keeper.shared, &mut key, &bell);
    worker.join().unwrap();
    if polled.is_ready() {
        return "at once";
    }
    assert_eq!(bell.rung(), 1, "the reader is woken");
    assert!(matches!(keeper.shared.poll_resume(&token(&keeper.shared), &mut key, &bell.waker()), Poll::Ready(Ok(_))));
    "woken, then taken over"
}
