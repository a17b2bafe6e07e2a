//! An opening of the backing is answered while a call begins to wait for it: the call sees the answer in its first poll, or is woken and
//! sees it then.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use loom::thread;

use super::common::{Bell, Still, explore};
use crate::driver::causes::Failure;
use crate::driver::error::WatchError;
use crate::driver::factory::{Attempt, Wait};
use crate::driver::sync::Arc;
use crate::machine::CauseClass;

type Real = Arc<Attempt<u8, Still>>;

const OUTCOMES: [&str; 2] = ["answered in the first poll", "woken, then answered"];

#[test]
fn an_answer_is_seen_or_wakes() {
    explore(OUTCOMES, || model(|_, wait, bell| poll(wait, bell)));
}

/// It looks for an answer under one lock, registers its waker under another, and believes what it saw first.
#[test]
#[should_panic(expected = "whoever waits is woken")]
fn twin_registers_later() {
    explore(OUTCOMES, || {
        model(|attempt, wait, bell| {
            let looked = poll(&mut Wait::new(Arc::clone(attempt)), &Bell::default());
            poll(wait, bell);
            looked
        })
    });
}

/// Whether it has its answer.
fn poll(wait: &mut Wait<u8, Still>, bell: &Bell) -> bool {
    match Pin::new(wait).poll(&mut Context::from_waker(&bell.waker())) {
        Poll::Ready(Err(WatchError::Ended(failure))) => failure.class() == CauseClass::Killed,
        Poll::Ready(_) => panic!("it was answered by a kill"),
        Poll::Pending => false,
    }
}

fn model(poll_first: fn(&Real, &mut Wait<u8, Still>, &Bell) -> bool) -> &'static str {
    let attempt: Real = Arc::new(Attempt::new());
    let answered = Arc::clone(&attempt);
    let other = thread::spawn(move || {
        answered.answer(Err(WatchError::Ended(Failure::new(CauseClass::Killed, "while it was started"))));
    });
    let (mut wait, bell) = (Wait::new(Arc::clone(&attempt)), Bell::default());
    let answered = poll_first(&attempt, &mut wait, &bell);
    other.join().unwrap();
    if answered {
        return "answered in the first poll";
    }
    assert_eq!(bell.rung(), 1, "whoever waits is woken");
    assert!(poll(&mut wait, &bell), "whoever is woken has its answer");
    "woken, then answered"
}
