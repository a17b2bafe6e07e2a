//! The last handle of a factory is dropped, or the factory is killed, while the task that opens its backing is polled: the task ends in
//! that poll, or is woken and ends then.

use core::future::{Future, pending};
use core::pin::pin;
use core::task::{Context, Poll};

use loom::thread;

use super::common::{Bell, Still, Task, explore};
use crate::backing::MemoryBacking;
use crate::driver::error::WatchError;
use crate::driver::factory::{Factory, OpenError};
use crate::machine::{CauseClass, Config};

type Real = Factory<u8, Still>;

const OUTCOMES: [&str; 2] = ["ended in the first poll", "woken, then ended"];

#[test]
fn the_last_handle_ends_an_opening() {
    explore(OUTCOMES, || dropped(poll));
}

#[test]
fn a_kill_ends_an_opening() {
    explore(OUTCOMES, || killed(poll));
}

/// The task looks whether it is to end under one lock, registers its waker under another, and believes what it saw first.
#[test]
#[should_panic(expected = "the task is woken")]
fn twin_of_a_drop_registers_later() {
    explore(OUTCOMES, || dropped(registers_later));
}

/// The same with a kill.
#[test]
#[should_panic(expected = "the task is woken")]
fn twin_of_a_kill_registers_later() {
    explore(OUTCOMES, || killed(registers_later));
}

fn poll(task: &mut Task, bell: &Bell) -> bool {
    task.as_mut().poll(&mut Context::from_waker(&bell.waker())).is_ready()
}

fn registers_later(task: &mut Task, bell: &Bell) -> bool {
    let looked = poll(task, &Bell::default());
    poll(task, bell);
    looked
}

/// A factory whose backing is never opened.
fn factory(still: &Still) -> Real {
    Factory::new_on(still.clone(), pending::<Result<MemoryBacking<u8>, OpenError>>, Config::default())
}

/// Two handles are dropped, one by another thread; a call that waited was dropped before.
fn dropped(poll_first: fn(&mut Task, &Bell) -> bool) -> &'static str {
    let still = Still::default();
    let factory = factory(&still);
    assert!(pin!(factory.watch_all_models()).poll(&mut Context::from_waker(&Bell::default().waker())).is_pending());
    let (mut task, clone) = (still.take(), factory.clone());
    let other = thread::spawn(move || drop(clone));
    drop(factory);
    let bell = Bell::default();
    let ended = poll_first(&mut task, &bell);
    other.join().unwrap();
    judge(&mut task, &bell, ended)
}

fn killed(poll_first: fn(&mut Task, &Bell) -> bool) -> &'static str {
    let still = Still::default();
    let factory = factory(&still);
    let (mut call, called) = (Box::pin(factory.watch_all_models()), Bell::default());
    let waker = called.waker();
    assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let (mut task, clone) = (still.take(), factory.clone());
    let other = thread::spawn(move || clone.kill());
    let bell = Bell::default();
    let ended = poll_first(&mut task, &bell);
    other.join().unwrap();

    assert_eq!(called.rung(), 1, "a call that waits is woken");
    match call.as_mut().poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(Err(WatchError::Ended(failure))) => assert_eq!(failure.class(), CauseClass::Killed),
        Poll::Ready(_) | Poll::Pending => panic!("a call that is woken has its answer"),
    }
    judge(&mut task, &bell, ended)
}

fn judge(task: &mut Task, bell: &Bell, ended: bool) -> &'static str {
    if ended {
        return "ended in the first poll";
    }
    assert_eq!(bell.rung(), 1, "the task is woken");
    assert!(poll(task, bell), "a task that is woken ends");
    "woken, then ended"
}
