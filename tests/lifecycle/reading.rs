//! Opening, reading, coming back, lagging.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use multiwatcher::backing::{Identity, MemoryBacking, Stream};
use multiwatcher::driver::{NextError, ResumeError, ResumeToken, Worker};
use multiwatcher::machine::{Config, Filter, Kind, ModelId, ResumePoint, Revno};
use tokio::time::sleep;

use crate::common::{id, settle, short, start, start_with, told};
use crate::scripted::Script;

#[tokio::test(start_paused = true)]
async fn a_reader_is_told_the_state_and_then_what_changed() {
    let (backing, worker) = start();
    backing.put(id("x"), 1);
    let reader = worker.watch_all_models().unwrap();
    assert_eq!(told(&reader.next().await.unwrap()), ["x=1"]);
    backing.transaction().put(id("y"), 2).remove(id("x")).commit();
    assert_eq!(told(&reader.next().await.unwrap()), ["-x", "y=2"]);
    worker.kill();
    assert_eq!(worker.wait().await.to_string(), "killed");
    assert_eq!(backing.subscriptions(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_first_batch_may_be_empty_and_waits_for_the_first_load_alone() {
    let script = Script::<u32>::default();
    let worker = Worker::start(script.clone(), short());
    let reader = worker.watch_model(ModelId::from_u128(9)).unwrap();
    assert!(reader.try_next().unwrap().is_none());
    assert!(reader.progress().unwrap().is_none() && reader.resume_token().unwrap().is_none());
    script.follows(1, vec![(id("x"), 1)]);
    assert!(reader.next().await.unwrap().deltas().is_empty());
    assert!(reader.try_next().unwrap().is_none());
    script.commits(2, vec![(id("x"), 2)]);
    settle().await;
    assert!(reader.try_next().unwrap().is_none(), "another model's change is none of its business");
    assert_eq!(reader.progress().unwrap().unwrap().position.0, 2);
}

#[tokio::test(start_paused = true)]
async fn filters_are_projections() {
    let (backing, worker) = start();
    let other = multiwatcher::machine::EntityId::new("machine", ModelId::from_u128(2), "0");
    let units = Filter::all_models().only_kinds([Kind::new("unit")]);
    let (all, one) = (worker.watch_all_models().unwrap(), worker.watch(units.clone()).unwrap());
    assert_eq!(one.filter(), &units);
    all.next().await.unwrap();
    one.next().await.unwrap();
    backing.transaction().put(id("x"), 1).put(other, 2).commit();
    assert_eq!(told(&all.next().await.unwrap()), ["0=2", "x=1"]);
    assert_eq!(told(&one.next().await.unwrap()), ["x=1"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_brings_a_reader_back_to_where_it_was() {
    let (backing, worker) = start_with(Config { window: 5, ..Config::default() });
    backing.put(id("x"), 1);
    let reader = worker.watch_model(id("x").model).unwrap();
    reader.next().await.unwrap();
    let token = reader.resume_token().unwrap().unwrap().to_string();
    drop(reader);
    backing.put(id("y"), 1);
    settle().await;
    backing.remove(id("x"));
    settle().await;
    let back = worker.resume(&token.parse().unwrap()).await.unwrap();
    assert_eq!(back.filter(), &Filter::model(id("x").model));
    assert_eq!(told(&back.next().await.unwrap()), ["y=1", "-x"]);
    backing.put(id("z"), 1);
    assert_eq!(told(&back.next().await.unwrap()), ["z=1"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_window_a_token_is_good_until_something_changes() {
    let (backing, worker) = start();
    backing.put(id("x"), 1);
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    let token = reader.resume_token().unwrap().unwrap();
    reader.stop();
    let back = worker.resume(&token).await.unwrap();
    assert!(back.try_next().unwrap().is_none(), "the first batch is the difference, and there is none");
    backing.put(id("x"), 2);
    assert_eq!(told(&back.next().await.unwrap()), ["x=2"]);
    match worker.resume(&token).await {
        Err(ResumeError::Gone { epoch, oldest }) => assert_eq!((epoch, oldest), (token.point().epoch, Revno(2))),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_outlives_a_reload_and_is_gone_past_the_window() {
    let script = Script::<u32>::default();
    script.follows(1, vec![(id("x"), 1)]);
    let worker = Worker::start(script.clone(), Config { window: 1, ..short() });
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    let token = reader.resume_token().unwrap().unwrap();
    script.notice(crate::scripted::Act::Fail(multiwatcher::backing::BackingError::transient("no")));
    script.follows(3, vec![(id("y"), 1)]);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(told(&worker.resume(&token).await.unwrap().next().await.unwrap()), ["-x", "y=1"]);
    script.commits(4, vec![(id("y"), 2)]);
    settle().await;
    match worker.resume(&token).await {
        Err(ResumeError::Gone { epoch, oldest }) => assert_eq!((epoch, oldest), (token.point().epoch, Revno(2))),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_of_another_database_or_of_the_future_is_refused() {
    let (backing, worker) = start();
    backing.put(id("x"), 1);
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    let token = reader.resume_token().unwrap().unwrap();
    let with = |point: ResumePoint| ResumeToken::forged(point, Filter::all_models());
    let foreign = with(ResumePoint { backing: Identity(1), ..token.point() });
    let future = with(ResumePoint { revno: Revno(token.point().revno.0 + 5), ..token.point() });
    assert!(matches!(worker.resume(&foreign).await, Err(ResumeError::Gone { oldest: Revno(1), .. })));
    assert!(matches!(worker.resume(&future).await, Err(ResumeError::Future { latest: Revno(1) })));
    worker.kill();
    assert!(matches!(worker.resume(&token).await, Err(ResumeError::Watch(_))));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_lags_is_ended_and_says_so() {
    let (backing, worker) = start_with(Config { lag_limit: Some(2), ..Config::default() });
    let (slow, quick) = (worker.watch_all_models().unwrap(), worker.watch_all_models().unwrap());
    slow.next().await.unwrap();
    quick.next().await.unwrap();
    for value in 1..=3 {
        backing.put(id("x"), value);
        assert_eq!(told(&quick.next().await.unwrap()), [format!("x={value}")]);
    }
    match slow.next().await {
        Err(NextError::Lagged { cursor, latest }) => assert_eq!((cursor, latest), (Revno(0), Revno(3))),
        other => panic!("{other:?}"),
    }
    assert!(matches!(slow.wait().await, NextError::Lagged { .. }));
}

#[tokio::test(start_paused = true)]
async fn lag_by_age_needs_no_further_change_also_for_one_that_came_back() {
    let config = Config { lag_age: Some(Duration::from_secs(3)), window: 9, ..Config::default() };
    let (backing, worker) = start_with(config);
    backing.put(id("x"), 1);
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    let token = reader.resume_token().unwrap().unwrap();
    drop(reader);
    backing.put(id("x"), 2);
    sleep(Duration::from_mins(1)).await;
    let back = worker.resume(&token).await.unwrap();
    sleep(Duration::from_millis(2999)).await;
    assert_eq!(worker.report().census.watchers.ended, 0);
    sleep(Duration::from_millis(2)).await;
    assert_eq!(worker.report().census.watchers.ended, 1);
    assert!(matches!(back.try_next(), Err(NextError::Lagged { .. })));
}

#[tokio::test(start_paused = true)]
async fn batches_are_a_stream_that_ends_with_the_reader() {
    let (backing, worker) = start();
    let (reader, killed) = (worker.watch_all_models().unwrap(), worker.watch_all_models().unwrap());
    let mut batches = pin!(reader.batches());
    let mut next = async || std::future::poll_fn(|cx| batches.as_mut().poll_next(cx)).await;
    assert_eq!(told(&next().await.unwrap().unwrap()), [""; 0]);
    backing.put(id("x"), 1);
    assert_eq!(told(&next().await.unwrap().unwrap()), ["x=1"]);
    reader.stop();
    assert!(next().await.is_none());
    assert!(next().await.is_none());

    let mut batches = pin!(killed.batches());
    worker.kill();
    let mut next = async || std::future::poll_fn(|cx| batches.as_mut().poll_next(cx)).await;
    assert!(matches!(next().await, Some(Err(NextError::Ended(_)))));
    assert!(next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn clones_share_one_cursor() {
    let (backing, worker) = start();
    let reader = worker.watch_all_models().unwrap();
    let clone = reader.clone();
    reader.next().await.unwrap();
    backing.put(id("x"), 1);
    assert_eq!(told(&clone.next().await.unwrap()), ["x=1"]);
    assert!(reader.try_next().unwrap().is_none());
    drop(reader);
    backing.put(id("x"), 2);
    assert_eq!(told(&clone.next().await.unwrap()), ["x=2"]);
}

/// A value that tells how many there are: each holds the count.
#[derive(Debug, Clone)]
struct Counted {
    value: u32,
    _count: Arc<()>,
}

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_was_replaced_and_told_is_freed_at_once() {
    let (backing, count) = (MemoryBacking::new(), Arc::new(()));
    let worker = Worker::start(backing.clone(), Config::default());
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    for value in 0..5 {
        backing.put(id("x"), Counted { value, _count: Arc::clone(&count) });
        reader.next().await.unwrap();
        settle().await;
        assert_eq!(Arc::strong_count(&count), 2, "the test's own, and that of the value {value}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_has_a_waker_from_its_first_poll_until_it_is_dropped() {
    let (_, worker) = start();
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    let mut call = reader.next();
    let polled = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut call).poll(cx).is_pending())).await;
    assert!(polled && worker.has_waker(call.call().unwrap()));
    assert_eq!(worker.inspect(|_, _, wakers| wakers), 1);
    let number = call.call().unwrap();
    drop(call);
    assert!(!worker.has_waker(number));
    assert_eq!(worker.inspect(|_, _, wakers| wakers), 0);
    assert!(format!("{:?}", worker.wait()).starts_with("WorkerEnd"), "it can be looked at");
}
