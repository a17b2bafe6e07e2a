//! The model under `shuttle`: a writer and two readers are tasks, and the store stands behind a mutex. Every look at it is a point at
//! which another task may move. A reader polls a call a few times and drops it if nothing came.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use shuttle::future::{block_on, spawn, yield_now};
use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::sync::Mutex;
use shuttle::{Config, FailurePersistence, Runner};

use crate::model::{Batch, Bug, COMMITS, IDS, Pause, ROUNDS, Store, View};

pub fn hunt_random(bug: Bug, seed: u64, most: u64, longest: Duration) -> (u64, bool) {
    hunt(RandomScheduler::new_from_seed(seed, usize::try_from(most).unwrap_or(usize::MAX)), bug, longest)
}

pub fn hunt_pct(bug: Bug, seed: u64, most: u64, longest: Duration) -> (u64, bool) {
    hunt(PctScheduler::new_from_seed(seed, 3, usize::try_from(most).unwrap_or(usize::MAX)), bug, longest)
}

fn hunt(scheduler: impl Scheduler + 'static, bug: Bug, longest: Duration) -> (u64, bool) {
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.max_time = Some(longest);
    let runs = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&runs);
    let runner = Runner::new(scheduler, config);
    let found = catch_unwind(AssertUnwindSafe(|| {
        runner.run(move || {
            count.fetch_add(1, Ordering::Relaxed);
            model(bug);
        })
    }));
    (runs.load(Ordering::Relaxed), found.is_err())
}

fn model(bug: Bug) {
    let store = Arc::new(Mutex::new(Store::new(bug)));
    block_on(async move {
        let writer = spawn(write(Arc::clone(&store)));
        let readers = [0, 1].map(|reader| spawn(read(Arc::clone(&store), reader)));
        writer.await.expect("the writer does not panic");
        for (number, reader) in (0..).zip(readers) {
            let mut view = reader.await.expect("a reader panics if it is told something wrong");
            let mut store = store.lock().expect("nobody panics under the lock");
            if let Some(batch) = store.take(number) {
                view.fold(&batch).expect("the last batch is right");
            }
            assert!(view.is(store.truth()), "reader {number} misses something");
        }
    });
}

async fn write(store: Arc<Mutex<Store>>) {
    for _ in 0..COMMITS {
        let id = thread_rng().gen_range(0..IDS);
        let value = thread_rng().gen_range(0..3u8);
        store.lock().expect("nobody panics under the lock").apply(&[(id, (value > 0).then_some(value))]);
        yield_now().await;
    }
}

async fn read(store: Arc<Mutex<Store>>, reader: u64) -> View {
    let mut view = View::default();
    store.lock().expect("nobody panics under the lock").open(reader);
    for _ in 0..ROUNDS {
        let mut next = pin!(next(&store, reader));
        for _ in 0..thread_rng().gen_range(1..4) {
            let polled = std::future::poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await;
            if let Poll::Ready(batch) = polled {
                view.fold(&batch).expect("a batch is right");
                break;
            }
            yield_now().await;
        }
    }
    view
}

async fn next(store: &Mutex<Store>, reader: u64) -> Batch {
    loop {
        let (taken, bug) = {
            let mut store = store.lock().expect("nobody panics under the lock");
            (store.take(reader), store.bug)
        };
        if let Some(batch) = taken {
            if bug == Bug::Z26 {
                Pause::default().await;
            }
            return batch;
        }
        Pause::default().await;
    }
}
