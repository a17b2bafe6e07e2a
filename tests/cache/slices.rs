//! A large batch is applied in slices: other tasks get their turn meanwhile, and nobody sees half of it.

use std::sync::Arc;
use std::time::Duration;

use multiwatcher::backing::{Json, MemoryBacking};
use multiwatcher::cache::{CacheEnd, ModelCache, Replica, Snapshot};
use multiwatcher::driver::Worker;
use multiwatcher::machine::{Batch, Change, Delta, Epoch, Filter, Position, Revno};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::common::{content, redis, short, unit};

const MANY: usize = 20_000;
/// Turns that others get while so many entities are applied: slices are a hundredth of them.
const TURNS: usize = 50;

/// A delta of the unit of this number.
fn delta(number: usize, revno: u64, change: Change, status: &str) -> Delta<Json> {
    Delta::new(unit(&format!("redis/{number}")), Revno(revno), change, Arc::new(redis(status)))
}

fn batch(revno: u64, deltas: Vec<Delta<Json>>) -> Batch<Json> {
    Batch::new(Revno(revno), Position(revno), deltas)
}

fn whole(revno: u64, numbers: impl Iterator<Item = usize>, status: &str) -> Batch<Json> {
    batch(revno, numbers.map(|number| delta(number, revno, Change::Changed, status)).collect())
}

/// Applies a batch in the smallest slices; after each the replica is as it was. Returns how many there were.
fn sliced(replica: &mut Replica, feed: multiwatcher::cache::Feed, epoch: Epoch, batch: &Batch<Json>) -> usize {
    let before = replica.snapshot().map(|snapshot| (snapshot.revno(), content(snapshot)));
    let (mut applying, mut slices) = (replica.begin(feed, epoch, batch).unwrap(), 1);
    while !applying.advance(0) {
        slices += 1;
        assert_eq!(replica.snapshot().map(|snapshot| (snapshot.revno(), content(snapshot))), before, "slice {slices}");
    }
    replica.finish(applying).unwrap();
    slices
}

#[test]
fn nothing_of_a_batch_is_seen_before_all_of_it_and_slices_end_where_a_whole_does() {
    let (mut replica, mut at_once) = (Replica::new(), Replica::new());
    let first = (replica.open(), at_once.open());
    let changed = (0..40).map(|number| {
        let change = if number % 3 == 0 { Change::Removed } else { Change::Changed };
        delta(number, 2, change, "blocked")
    });
    let batches = [whole(1, 0..60, "active"), batch(2, changed.collect())];
    for batch in &batches {
        assert!(sliced(&mut replica, first.0, Epoch(1), batch) >= batch.deltas().len(), "one entity at a time");
        at_once.apply(first.1, Epoch(1), batch).unwrap();
    }
    // Another worker's whole state: some are gone, some differ, some are new.
    let (second, other) = ((replica.open(), at_once.open()), whole(1, 30..90, "active"));
    assert!(sliced(&mut replica, second.0, Epoch(2), &other) > 60);
    at_once.apply(second.1, Epoch(2), &other).unwrap();
    let (one, two) = (replica.snapshot().unwrap(), at_once.snapshot().unwrap());
    assert_eq!(content(one), content(two));
    assert_eq!((one.len(), one.revno(), one.epoch()), (60, Revno(1), Epoch(2)));
}

#[test]
fn what_was_applied_to_something_else_is_not_taken_in() {
    let mut replica = Replica::new();
    let feed = replica.open();
    let (one, two) = (whole(1, 0..10, "active"), whole(2, 0..10, "blocked"));
    let applying = replica.begin(feed, Epoch(1), &one).unwrap();
    replica.apply(feed, Epoch(1), &one).unwrap();
    assert!(replica.finish(applying).is_none(), "the replica has gone on");
    let applying = replica.begin(feed, Epoch(1), &two).unwrap();
    drop(replica.begin(feed, Epoch(1), &two));
    let other = replica.open();
    assert!(replica.finish(applying).is_none(), "the feed was replaced");
    assert_eq!(replica.snapshot().unwrap().revno(), Revno(1));
    assert!(replica.begin(feed, Epoch(1), &two).is_none());
    // It is still the first batch of that feed: what it does not hold goes.
    let few = whole(1, 0..3, "active");
    let changes = replica.apply(other, Epoch(2), &few).unwrap();
    assert_eq!((changes.ids().count(), replica.snapshot().unwrap().len()), (7, 3));
}

/// A worker that holds many units, all in one status, changed by one commit after the other.
async fn large() -> (MemoryBacking<Json>, Worker<Json>) {
    let database = MemoryBacking::new();
    commit(&database, "active");
    let worker = Worker::start(database.clone(), short());
    worker.watch_all_models().unwrap().next().await.unwrap();
    (database, worker)
}

fn commit(database: &MemoryBacking<Json>, status: &str) {
    let all = (0..MANY).map(|number| unit(&format!("redis/{number}")));
    all.fold(database.transaction(), |all, id| all.put(id, redis(status))).commit();
}

/// The one status that all units of a snapshot have.
fn status(snapshot: &Snapshot) -> String {
    assert_eq!(snapshot.len(), MANY);
    let counts = snapshot.models().next().unwrap().counts().clone();
    let all: Vec<_> = counts.statuses(multiwatcher::cache::Of::UnitWorkload).collect();
    let [(status, MANY)] = all[..] else { panic!("half of a batch: {all:?}") };
    status.to_owned()
}

#[tokio::test]
async fn others_get_their_turn_while_a_batch_is_applied() {
    let (database, worker) = large().await;
    let cache = ModelCache::start(worker.clone());
    let mut turns = 0;
    while cache.snapshot().is_none() {
        assert!(!cache.report().is_caught_up);
        yield_now().await;
        turns += 1;
    }
    assert!(turns > TURNS, "a first batch: {turns} turns");

    let held = worker.report().census.revno;
    commit(&database, "blocked");
    let mut behind = 0;
    loop {
        let (snapshot, report) = (cache.snapshot().unwrap(), cache.report());
        let latest = worker.report().census.revno;
        assert_eq!(status(&snapshot), if snapshot.revno() == held { "active" } else { "blocked" });
        assert_eq!(report.is_caught_up, snapshot.revno() == latest, "it says how far it is");
        if snapshot.revno() > held {
            break;
        }
        behind += usize::from(latest > held);
        yield_now().await;
    }
    assert!(behind > TURNS, "a difference: {behind} turns");
}

/// A cache whose task is in the middle of a batch, with what it held before.
async fn in_the_middle(worker: &Worker<Json>, database: &MemoryBacking<Json>) -> (ModelCache, Snapshot) {
    let cache = ModelCache::start(worker.clone());
    let held = cache.loaded().await.unwrap();
    commit(database, "blocked");
    while worker.report().census.revno == held.revno() {
        yield_now().await;
    }
    for _ in 0..TURNS / 2 {
        yield_now().await;
    }
    assert_eq!(cache.snapshot().unwrap().revno(), held.revno(), "it is not done");
    (cache, held)
}

#[tokio::test]
async fn a_kill_between_slices_ends_it_at_once_with_what_it_held() {
    let (database, worker) = large().await;
    let (cache, held) = in_the_middle(&worker, &database).await;
    let mut watcher = cache.notify(Filter::all_models());
    watcher.next().await.unwrap();
    cache.kill();
    assert!(matches!(watcher.next().await, Err(CacheEnd::Killed)));
    // One poll of the task.
    yield_now().await;
    let end = timeout(Duration::ZERO, cache.wait()).await.expect("it does not finish the batch first");
    assert!(matches!(end, CacheEnd::Killed));
    assert_eq!(worker.report().census.watchers.total(), 0);
    assert_eq!((cache.snapshot().unwrap().revno(), status(&held)), (held.revno(), "active".to_owned()));
}

#[tokio::test]
async fn the_last_handle_that_goes_between_slices_ends_it_at_once() {
    let (database, worker) = large().await;
    let (cache, _) = in_the_middle(&worker, &database).await;
    let end = cache.wait();
    drop(cache);
    yield_now().await;
    assert!(matches!(
        timeout(Duration::ZERO, end).await.expect("it does not finish the batch first"),
        CacheEnd::Killed
    ));
    assert_eq!(worker.report().census.watchers.total(), 0);
}
