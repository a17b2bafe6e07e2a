//! A backing that panics when something of it is dropped: its subscription, a load, a fetch, a release, or itself.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use multiwatcher::backing::{Backing, BackingError, Entities, Identity, MemoryBacking, Notices, Step, Subscription};
use multiwatcher::driver::Worker;
use multiwatcher::machine::{CauseClass, Config, EntityId, Position};

use crate::common::{id, settle, short, told};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Subscription,
    Load,
    Fetch,
    Release,
    Backing,
    Everything,
}

/// Panics when it is dropped, once.
struct Trap(Arc<AtomicBool>);

impl Drop for Trap {
    fn drop(&mut self) {
        assert!(!self.0.swap(false, Ordering::SeqCst), "dropped");
    }
}

/// A memory backing with a trap in one place. The first fetch after the load hangs where fetches are trapped.
struct Trapped {
    inside: MemoryBacking<u32>,
    what: What,
    armed: Arc<AtomicBool>,
    /// Whether a fetch hangs, or has hung.
    hangs: Arc<AtomicBool>,
    _itself: Option<Trap>,
}

impl Trapped {
    fn new(inside: MemoryBacking<u32>, what: What) -> Self {
        let armed = Arc::new(AtomicBool::new(true));
        let itself = (what == What::Backing).then(|| Trap(armed.clone()));
        Self { inside, what, armed, hangs: Arc::default(), _itself: itself }
    }

    fn trap(&self, what: What) -> Option<Trap> {
        if self.what == What::Everything {
            return Some(Trap(Arc::new(AtomicBool::new(true))));
        }
        (self.what == what).then(|| Trap(self.armed.clone()))
    }
}

struct With<S>(S, #[expect(dead_code, reason = "it is there to be dropped")] Option<Trap>);

impl<S: multiwatcher::backing::Stream + Unpin> multiwatcher::backing::Stream for With<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}

impl Backing for Trapped {
    type Value = u32;

    fn identity(&self) -> Identity {
        self.inside.identity()
    }

    async fn watch(&self) -> Result<Subscription<u32>, BackingError> {
        let Subscription { position, notices } = self.inside.watch().await?;
        let notices: Notices<u32> = Box::pin(With(notices, self.trap(What::Subscription)));
        Ok(Subscription { position, notices })
    }

    fn get_all(&self) -> Entities<u32> {
        Box::pin(With(self.inside.get_all(), self.trap(What::Load)))
    }

    async fn changed(&self, since: Position, ids: Vec<EntityId>) -> Result<Step<u32>, BackingError> {
        if self.armed.load(Ordering::SeqCst)
            && !ids.is_empty()
            && let Some(trap) = self.trap(What::Fetch)
        {
            self.hangs.store(true, Ordering::SeqCst);
            let never = pending().await;
            drop(trap);
            return never;
        }
        self.inside.changed(since, ids).await
    }

    async fn release(&self) {
        let _trap = self.trap(What::Release);
        if self.what == What::Release {
            pending::<()>().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_panics_when_it_is_dropped_ends_no_reader_and_no_worker() {
    for what in [What::Subscription, What::Load, What::Fetch, What::Release, What::Backing] {
        let database = MemoryBacking::new().tell_ids_only();
        database.put(id("x"), 1);
        let config = Config { call_timeout: Duration::from_secs(1), ..short() };
        let worker = Worker::start(Trapped::new(database.clone(), what), config);
        let reader = worker.watch_all_models().unwrap();
        assert_eq!(told(&reader.next().await.unwrap()), ["x=1"], "{what:?}");
        // A fetch that hangs is given up for another.
        database.put(id("x"), 2);
        assert_eq!(told(&reader.next().await.unwrap()), ["x=2"], "{what:?}");
        assert!(!worker.report().is_over);
        worker.kill();
        assert_eq!(worker.wait().await.class(), CauseClass::Killed, "{what:?}");
        settle().await;
        assert_eq!(database.subscriptions(), 0, "{what:?}");
    }
}

/// Two panics in one drop would end the process: the subscription and a fetch are open when it is killed.
#[tokio::test(start_paused = true)]
async fn not_even_if_everything_panics_at_once() {
    let database = MemoryBacking::new().tell_ids_only();
    let backing = Trapped::new(database.clone(), What::Everything);
    let hangs = backing.hangs.clone();
    let worker = Worker::start(backing, Config::default());
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    database.put(id("x"), 1);
    settle().await;
    assert_eq!((hangs.load(Ordering::SeqCst), database.subscriptions()), (true, 1));
    worker.kill();
    assert_eq!(worker.wait().await.class(), CauseClass::Killed);
    assert_eq!(database.subscriptions(), 0);
}
