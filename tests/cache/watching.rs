//! What watchers and waits are told, and what they are not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use multiwatcher::cache::Replica;
use multiwatcher::cache::entities::EntityKind;
use multiwatcher::machine::{Batch, Change, Delta, EntityId, Epoch, Filter, Position, Revno};
use tokio::time::timeout;

use super::common::{json, model, redis, settle, start, unit};

const AT_ONCE: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn a_strings_watcher_names_everything_then_what_changed_each_once() {
    let (database, _worker, cache) = start();
    database.put(unit("redis/1"), redis("active"));
    database.put(unit("redis/0"), redis("active"));
    let mut watcher = cache.strings(Filter::model(model(1)).only_kinds([EntityKind::Unit.into()]));
    let (ids, snapshot) = watcher.next().await.unwrap();
    assert_eq!(ids, [unit("redis/0"), unit("redis/1")]);
    assert_eq!(snapshot.position(), database.position());

    database.put(unit("redis/1"), redis("blocked"));
    settle().await;
    database.put(unit("redis/1"), redis("error"));
    settle().await;
    database.remove(unit("redis/0"));
    settle().await;
    database.put(EntityId::new("machine", model(1), "0"), json("{}"));
    database.put(EntityId::new("unit", model(2), "redis/0"), redis("active"));
    settle().await;
    let (ids, snapshot) = watcher.next().await.unwrap();
    assert_eq!(ids, [unit("redis/0"), unit("redis/1")], "each once, and no other kind or model");
    assert!(snapshot.get(&unit("redis/0")).is_none(), "which is gone shows in the snapshot");
    assert!(timeout(AT_ONCE, watcher.next()).await.is_err(), "once");
}

#[tokio::test(start_paused = true)]
async fn changed_and_changed_back_is_told_once_by_both() {
    let (database, _worker, cache) = start();
    database.put(unit("redis/0"), redis("active"));
    let (mut notify, mut strings) = (cache.notify(Filter::all_models()), cache.strings(Filter::all_models()));
    notify.next().await.unwrap();
    strings.next().await.unwrap();

    database.put(unit("redis/0"), redis("blocked"));
    settle().await;
    database.put(unit("redis/0"), redis("active"));
    settle().await;
    let snapshot = timeout(AT_ONCE, notify.next()).await.expect("it fires though nothing is different").unwrap();
    assert_eq!(snapshot.model(model(1)).unwrap().unit("redis/0").unwrap().workload_status.current, "active");
    assert_eq!(timeout(AT_ONCE, strings.next()).await.unwrap().unwrap().0, [unit("redis/0")]);
    assert!(timeout(AT_ONCE, notify.next()).await.is_err(), "once");
    assert!(timeout(AT_ONCE, strings.next()).await.is_err(), "once");

    // Within one step of the worker's backing nobody could see it.
    database.put(unit("redis/0"), redis("blocked"));
    database.put(unit("redis/0"), redis("active"));
    settle().await;
    assert!(timeout(AT_ONCE, notify.next()).await.is_err());
    assert!(timeout(AT_ONCE, strings.next()).await.is_err());

    // Created and removed: seen, the id is told; within one step nobody heard of it.
    database.put(unit("redis/1"), redis("active"));
    settle().await;
    database.remove(unit("redis/1"));
    settle().await;
    let (ids, snapshot) = timeout(AT_ONCE, strings.next()).await.unwrap().unwrap();
    assert_eq!((ids, snapshot.get(&unit("redis/1")).is_none()), (vec![unit("redis/1")], true));
    database.put(unit("redis/2"), redis("active"));
    database.remove(unit("redis/2"));
    settle().await;
    assert!(timeout(AT_ONCE, strings.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_wait_looks_when_its_model_changes_and_at_no_other_time() {
    let (database, _worker, cache) = start();
    let looks = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&looks);
    let waiting = tokio::spawn({
        let cache = cache.clone();
        async move {
            let is_active = |model: &multiwatcher::cache::CachedModel| {
                model.unit("redis/0").is_some_and(|unit| unit.workload_status.current == "active")
            };
            cache
                .wait_for(model(1), move |model| {
                    seen.fetch_add(1, Ordering::Relaxed);
                    model.is_some_and(is_active)
                })
                .await
        }
    });
    settle().await;
    assert_eq!(looks.load(Ordering::Relaxed), 1, "it looks at once");
    for number in 0..10 {
        database.put(EntityId::new("unit", model(2), "redis/0"), redis(&number.to_string()));
        settle().await;
    }
    assert_eq!(looks.load(Ordering::Relaxed), 1, "another model is not its business");
    database.put(unit("redis/0"), redis("waiting"));
    settle().await;
    assert_eq!(looks.load(Ordering::Relaxed), 2);
    database.put(unit("redis/0"), redis("active"));
    let held = waiting.await.unwrap().unwrap().unwrap();
    assert_eq!(held.unit("redis/0").unwrap().workload_status.current, "active");
    assert_eq!(looks.load(Ordering::Relaxed), 3);
    assert_eq!(cache.report().watchers, 0, "it left nothing behind");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_loses_nothing() {
    let (database, _worker, cache) = start();
    let mut watcher = cache.strings(Filter::all_models());
    watcher.next().await.unwrap();
    // Woken and dropped before it is polled again.
    let mut call = Box::pin(watcher.next());
    assert!(timeout(AT_ONCE, &mut call).await.is_err());
    database.put(unit("redis/0"), redis("active"));
    settle().await;
    drop(call);
    assert_eq!(timeout(AT_ONCE, watcher.next()).await.unwrap().unwrap().0, [unit("redis/0")]);

    let wait = timeout(AT_ONCE, cache.wait_for(model(1), |_| false)).await;
    assert!(wait.is_err());
    drop(watcher);
    assert_eq!(cache.report().watchers, 0);
}

/// What the worker joined in one batch: it says that an id changed, and the value is the one that is held.
#[test]
fn a_batch_that_brings_the_value_that_is_held_is_a_change() {
    let (mut replica, revno) = (Replica::new(), |number| (Revno(number), Position(number)));
    let delta = |number| Delta::new(unit("redis/0"), Revno(number), Change::Changed, Arc::new(redis("active")));
    let batch = |number| Batch::new(revno(number).0, revno(number).1, vec![delta(number)]);
    let feed = replica.open();
    assert_eq!(replica.apply(feed, Epoch(1), &batch(1)).unwrap().ids().count(), 1);
    assert_eq!(replica.apply(feed, Epoch(1), &batch(3)).unwrap().ids().count(), 1, "it had another one in between");
    // The whole state of another worker says how it is, and not what happened.
    let feed = replica.open();
    assert!(replica.apply(feed, Epoch(2), &batch(1)).unwrap().is_empty());
}
