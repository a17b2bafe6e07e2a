//! What time brings comes in time, also while the backing always has something to tell.

use std::time::Duration;

use multiwatcher::backing::Notice;
use multiwatcher::driver::{NextError, Worker};
use multiwatcher::machine::{Config, Position};
use tokio::time::advance;

use crate::common::{id, settle, short, told};
use crate::scripted::{Act, Script, values};

/// A worker that follows, over a backing that tells marks without end.
async fn busy(config: Config) -> (Script<u32>, Worker<u32>) {
    let script = Script::default();
    script.follows(1, vec![(id("x"), 1)]);
    let worker = Worker::start(script.clone(), config);
    settle().await;
    script.marks_without_end(Position(1));
    settle().await;
    (script, worker)
}

/// Lets time pass, although somebody always has something to do.
async fn pass(seconds: u64) {
    for _ in 0..seconds {
        advance(Duration::from_secs(1)).await;
        settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_hangs_is_given_up_while_marks_keep_coming() {
    let (script, worker) = busy(short()).await;
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    script.notice(Act::Answer(Notice::Changed(vec![id("x")])));
    settle().await;
    assert_eq!(script.counts().fetches, 2, "it asks what happened, and the fetch hangs");
    pass(9).await;
    assert_eq!(script.counts().fetches, 2);
    pass(3).await;
    assert_eq!(script.counts().fetches, 3, "the fetch is overdue, and made again");
    script.fetch(Act::Answer((Position(2), values(vec![(id("x"), 2)]))));
    assert_eq!(told(&reader.next().await.unwrap()), ["x=2"]);
}

#[tokio::test(start_paused = true)]
async fn a_reader_ends_by_its_age_while_marks_keep_coming() {
    let (script, worker) = busy(Config { lag_age: Some(Duration::from_secs(5)), ..short() }).await;
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    script.commits(2, vec![(id("x"), 2)]);
    pass(7).await;
    assert!(matches!(reader.try_next(), Err(NextError::Lagged { .. })));
}

/// The task may come late to both.
#[tokio::test(start_paused = true)]
async fn an_answer_that_came_before_it_was_looked_at_the_clock_counts() {
    let (script, worker) = busy(short()).await;
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    script.notice(Act::Answer(Notice::Changed(vec![id("x")])));
    settle().await;
    script.fetch(Act::Answer((Position(2), values(vec![(id("x"), 2)]))));
    advance(Config::default().call_timeout + Duration::from_secs(1)).await;
    assert_eq!(told(&reader.next().await.unwrap()), ["x=2"]);
    pass(1).await;
    assert_eq!(script.counts().fetches, 2, "it was not asked again");
}
