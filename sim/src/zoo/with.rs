//! The shipped machine with one thing twisted: what is put to it, what it asks for, or what it answers.

use std::collections::VecDeque;
use std::fmt::Debug;

use multiwatcher::driver::Machine;
use multiwatcher::machine::{
    Answer, Batch, CallId, Cause, Config, Delta, EntityId, Epoch, Filter, Garbage, Input, NextError, NextPoll, Output,
    Progress, Report, ResumeError, ResumePoint, StoreManager, Time, Timeout, WatcherId,
};
use multiwatcher::testing::{State, Subject, Universe, Val};

use super::real::Real;
use crate::driven::Driven;
use crate::driven::plant::Plant;
use crate::worlds::{Maker, World};

/// What a bug does differently; whatever it does not name goes straight to the machine.
pub trait Twist: Debug + Send + 'static {
    /// How the machine is made.
    fn configure(&self, config: Config) -> Config {
        config
    }

    /// A watcher was opened with this filter, and has not come back.
    fn watched(&mut self, watcher: WatcherId, filter: &Filter) {
        let _ = (watcher, filter);
    }

    /// A watcher was opened, or has come back.
    fn opened(&mut self, real: &mut Real, now: Time, watcher: WatcherId) {
        let _ = (real, now, watcher);
    }

    /// A reader comes back.
    fn resume(
        &mut self,
        real: &mut Real,
        now: Time,
        filter: Filter,
        from: ResumePoint,
    ) -> Result<WatcherId, ResumeError> {
        real.resume(now, filter, from)
    }

    /// A call of `next` is polled.
    fn next(&mut self, real: &mut Real, now: Time, watcher: WatcherId, call: Option<CallId>) -> NextPoll<Val> {
        real.next(now, watcher, call)
    }

    /// A reader asks for a batch without waiting.
    fn try_next(&mut self, real: &mut Real, now: Time, watcher: WatcherId) -> Result<Option<Batch<Val>>, NextError> {
        real.try_next(now, watcher)
    }

    /// A batch that a reader is to get. `None` keeps it: the reader waits on.
    fn batch(&mut self, real: &Real, watcher: WatcherId, batch: Batch<Val>) -> Option<Batch<Val>> {
        let _ = (real, watcher);
        Some(batch)
    }

    /// A reader asks how far its view reaches.
    fn progress(&mut self, real: &mut Real, now: Time, watcher: WatcherId) -> Result<Option<Progress>, NextError> {
        real.progress(now, watcher)
    }

    /// A pending call is dropped.
    fn drop_call(&mut self, real: &mut Real, now: Time, watcher: WatcherId, call: CallId) {
        real.drop_call(now, watcher, call);
    }

    /// A reader leaves.
    fn stop(&mut self, real: &mut Real, now: Time, watcher: WatcherId) {
        real.stop(now, watcher);
    }

    /// The machine is to end.
    fn kill(&mut self, real: &mut Real, now: Time, cause: Cause) {
        real.kill(now, cause);
    }

    /// The backing says something, or a deadline may have passed.
    fn hear(&mut self, real: &mut Real, now: Time, input: Input<Val>) {
        real.hear(now, input);
    }

    /// The machine asks for something. `None` keeps it.
    fn output(&mut self, real: &mut Real, now: Time, output: Output) -> Option<Output> {
        let _ = (real, now);
        Some(output)
    }

    /// The stimulus is over, and what came of it has been looked at.
    fn settle(&mut self, real: &mut Real, now: Time) {
        let _ = (real, now);
    }

    /// What it says it holds.
    fn report(&self, report: &mut Report) {
        let _ = report;
    }
}

/// No bug: so that what is found is the bug's doing, and not that of what it is wrapped in.
#[derive(Debug, Default)]
struct Tame;

impl Twist for Tame {}

/// The machine wrapped, and no bug in it.
pub fn tame() -> Maker<With> {
    Maker { world: World::Machine, make: With::bug::<Tame> }
}

/// The same with the shipped driver around it.
pub fn tame_driven() -> Maker<Driven<With>> {
    Maker { world: World::Driver, make: With::driven::<Tame> }
}

/// The same batch with other deltas.
pub(super) fn with_deltas(batch: &Batch<Val>, deltas: impl Iterator<Item = Delta<Val>>) -> Batch<Val> {
    Batch::new(batch.revno(), batch.position(), deltas.collect())
}

/// What stands in the machine's place: the machine with a twist, or something that is like it.
pub trait Stand: Debug + Send + 'static {
    /// One stimulus.
    fn handle(&mut self, now: Time, input: Input<Val>) -> Answer<Val>;

    /// The next thing the outside must do.
    fn poll_output(&mut self) -> Option<Output>;

    /// The next moment at which time alone makes something happen.
    fn poll_timeout(&self) -> Option<Timeout>;

    /// The census.
    fn report(&self) -> Report;

    /// What the store holds, foreign ids left out.
    fn store(&self, universe: &Universe) -> State;

    /// Recounts its invariants.
    fn check(&self) -> Result<(), String>;

    /// Exchanges what is no longer needed for an empty container.
    fn swap_garbage(&mut self, empty: &mut Garbage<Val>);

    /// Ids in quarantine, with the cause.
    fn quarantined(&self) -> Vec<(EntityId, Cause)>;

    /// Every cause that it may still name.
    fn causes(&self) -> Vec<Cause>;

    /// A number that is equal only where futures are; none if that cannot be said.
    fn fingerprint(&self, now: Time) -> Option<u128> {
        let _ = now;
        None
    }
}

/// Something that can be made to stand there.
pub trait Stands {
    /// One that has just asked to subscribe.
    fn stand(config: Config, epoch: Epoch, now: Time) -> Box<dyn Stand>;
}

impl<T: Twist + Default> Stands for T {
    fn stand(config: Config, epoch: Epoch, now: Time) -> Box<dyn Stand> {
        let twist = T::default();
        let real = Real::new(StoreManager::new(twist.configure(config), epoch, now));
        let mut made = Twisted { real, twist, outputs: VecDeque::new() };
        made.pass_on(now);
        Box::new(made)
    }
}

/// The machine with a twist.
#[derive(Debug)]
struct Twisted<T> {
    real: Real,
    twist: T,
    outputs: VecDeque<Output>,
}

impl<T: Twist> Stand for Twisted<T> {
    fn handle(&mut self, now: Time, input: Input<Val>) -> Answer<Val> {
        let answer = self.answer(now, input);
        self.pass_on(now);
        self.twist.settle(&mut self.real, now);
        self.pass_on(now);
        answer
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        self.real.machine().poll_timeout()
    }

    fn report(&self) -> Report {
        let mut report = self.real.machine().report();
        report.calls += self.real.unknown_calls();
        self.twist.report(&mut report);
        report
    }

    fn store(&self, universe: &Universe) -> State {
        Subject::store(self.real.machine(), universe).unwrap_or(State::EMPTY)
    }

    fn check(&self) -> Result<(), String> {
        Subject::check(self.real.machine())
    }

    fn swap_garbage(&mut self, empty: &mut Garbage<Val>) {
        self.real.swap_garbage(empty);
    }

    fn quarantined(&self) -> Vec<(EntityId, Cause)> {
        Machine::quarantined(self.real.machine())
    }

    fn causes(&self) -> Vec<Cause> {
        Machine::causes(self.real.machine())
    }

    /// Finer than it need be: the bug's own notes, and the names of calls, enter as they are.
    fn fingerprint(&self, now: Time) -> Option<u128> {
        let machine = Subject::fingerprint(self.real.machine(), now)?;
        let notes = format!("{machine} {:?} {:?} {:?}", self.twist, self.real.calls(), self.outputs);
        Some(xxhash_rust::xxh3::xxh3_128(notes.as_bytes()))
    }
}

impl<T: Twist> Twisted<T> {
    fn answer(&mut self, now: Time, input: Input<Val>) -> Answer<Val> {
        let (twist, real) = (&mut self.twist, &mut self.real);
        match input {
            Input::Watch { filter } => {
                let opened = real.watch(now, filter.clone());
                if let Ok(watcher) = &opened {
                    twist.watched(*watcher, &filter);
                    twist.opened(real, now, *watcher);
                }
                Answer::Watch(opened)
            }
            Input::Resume { filter, from } => {
                let resumed = twist.resume(real, now, filter, from);
                resumed.iter().for_each(|watcher| twist.opened(real, now, *watcher));
                Answer::Resume(resumed)
            }
            Input::Next { watcher, call } => Answer::Next(match twist.next(real, now, watcher, call) {
                NextPoll::Ready(Ok(batch)) => match twist.batch(real, watcher, batch) {
                    Some(batch) => NextPoll::Ready(Ok(batch)),
                    None => real.wait_on(now, watcher, call),
                },
                NextPoll::Ready(Err(error)) => NextPoll::Ready(Err(error)),
                NextPoll::Pending(call) => NextPoll::Pending(call),
            }),
            Input::TryNext { watcher } => {
                let taken = twist.try_next(real, now, watcher);
                Answer::TryNext(taken.map(|taken| taken.and_then(|batch| twist.batch(real, watcher, batch))))
            }
            Input::Progress { watcher } => Answer::Progress(twist.progress(real, now, watcher)),
            Input::DropCall { watcher, call } => {
                twist.drop_call(real, now, watcher, call);
                Answer::Done
            }
            Input::Stop { watcher } => {
                twist.stop(real, now, watcher);
                Answer::Done
            }
            Input::Kill { cause } => {
                twist.kill(real, now, cause);
                Answer::Done
            }
            Input::Subscribed { .. }
            | Input::Staged { .. }
            | Input::LoadDone { .. }
            | Input::Notice { .. }
            | Input::Mark { .. }
            | Input::Step { .. }
            | Input::Fetched { .. }
            | Input::Failed { .. }
            | Input::Timeout => {
                twist.hear(real, now, input);
                Answer::Done
            }
        }
    }

    fn pass_on(&mut self, now: Time) {
        while let Some(output) = self.real.poll_output() {
            self.outputs.extend(self.twist.output(&mut self.real, now, output));
        }
    }
}

/// The machine with a bug: a subject of the machine world, and inside [`Driven`](crate::driven::Driven) one of the driver world.
#[derive(Debug)]
pub struct With(Box<dyn Stand>);

impl With {
    /// This in the machine's place.
    pub fn bug<T: Stands>(config: Config, epoch: Epoch, now: Time) -> Self {
        Self(T::stand(config, epoch, now))
    }

    /// The same with the shipped driver around it.
    pub fn driven<T: Stands>(config: Config, epoch: Epoch, now: Time) -> Driven<Self> {
        let patience = config.call_timeout;
        Driven::around(Self::bug::<T>(config, epoch, now), patience, now)
    }

    /// No bug in the machine, and one in the driver around it.
    pub fn planted(config: Config, epoch: Epoch, now: Time, plant: &'static dyn Plant) -> Driven<Self> {
        let patience = config.call_timeout;
        Driven::planted(Self::bug::<Tame>(config, epoch, now), patience, now, Some(plant))
    }
}

impl Subject for With {
    fn handle(&mut self, now: Time, input: Input<Val>) -> Answer<Val> {
        self.0.handle(now, input)
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.0.poll_output()
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        self.0.poll_timeout()
    }

    fn report(&self) -> Report {
        self.0.report()
    }

    fn store(&self, universe: &Universe) -> Option<State> {
        Some(self.0.store(universe))
    }

    fn check(&self) -> Result<(), String> {
        self.0.check()
    }

    fn fingerprint(&self, now: Time) -> Option<u128> {
        self.0.fingerprint(now)
    }

    fn discard(&mut self) {
        self.0.swap_garbage(&mut Garbage::default());
    }
}

impl Machine<Val> for With {
    fn handle(&mut self, now: Time, input: Input<Val>) -> Answer<Val> {
        self.0.handle(now, input)
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.0.poll_output()
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        self.0.poll_timeout()
    }

    fn swap_garbage(&mut self, empty: &mut Garbage<Val>) {
        self.0.swap_garbage(empty);
    }

    fn report(&self) -> Report {
        self.0.report()
    }

    fn quarantined(&self) -> Vec<(EntityId, Cause)> {
        self.0.quarantined()
    }

    fn causes(&self) -> Vec<Cause> {
        self.0.causes()
    }
}
