//! One handle is dropped while another opens a watcher, and is dropped before it: as long as one of them is there the worker goes on,
//! and when the last is gone it ends.

use core::task::Context;

use loom::thread;

use super::common::{Bell, Still, explore, start, store};
use crate::driver::shared::Shared;
use crate::driver::sync::Arc;
use crate::driver::worker::Worker;
use crate::machine::{Filter, StoreManager};

type Real = Worker<u8, StoreManager<u8>, Still>;

const OUTCOMES: [&str; 2] = ["ended in its first poll", "woken, then ended"];

#[test]
fn the_last_handle_ends_the_worker() {
    explore(OUTCOMES, || model(|worker| (worker.clone(), worker, None)));
}

/// Dropping a handle asks whether it is the last, and is then counted.
#[test]
#[should_panic(expected = "the worker is woken when the last handle is gone")]
fn twin_asks_before_it_counts() {
    explore(OUTCOMES, || {
        model(|worker| {
            let one = Counted { count: Arc::new(()), shared: Arc::clone(&worker.keeper.shared) };
            let two = Counted { count: Arc::clone(&one.count), shared: Arc::clone(&one.shared) };
            (one, two, Some(worker))
        })
    });
}

/// A handle holds what is shared, and not what keeps the worker going.
#[test]
#[should_panic(expected = "a handle that is there opens watchers")]
fn twin_holds_too_little() {
    explore(OUTCOMES, || {
        model(|worker| {
            let shared = Arc::clone(&worker.keeper.shared);
            (worker, Loose(shared), None)
        })
    });
}

trait Handle: Send + 'static {
    /// Opens a watcher, is dropped, and uses the watcher.
    fn work(self);
}

impl Handle for Real {
    fn work(self) {
        let reader = self.watch_all_models().expect("a handle that is there opens watchers");
        drop(self);
        assert!(reader.try_next().is_ok(), "a watcher that is there keeps the worker going");
    }
}

fn use_shared(shared: &Shared<u8, StoreManager<u8>, Still>) {
    let watcher = shared.watch(Filter::all_models()).expect("a handle that is there opens watchers");
    assert!(shared.try_next(&watcher).is_ok(), "a watcher that is there keeps the worker going");
    shared.stop(&watcher);
}

struct Counted {
    count: Arc<()>,
    shared: Arc<Shared<u8, StoreManager<u8>, Still>>,
}

impl Handle for Counted {
    fn work(self) {
        use_shared(&self.shared);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if Arc::strong_count(&self.count) == 1 {
            self.shared.kill();
        }
    }
}

struct Loose(Arc<Shared<u8, StoreManager<u8>, Still>>);

impl Handle for Loose {
    fn work(self) {
        use_shared(&self.0);
    }
}

fn model<A: Send + 'static, B: Handle>(share: fn(Real) -> (A, B, Option<Real>)) -> &'static str {
    let (worker, mut task) = start(store());
    let (one, two, kept) = share(worker);
    let dropper = thread::spawn(move || drop(one));
    let watching = thread::spawn(move || two.work());
    let bell = Bell::default();
    let waker = bell.waker();
    let mut cx = Context::from_waker(&waker);
    let ended = task.as_mut().poll(&mut cx).is_ready();
    dropper.join().unwrap();
    watching.join().unwrap();

    let outcome = if ended {
        "ended in its first poll"
    } else {
        assert_eq!(bell.rung(), 1, "the worker is woken when the last handle is gone");
        assert!(task.as_mut().poll(&mut cx).is_ready());
        "woken, then ended"
    };
    drop(kept);
    outcome
}
