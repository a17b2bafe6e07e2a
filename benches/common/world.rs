//! A machine with many entities, and what a backing would say to it. Entities are loaded in random order, so neighbours in
//! the store are no neighbours in the memory of their values.

use std::sync::Arc;

use multiwatcher::machine::{
    BackingCall, Batch, CallId, Cause, CauseClass, Config, EntityId, Epoch, FetchId, Filter, Garbage, Generation,
    Identity, ModelId, NextPoll, Output, Position, Read, Step, StoreManager, Time, WatcherId,
};

use crate::common::dice::Dice;

pub(crate) const MODELS: usize = 100;

pub(crate) struct World<V> {
    pub(crate) machine: StoreManager<V>,
    /// Stands still, but for waits that a figure is not about.
    pub(crate) now: Time,
    pub(crate) generation: Generation,
    pub(crate) ids: Vec<EntityId>,
    /// The position of the last step made.
    made: Position,
}

/// A watcher with a call that waits.
pub(crate) struct Waiting {
    watcher: WatcherId,
    call: CallId,
}

impl<V: PartialEq> World<V> {
    /// A machine that has loaded `count` entities, spread over the models.
    pub(crate) fn loaded(count: usize, value: impl Fn(usize) -> V) -> Self {
        let now = Time::ZERO;
        let mut machine = StoreManager::new(Config::default(), Epoch(1), now);
        let Some(Output::Subscribe { generation }) = machine.poll_output() else { panic!("a new machine subscribes") };
        let mut world = Self { machine, now, generation, ids: (0..count).map(id).collect(), made: Position(1) };
        world.subscribed();
        let mut reads: Vec<_> =
            Dice::new(1).permutation(count).into_iter().map(|entity| (entity, Arc::new(value(entity)))).collect();
        Dice::new(2).shuffle(&mut reads);
        let reads = reads.into_iter().map(|(entity, value)| (world.ids[entity].clone(), Read::Value(value))).collect();
        world.machine.staged(now, generation, reads);
        let (fetch, since) = world.load_done();
        world.machine.fetched(now, generation, fetch, Step { from: since, to: since, entities: Vec::new() });
        world.free();
        world
    }

    /// The subscription begins where the last step ended.
    fn subscribed(&mut self) {
        self.machine.subscribed(self.now, self.generation, self.made, Identity(1));
        assert_eq!(self.machine.poll_output(), Some(Output::Load { generation: self.generation }));
    }

    /// The load has brought everything; what is asked to complete it.
    pub(crate) fn load_done(&mut self) -> (FetchId, Position) {
        self.machine.load_done(self.now, self.generation);
        let Some(Output::Fetch { fetch, since, .. }) = self.machine.poll_output() else {
            panic!("a load is completed by a step")
        };
        (fetch, since)
    }

    /// The backing fails; the machine waits for its back-off and subscribes again.
    pub(crate) fn reopen(&mut self) {
        let cause = Cause::new(CauseClass::Transient, 1);
        self.machine.failed(self.now, self.generation, BackingCall::Subscription, cause);
        self.outputs();
        self.now = self.machine.poll_timeout().expect("a failed backing is opened again").at;
        self.machine.handle_timeout(self.now);
        let Some(Output::Subscribe { generation }) = self.machine.poll_output() else {
            panic!("after the back-off it subscribes")
        };
        self.generation = generation;
        self.subscribed();
    }

    /// The step that gives one entity a value; it joins the one made before.
    pub(crate) fn make_step(&mut self, entity: usize, value: V) -> Step<V> {
        let from = self.made;
        self.made = Position(from.0 + 1);
        Step { from, to: self.made, entities: vec![(self.ids[entity].clone(), Read::Value(Arc::new(value)))] }
    }

    /// What the driver does under its lock when a step arrives: takes it in, drains the outputs, takes out the garbage.
    #[inline]
    pub(crate) fn take_in(&mut self, step: Step<V>, empty: &mut Garbage<V>) {
        self.machine.step(self.now, self.generation, step);
        self.outputs();
        self.machine.swap_garbage(empty);
    }

    /// Takes a step in and frees what it replaced.
    pub(crate) fn follow(&mut self, step: Step<V>) {
        self.machine.step(self.now, self.generation, step);
        self.outputs();
        self.free();
    }

    /// Drains the outputs; how many there were.
    #[inline]
    pub(crate) fn outputs(&mut self) -> usize {
        core::iter::from_fn(|| self.machine.poll_output()).count()
    }

    pub(crate) fn free(&mut self) {
        self.machine.swap_garbage(&mut Garbage::new());
    }

    pub(crate) fn watch(&mut self, filter: Filter) -> WatcherId {
        self.machine.watch(self.now, filter).expect("a machine that follows takes watchers")
    }

    /// The batch of a watcher that has one.
    #[inline]
    pub(crate) fn next(&mut self, watcher: WatcherId) -> Batch<V> {
        match self.machine.next(self.now, watcher, None) {
            NextPoll::Ready(Ok(batch)) => batch,
            NextPoll::Ready(Err(error)) => panic!("{error}"),
            NextPoll::Pending(call) => panic!("{call} of {watcher} waits, and something was pending"),
        }
    }

    /// Opens a watcher, takes its first batch, and leaves a call waiting.
    pub(crate) fn watch_and_wait(&mut self, filter: Filter) -> Waiting {
        let watcher = self.watch(filter);
        drop(self.next(watcher));
        self.wait(watcher)
    }

    /// Takes what a woken call is answered, if it was woken, and waits again.
    pub(crate) fn read_on(&mut self, waiting: &mut Waiting) {
        if let NextPoll::Ready(batch) = self.machine.next(self.now, waiting.watcher, Some(waiting.call)) {
            drop(batch.expect("watchers do not end"));
            *waiting = self.wait(waiting.watcher);
        }
    }

    fn wait(&mut self, watcher: WatcherId) -> Waiting {
        match self.machine.next(self.now, watcher, None) {
            NextPoll::Pending(call) => Waiting { watcher, call },
            NextPoll::Ready(_) => panic!("a watcher that has just taken everything waits"),
        }
    }
}

pub(crate) fn id(entity: usize) -> EntityId {
    EntityId::new("unit", model(entity % MODELS), format!("application-{}/{}", entity / 8, entity % 8))
}

/// A model's uuid is random in life, so no two share a prefix.
pub(crate) fn model(number: usize) -> ModelId {
    let mut dice = Dice::new(number as u64);
    ModelId::from_u128(u128::from(dice.roll()) << 64 | u128::from(dice.roll()))
}
