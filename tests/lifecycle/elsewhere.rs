//! A reader goes on at another worker of the same database: exactly, or it is told that this cannot be.

use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use multiwatcher::backing::{BackingError, Identity, Notice, Read};
use multiwatcher::driver::{Multiwatcher, ResumeError, ResumeToken, Worker};
use multiwatcher::machine::{Config, Filter, Position, ResumePoint, Revno};
use tokio::time::{sleep, timeout};

use crate::common::{Counting, id, poll, settle, short, start_with, told};
use crate::scripted::{Act, Script, values};

/// A worker that follows from this position on, with a window.
async fn at(position: u64) -> (Script<u32>, Worker<u32>) {
    let script = Script::default();
    script.follows(position, vec![(id("x"), 1)]);
    let worker = Worker::start(script.clone(), Config { window: 10, ..short() });
    settle().await;
    (script, worker)
}

async fn reader(worker: &Worker<u32>) -> Multiwatcher<u32> {
    let reader = worker.watch_all_models().expect("the worker goes on");
    reader.next().await.expect("it has loaded");
    reader
}

fn token(reader: &Multiwatcher<u32>) -> ResumeToken {
    reader.resume_token().expect("the worker goes on").expect("it has had its first batch")
}

/// The token of a reader whose worker has been brought to 4 by a commit.
async fn from_further() -> ResumeToken {
    let (script, one) = at(3).await;
    let reader = reader(&one).await;
    script.commits(4, vec![(id("x"), 2)]);
    settle().await;
    reader.next().await.expect("it is told of the commit");
    token(&reader)
}

#[tokio::test(start_paused = true)]
async fn it_is_told_the_difference_as_if_it_had_stayed() {
    let (backing, one) = start_with(Config { window: 10, ..Config::default() });
    let other = Worker::start(backing.clone(), Config { window: 10, ..Config::default() });
    backing.put(id("x"), 1);
    let (reader, _) = (reader(&one).await, reader(&other).await);
    backing.put(id("y"), 1);
    settle().await;
    assert_eq!(told(&reader.next().await.unwrap()), ["y=1"]);
    let token = token(&reader);
    backing.remove(id("x"));
    settle().await;
    backing.put(id("z"), 1);
    settle().await;
    let back = other.resume(&token.to_string().parse().unwrap()).await.unwrap();
    assert_eq!(told(&back.next().await.unwrap()), ["-x", "z=1"]);
    assert_eq!(told(&reader.next().await.unwrap()), ["-x", "z=1"]);
    // Its own token is as good as that of one that was opened there.
    let back = one.resume(&back.resume_token().unwrap().unwrap()).await.unwrap();
    assert!(back.try_next().unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_a_load_or_a_step_passed_over_is_gone() {
    let (script, one) = at(3).await;
    let reader = reader(&one).await;
    let old = token(&reader);
    script.commits(5, vec![(id("x"), 2)]);
    settle().await;
    reader.next().await.unwrap();
    let new = token(&reader);

    let (loaded, later) = at(4).await;
    assert!(matches!(later.resume(&old).await, Err(ResumeError::Gone { .. })), "its load passed over 3");
    loaded.commits(6, vec![(id("x"), 3)]);
    settle().await;
    assert!(matches!(later.resume(&new).await, Err(ResumeError::Gone { .. })), "a step passed over 5");
}

#[tokio::test(start_paused = true)]
async fn past_the_window_it_is_gone() {
    let (script, other) = at(3).await;
    let (_, one) = at(3).await;
    let token = token(&reader(&one).await);
    for position in 4..14 {
        assert!(other.resume(&token).await.is_ok());
        script.commits(position, vec![(id("x"), u32::try_from(position).unwrap())]);
        settle().await;
    }
    assert!(other.resume(&token).await.is_ok(), "ten revnos back");
    script.commits(14, vec![(id("x"), 1)]);
    settle().await;
    assert!(matches!(other.resume(&token).await, Err(ResumeError::Gone { .. })), "eleven revnos back");
}

#[tokio::test(start_paused = true)]
async fn one_that_has_been_further_waits_until_the_worker_is_there() {
    let token = from_further().await;

    let (script, other) = at(3).await;
    match other.try_resume(&token) {
        Err(ResumeError::Ahead { position }) => assert_eq!(position, Position(3)),
        refused => panic!("{refused:?}"),
    }
    let waiting = tokio::spawn({
        let (other, token) = (other.clone(), token.clone());
        async move { other.resume(&token).await.unwrap() }
    });
    sleep(Duration::from_secs(3)).await;
    assert!(!waiting.is_finished());
    script.commits(4, vec![(id("x"), 2)]);
    script.commits(5, vec![(id("y"), 2)]);
    assert_eq!(told(&waiting.await.unwrap().next().await.unwrap()), ["y=2"]);
}

#[tokio::test(start_paused = true)]
async fn before_the_first_load_it_waits_as_well() {
    let (_, one) = at(3).await;
    let token = token(&reader(&one).await);
    let script = Script::<u32>::default();
    let other = Worker::start(script.clone(), Config { window: 10, ..short() });
    settle().await;
    assert!(matches!(other.try_resume(&token), Err(ResumeError::Ahead { position: Position(0) })));
    script.follows(3, vec![(id("x"), 1)]);
    let back = other.resume(&token).await.unwrap();
    assert!(back.try_next().unwrap().is_none());
}

/// Also where the other worker stood at the position at which every store begins.
#[tokio::test(start_paused = true)]
async fn one_that_waits_for_the_first_load_is_woken_by_it_and_by_nothing_before() {
    let (_, one) = at(0).await;
    let token = token(&reader(&one).await);
    let script = Script::<u32>::default();
    let other = Worker::start(script.clone(), Config { window: 10, ..short() });
    settle().await;
    let woken = Arc::new(Counting::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut call = other.resume(&token);
    assert!(poll(&mut call, &waker).is_pending());
    drop(other.watch_all_models().unwrap());
    script.watch(Act::Answer(Position(0)));
    script.load(Act::Answer(Some(values(vec![(id("x"), 1)]))));
    settle().await;
    assert_eq!(woken.count(), 0, "no-spin-no-stall: nothing has brought it nearer");
    script.load(Act::Answer(None));
    script.fetch(Act::Answer((Position(0), Vec::new())));
    settle().await;
    assert_eq!(woken.count(), 1);
    assert!(matches!(poll(&mut call, &waker), Poll::Ready(Ok(_))));
}

/// Such a token was given out by nobody.
#[tokio::test(start_paused = true)]
async fn before_the_first_load_a_token_of_this_very_worker_is_gone() {
    let script = Script::<u32>::default();
    let worker = Worker::start(script.clone(), Config { window: 10, ..short() });
    let epoch = worker.report().census.epoch;
    let point = ResumePoint { epoch, revno: Revno(0), position: Position(0), backing: Identity(7), exact: true };
    let forged = ResumeToken::forged(point, Filter::all_models());
    assert!(matches!(worker.try_resume(&forged), Err(ResumeError::Gone { .. })), "nothing was subscribed");
    script.watch(Act::Answer(Position(0)));
    settle().await;
    assert!(matches!(worker.try_resume(&forged), Err(ResumeError::Gone { .. })), "nothing was loaded");
    script.load(Act::Answer(None));
    script.fetch(Act::Answer((Position(0), Vec::new())));
    settle().await;
    let back = worker.try_resume(&forged).expect("whoever was told of an empty store comes back with this");
    assert_eq!(back.progress().unwrap().map(|progress| progress.revno), Some(Revno(0)));
}

#[test]
fn whoever_comes_back_need_not_stand_in_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (token, (script, other)) = runtime.block_on(async { (from_further().await, at(3).await) });
    let mut call = other.resume(&token);
    assert!(poll(&mut call, Waker::noop()).is_pending());
    script.commits(4, vec![(id("x"), 2)]);
    runtime.block_on(settle());
    assert!(matches!(poll(&mut call, Waker::noop()), Poll::Ready(Ok(_))));
}

#[tokio::test(start_paused = true)]
async fn it_does_not_wait_for_ever_and_leaves_nothing_behind() {
    let token = from_further().await;

    let (script, other) = at(3).await;
    let waited = tokio::time::Instant::now();
    assert!(matches!(other.resume(&token).await, Err(ResumeError::Ahead { position: Position(3) })));
    assert_eq!(waited.elapsed(), Config::default().call_timeout);
    assert!(timeout(Duration::from_secs(1), other.resume(&token)).await.is_err(), "dropped while it waits");
    assert_eq!(other.report().census.watchers.total(), 0);
    script.commits(4, vec![(id("x"), 2)]);
    settle().await;
    assert!(other.resume(&token).await.is_ok(), "it may be tried again");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_ends_tells_those_who_wait() {
    let token = from_further().await;
    let (_, other) = at(3).await;
    let waiting = tokio::spawn({
        let (other, token) = (other.clone(), token.clone());
        async move { other.resume(&token).await }
    });
    settle().await;
    other.kill();
    let waited = tokio::time::Instant::now();
    assert!(matches!(waiting.await.unwrap(), Err(ResumeError::Watch(_))));
    assert_eq!(waited.elapsed(), Duration::ZERO);
}

/// Who was not told of an id that could not be read holds something else there than others do.
#[tokio::test(start_paused = true)]
async fn where_an_id_could_not_be_read_a_token_is_good_for_its_own_worker_alone() {
    let (script, one) = at(3).await;
    let reader = reader(&one).await;
    let mut reads = values(vec![(id("y"), 2)]);
    reads.push((id("x"), Read::Error(Arc::new(std::io::Error::other("no")))));
    script.fetch(Act::Answer((Position(4), reads)));
    script.notice(Act::Answer(Notice::Changed(vec![id("x"), id("y")])));
    settle().await;
    assert_eq!(told(&reader.next().await.unwrap()), ["y=2"]);
    assert!(!reader.progress().unwrap().unwrap().exact);
    let inexact = token(&reader);

    let (script, other) = at(3).await;
    script.commits(4, vec![(id("x"), 2), (id("y"), 2)]);
    settle().await;
    assert!(matches!(other.resume(&inexact).await, Err(ResumeError::Gone { .. })));
    assert!(one.resume(&inexact).await.is_ok());
}

/// An older state came back: what positions meant before means nothing, also to the worker that gave the tokens out.
#[tokio::test(start_paused = true)]
async fn tokens_from_before_a_past_came_back_are_refused_by_everybody() {
    let (script, one) = at(3).await;
    let first = reader(&one).await;
    script.commits(4, vec![(id("x"), 2)]);
    settle().await;
    let old = token(&first);
    script.is_now(Identity(8));
    script.notice(Act::Fail(BackingError::rewound("an older state came back")));
    script.follows(3, vec![(id("x"), 1)]);
    sleep(Duration::from_secs(1)).await;
    assert!(matches!(one.resume(&old).await, Err(ResumeError::Gone { .. })));

    // The reader itself goes on, and from its next batch on its token is of the other past.
    first.next().await.unwrap();
    let new = token(&first);
    assert_eq!(new.identity(), Identity(8));
    assert!(one.resume(&new).await.is_ok());
    let (_, of_the_old) = at(3).await;
    assert!(matches!(of_the_old.resume(&new).await, Err(ResumeError::Gone { .. })));
}
