//! What ends a worker's task from outside: a value whose comparison panics, metrics that do, and a runtime that shuts down. And what
//! does not: a value that panics when it is dropped.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use metrics::{Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use multiwatcher::backing::{MemoryBacking, Value};
use multiwatcher::driver::{NextError, Worker};
use multiwatcher::machine::{Batch, CauseClass, Config};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::common::{id, settle};

/// Compares with itself, and with nothing else.
#[derive(Debug)]
struct Touchy(u32);

impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        assert_eq!(self.0, other.0, "these cannot be compared");
        true
    }
}

#[tokio::test(start_paused = true)]
async fn a_comparison_that_panics_ends_the_worker_and_nobody_hangs() {
    let backing = MemoryBacking::new();
    backing.put(id("x"), Touchy(1));
    let worker = Worker::start(backing.clone(), Config::default());
    let (reader, other) = (worker.watch_all_models().unwrap(), worker.watch_all_models().unwrap());
    reader.next().await.unwrap();
    other.next().await.unwrap();
    let waiting = tokio::spawn(async move { other.next().await });
    tokio::task::yield_now().await;
    backing.put(id("x"), Touchy(2));
    for ended in [reader.next().await, waiting.await.unwrap()] {
        match ended {
            Err(NextError::Ended(failure)) => assert!(failure.to_string().contains("cannot be compared"), "{failure}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(worker.wait().await.class(), CauseClass::Permanent);
    assert_eq!(backing.subscriptions(), 0, "it was released");
    assert!(worker.watch_all_models().is_err());
    reader.stop();
    assert!(worker.report().is_over);
}

#[tokio::test(start_paused = true)]
async fn whoever_had_ended_before_a_worker_breaks_off_keeps_its_final_error() {
    let backing = MemoryBacking::new();
    backing.put(id("x"), Touchy(1));
    let worker = Worker::start(backing.clone(), Config { lag_limit: Some(1), ..Config::default() });
    let readers = [(); 4].map(|()| worker.watch_all_models().unwrap());
    for reader in &readers {
        reader.next().await.unwrap();
    }
    let [stopped, asked, lagged, alive] = readers;
    stopped.stop();
    asked.stop();
    assert!(matches!(asked.try_next(), Err(NextError::Stopped)));
    for name in ["a", "b", "c"] {
        backing.put(id(name), Touchy(1));
        settle().await;
        alive.next().await.unwrap();
    }
    assert!(matches!(lagged.try_next(), Err(NextError::Lagged { .. })));

    backing.put(id("x"), Touchy(2));
    worker.wait().await;
    assert!(matches!(alive.next().await, Err(NextError::Ended(_))));
    for reader in [stopped, asked] {
        assert!(matches!(reader.next().await, Err(NextError::Stopped)));
        assert!(matches!(reader.wait().await, NextError::Stopped));
    }
    assert!(matches!(lagged.try_next(), Err(NextError::Lagged { .. })));
    assert!(matches!(lagged.next().await, Err(NextError::Lagged { .. })));
    assert!(matches!(lagged.progress(), Err(NextError::Lagged { .. })));
    assert!(matches!(lagged.resume_token(), Err(NextError::Lagged { .. })));
    assert!(matches!(lagged.wait().await, NextError::Lagged { .. }));
}

/// A hundred readers wait, more than are woken at once.
async fn hundred_wait<V: Value>(worker: &Worker<V>) -> JoinSet<Result<Batch<V>, NextError>> {
    let mut waiting = JoinSet::new();
    for _ in 0..100 {
        let reader = worker.watch_all_models().expect("the worker goes on");
        reader.next().await.expect("it has loaded");
        waiting.spawn(async move { reader.next().await });
    }
    settle().await;
    waiting
}

/// What they were all told.
async fn all_told<V: Value>(waiting: JoinSet<Result<Batch<V>, NextError>>) -> Vec<Result<Batch<V>, NextError>> {
    timeout(Duration::from_mins(1), waiting.join_all()).await.expect("everybody who waits is woken")
}

/// Panics when it is dropped, but for the last one.
#[derive(PartialEq)]
struct Clumsy(u32);

impl Drop for Clumsy {
    fn drop(&mut self) {
        assert_eq!(self.0, 0, "this cannot be dropped");
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_panics_when_it_is_dropped_keeps_nobody_waiting() {
    let backing = MemoryBacking::new();
    for name in ["x", "y"] {
        backing.put(id(name), Clumsy(1));
    }
    let worker = Worker::start(backing.clone(), Config::default());
    let waiting = hundred_wait(&worker).await;
    // Both that are replaced are dropped by the worker.
    backing.transaction().put(id("x"), Clumsy(0)).put(id("y"), Clumsy(0)).commit();
    for told in all_told(waiting).await {
        assert_eq!(told.expect("the worker goes on").deltas().len(), 2);
    }
    assert!(!worker.report().is_over);
}

/// A recorder whose counters panic.
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
        Counter::from_arc(Arc::new(Self))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test(start_paused = true)]
async fn metrics_that_panic_end_the_worker_and_nobody_hangs() {
    let backing = MemoryBacking::new();
    let worker = metrics::with_local_recorder(&Panicking, || Worker::start(backing.clone(), Config::default()));
    settle().await;
    let waiting = hundred_wait(&worker).await;
    backing.put(id("x"), 1);
    for told in all_told(waiting).await {
        if let Err(error) = told {
            assert!(error.to_string().contains("cannot be told anything"), "{error}");
        }
    }
    assert_eq!(worker.wait().await.class(), CauseClass::Permanent);
}

#[test]
fn a_runtime_that_shuts_down_under_readers_leaves_none_of_them_waiting() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let backing = MemoryBacking::<u32>::new();
    let worker = {
        let _entered = runtime.enter();
        Worker::start(backing.clone(), Config::default())
    };
    let other = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    other.block_on(async {
        let (reader, fresh) = (worker.watch_all_models().unwrap(), worker.watch_all_models().unwrap());
        reader.next().await.unwrap();
        let mut call = pin!(reader.next());
        assert!(poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await);
        runtime.shutdown_background();
        match call.await {
            Err(NextError::Ended(failure)) => assert!(failure.to_string().contains("was dropped"), "{failure}"),
            other => panic!("{other:?}"),
        }
        assert!(fresh.next().await.is_err());
        assert!(worker.wait().await.to_string().contains("was dropped"));
        assert!(worker.watch_all_models().is_err());
        assert_eq!(worker.report().census.watchers.ended, 2);
    });
}
