//! Openings that cross something else: a kill, the factory's own end, another opener, a restart between two halves of a call (Z13).

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use multiwatcher::backing::{BackingError, MemoryBacking};
use multiwatcher::driver::{Factory, NextError, OpenError, WatchError};
use multiwatcher::machine::{Backoff, CauseClass, Config};
use tokio::sync::Semaphore;
use tokio::time::{Instant, advance};

use crate::common::{id, settle, told};
use crate::scripted::{Act, Script};

/// Counts how many are about.
#[derive(Clone, Default)]
struct About(Arc<()>);

impl About {
    fn count(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

fn config() -> Config {
    let backoff = Backoff { min: Duration::from_secs(1), max: Duration::from_secs(8) };
    Config { backoff, call_timeout: Duration::from_hours(1), ..Config::default() }
}

/// A factory whose openings hang, and how many of them do.
fn hanging() -> (Factory<u32>, About) {
    let about = About::default();
    let opening = about.clone();
    let open = move || {
        let opening = opening.0.clone();
        async move {
            let opened = pending::<Result<MemoryBacking<u32>, OpenError>>().await;
            drop(opening);
            opened
        }
    };
    let factory = Factory::new(open, config());
    (factory, About(Arc::clone(&about.0)))
}

async fn is_pending(call: &mut (impl Future + Unpin)) -> bool {
    poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *call).poll(cx).is_pending())).await
}

/// How many openings are under way: the test and the opener hold one each.
fn under_way(about: &About) -> usize {
    about.count() - 1
}

#[tokio::test(start_paused = true)]
async fn a_kill_gives_up_the_opening_and_closing_does_not_wait_for_its_time_out() {
    let (factory, about) = hanging();
    let mut call = Box::pin(factory.watch_all_models());
    assert!(is_pending(&mut call).await);
    settle().await;
    assert_eq!(under_way(&about), 1);
    let before = Instant::now();
    factory.close().await;
    assert_eq!((before.elapsed(), under_way(&about)), (Duration::ZERO, 0));
    match call.await {
        Err(WatchError::Ended(failure)) => assert_eq!(failure.class(), CauseClass::Killed),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_of_the_factory_gives_up_the_opening() {
    let (factory, about) = hanging();
    let clone = factory.clone();
    let mut call = Box::pin(factory.watch_all_models());
    assert!(is_pending(&mut call).await);
    settle().await;
    drop(call);
    drop(factory);
    settle().await;
    assert_eq!(under_way(&about), 1, "a clone is left, and a dropped caller stops nothing");
    drop(clone);
    settle().await;
    assert_eq!(about.count(), 0, "the opener and its call are dropped");
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_waker_panics_keeps_the_answer_from_nobody() {
    struct Panicking;
    impl Wake for Panicking {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }
    let gate = Arc::new(Semaphore::new(0));
    let opened = gate.clone();
    let open = move || {
        let gate = opened.clone();
        async move {
            gate.acquire().await.expect("it is never closed").forget();
            Ok::<_, OpenError>(MemoryBacking::<u32>::new())
        }
    };
    let factory = Factory::new(open, config());
    let waker = Waker::from(Arc::new(Panicking));
    let mut bad = pin!(factory.watch_all_models());
    assert!(bad.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let good = tokio::spawn({
        let factory = factory.clone();
        async move { factory.watch_all_models().await.map(drop) }
    });
    settle().await;
    gate.add_permits(1);
    settle().await;
    assert!(good.is_finished(), "the other one is woken all the same");
    good.await.unwrap().unwrap();
    bad.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_failed_for_good_is_replaced_at_once_when_the_opener_changed_since() {
    let (failing, mended) = (Script::<u32>::default(), Script::<u32>::default());
    failing.follows(1, Vec::new());
    mended.follows(1, vec![(id("x"), 1)]);
    let opened = failing.clone();
    let factory = Factory::new(move || core::future::ready(Ok::<_, OpenError>(opened.clone())), config());
    let reader = factory.watch_all_models().await.unwrap();
    reader.next().await.unwrap();
    failing.notice(Act::Fail(BackingError::permanent("the schema is too new")));
    assert!(matches!(reader.next().await, Err(NextError::Ended(_))));
    factory.replace_opener(move || core::future::ready(Ok::<_, OpenError>(mended.clone())));
    let reader = factory.watch_all_models().await.unwrap();
    assert_eq!(told(&reader.next().await.unwrap()), ["x=1"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_opener_begins_with_the_shortest_back_off() {
    let fail = || core::future::ready(Err::<MemoryBacking<u32>, _>(OpenError::failed("no")));
    let factory = Factory::new(fail, config());
    for wait in [1, 2, 4] {
        assert!(matches!(factory.watch_all_models().await, Err(WatchError::Dead(_))));
        advance(Duration::from_secs(wait)).await;
    }
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    factory.replace_opener(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        fail()
    });
    for (wait, opened) in [(0, 1), (999, 1), (1, 2), (1999, 2), (1, 3)] {
        advance(Duration::from_millis(wait)).await;
        assert!(matches!(factory.watch_all_models().await, Err(WatchError::Dead(_))));
        assert_eq!(calls.load(Ordering::SeqCst), opened);
    }
}

#[tokio::test(start_paused = true)]
async fn an_opening_that_fails_after_its_opener_was_replaced_is_not_held_against_the_new_one() {
    let gate = Arc::new(Semaphore::new(0));
    let closed = gate.clone();
    let open = move || {
        let gate = closed.clone();
        async move {
            gate.acquire().await.expect("it is never closed").forget();
            Err::<MemoryBacking<u32>, _>(OpenError::failed("the old one"))
        }
    };
    let factory = Factory::new(open, config());
    let mut call = Box::pin(factory.watch_all_models());
    assert!(is_pending(&mut call).await);
    factory.replace_opener(|| core::future::ready(Ok::<_, OpenError>(MemoryBacking::new())));
    gate.add_permits(1);
    assert!(matches!(call.await, Err(WatchError::Dead(_))), "who asked the old one has its answer");
    factory.watch_all_models().await.unwrap();
}

/// Z13: between the two halves of a call, which are waiting for the worker and registering with it, the worker is killed.
#[tokio::test(start_paused = true)]
async fn a_call_that_crosses_a_restart_is_answered_by_the_worker_that_there_is() {
    let database = MemoryBacking::new();
    database.put(id("x"), 1);
    let opened = database.clone();
    let factory = Factory::new(move || core::future::ready(Ok::<_, OpenError>(opened.clone())), config());
    let mut call = Box::pin(factory.watch_all_models());
    assert!(is_pending(&mut call).await);
    settle().await;
    let first = factory.report().expect("it has opened").census.epoch;
    // The call has been answered with that worker, and has not looked yet.
    factory.kill();
    let reader = call.await.unwrap();
    assert_eq!(told(&reader.next().await.unwrap()), ["x=1"]);
    assert_ne!(factory.report().unwrap().census.epoch, first);
    database.put(id("x"), 2);
    assert_eq!(told(&reader.next().await.unwrap()), ["x=2"]);
}

/// The same with real threads: no call hangs, and none is answered by a worker that is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn opening_while_workers_are_killed_hangs_nobody() {
    let (database, openings) = (MemoryBacking::new(), Arc::new(AtomicU32::new(0)));
    database.put(id("x"), 1);
    let (opened, counted) = (database.clone(), openings.clone());
    let open = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let opened = opened.clone();
        async move {
            tokio::task::yield_now().await;
            Ok::<_, OpenError>(opened)
        }
    };
    let factory = Factory::new(open, config());
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let factory = factory.clone();
        readers.spawn(async move {
            // As often as it takes for kills to meet calls.
            let mut crossed = 0;
            while crossed < 50 {
                // Whoever is always answered at once would never let the killer run.
                tokio::task::yield_now().await;
                let ended = match factory.watch_all_models().await {
                    Ok(reader) => match reader.next().await {
                        Ok(batch) => {
                            assert_eq!(told(&batch), ["x=1"]);
                            continue;
                        }
                        Err(NextError::Ended(failure)) => failure,
                        Err(error) => panic!("{error}"),
                    },
                    // Killed while it opened, or twice within one call.
                    Err(WatchError::Ended(failure)) => failure,
                    Err(error) => panic!("{error}"),
                };
                assert_eq!(ended.class(), CauseClass::Killed);
                crossed += 1;
            }
        });
    }
    let killer = tokio::spawn({
        let factory = factory.clone();
        async move {
            loop {
                factory.kill();
                tokio::task::yield_now().await;
            }
        }
    });
    tokio::time::timeout(Duration::from_mins(1), readers.join_all()).await.expect("nobody hangs");
    killer.abort();
    assert!(openings.load(Ordering::SeqCst) > 1);
    factory.close().await;
    assert_eq!(database.subscriptions(), 0, "every worker has released its backing");
}
