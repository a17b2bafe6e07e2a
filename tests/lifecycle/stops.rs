//! Stop, kill and drop, at every moment, and calls that are dropped.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use multiwatcher::backing::{BackingError, Notice};
use multiwatcher::driver::{Doing, Multiwatcher, NextError, Worker};
use multiwatcher::machine::{Backoff, CauseClass, Config, Filter, ModelId, Phase, Position};
use tokio::time::sleep;

use crate::common::{Counting, id, poll, settle, short, start, told};
use crate::scripted::{Act, Script};

#[tokio::test(start_paused = true)]
async fn stop_decides_every_pending_call_and_wakes_each_once() {
    let (_backing, worker) = start();
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    let woken: [Arc<Counting>; 3] = Default::default();
    let wakers = woken.clone().map(Waker::from);
    let mut calls = [reader.next(), reader.next(), reader.next()];
    for (call, waker) in calls.iter_mut().zip(&wakers) {
        assert!(poll(call, waker).is_pending());
    }
    reader.stop();
    assert_eq!(woken.each_ref().map(|woken| woken.count()), [1; 3]);
    for (call, waker) in calls.iter_mut().zip(&wakers) {
        assert!(matches!(poll(call, waker), Poll::Ready(Err(NextError::Stopped))));
    }
    assert!(matches!(reader.try_next(), Err(NextError::Stopped)));
    assert!(matches!(reader.progress(), Err(NextError::Stopped)));
    let census = worker.report().census;
    assert_eq!((census.watchers.total(), census.calls, census.tombstones), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_watchers_end_is_not_woken_by_the_others() {
    let (_backing, worker) = start();
    let readers = [worker.watch_all_models().unwrap(), worker.watch_all_models().unwrap()];
    let woken: [Arc<Counting>; 2] = Default::default();
    let wakers = woken.clone().map(Waker::from);
    let mut ends = readers.each_ref().map(Multiwatcher::wait);
    for (end, waker) in ends.iter_mut().zip(&wakers) {
        assert!(poll(end, waker).is_pending());
    }
    let counts = || woken.each_ref().map(|woken| woken.count());
    for _ in 0..100 {
        drop(worker.watch_all_models().unwrap());
    }
    assert_eq!(counts(), [0, 0], "others come and go");
    readers[0].stop();
    assert_eq!(counts(), [1, 0]);
    assert!(matches!(poll(&mut ends[0], &wakers[0]), Poll::Ready(NextError::Stopped)));
    worker.kill();
    assert_eq!(counts(), [1, 1]);
    assert!(matches!(poll(&mut ends[1], &wakers[1]), Poll::Ready(NextError::Ended(_))));
}

#[tokio::test(start_paused = true)]
async fn stop_and_report_and_watch_wait_for_neither_load_nor_fetch_nor_restart() {
    let script = Script::<u32>::default();
    let worker = Worker::start(script.clone(), Config { load_timeout: Duration::from_hours(1), ..short() });
    let at_once = async || {
        let before = tokio::time::Instant::now();
        let reader = worker.watch_all_models().unwrap();
        let mut call = pin!(reader.next());
        let _ = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_ready())).await;
        worker.report();
        reader.stop();
        assert!(matches!(call.await, Err(NextError::Stopped) | Ok(_)));
        assert_eq!(before.elapsed(), Duration::ZERO);
    };
    at_once().await;
    script.watch(Act::Answer(Position(1)));
    settle().await;
    assert_eq!(script.counts().loads, 1, "it loads, and the load hangs");
    at_once().await;
    script.load(Act::Answer(None));
    settle().await;
    assert_eq!(script.counts().fetches, 1, "it fetches, and the fetch hangs");
    at_once().await;
    script.fetch(Act::Fail(BackingError::transient("no")));
    settle().await;
    assert!(worker.report().out_of_reach_for.is_some(), "it waits for its back-off");
    at_once().await;
    worker.kill();
    assert_eq!(worker.wait().await.class(), CauseClass::Killed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stops_from_several_tasks_at_once_are_one_stop() {
    for round in 0..200 {
        let (backing, worker) = start();
        let reader = worker.watch_all_models().unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..6u32 {
            let (reader, backing) = (reader.clone(), backing.clone());
            tasks.spawn(async move {
                match (task + round) % 3 {
                    0 => reader.stop(),
                    1 => {
                        backing.put(id("x"), task);
                    }
                    _ => while reader.next().await.is_ok() {},
                }
            });
        }
        tasks.join_all().await;
        assert!(matches!(reader.next().await, Err(NextError::Stopped)));
        assert_eq!(worker.report().census.watchers.total(), 0);
    }
}

/// The same while the backing is being subscribed, loaded, asked, and waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stops_from_several_tasks_wait_for_nothing_that_the_worker_does() {
    type Leads = fn(&Script<u32>);
    let ways: [(Phase, Leads); 5] = [
        (Phase::Subscribing, |_| ()),
        (Phase::Loading, |script| script.watch(Act::Answer(Position(1)))),
        (Phase::Completing, |script| {
            script.watch(Act::Answer(Position(1)));
            script.load(Act::Answer(None));
        }),
        (Phase::Following, |script| {
            script.follows(1, Vec::new());
            script.notice(Act::Answer(Notice::Changed(vec![id("x")])));
        }),
        (Phase::Waiting, |script| script.watch(Act::Fail(BackingError::transient("no")))),
    ];
    for (phase, lead) in ways {
        let script = Script::<u32>::default();
        lead(&script);
        let backoff = Backoff { min: Duration::from_hours(1), max: Duration::from_hours(1) };
        let worker = Worker::start(script, Config { backoff, ..Config::default() });
        while worker.report().census.phase != phase {
            tokio::task::yield_now().await;
        }
        let reader = worker.watch_all_models().unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..8 {
            let (stopper, reader, worker) = (reader.clone(), reader.clone(), worker.clone());
            tasks.spawn(async move {
                while reader.next().await.is_ok() {}
                assert!(matches!(reader.next().await, Err(NextError::Stopped)));
                drop(worker.watch_all_models().unwrap());
                worker.report();
                task
            });
            tasks.spawn(async move {
                tokio::task::yield_now().await;
                stopper.stop();
                task
            });
        }
        let all = tokio::time::timeout(Duration::from_secs(30), tasks.join_all()).await;
        assert_eq!(all.expect("nobody waits").len(), 16, "{phase:?}");
        assert_eq!((worker.report().census.phase, worker.report().census.watchers.total()), (phase, 0));
        worker.kill();
        assert_eq!(worker.wait().await.class(), CauseClass::Killed);
    }
}

/// For every k: a call is dropped after its k-th poll, the last of which may come after its wake-up; the next call is told everything.
#[tokio::test(start_paused = true)]
async fn a_call_dropped_after_any_poll_loses_and_repeats_nothing() {
    for polls in 0..4 {
        for late in [false, true] {
            let (backing, worker) = start();
            let reader = worker.watch_all_models().unwrap();
            reader.next().await.unwrap();
            let woken = Arc::new(Counting::default());
            let waker = Waker::from(woken.clone());
            let mut call = reader.next();
            for _ in 0..polls {
                assert!(poll(&mut call, &waker).is_pending());
            }
            backing.put(id("x"), 1);
            settle().await;
            assert_eq!(woken.count(), u32::from(polls > 0));
            let taken = late && matches!(poll(&mut call, &waker), Poll::Ready(Ok(batch)) if told(&batch) == ["x=1"]);
            drop(call);
            backing.put(id("y"), 2);
            let due: &[&str] = if taken { &["y=2"] } else { &["x=1", "y=2"] };
            settle().await;
            assert_eq!(told(&reader.next().await.unwrap()), due, "{polls} polls, late {late}");
            assert_eq!(worker.report().census.calls, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_woken_call_that_is_dropped_passes_its_turn_on() {
    let (backing, worker) = start();
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    let [first, second] = [Arc::new(Counting::default()), Arc::new(Counting::default())];
    let (mut head, mut next) = (reader.next(), reader.next());
    assert!(poll(&mut head, &Waker::from(first.clone())).is_pending());
    assert!(poll(&mut next, &Waker::from(second.clone())).is_pending());
    backing.put(id("x"), 1);
    settle().await;
    assert_eq!((first.count(), second.count()), (1, 0));
    drop(head);
    assert_eq!(second.count(), 1);
    assert_eq!(told(&next.await.unwrap()), ["x=1"]);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_watchers_leave_the_census_as_before() {
    let (backing, worker) = start();
    backing.put(id("x"), 1);
    worker.watch_all_models().unwrap().next().await.unwrap();
    let before = worker.report().census;
    let filters = [Filter::all_models(), Filter::model(ModelId::from_u128(1)), Filter::model(ModelId::from_u128(2))];
    let mut readers = Vec::new();
    for number in 0..10_000 {
        let reader = worker.watch(filters[number % 3].clone()).unwrap();
        reader.next().await.unwrap();
        let mut call = reader.next();
        assert!(poll(&mut call, Waker::noop()).is_pending());
        readers.push((reader, call));
    }
    let wakers = || worker.inspect(|_, _, wakers| wakers);
    assert_eq!((worker.report().census.watchers.total(), wakers()), (10_000, 10_000));
    // It is owed to two thirds of them, whose calls were woken and are not polled; the others wait on.
    backing.remove(id("x"));
    settle().await;
    assert_eq!((worker.report().census.tombstones, wakers()), (1, 3_333));
    for (number, (reader, call)) in readers.into_iter().enumerate() {
        if number % 2 == 0 {
            reader.stop();
        }
        drop((call, reader));
    }
    let after = worker.report().census;
    assert_eq!(
        (after.watchers, after.calls, after.tombstones, after.shared_batches),
        (before.watchers, before.calls, before.tombstones, before.shared_batches)
    );
    assert_eq!((after.tombstones, wakers()), (0, 0), "nothing is owed, and nobody is waited for");
}

#[tokio::test(start_paused = true)]
async fn a_kill_is_looked_at_while_notices_keep_coming() {
    let script = Script::<u32>::default();
    script.follows(1, vec![(id("x"), 1)]);
    let worker = Worker::start(script.clone(), short());
    worker.watch_all_models().unwrap().next().await.unwrap();
    for position in 2..100_000 {
        script.notice(Act::Answer(Notice::Mark(Position(position))));
    }
    tokio::task::yield_now().await;
    worker.kill();
    assert_eq!(worker.wait().await.class(), CauseClass::Killed);
    assert_eq!(script.counts().releases, 1);
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_of_any_kind_ends_the_worker() {
    let (backing, worker) = start();
    let reader = worker.watch_all_models().unwrap();
    let end = worker.wait();
    drop(worker);
    reader.next().await.unwrap();
    let call = reader.next();
    drop(reader);
    settle().await;
    assert_eq!(backing.subscriptions(), 1, "a pending call is a handle too");
    drop(call);
    assert_eq!(end.await.class(), CauseClass::Killed);
    assert_eq!(backing.subscriptions(), 0);
}

#[tokio::test(start_paused = true)]
async fn releasing_that_hangs_or_panics_keeps_nobody_waiting() {
    for act in [Act::Hang, Act::Panic] {
        let script = Script::<u32>::default();
        script.follows(1, Vec::new());
        script.release(act);
        let worker = Worker::start(script.clone(), short());
        worker.watch_all_models().unwrap().next().await.unwrap();
        worker.kill();
        assert_eq!(worker.wait().await.class(), CauseClass::Killed);
        assert!(worker.report().is_over);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_task_does_is_shown_to_its_end() {
    let script = Script::<u32>::default();
    script.follows(1, Vec::new());
    script.release(Act::Hang);
    let worker = Worker::start(script.clone(), short());
    worker.watch_all_models().unwrap().next().await.unwrap();
    let doing = || worker.inspect(|_, doing, _| doing);
    assert!(doing().subscribed);
    worker.kill();
    settle().await;
    assert_eq!(doing(), Doing { releasing: true, ..Doing::default() }, "it releases, and that hangs");
    worker.wait().await;
    assert_eq!(doing(), Doing::default(), "it is over");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_an_end_is_told_once_it_comes() {
    let (_backing, worker) = start();
    let reader = worker.watch_all_models().unwrap();
    let end = tokio::spawn(reader.wait());
    let other = worker.watch_all_models().unwrap();
    sleep(Duration::from_secs(1)).await;
    assert!(!end.is_finished());
    drop(other);
    settle().await;
    assert!(!end.is_finished(), "another one's end is not its own");
    reader.stop();
    assert!(matches!(end.await.unwrap(), NextError::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_waker_that_panics_harms_nobody_else() {
    struct Panicking;
    impl Wake for Panicking {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }
    let (backing, worker) = start();
    let (bad, good) = (worker.watch_all_models().unwrap(), worker.watch_all_models().unwrap());
    bad.next().await.unwrap();
    good.next().await.unwrap();
    let mut call = bad.next();
    assert!(poll(&mut call, &Waker::from(Arc::new(Panicking))).is_pending());
    let waiting = tokio::spawn(async move { good.next().await });
    settle().await;
    backing.put(id("x"), 1);
    assert_eq!(told(&waiting.await.unwrap().unwrap()), ["x=1"]);
    assert_eq!(told(&call.await.unwrap()), ["x=1"]);
    assert!(!worker.report().is_over);
}

/// A waker may do anything when it is woken or dropped, even ask the very worker that wakes it.
#[tokio::test(start_paused = true)]
async fn a_waker_may_ask_the_worker_that_wakes_or_drops_it() {
    struct Asking(Worker<u32>);
    impl Wake for Asking {
        fn wake(self: Arc<Self>) {
            self.0.report();
        }
    }
    impl Drop for Asking {
        fn drop(&mut self) {
            self.0.watch_all_models().map(|reader| reader.stop()).unwrap_or_default();
        }
    }
    let (backing, worker) = start();
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    let mut call = reader.next();
    assert!(poll(&mut call, &Waker::from(Arc::new(Asking(worker.clone())))).is_pending());
    assert!(poll(&mut call, &Waker::from(Arc::new(Asking(worker.clone())))).is_pending());
    backing.put(id("x"), 1);
    assert_eq!(told(&call.await.unwrap()), ["x=1"]);
}
