//! What can be put in the machine's place: the trait that the world drives and the checkers look behind.

use std::sync::Arc;

use crate::machine::{
    Answer, Broken, CallId, Cause, Config, Epoch, Input, Output, Report, StoreManager, Time, Timeout,
};

use super::promise::Promise;
use super::state::State;
use super::universe::{Universe, Val};

/// A store manager, as the world drives it.
///
/// There are two levels. Level one, this trait, is the machine's: inputs in, outputs out, time as a value. Whoever drives it keeps
/// the machine's contract: after [`handle`](Self::handle) the outputs are drained, and time never runs backwards. Level two is a
/// reader's: open, poll a call of `next`, drop it, stop, resume, progress, report, put to handles and futures; it comes with
/// the driver, and whatever stands at it produces the same [`Observation`](super::Observation)s, so one set of checkers serves both.
///
/// A planted bug is a subject that wraps the machine, or stands for it.
///
/// Whoever has a store manager of their own makes a subject of it and runs every check against it: `sim/examples/own_subject.rs`
/// is such a program, from the first line to the page of the failure that is found. Of this trait it takes
/// [`PROMISES`](Self::PROMISES), [`handle`](Self::handle), [`poll_output`](Self::poll_output), [`poll_timeout`](Self::poll_timeout) and [`report`](Self::report); with
/// [`store`](Self::store) the store is compared after every step, and not only what readers are told.
pub trait Subject {
    /// What it promises. Nothing else is checked, and runs are compared only if it promises everything.
    const PROMISES: &'static [Promise] = Promise::ALL;

    /// One stimulus.
    fn handle(&mut self, now: Time, input: Input<Val>) -> Answer<Val>;

    /// The next thing the outside must do.
    fn poll_output(&mut self) -> Option<Output>;

    /// The next thing that happened, in order. A subject without a task only asks for something.
    fn poll_happened(&mut self) -> Option<Happened> {
        self.poll_output().map(Happened::Asked)
    }

    /// Whether it has a task that takes what it is sent in its own time. Then what the backing says goes through
    /// [`post`](Self::post), time is told to nobody but the task, and [`turn`](Self::turn) polls it.
    const HAS_TASK: bool = false;

    /// Sends what the backing says. `false` if nobody listens: it is lost. [`Happened::Took`] tells when it was taken.
    fn post(&mut self, now: Time, letter: u32, input: Input<Val>) -> bool {
        let _ = (now, letter, input);
        false
    }

    /// Polls its task.
    fn turn(&mut self, now: Time) {
        let _ = now;
    }

    /// Drops its task; the cause stands for that in what is seen.
    fn abort(&mut self, now: Time, cause: Cause) {
        let _ = (now, cause);
    }

    /// The ids there are, for a subject with a task, which is to tell what it held in between.
    fn meet(&mut self, universe: &Arc<Universe>) {
        let _ = universe;
    }

    /// Whether its task was woken and has not been polled since.
    fn is_runnable(&self) -> bool {
        false
    }

    /// Whether somebody will be woken when a pending call is; `None` if that is not known.
    fn has_waker(&self, call: CallId) -> Option<bool> {
        let _ = call;
        None
    }

    /// Whether somebody was woken for a pending call who no longer polls it.
    fn is_misled(&self, call: CallId) -> bool {
        let _ = call;
        false
    }

    /// Whether its task will be woken at this time, or before; `None` if that is not known.
    fn has_alarm(&self, at: Time) -> Option<bool> {
        let _ = at;
        None
    }

    /// Whether a call that was answered or dropped can be polled once more.
    fn polls_over(&self) -> bool {
        true
    }

    /// The next moment at which time alone makes something happen.
    fn poll_timeout(&self) -> Option<Timeout>;

    /// The census.
    fn report(&self) -> Report;

    /// What the store holds, foreign ids left out; `None` if it cannot be looked into.
    fn store(&self, universe: &Universe) -> Option<State> {
        let _ = universe;
        None
    }

    /// Recounts its invariants, if it can.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// A number that is equal only for states with equal futures, if it has one; as far as its own readers go, see
    /// [`milestones_fingerprint`](Self::milestones_fingerprint).
    fn fingerprint(&self, now: Time) -> Option<u128> {
        let _ = now;
        None
    }

    /// A number for what only readers of other store managers can notice, who may come with a position of theirs.
    fn milestones_fingerprint(&self) -> u64 {
        0
    }

    /// Drops what is no longer needed. The world calls it now and then, as a driver does without its lock.
    fn discard(&mut self) {}
}

/// Something that a subject does or takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// It asks for something.
    Asked(Output),
    /// It took what was posted under this number.
    Took(u32),
    /// It looked at its deadlines.
    TimedOut,
    /// Before it took the next thing, in one turn of its task, this was its census, and this the store.
    Settled(Box<(Report, Option<State>)>),
}

/// A subject that can be made from scratch, as many times as a campaign has runs.
pub trait Fresh: Subject + Sized {
    /// A subject that has just asked to subscribe.
    fn fresh(config: Config, epoch: Epoch, now: Time) -> Self;
}

impl Fresh for StoreManager<Val> {
    fn fresh(config: Config, epoch: Epoch, now: Time) -> Self {
        Self::new(config, epoch, now)
    }
}

impl Subject for StoreManager<Val> {
    fn handle(&mut self, now: Time, input: Input<Val>) -> Answer<Val> {
        self.handle(now, input)
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.poll_output()
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        self.poll_timeout()
    }

    fn report(&self) -> Report {
        self.report()
    }

    fn store(&self, universe: &Universe) -> Option<State> {
        let mut state = State::EMPTY;
        for (id, value) in self.entities() {
            let place = universe.place(id);
            if place.at() < universe.ids().len() {
                state.set(place, Some(**value));
            }
        }
        Some(state)
    }

    fn check(&self) -> Result<(), String> {
        self.check().map_err(|broken: Broken| broken.to_string())
    }

    fn fingerprint(&self, now: Time) -> Option<u128> {
        Some(self.fingerprint(now, |value| u64::from(*value)))
    }

    fn milestones_fingerprint(&self) -> u64 {
        self.milestones_fingerprint()
    }

    fn discard(&mut self) {
        let mut garbage = crate::machine::Garbage::default();
        self.swap_garbage(&mut garbage);
    }
}
