//! How a cache begins, how it goes on without a worker, and how it ends.

use std::time::Duration;

use multiwatcher::backing::{BackingError, FailureKind, Json, MemoryBacking};
use multiwatcher::cache::{CacheEnd, ModelCache};
use multiwatcher::driver::{Factory, OpenError, Worker};
use multiwatcher::machine::{Config, Filter, RestartPolicy};
use tokio::time::{sleep, timeout};

use super::common::{model, redis, settle, short, start, unit};
use super::failing::Failing;

fn factory(failing: &Failing) -> Factory<Json> {
    let opened = failing.clone();
    let open = move || {
        let opened = opened.clone();
        async move { if opened.is_down() { Err(OpenError::Failed(BackingError::transient("down"))) } else { Ok(opened) } }
    };
    Factory::new(open, short())
}

#[tokio::test(start_paused = true)]
async fn a_kill_ends_it_at_once_for_everybody_and_what_it_holds_can_be_read() {
    let (database, worker, cache) = start();
    database.put(unit("redis/0"), redis("active"));
    cache.loaded().await.unwrap();
    let waiting = tokio::spawn({
        let cache = cache.clone();
        async move { cache.wait_for(model(1), |_| false).await.map(|_| ()) }
    });
    settle().await;
    assert_eq!(worker.report().census.watchers.total(), 1);
    cache.kill();
    assert!(matches!(cache.loaded().await, Err(CacheEnd::Killed)));
    assert!(matches!(waiting.await.unwrap(), Err(CacheEnd::Killed)));
    assert!(matches!(cache.wait().await, CacheEnd::Killed));
    assert_eq!(worker.report().census.watchers.total(), 0, "its multiwatcher is stopped");
    assert_eq!(cache.model(model(1)).unwrap().units().count(), 1);
    assert!(cache.report().out_of_reach_for.is_some() && !cache.report().is_caught_up);
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_ends_it_and_watchers_do_not_keep_it() {
    let (_database, worker, cache) = start();
    let (mut watcher, end, other) = (cache.notify(Filter::all_models()), cache.wait(), cache.clone());
    watcher.next().await.unwrap();
    drop(cache);
    assert!(timeout(Duration::from_secs(1), watcher.next()).await.is_err(), "a clone keeps it");
    drop(other);
    assert!(matches!(watcher.next().await, Err(CacheEnd::Killed)));
    assert!(matches!(end.await, CacheEnd::Killed));
    assert_eq!(worker.report().census.watchers.total(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cache_of_one_worker_ends_with_it_and_says_why() {
    let failing = Failing::new();
    let worker = Worker::start(failing.clone(), short());
    let cache = ModelCache::start(worker);
    cache.loaded().await.unwrap();
    failing.fail(FailureKind::Permanent);
    let end = cache.wait().await;
    assert!(end.to_string().contains("the subscription broke"), "{end}");
    assert!(matches!(cache.wait_for(model(1), |_| true).await, Err(CacheEnd::Worker(_))));
}

#[tokio::test(start_paused = true)]
async fn a_multiwatcher_that_ends_alone_is_replaced() {
    let failing = Failing::new();
    let config = Config { restart: RestartPolicy::EndWatchers, ..short() };
    let cache = ModelCache::start(Worker::start(failing.clone(), config));
    let epoch = cache.loaded().await.unwrap().epoch();
    failing.fail(FailureKind::Transient);
    failing.database.put(unit("redis/0"), redis("active"));
    let waiting = cache.wait_for(model(1), |model| model.is_some());
    let held = timeout(Duration::from_mins(1), waiting).await.expect("longer than any wait to open again").unwrap();
    assert!(held.is_some());
    assert_eq!(cache.snapshot().unwrap().epoch(), epoch, "the worker is the same");
    assert_eq!(cache.report().openings, 2);
}

#[tokio::test(start_paused = true)]
async fn without_a_worker_it_serves_what_it_holds_and_says_since_when() {
    let failing = Failing::new();
    failing.database.put(unit("redis/0"), redis("active"));
    failing.database.put(unit("redis/1"), redis("active"));
    let cache = ModelCache::start(factory(&failing));
    let epoch = cache.loaded().await.unwrap().epoch();
    settle().await;
    assert!(cache.report().is_caught_up);
    assert_eq!(cache.report().out_of_reach_for, None);
    let mut watcher = cache.strings(Filter::all_models());
    watcher.next().await.unwrap();

    failing.down(true);
    failing.fail(FailureKind::Permanent);
    failing.database.remove(unit("redis/1"));
    sleep(Duration::from_secs(30)).await;
    let report = cache.report();
    assert!(!report.is_caught_up);
    let away = report.out_of_reach_for.unwrap();
    assert!((Duration::from_secs(29)..=Duration::from_secs(31)).contains(&away), "{away:?}");
    assert!(report.last_failure.unwrap().to_string().contains("down"));
    assert_eq!(cache.model(model(1)).unwrap().units().count(), 2, "nothing is evicted");
    assert!(timeout(Duration::ZERO, watcher.next()).await.is_err(), "nothing was heard");

    failing.down(false);
    let told = timeout(Duration::from_mins(1), watcher.next()).await.expect("longer than any wait to open again");
    let (ids, snapshot) = told.unwrap();
    assert_eq!(ids, [unit("redis/1")], "the difference and nothing else");
    assert_ne!(snapshot.epoch(), epoch, "another worker");
    settle().await;
    assert!(cache.report().is_caught_up);
    assert_eq!(cache.report().out_of_reach_for, None);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_out_of_reach_shows() {
    let failing = Failing::new();
    let cache = ModelCache::start(factory(&failing));
    cache.loaded().await.unwrap();
    failing.down(true);
    failing.fail(FailureKind::Transient);
    sleep(Duration::from_secs(7)).await;
    let away = cache.report().out_of_reach_for.unwrap();
    assert!((Duration::from_secs(6)..=Duration::from_secs(7)).contains(&away), "{away:?}");
    failing.down(false);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(cache.report().out_of_reach_for, None);
    assert_eq!(cache.report().openings, 1, "a restart inside the worker is not seen");
}

#[tokio::test(start_paused = true)]
async fn attempts_to_open_are_spread_out() {
    let failing = Failing::new();
    failing.down(true);
    let opened = failing.clone();
    let attempts = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = attempts.clone();
    let open = move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let opened = opened.clone();
        async move { if opened.is_down() { Err(OpenError::not_found("no database")) } else { Ok(opened) } }
    };
    let cache = ModelCache::start(Factory::new(open, short()));
    sleep(Duration::from_secs(100)).await;
    let count = attempts.load(std::sync::atomic::Ordering::Relaxed);
    // At 0, then after waits of 0.1, 0.2, ... 6.4 s, then every ten seconds: at 12.7 s and eight more.
    assert_eq!(count, 16, "attempts in 100 s");
    failing.down(false);
    timeout(Duration::from_secs(11), cache.loaded()).await.unwrap().unwrap();
}

#[test]
fn a_runtime_that_shuts_down_ends_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let cache = runtime.block_on(async { ModelCache::start(Worker::start(MemoryBacking::<Json>::new(), short())) });
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    assert!(matches!(other.block_on(cache.wait()), CacheEnd::TaskGone));
    assert!(matches!(other.block_on(cache.loaded()), Err(CacheEnd::TaskGone)));
}
