//! What the models share: a store with something in it, a runtime in which no time passes, calls whose waker counts, and the run.

use core::future::{Future, Pending, pending};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::BTreeSet;
use std::sync::{Arc as StdArc, Mutex as StdMutex};
use std::task::Wake;

use loom::sync::atomic::{AtomicUsize, Ordering};

use crate::backing::{Backing, BackingError, Entities, Identity, Step as BackingStep, Subscription};
use crate::driver::after::{After, By};
use crate::driver::causes::Causes;
use crate::driver::error::NextError;
use crate::driver::machine::Machine;
use crate::driver::multiwatcher::{Multiwatcher, Next};
use crate::driver::seam::Seam;
use crate::driver::shared::Shared;
use crate::driver::sync::Arc;
use crate::driver::worker::{Keeper, Worker};
use crate::machine::{
    Batch, Config, EntityId, Epoch, Filter, Generation, Input, ModelId, Output, Position, Read, Step, StoreManager,
    Time,
};

pub(super) type Kept<M> = Arc<Keeper<u8, M, Still>>;
pub(super) type Reader<M> = Multiwatcher<u8, M, Still>;
pub(super) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs the model in every order there is. Each order comes to an outcome, and all of these must come up, and no other: a model whose
/// threads never meet would ask nothing.
pub(super) fn explore<const N: usize>(
    outcomes: [&'static str; N],
    model: impl Fn() -> &'static str + Send + Sync + 'static,
) {
    let seen = StdArc::new(StdMutex::new(BTreeSet::new()));
    let see = StdArc::clone(&seen);
    let mut builder = loom::model::Builder::new();
    builder.max_threads = 3;
    // Whatever the environment says.
    (builder.preemption_bound, builder.max_permutations, builder.max_duration) = (None, None, None);
    builder.check(move || {
        let outcome = model();
        see.lock().unwrap().insert(outcome);
    });
    assert_eq!(*seen.lock().unwrap(), BTreeSet::from(outcomes), "the outcomes of all orders, and the expected ones");
}

/// A store manager that follows its backing from position 0 on, with one entity.
pub(super) fn loaded(config: Config) -> StoreManager<u8> {
    let now = Time::ZERO;
    let mut machine = StoreManager::new(config, Epoch(1), now);
    let Some(Output::Subscribe { generation }) = machine.poll_output() else { panic!("first it subscribes") };
    assert_eq!(generation, FIRST);
    machine.subscribed(now, generation, Position(0), Identity(1));
    assert_eq!(machine.poll_output(), Some(Output::Load { generation }));
    machine.staged(now, generation, vec![(entity(), Read::Value(StdArc::new(0)))]);
    machine.load_done(now, generation);
    let Some(Output::Fetch { fetch, since, .. }) = machine.poll_output() else { panic!("a step completes the load") };
    machine.fetched(now, generation, fetch, Step { from: since, to: since, entities: vec![] });
    assert_eq!(machine.poll_output(), None);
    machine
}

/// The same with the default configuration.
pub(super) fn store() -> StoreManager<u8> {
    loaded(Config::default())
}

const FIRST: Generation = Generation(1);

fn entity() -> EntityId {
    EntityId::new("unit", ModelId::from_u128(1), "a")
}

/// The commit at this position, which gives the entity this value.
pub(super) fn commit(to: u8) -> Input<u8> {
    let (from, to, value) = (Position(u64::from(to) - 1), Position(u64::from(to)), StdArc::new(to));
    Input::Step { generation: FIRST, step: Step { from, to, entities: vec![(entity(), Read::Value(value))] } }
}

/// The value that a batch brings.
pub(super) fn value(batch: &Batch<u8>) -> u8 {
    assert_eq!(batch.deltas().len(), 1);
    **batch.deltas()[0].value()
}

/// A worker around this machine, whose task is stood for by whoever calls [`tell`].
pub(super) fn keep<M: Machine<u8>>(machine: M) -> Kept<M> {
    let shared =
        Shared::new(machine, Causes::default(), Still::default(), Identity(1), core::time::Duration::ZERO, false);
    Arc::new(Keeper { shared: Arc::new(shared) })
}

/// A worker around this machine with its task, which is the caller's to poll.
pub(super) fn start<M: Machine<u8>>(machine: M) -> (Worker<u8, M, Still>, Task) {
    let still = Still::default();
    let worker = Worker::start_with(machine, still.clone(), Quiet, core::time::Duration::ZERO);
    (worker, still.take())
}

/// As the worker does it.
pub(super) fn tell<M: Machine<u8>>(shared: &Shared<u8, M, Still>, input: Input<u8>) {
    shared.tell(shared.seam.now(), &mut After::new(By::Worker), &mut Vec::new(), input);
}

/// A reader that has had its first batch.
pub(super) fn reader<M: Machine<u8>>(keeper: &Kept<M>) -> Reader<M> {
    let filter = Filter::all_models();
    let watcher = keeper.shared.watch(filter.clone()).unwrap();
    let reader = Multiwatcher::new(Arc::clone(keeper), watcher, filter);
    assert!(reader.try_next().unwrap().is_some());
    reader
}

/// A call of `next`, polled by hand.
pub(super) struct Call<M: Machine<u8>> {
    next: Next<u8, M, Still>,
    bell: Bell,
}

impl<M: Machine<u8>> Call<M> {
    pub(super) fn new(reader: &Reader<M>) -> Self {
        Self { next: reader.next(), bell: Bell::default() }
    }

    pub(super) fn poll(&mut self) -> Poll<Result<Batch<u8>, NextError>> {
        let waker = self.bell.waker();
        self.poll_with(&waker)
    }

    pub(super) fn poll_with(&mut self, waker: &Waker) -> Poll<Result<Batch<u8>, NextError>> {
        Pin::new(&mut self.next).poll(&mut Context::from_waker(waker))
    }

    /// A poll that has nothing to take.
    pub(super) fn wait(&mut self) {
        assert!(self.poll().is_pending());
    }

    /// A poll that takes this value.
    pub(super) fn take(&mut self) -> u8 {
        let Poll::Ready(Ok(batch)) = self.poll() else { panic!("a woken call takes a batch") };
        value(&batch)
    }

    /// What the call ended with, whose first poll came to this, and how it came to it.
    pub(super) fn end(
        &mut self,
        polled: Poll<Result<Batch<u8>, NextError>>,
    ) -> (&'static str, Result<Batch<u8>, NextError>) {
        match polled {
            Poll::Ready(answer) => ("ended in the first poll", answer),
            Poll::Pending => {
                assert_eq!(self.rung(), 1, "a call that waits is woken");
                let Poll::Ready(answer) = self.poll() else { panic!("a call that is woken has an answer") };
                ("woken, then ended", answer)
            }
        }
    }

    /// How often it was woken.
    pub(super) fn rung(&self) -> usize {
        self.bell.rung()
    }
}

/// A waker that counts. Calling it is a step of its own, so that other threads come between the unlocking and the call.
#[derive(Default, Clone)]
pub(super) struct Bell(StdArc<Count>);

#[derive(Default)]
struct Count(AtomicUsize);

impl Bell {
    pub(super) fn waker(&self) -> Waker {
        Waker::from(StdArc::clone(&self.0))
    }

    pub(super) fn rung(&self) -> usize {
        self.0.0.load(Ordering::Acquire)
    }
}

impl Wake for Count {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// A runtime whose clock stands still, and whose tasks wait for the model to take them.
#[derive(Default, Clone)]
pub(super) struct Still {
    spawned: StdArc<StdMutex<Vec<Task>>>,
}

impl Still {
    /// The task that was spawned last, which is the caller's to poll from now on.
    pub(super) fn take(&self) -> Task {
        self.spawned.lock().unwrap().pop().expect("a task was spawned")
    }
}

impl Seam for Still {
    type Sleep = Pending<()>;

    fn now(&self) -> Time {
        Time::ZERO
    }

    fn sleep_until(&self, _at: Time) -> Pending<()> {
        pending()
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawned.lock().unwrap().push(Box::pin(task));
    }

    fn fresh_epoch(&self) -> Epoch {
        Epoch(1)
    }
}

/// A backing that never answers.
struct Quiet;

impl Backing for Quiet {
    type Value = u8;

    fn identity(&self) -> Identity {
        Identity(1)
    }

    async fn watch(&self) -> Result<Subscription<u8>, BackingError> {
        pending().await
    }

    fn get_all(&self) -> Entities<u8> {
        unreachable!("nothing is loaded before the subscription stands")
    }

    async fn changed(&self, _since: Position, _ids: Vec<EntityId>) -> Result<BackingStep<u8>, BackingError> {
        pending().await
    }
}
