//! The polls of a cache's own task, timed from outside: its runtime is one that looks at the clock around each.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::{Arc, Mutex};

use multiwatcher::backing::{Json, MemoryBacking};
use multiwatcher::cache::ModelCache;
use multiwatcher::driver::{Factory, OpenError, Seam, Tokio};
use multiwatcher::machine::{Backoff, Config, EntityId, Epoch, Filter, Time};

use crate::common::clock::Stopwatch;

/// What came of it.
pub(crate) struct Ran {
    pub(crate) first: Took,
    pub(crate) other: Took,
}

/// How long a batch took, in nanoseconds.
pub(crate) struct Took {
    /// By the clock, from the beginning until everything is seen.
    pub(crate) whole: f64,
    /// The longest poll, in which the batch is taken from the worker.
    pub(crate) longest: f64,
    /// The longest of the others.
    pub(crate) slice: f64,
}

impl Took {
    fn new(whole: f64, mut polls: Vec<f64>) -> Self {
        polls.sort_unstable_by(|one, other| other.total_cmp(one));
        Self { whole, longest: polls[0], slice: polls[1] }
    }
}

/// A cache of so many entities: its first batch, then that of another worker, in which every value is another one.
pub(crate) fn run(entities: usize, entity: impl Fn(usize) -> (EntityId, Json)) -> Ran {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime of one thread");
    runtime.block_on(async {
        let database = MemoryBacking::new();
        fill(&database, (0..entities).map(&entity));
        let opened = database.clone();
        let open = move || core::future::ready(Ok::<_, OpenError>(opened.clone()));
        let backoff = Backoff { min: core::time::Duration::from_millis(1), max: core::time::Duration::from_millis(1) };
        let factory = Factory::new_on(Timed::new(), open, Config::default());
        // The worker has loaded everything before the cache begins.
        let warm = factory.watch_all_models().await.expect("memory opens");
        warm.next().await.expect("a first batch");

        let timed = Timed::new();
        let watch = Stopwatch::start();
        let cache = ModelCache::start_on(timed.clone(), factory.clone(), backoff);
        cache.loaded().await.expect("the worker lives");
        let first = Took::new(watch.nanos(), timed.take());

        let epoch = cache.snapshot().expect("it is loaded").epoch();
        let mut told = cache.notify(Filter::all_models());
        told.next().await.expect("the cache lives");
        // While nobody watches: the cache has the next worker tell it.
        let changed = (0..entities).map(|number| (entity(number).0, entity(number + 1).1));
        drop(warm);
        factory.kill();
        fill(&database, changed);
        timed.take();
        let watch = Stopwatch::start();
        while told.next().await.expect("the cache lives").epoch() == epoch {}
        let whole = watch.nanos();
        // What was replaced is given up after that.
        cache.kill();
        timed.tokio.idle().await;
        let other = Took::new(whole, timed.take());
        Ran { first, other }
    })
}

fn fill(database: &MemoryBacking<Json>, entities: impl Iterator<Item = (EntityId, Json)>) {
    entities.fold(database.transaction(), |filled, (id, value)| filled.put(id, value)).commit();
}

/// tokio, with a look at the clock around each poll of a task.
#[derive(Clone)]
struct Timed {
    tokio: Tokio,
    polls: Arc<Mutex<Vec<f64>>>,
}

impl Timed {
    fn new() -> Self {
        Self { tokio: Tokio::current(), polls: Arc::default() }
    }

    fn take(&self) -> Vec<f64> {
        core::mem::take(&mut self.polls.lock().expect("nobody panics with it"))
    }
}

impl Seam for Timed {
    type Sleep = <Tokio as Seam>::Sleep;

    fn now(&self) -> Time {
        self.tokio.now()
    }

    fn sleep_until(&self, at: Time) -> Self::Sleep {
        self.tokio.sleep_until(at)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tokio.spawn(Task { task: Box::pin(task), polls: Arc::clone(&self.polls) });
    }

    fn fresh_epoch(&self) -> Epoch {
        self.tokio.fresh_epoch()
    }

    fn pause(&self) -> impl Future<Output = ()> + Send + 'static {
        self.tokio.pause()
    }
}

struct Task {
    task: Pin<Box<dyn Future<Output = ()> + Send>>,
    polls: Arc<Mutex<Vec<f64>>>,
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let start = ran();
        let polled = self.task.as_mut().poll(cx);
        let took = ran() - start;
        self.polls.lock().expect("nobody panics with it").push(took);
        polled
    }
}

/// How long this thread has run, in nanoseconds: what the machine does meanwhile for others does not count.
#[expect(clippy::cast_precision_loss, reason = "a benchmark runs for seconds")]
fn ran() -> f64 {
    let ran = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    ran.tv_sec as f64 * 1e9 + ran.tv_nsec as f64
}
