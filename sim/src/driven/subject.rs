//! The subject: inputs become calls of handles and letters of the backing, and what happened becomes outputs.

use core::time::Duration;
use std::collections::VecDeque;
use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use multiwatcher::driver::{self, Failure, Machine, ResumeToken, Worker};
use multiwatcher::machine::{
    Answer, Batch, CallId, Cause, Config, Epoch, Input, NextError, NextPoll, Output, Report, ResumeError, Time,
    Timeout, WatchError,
};
use multiwatcher::testing::{Fresh, Happened, State, Subject, Universe, Val};
use xxhash_rust::xxh3::Xxh3;

use super::backing::Wired;
use super::failure;
use super::plant::Plant;
use super::post::post;
use super::readers::Readers;
use super::runtime::{Runtime, Task};
use super::watched::Watched;
use super::wires::{Event, Wires};

/// What may stand inside the driver: a machine that is a subject itself.
pub trait Inside: Subject + Machine<Val> {}

impl<M: Subject + Machine<Val>> Inside for M {}

/// The shipped driver around a machine, with its task.
pub struct Driven<M: Inside> {
    runtime: Runtime,
    wires: Wires,
    readers: Readers<M>,
    worker: Worker<Val, Watched<M>, Runtime>,
    task: Option<Task>,
    /// What was taken from the log and not yet told.
    happened: VecDeque<Event>,
    /// The causes by which the world knows the first kill, and that the task was dropped.
    killed: Option<Cause>,
    aborted: Option<Cause>,
    plant: Option<&'static dyn Plant>,
}

impl<M: Inside> std::fmt::Debug for Driven<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driven").field("worker", &self.worker).finish_non_exhaustive()
    }
}

impl<M: Inside + Fresh> Fresh for Driven<M> {
    fn fresh(config: Config, epoch: Epoch, now: Time) -> Self {
        let patience = config.call_timeout;
        Self::around(M::fresh(config, epoch, now), patience, now)
    }
}

impl<M: Inside> Driven<M> {
    /// The driver around a machine that was made now and asked nothing yet. Releasing the backing may take as long as `patience`.
    pub fn around(machine: M, patience: Duration, now: Time) -> Self {
        Self::planted(machine, patience, now, None)
    }

    /// The same with a bug planted in the driver.
    pub fn planted(machine: M, patience: Duration, now: Time, plant: Option<&'static dyn Plant>) -> Self {
        let (runtime, wires) = (Runtime::new(now, plant.is_some_and(Plant::sleeps_deaf)), Wires::default());
        let (machine, backing) = (Watched::new(machine, wires.clone()), Wired(wires.clone()));
        let worker = if plant.is_some_and(Plant::has_bent_loop) {
            Worker::start_bent(machine, runtime.clone(), backing, patience)
        } else {
            Worker::start_with(machine, runtime.clone(), backing, patience)
        };
        let task = runtime.take_spawned();
        Self {
            readers: Readers::new(wires.clone(), plant),
            runtime,
            wires,
            worker,
            task,
            happened: VecDeque::new(),
            killed: None,
            aborted: None,
            plant,
        }
    }
}

impl<M: Inside> Subject for Driven<M> {
    const HAS_TASK: bool = true;

    fn handle(&mut self, now: Time, input: Input<Val>) -> Answer<Val> {
        self.runtime.move_to(now);
        match input {
            Input::Watch { filter } => Answer::Watch(match self.worker.watch(filter) {
                Ok(handle) => Ok(self.readers.add(handle)),
                Err(error) => Err(WatchError::Ended(self.end(&error))),
            }),
            Input::Resume { filter, from } => {
                let token = ResumeToken::forged(from, filter);
                Answer::Resume(match self.worker.try_resume(&token) {
                    Ok(handle) => Ok(self.readers.add(handle)),
                    Err(driver::ResumeError::Gone { epoch, oldest }) => Err(ResumeError::Gone { epoch, oldest }),
                    Err(driver::ResumeError::Future { latest }) => Err(ResumeError::Future { latest }),
                    Err(driver::ResumeError::Watch(error)) => Err(ResumeError::Ended(self.end(&error))),
                    Err(driver::ResumeError::Ahead { position }) => Err(ResumeError::Ahead { position }),
                })
            }
            Input::Next { watcher, call: None } => match self.readers.call(watcher) {
                Some(polled) => self.answer(polled, self.readers.newest()),
                None => Answer::Done,
            },
            Input::Next { call: Some(call), .. } => match self.readers.poll(call) {
                Some(polled) => self.answer(polled, Some(call)),
                None => Answer::Done,
            },
            Input::TryNext { watcher } => match self.readers.handle(watcher) {
                Some(handle) => Answer::TryNext(handle.try_next().map_err(|error| self.why(error))),
                None => Answer::Done,
            },
            Input::Progress { watcher } => match self.readers.handle(watcher) {
                Some(handle) => Answer::Progress(handle.progress().map_err(|error| self.why(error))),
                None => Answer::Done,
            },
            Input::DropCall { call, .. } => {
                self.readers.drop_call(call);
                Answer::Done
            }
            Input::Stop { watcher } => {
                if let Some(handle) = self.readers.handle(watcher) {
                    handle.stop();
                }
                Answer::Done
            }
            Input::Kill { cause } => {
                self.killed.get_or_insert(cause);
                self.worker.kill();
                Answer::Done
            }
            // The clock has moved, and with it whoever sleeps.
            Input::Timeout => Answer::Done,
            Input::Subscribed { .. }
            | Input::Staged { .. }
            | Input::LoadDone { .. }
            | Input::Notice { .. }
            | Input::Mark { .. }
            | Input::Step { .. }
            | Input::Fetched { .. }
            | Input::Failed { .. } => unreachable!("what the backing says is posted"),
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        unreachable!("a subject with a task is asked what happened")
    }

    fn poll_happened(&mut self) -> Option<Happened> {
        let event = match self.happened.pop_front() {
            Some(event) => event,
            None => {
                // All of it at once: nothing happens while it is told.
                core::mem::swap(&mut self.wires.lock().log, &mut self.happened);
                self.happened.pop_front()?
            }
        };
        Some(match event {
            Event::Asked(output) => Happened::Asked(output),
            Event::Took(letter) => Happened::Took(letter),
            Event::TimedOut => Happened::TimedOut,
            Event::Settled(census) => Happened::Settled(census),
            Event::Woken(call) => Happened::Asked(Output::Wake { call }),
            Event::Released => Happened::Asked(Output::Ended { cause: self.final_cause() }),
        })
    }

    fn post(&mut self, now: Time, letter: u32, input: Input<Val>) -> bool {
        self.runtime.move_to(now);
        post(&self.wires, letter, input)
    }

    fn abort(&mut self, now: Time, cause: Cause) {
        self.runtime.move_to(now);
        if let Some(task) = self.task.take() {
            self.aborted = Some(cause);
            drop(task);
            // Nobody can release it any more.
            self.wires.note(Event::Released);
        }
    }

    fn meet(&mut self, universe: &Arc<Universe>) {
        self.wires.lock().universe = Some(Arc::clone(universe));
    }

    fn turn(&mut self, now: Time) {
        self.runtime.move_to(now);
        self.wires.lock().told = 0;
        if let Some(task) = &mut self.task
            && self.runtime.poll(task).is_ready()
        {
            self.task = None;
        }
    }

    fn is_runnable(&self) -> bool {
        self.task.is_some() && self.runtime.is_runnable()
    }

    fn has_waker(&self, call: CallId) -> Option<bool> {
        Some(self.readers.has_waker(call))
    }

    fn is_misled(&self, call: CallId) -> bool {
        self.readers.is_misled(call)
    }

    fn has_alarm(&self, at: Time) -> Option<bool> {
        Some(self.runtime.sleeps().first().is_some_and(|sleep| *sleep <= at))
    }

    fn polls_over(&self) -> bool {
        false
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        self.worker.inspect(|watched, _, _| Subject::poll_timeout(&watched.machine))
    }

    fn report(&self) -> Report {
        self.worker.inspect(|watched, _, _| Subject::report(&watched.machine))
    }

    fn store(&self, universe: &Universe) -> Option<State> {
        self.worker.inspect(|watched, _, _| watched.machine.store(universe))
    }

    fn check(&self) -> Result<(), String> {
        self.worker.inspect(|watched, _, wakers| {
            watched.machine.check()?;
            let calls = Subject::report(&watched.machine).calls;
            if wakers > calls {
                return Err(format!("{wakers} wakers are kept for {calls} calls"));
            }
            Ok(())
        })
    }

    fn fingerprint(&self, now: Time) -> Option<u128> {
        if self.plant.is_some() {
            // What it notes is not printed.
            return None;
        }
        let mut hasher = Xxh3::new();
        let at = self.worker.inspect(|watched, doing, wakers| {
            watched.machine.fingerprint(now)?.hash(&mut hasher);
            // Generation and fetch stand in what is open on the wires.
            (doing.generation.is_some(), doing.subscribing, doing.subscribed, doing.loading).hash(&mut hasher);
            (doing.fetching.is_some(), doing.releasing, doing.polled, wakers).hash(&mut hasher);
            Some(Subject::report(&watched.machine).position)
        })?;
        self.readers.print(|call| self.worker.has_waker(call), &mut hasher);
        let sleeps = self.runtime.sleeps();
        sleeps.iter().for_each(|at| at.since(now).hash(&mut hasher));
        (self.is_runnable(), self.task.is_some(), self.killed, self.aborted).hash(&mut hasher);
        self.wires.lock().print(at, &mut hasher);
        Some(hasher.digest128())
    }
}

impl<M: Inside> Driven<M> {
    fn answer(&self, polled: Poll<Result<Batch<Val>, driver::NextError>>, call: Option<CallId>) -> Answer<Val> {
        match (polled, call) {
            (Poll::Ready(answer), _) => Answer::Next(NextPoll::Ready(answer.map_err(|error| self.why(error)))),
            (Poll::Pending, Some(call)) => Answer::Next(NextPoll::Pending(call)),
            (Poll::Pending, None) => Answer::Done,
        }
    }

    fn cause(&self, failure: &Failure) -> Cause {
        failure::cause(failure, self.killed, self.aborted)
    }

    fn why(&self, error: driver::NextError) -> NextError {
        match error {
            driver::NextError::Stopped => NextError::Stopped,
            driver::NextError::Ended(failure) => NextError::Ended(self.cause(&failure)),
            driver::NextError::Lagged { cursor, latest } => NextError::Lagged { cursor, latest },
        }
    }

    fn end(&self, error: &driver::WatchError) -> Cause {
        match error {
            driver::WatchError::Ended(failure) | driver::WatchError::Dead(failure) => self.cause(failure),
            driver::WatchError::NotFound(_) => unreachable!("a worker has its backing"),
        }
    }

    /// What `wait` says, which must be ready: the backing was released, and nothing comes after that.
    fn final_cause(&self) -> Cause {
        let mut end = self.worker.wait();
        let polled: Poll<Failure> = Pin::new(&mut end).poll(&mut Context::from_waker(Waker::noop()));
        match polled {
            Poll::Ready(failure) => self.cause(&failure),
            Poll::Pending => panic!("the backing was released, and nobody who waits for the worker is told"),
        }
    }
}
