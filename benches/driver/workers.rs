//! Readers of a worker.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use multiwatcher::backing::MemoryBacking;
use multiwatcher::driver::{Multiwatcher, Worker};
use multiwatcher::machine::{Config, EntityId, Filter, ModelId};

use crate::rounds::{CALM, Rounds, Took};

const ENTITIES: usize = 100;

/// All watchers wait, spread over so many models; what one commit to a model takes until its readers are told.
pub(crate) async fn told(readers: usize, models: usize, rounds: usize, pace: Duration) -> Took {
    told_of(MemoryBacking::new(), readers, models, rounds, pace).await
}

/// The same over a backing that tells ids only, and is asked what happened.
pub(crate) async fn told_by_fetching(readers: usize, rounds: usize, pace: Duration) -> Took {
    told_of(MemoryBacking::new().tell_ids_only(), readers, 1, rounds, pace).await
}

async fn told_of(backing: MemoryBacking<u64>, readers: usize, models: usize, rounds: usize, pace: Duration) -> Took {
    let worker = start(&backing, models);
    let told = (readers / models).max(1);
    let rounds_of = Arc::new(Rounds::new(told, pace));
    // Those of other models wait as well, and are not to be woken.
    let (others, polls) = (told * (models - 1), Arc::new(AtomicUsize::new(0)));
    for reader in 0..told * models {
        let model = reader % models;
        let watcher = open(&worker, model, models);
        let _ = watcher.next().await.expect("it is told the whole state first");
        if model == 0 {
            tokio::spawn(read(watcher, Arc::clone(&rounds_of)));
        } else {
            tokio::spawn(wait(watcher, Arc::clone(&polls)));
        }
    }
    let (id, mut value) = (entity(0, models), 0);
    let mut took = rounds_of
        .rounds(rounds, || {
            value += 1;
            backing.put(id.clone(), value);
        })
        .await;
    // Each was polled once, when it began to wait.
    took.others = polls.load(Ordering::SeqCst) - others;
    worker.kill();
    worker.wait().await;
    took
}

/// All open a watcher at once, in tasks that are spawned then; until all were told the state and wait.
pub(crate) async fn joining(readers: usize, rounds: usize) -> Took {
    let mut took = Took::default();
    for _ in 0..rounds {
        let worker = start(&MemoryBacking::new(), 1);
        // The first batch waits for the load, which must not be part of the figure.
        let _ = worker.watch_all_models().expect("it runs").next().await;
        let rounds = Arc::new(Rounds::new(readers, CALM));
        let (told, waiting) = rounds
            .round(|| {
                for _ in 0..readers {
                    let (worker, rounds) = (worker.clone(), Arc::clone(&rounds));
                    tokio::spawn(async move {
                        let watcher = worker.watch_all_models().expect("it runs");
                        let _ = watcher.next().await.expect("it is told the whole state first");
                        read(watcher, rounds).await;
                    });
                }
            })
            .await;
        took.told.push(told);
        took.waiting.push(waiting);
        worker.kill();
        worker.wait().await;
    }
    took
}

async fn read(watcher: Multiwatcher<u64>, rounds: Arc<Rounds>) {
    while rounds.wait(watcher.next()).await.is_ok() {}
}

/// A reader that is told nothing: counts its polls.
async fn wait(watcher: Multiwatcher<u64>, polls: Arc<AtomicUsize>) {
    let mut next = pin!(watcher.next());
    let next = std::future::poll_fn(|cx| {
        polls.fetch_add(1, Ordering::SeqCst);
        next.as_mut().poll(cx)
    });
    let _ = next.await;
}

fn open(worker: &Worker<u64>, model: usize, models: usize) -> Multiwatcher<u64> {
    let filter = if models == 1 { Filter::all_models() } else { Filter::model(id_of(model)) };
    worker.watch(filter).expect("it runs")
}

fn start(backing: &MemoryBacking<u64>, models: usize) -> Worker<u64> {
    for number in 0..ENTITIES {
        backing.put(entity(number, models), 0);
    }
    Worker::start(backing.clone(), Config::default())
}

fn entity(number: usize, models: usize) -> EntityId {
    EntityId::new("unit", id_of(number % models), number.to_string())
}

fn id_of(model: usize) -> ModelId {
    ModelId::from_u128(model as u128 + 1)
}
