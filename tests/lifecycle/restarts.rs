//! A backing that fails: invisible to readers, or by policy not.

use std::time::Duration;

use multiwatcher::backing::{BackingError, Notice, Read};
use multiwatcher::driver::{NextError, Worker};
use multiwatcher::machine::{Backoff, CauseClass, Config, Phase, Position, RestartPolicy};
use tokio::time::sleep;

use crate::common::{id, settle, short, told};
use crate::scripted::{Act, Script};

fn start(config: Config) -> (Script<u32>, Worker<u32>) {
    let script = Script::default();
    script.follows(1, vec![(id("x"), 1), (id("y"), 1)]);
    (script.clone(), Worker::start(script, config))
}

#[tokio::test(start_paused = true)]
async fn without_a_back_off_a_backing_that_fails_is_not_tried_in_a_busy_loop() {
    let script = Script::<u32>::default();
    for _ in 0..1000 {
        script.watch(Act::Fail(BackingError::transient("no")));
    }
    let backoff = Backoff { min: Duration::ZERO, max: Duration::ZERO };
    let _worker = Worker::start(script.clone(), Config { backoff, ..Config::default() });
    settle().await;
    assert_eq!(script.counts().watches, 1, "no-spin-no-stall: without progress the clock moves");
    sleep(Duration::from_millis(5)).await;
    assert!((2..=6).contains(&script.counts().watches), "about once in a millisecond");
}

#[tokio::test(start_paused = true)]
async fn a_restart_tells_readers_the_difference_and_nothing_else() {
    let (script, worker) = start(short());
    let (reader, other) = (worker.watch_all_models().unwrap(), worker.watch_all_models().unwrap());
    assert_eq!(told(&reader.next().await.unwrap()), ["x=1", "y=1"]);
    other.next().await.unwrap();
    script.notice(Act::Fail(BackingError::transient("the connection was reset")));
    settle().await;
    let report = worker.report();
    assert_eq!((report.census.phase, report.last_failures.len()), (Phase::Waiting, 1));
    assert!(report.last_failures[0].1.to_string().ends_with("the connection was reset"));
    // Meanwhile: readers are served from the store as it is, a new one too.
    assert_eq!(told(&worker.watch_all_models().unwrap().next().await.unwrap()), ["x=1", "y=1"]);
    assert!(reader.progress().unwrap().unwrap().out_of_reach_since.is_some());

    script.follows(5, vec![(id("x"), 2)]);
    assert_eq!(told(&reader.next().await.unwrap()), ["x=2", "-y"]);
    let report = worker.report();
    assert_eq!((report.restarts, report.census.phase, report.out_of_reach_for), (1, Phase::Following, None));
    assert_eq!(told(&other.next().await.unwrap()), ["x=2", "-y"]);
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_finds_no_difference_wakes_nobody() {
    let (script, worker) = start(short());
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    let waiting = tokio::spawn(async move { reader.next().await });
    script.notice(Act::Fail(BackingError::pruned("gone")));
    script.follows(9, vec![(id("x"), 1), (id("y"), 1)]);
    sleep(Duration::from_secs(1)).await;
    assert_eq!((worker.report().restarts, waiting.is_finished()), (1, false));
    assert_eq!(worker.report().census.revno.0, 1);
}

#[tokio::test(start_paused = true)]
async fn by_policy_a_restart_ends_readers_with_the_real_error_which_they_share() {
    let (script, worker) = start(Config { restart: RestartPolicy::EndWatchers, ..short() });
    let (one, other) = (worker.watch_all_models().unwrap(), worker.watch_all_models().unwrap());
    one.next().await.unwrap();
    other.next().await.unwrap();
    script.notice(Act::Fail(BackingError::transient("the connection was reset")));
    let errors = [one.next().await, other.next().await].map(|ended| match ended {
        Err(NextError::Ended(failure)) => failure.error().cloned().unwrap(),
        other => panic!("{other:?}"),
    });
    assert_eq!(errors[0].to_string(), "the connection was reset");
    assert!(std::sync::Arc::ptr_eq(&errors[0], &errors[1]));
    // The worker goes on, and a new watcher with it.
    script.follows(2, vec![(id("x"), 3)]);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(told(&worker.watch_all_models().unwrap().next().await.unwrap()), ["x=3"]);
}

#[tokio::test(start_paused = true)]
async fn every_way_to_fail_is_a_restart_and_obeys_the_back_off() {
    type Fails = fn(&Script<u32>);
    let ways: [(&str, Fails); 6] = [
        ("a notice panics", |script| script.notice(Act::Panic)),
        ("the log was pruned", |script| script.notice(Act::Fail(BackingError::pruned("pruned")))),
        ("the past came back", |script| script.notice(Act::Fail(BackingError::rewound("restored")))),
        ("a fetch fails", |script| {
            script.fetch(Act::Fail(BackingError::transient("no")));
            script.notice(Act::Answer(Notice::Changed(vec![id("x")])));
        }),
        ("a fetch panics", |script| {
            script.fetch(Act::Panic);
            script.notice(Act::Answer(Notice::Changed(vec![id("x")])));
        }),
        ("silence", |_| ()),
    ];
    for (name, fail) in ways {
        let (script, worker) = start(short());
        let reader = worker.watch_all_models().unwrap();
        reader.next().await.unwrap();
        fail(&script);
        script.follows(5, vec![(id("x"), 7)]);
        assert_eq!(told(&reader.next().await.unwrap()), ["x=7", "-y"], "{name}");
        assert_eq!((worker.report().restarts, script.counts().watches), (1, 2), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_that_keeps_failing_is_not_retried_without_end() {
    let script = Script::<u32>::default();
    for _ in 0..1000 {
        script.watch(Act::Answer(Position(1)));
        script.load(Act::Fail(BackingError::transient("no")));
    }
    let worker = Worker::start(script.clone(), short());
    let reader = worker.watch_all_models().unwrap();
    let waiting = tokio::spawn(async move { reader.next().await });
    sleep(Duration::from_secs(10)).await;
    // 100 ms, 200, 400, 800 and then a second each: Juju's worker makes 15,546 in 120 ms (Z8).
    assert_eq!((script.counts().loads, waiting.is_finished()), (13, false));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_watch_or_get_all_is_a_failure_of_the_backing() {
    let script = Script::<u32>::default();
    script.watch(Act::Panic);
    script.watch(Act::Answer(Position(1)));
    script.load(Act::Panic);
    script.follows(3, vec![(id("x"), 1)]);
    let worker = Worker::start(script, short());
    let reader = worker.watch_all_models().unwrap();
    assert_eq!(told(&reader.next().await.unwrap()), ["x=1"]);
    let failures: Vec<_> = worker.report().last_failures.iter().map(|(_, failure)| failure.to_string()).collect();
    assert_eq!(failures, ["the backing failed: the backing panicked: the backing was told to panic"; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_error_ends_everything_with_the_real_error() {
    let (script, worker) = start(short());
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    script.notice(Act::Fail(BackingError::permanent("the schema is too new")));
    match reader.next().await {
        Err(NextError::Ended(failure)) => {
            assert_eq!(failure.class(), CauseClass::Permanent);
            assert_eq!(failure.error().unwrap().to_string(), "the schema is too new");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(worker.wait().await.to_string(), "the backing failed for good: the schema is too new");
    assert_eq!((script.counts().unwatches, script.counts().releases), (1, 1));
    assert!(worker.watch_all_models().is_err());
}

#[tokio::test(start_paused = true)]
async fn an_entity_that_cannot_be_read_delays_itself_alone() {
    let (script, worker) = start(short());
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    let ill = Read::Error(std::sync::Arc::from(Box::<dyn std::error::Error + Send + Sync>::from("bad JSON")));
    script.fetch(Act::Answer((Position(2), vec![(id("x"), ill), (id("y"), Read::Value(5.into()))])));
    script.notice(Act::Answer(Notice::Changed(vec![id("x"), id("y")])));
    assert_eq!(told(&reader.next().await.unwrap()), ["y=5"]);
    let report = worker.report();
    assert_eq!(report.quarantined.len(), 1);
    assert_eq!(
        (&report.quarantined[0].0, report.quarantined[0].1.error().unwrap().to_string()),
        (&id("x"), "bad JSON".to_owned())
    );
    // It is asked for again after its back-off, alone.
    script.fetch(Act::Answer((Position(2), vec![(id("x"), Read::Value(6.into()))])));
    assert_eq!(told(&reader.next().await.unwrap()), ["x=6"]);
    assert_eq!(script.asked().last(), Some(&(Position(2), vec![id("x")])));
    assert!(worker.report().quarantined.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_queue_past_its_limit_is_dropped_for_a_reload() {
    let (script, worker) = start(Config { queue_limit: 2, ..short() });
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    script.notice(Act::Answer(Notice::Changed(vec![id("a"), id("b"), id("c")])));
    script.follows(5, vec![(id("x"), 2), (id("y"), 1)]);
    assert_eq!(told(&reader.next().await.unwrap()), ["x=2"]);
    assert_eq!(worker.report().last_failures[0].1.class(), CauseClass::QueueFull);
}
