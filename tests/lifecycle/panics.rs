//! What ends a worker's task from outside: a value whose comparison panics, and a runtime that shuts down.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use multiwatcher::backing::MemoryBacking;
use multiwatcher::driver::{NextError, Worker};
use multiwatcher::machine::{CauseClass, Config};

use crate::common::id;

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
