//! Workers on demand: who opens the backing, when again, and what callers are told meanwhile.

mod opener;
mod opening;

use core::fmt;
use std::sync::Arc as StdArc;
use std::sync::PoisonError;

use super::causes::Failure;
use super::error::{ResumeError, WatchError};
use super::multiwatcher::Multiwatcher;
use super::report::Report;
use super::seam::{Seam, Tokio};
use super::sync::{Arc, Mutex};
use super::token::ResumeToken;
use super::worker::{Worker, unhurried};
use crate::backing::{Backing, Value};
use crate::machine::{CauseClass, Config, Filter, ModelId, StoreManager, Time};
use opener::Start;
pub use opener::{OpenError, Opener};
use opening::Opening;
pub(super) use opening::{Attempt, Wait};

type Workers<V, S> = Worker<V, StoreManager<V>, S>;

/// Starts the worker of one backing when it is first asked for, and starts another when that one has ended.
///
/// It depends on whoever can open the backing, an [`Opener`]; nothing in the backing knows it. Clones are the same factory.
///
/// # What a call is answered with
///
/// | the opener | the call | afterwards |
/// |---|---|---|
/// | opens the backing | a [`Multiwatcher`] | all calls share the worker |
/// | finds no backing | [`WatchError::NotFound`] | nothing is remembered: the next call looks again |
/// | fails in any other way | [`WatchError::Dead`] | so is every call, until the back-off of the configuration has passed or [`replace_opener`](Self::replace_opener) was called |
///
/// Calls that come while the backing is being opened wait for that one opening, which is a task of its own: it goes on when a
/// caller is dropped, takes no longer than the configuration's `call_timeout`, and is given up when the factory is killed or gone. A
/// worker that was killed is replaced by the next
/// call. One that ended because its backing failed for good is replaced after the back-off, or when the opener was replaced, and
/// answers with its end until then. The back-off doubles with failures in a row, and a new opener begins with the shortest.
/// A new worker is a new epoch: its readers start anew.
///
/// # Supervision
///
/// The factory holds its worker, and so does every handle: the worker ends when it is killed, or when the factory and every
/// handle are gone, and releases the backing. A worker's failures are mended inside it; what reaches the factory is an end. On tokio,
/// every task is tracked by a `TaskTracker` (see [`Tokio`]), which is how [`close`](Self::close) knows that the last has ended.
/// There is no cancellation token: that a worker is to end is said to the machine under its lock, so that no reader can see a worker
/// that is both alive and cancelled.
///
/// # Example
///
/// ```
/// use multiwatcher::backing::MemoryBacking;
/// use multiwatcher::driver::{Factory, OpenError};
/// use multiwatcher::machine::{Config, ModelId};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let database = MemoryBacking::<u32>::new();
/// let open = move || {
///     let database = database.clone();
///     async move { Ok::<_, OpenError>(database) }
/// };
/// let factory = Factory::new(open, Config::default());
/// let reader = factory.watch_model(ModelId::from_u128(1)).await.unwrap();
/// assert_eq!(reader.next().await.unwrap().deltas().len(), 0);
/// # });
/// ```
pub struct Factory<V: Value, S: Seam = Tokio> {
    shared: StdArc<Shared<V, S>>,
}

struct Shared<V: Value, S: Seam> {
    seam: S,
    config: Config,
    state: Mutex<State<V, S>>,
}

struct State<V: Value, S: Seam> {
    opener: StdArc<dyn Start<V, S>>,
    /// How often the opener was replaced.
    version: u64,
    stage: Stage<V, S>,
    /// Openings that failed, and workers that ended soon, in a row.
    failures: u32,
}

enum Stage<V: Value, S: Seam> {
    /// Nobody has asked, or what was asked for was not found.
    Closed,
    /// The backing is being opened.
    Opening(Arc<Attempt<V, S>>),
    /// A worker was started, at that time, by this version of the opener.
    Open(Workers<V, S>, Time, u64),
    /// The worker answers everybody with its end; another is started after that time, or by another version of the opener.
    Dead(Workers<V, S>, Time, u64),
}

/// What a call does next.
enum Next<V: Value, S: Seam> {
    Ask(Workers<V, S>),
    Wait(Arc<Attempt<V, S>>),
    Open(Opening<V, S>, Arc<Attempt<V, S>>),
}

impl<V: Value> Factory<V> {
    /// A factory on the tokio runtime that this is called from. Nothing is opened yet.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, as `tokio::spawn` does.
    pub fn new<O: Opener<Backing: Backing<Value = V>>>(opener: O, config: Config) -> Self {
        Self::new_on(Tokio::current(), opener, config)
    }

    /// Kills the worker, and waits until every task has ended and the backing was released.
    ///
    /// A call that comes meanwhile starts another worker, and this waits for its end too, however long somebody keeps it: close
    /// when nobody asks any more.
    pub async fn close(&self) {
        self.kill();
        self.shared.seam.idle().await;
    }
}

impl<V: Value, S: Seam> Factory<V, S> {
    /// A factory on this runtime.
    pub fn new_on<O: Opener<Backing: Backing<Value = V>>>(seam: S, opener: O, config: Config) -> Self {
        let state = State { opener: StdArc::new(opener), version: 0, stage: Stage::Closed, failures: 0 };
        Self { shared: StdArc::new(Shared { seam, config: unhurried(config), state: Mutex::new(state) }) }
    }

    /// Opens a multiwatcher of one model, whether it exists or not.
    pub async fn watch_model(&self, model: ModelId) -> Result<Multiwatcher<V, StoreManager<V>, S>, WatchError> {
        self.watch(Filter::model(model)).await
    }

    /// Opens a multiwatcher of all models.
    pub async fn watch_all_models(&self) -> Result<Multiwatcher<V, StoreManager<V>, S>, WatchError> {
        self.watch(Filter::all_models()).await
    }

    /// Opens a multiwatcher. It waits for the backing to be opened, if nobody has asked before, and never for a load.
    ///
    /// Cancel-safe: a call that is dropped leaves nothing behind.
    pub async fn watch(&self, filter: Filter) -> Result<Multiwatcher<V, StoreManager<V>, S>, WatchError> {
        match self.worker().await?.watch(filter.clone()) {
            // It ended between the two: whatever stands in its place answers.
            Err(WatchError::Ended(_)) => self.worker().await?.watch(filter),
            opened => opened,
        }
    }

    /// Opens a multiwatcher for a reader that comes back. A worker that was started since is another one of the same database, which
    /// may have passed over where the reader stood, and then says `Gone`.
    pub async fn resume(&self, token: &ResumeToken) -> Result<Multiwatcher<V, StoreManager<V>, S>, ResumeError> {
        match self.worker().await?.resume(token).await {
            Err(ResumeError::Watch(WatchError::Ended(_))) => self.worker().await?.resume(token).await,
            resumed => resumed,
        }
    }

    /// The worker; started if there is none. A dead one is a worker too: it answers everybody with its failure.
    pub async fn worker(&self) -> Result<Worker<V, StoreManager<V>, S>, WatchError> {
        match self.next() {
            Next::Ask(worker) => Ok(worker),
            Next::Wait(attempt) => Wait::new(attempt).await,
            Next::Open(opening, attempt) => {
                self.shared.seam.spawn(opening);
                Wait::new(attempt).await
            }
        }
    }

    /// Opens the backing in another way from now on. A worker that runs goes on; a dead one is replaced by the next call.
    pub fn replace_opener<O: Opener<Backing: Backing<Value = V>>>(&self, opener: O) {
        let opener: StdArc<dyn Start<V, S>> = StdArc::new(opener);
        let mut state = self.shared.lock();
        state.version += 1;
        state.failures = 0;
        let old = core::mem::replace(&mut state.opener, opener);
        drop(state);
        drop(old);
    }

    /// Ends the worker. Calls that wait for one to be started are told so; the next call starts another.
    pub fn kill(&self) {
        let mut state = self.shared.lock();
        let ended = match &state.stage {
            Stage::Open(worker, ..) => Some(Ok(worker.clone())),
            Stage::Opening(attempt) => Some(Err(Arc::clone(attempt))),
            Stage::Closed | Stage::Dead(..) => None,
        };
        if let Some(Err(_)) = &ended {
            state.stage = Stage::Closed;
        }
        drop(state);
        match ended {
            Some(Ok(worker)) => worker.kill(),
            Some(Err(attempt)) => {
                attempt.answer(Err(WatchError::Ended(killed_early())));
            }
            None => {}
        }
    }

    /// What the worker holds and how it has fared; `None` if there is none.
    pub fn report(&self) -> Option<Report> {
        let state = self.shared.lock();
        let worker = match &state.stage {
            Stage::Open(worker, ..) | Stage::Dead(worker, ..) => worker.clone(),
            Stage::Closed | Stage::Opening(_) => return None,
        };
        drop(state);
        Some(worker.report())
    }

    fn next(&self) -> Next<V, S> {
        let now = self.shared.seam.now();
        let mut state = self.shared.lock();
        // What is replaced is dropped when this returns, after the lock: it may be the last handle.
        let mut _replaced = None;
        if let Stage::Open(worker, since, version) = &state.stage {
            match worker.end() {
                None => return Next::Ask(worker.clone()),
                Some((failure, at)) => {
                    let dead = (worker.clone(), *since, *version);
                    _replaced = Some(state.bury(dead, &failure, at, &self.shared.config));
                }
            }
        }
        match &state.stage {
            Stage::Opening(attempt) => return Next::Wait(Arc::clone(attempt)),
            Stage::Dead(worker, until, version) if now < *until && *version == state.version => {
                return Next::Ask(worker.clone());
            }
            Stage::Closed | Stage::Dead(..) | Stage::Open(..) => {}
        }
        let attempt = Arc::new(Attempt::new());
        let before = core::mem::replace(&mut state.stage, Stage::Opening(Arc::clone(&attempt)));
        let (opener, version) = (StdArc::clone(&state.opener), state.version);
        drop(state);
        drop(before);
        Next::Open(Opening::new(&self.shared, opener, version, Arc::clone(&attempt)), attempt)
    }
}

impl<V: Value, S: Seam> State<V, S> {
    /// A worker has ended. One that was killed leaves nothing behind; any other is not replaced before its back-off.
    fn bury(
        &mut self,
        (worker, since, version): (Workers<V, S>, Time, u64),
        failure: &Failure,
        at: Time,
        config: &Config,
    ) -> Stage<V, S> {
        let stage = if failure.class() == CauseClass::Killed {
            self.failures = 0;
            Stage::Closed
        } else {
            if at.since(since) >= config.backoff.max {
                self.failures = 0;
            }
            Stage::Dead(worker, self.failed(at, version, config), version)
        };
        core::mem::replace(&mut self.stage, stage)
    }

    /// Something failed at that time. Until when nothing is tried again, unless by another opener: it has nothing to answer for.
    fn failed(&mut self, at: Time, version: u64, config: &Config) -> Time {
        if version == self.version {
            self.failures = self.failures.saturating_add(1);
        }
        at.after(config.backoff.wait(self.failures))
    }
}

impl<V: Value, S: Seam> Shared<V, S> {
    fn lock(&self) -> super::sync::MutexGuard<'_, State<V, S>> {
        // Every change of the state is one move, so a panic leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody holds the factory any more, so nobody waits: what is being opened is given up, and the worker loses a handle.
impl<V: Value, S: Seam> Drop for Shared<V, S> {
    fn drop(&mut self) {
        let stage = core::mem::replace(&mut self.lock().stage, Stage::Closed);
        if let Stage::Opening(attempt) = &stage {
            attempt.answer(Err(WatchError::Ended(killed_early())));
        }
    }
}

fn killed_early() -> Failure {
    Failure::new(CauseClass::Killed, "while it was started")
}

impl<V: Value, S: Seam> Shared<V, S> {
    /// An opening has come to an end.
    fn conclude(&self, attempt: &Arc<Attempt<V, S>>, version: u64, opened: Result<Workers<V, S>, OpenError>) {
        // Made without the lock: its metrics ask whoever records them.
        let opened = opened.map(|worker| (worker, true)).or_else(|error| match error {
            OpenError::NotFound(error) => Err(error),
            OpenError::Failed(error) => Ok((Worker::dead(self.seam.clone(), self.config.clone(), error.into()), false)),
        });
        let now = self.seam.now();
        let mut state = self.lock();
        let is_current = matches!(&state.stage, Stage::Opening(current) if Arc::ptr_eq(current, attempt));
        if !is_current {
            // It was killed meanwhile, and everybody who waited was told so.
            drop(state);
            drop(opened);
            return;
        }
        let (next, answer) = match opened {
            Ok((worker, true)) => (Stage::Open(worker.clone(), now, version), Ok(worker)),
            Ok((dead, false)) => {
                (Stage::Dead(dead.clone(), state.failed(now, version, &self.config), version), Ok(dead))
            }
            Err(error) => (Stage::Closed, Err(WatchError::NotFound(error))),
        };
        state.stage = next;
        drop(state);
        attempt.answer(answer);
    }
}

impl<V: Value, S: Seam> Clone for Factory<V, S> {
    fn clone(&self) -> Self {
        Self { shared: StdArc::clone(&self.shared) }
    }
}

impl<V: Value, S: Seam> fmt::Debug for Factory<V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.shared.lock().stage {
            Stage::Closed => "closed",
            Stage::Opening(_) => "opening",
            Stage::Open(..) => "open",
            Stage::Dead(..) => "dead",
        };
        f.debug_struct("Factory").field("stage", &stage).finish_non_exhaustive()
    }
}
