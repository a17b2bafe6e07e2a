//! The worker: one task per backing, and the handle by which it is known.

#[cfg(feature = "testing")]
mod bent;
mod end;
mod life;
mod resume;
mod task;

use core::fmt;
use core::time::Duration;
use std::sync::Arc as StdArc;

use crate::backing::{Backing, Identity, Value};
use crate::machine::{Backoff, Config, Filter, ModelId, StoreManager};

use super::causes::{Causes, Failure, Namer};
use super::error::{ResumeError, WatchError};
use super::machine::Machine;
use super::multiwatcher::Multiwatcher;
use super::report::Report;
use super::seam::{Seam, Tokio};
use super::shared::Shared;
use super::sync::Arc;
use super::token::ResumeToken;
pub use end::WorkerEnd;
pub(super) use life::Came;
pub use life::Doing;
pub use resume::Resume;
use task::Task;

/// A running worker: it watches one backing and tells any number of multiwatchers what changed.
///
/// Clones are the same worker. It ends when it is killed, when its backing fails for good, or when the last of its handles is
/// gone, multiwatchers included. A backing that fails otherwise is opened again inside, and readers see nothing of it but the
/// difference.
pub struct Worker<V, M: Machine<V> = StoreManager<V>, S: Seam = Tokio> {
    pub(super) keeper: Arc<Keeper<V, M, S>>,
}

/// Whoever holds it keeps the worker going.
#[derive(Debug)]
pub(super) struct Keeper<V, M: Machine<V>, S: Seam> {
    pub(super) shared: Arc<Shared<V, M, S>>,
}

impl<V, M: Machine<V>, S: Seam> Drop for Keeper<V, M, S> {
    fn drop(&mut self) {
        self.shared.kill();
    }
}

impl<V: Value> Worker<V> {
    /// Starts a worker on the tokio runtime that this is called from. A back-off of less than a millisecond counts as one.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, as `tokio::spawn` does; and if the backing panics when it is asked for its
    /// [`identity`](Backing::identity), which happens here for the first time.
    pub fn start(backing: impl Backing<Value = V>, config: Config) -> Self {
        Self::start_on(Tokio::current(), backing, config)
    }
}

impl<V: Value, S: Seam> Worker<V, StoreManager<V>, S> {
    /// Starts a worker on this runtime. A back-off of less than a millisecond counts as one.
    ///
    /// # Panics
    ///
    /// If the backing panics when it is asked for its [`identity`](Backing::identity).
    pub fn start_on(seam: S, backing: impl Backing<Value = V>, config: Config) -> Self {
        let patience = config.call_timeout;
        let machine = StoreManager::new(unhurried(config), seam.fresh_epoch(), seam.now());
        Self::start_with(machine, seam, backing, patience)
    }

    /// A worker that never had a backing: it answers everybody with this failure.
    pub(super) fn dead(seam: S, config: Config, failure: Failure) -> Self {
        let (mut namer, mut causes, patience) = (Namer::default(), Causes::default(), config.call_timeout);
        let cause = namer.name_failure(failure.clone());
        causes.keep(namer.named);
        let machine = StoreManager::dead(config, seam.fresh_epoch(), seam.now(), cause);
        let shared = Shared::new(machine, causes, seam, Identity(0), patience, true);
        shared.finish(failure);
        Self { keeper: Arc::new(Keeper { shared: Arc::new(shared) }) }
    }
}

impl<V: Value, M: Machine<V>, S: Seam> Worker<V, M, S> {
    /// Starts a worker around a machine that was made for this seam's clock and asked nothing yet. Releasing the backing may
    /// take as long as `patience`, and so may a [`resume`](Self::resume).
    ///
    /// # Panics
    ///
    /// If the backing panics when it is asked for its [`identity`](Backing::identity).
    pub fn start_with(machine: M, seam: S, backing: impl Backing<Value = V>, patience: Duration) -> Self {
        let shared = Arc::new(Shared::new(machine, Causes::default(), seam, backing.identity(), patience, false));
        let task = Task::new(Arc::clone(&shared), StdArc::new(backing));
        shared.seam.spawn(task);
        Self { keeper: Arc::new(Keeper { shared }) }
    }
}

/// For the simulator: its zoo holds a bug of the loop. The loop's file uses what is the driver's own, so its copy lies beside it, and is a
/// part of no build but those with the testing kit. But for the place that it marks, it is the file that ships, which a test holds.
#[cfg(feature = "testing")]
impl<V: Value, M: Machine<V>, S: Seam> Worker<V, M, S> {
    /// The same as [`start_with`](Self::start_with), with a loop that looks whether it is to end only when the backing has nothing to tell.
    #[doc(hidden)]
    pub fn start_bent(machine: M, seam: S, backing: impl Backing<Value = V>, patience: Duration) -> Self {
        let shared = Arc::new(Shared::new(machine, Causes::default(), seam, backing.identity(), patience, false));
        let task = bent::Task::new(Arc::clone(&shared), StdArc::new(backing));
        shared.seam.spawn(task);
        Self { keeper: Arc::new(Keeper { shared }) }
    }
}

impl<V, M: Machine<V>, S: Seam> Worker<V, M, S> {
    /// Opens a multiwatcher of one model, whether it exists or not.
    pub fn watch_model(&self, model: ModelId) -> Result<Multiwatcher<V, M, S>, WatchError> {
        self.watch(Filter::model(model))
    }

    /// Opens a multiwatcher of all models.
    pub fn watch_all_models(&self) -> Result<Multiwatcher<V, M, S>, WatchError> {
        self.watch(Filter::all_models())
    }

    /// Opens a multiwatcher. Its first batch is the whole filtered state. It never waits for the backing.
    pub fn watch(&self, filter: Filter) -> Result<Multiwatcher<V, M, S>, WatchError> {
        let watched = self.keeper.shared.watch(filter.clone())?;
        Ok(Multiwatcher::new(Arc::clone(&self.keeper), watched, filter))
    }

    /// Opens a multiwatcher for a reader that comes back, to this worker or from another one of the same database. Its first batch is
    /// what changed since the token was taken.
    ///
    /// A token of another worker is honoured exactly or not at all: this one must know what its store held at the token's position, so
    /// none of its steps or loads may have passed over that position, and its resume window must reach back to it. Where the other worker
    /// has been further, this waits to get there, for as long as the configuration's `call_timeout`.
    ///
    /// Cancel-safe: a call that is dropped leaves nothing behind.
    pub fn resume(&self, token: &ResumeToken) -> Resume<V, M, S> {
        Resume::new(self.clone(), token.clone())
    }

    /// The same without waiting: [`ResumeError::Ahead`] if the other worker has been further.
    pub fn try_resume(&self, token: &ResumeToken) -> Result<Multiwatcher<V, M, S>, ResumeError> {
        let watched = self.keeper.shared.try_resume(token)?;
        Ok(Multiwatcher::new(Arc::clone(&self.keeper), watched, token.filter().clone()))
    }

    /// Ends the worker: every multiwatcher is told so at once, and the backing is released. Does not wait for that; see
    /// [`wait`](Self::wait).
    pub fn kill(&self) {
        self.keeper.shared.kill();
    }

    /// Waits until the worker has ended and has released its backing; says why it ended.
    pub fn wait(&self) -> WorkerEnd<V, M, S> {
        WorkerEnd::new(Arc::clone(&self.keeper.shared))
    }

    /// What it holds and how it has fared. Never waits.
    pub fn report(&self) -> Report {
        self.keeper.shared.report()
    }

    /// Why and when it ended, if it has; its backing may still be released.
    pub(super) fn end(&self) -> Option<(Failure, crate::machine::Time)> {
        self.keeper.shared.end()
    }

    /// Whether somebody will be woken when this call is.
    #[cfg(feature = "testing")]
    pub fn has_waker(&self, call: crate::machine::CallId) -> bool {
        self.keeper.shared.has_waker(call)
    }

    /// Looks at the machine, at what the task waits for, and at how many calls have a waker.
    #[cfg(feature = "testing")]
    pub fn inspect<R>(&self, look: impl FnOnce(&M, Doing, usize) -> R) -> R {
        self.keeper.shared.inspect(look)
    }
}

/// The same with a back-off that takes time: without one, a backing that cannot be opened would be tried in a busy loop.
pub(super) fn unhurried(mut config: Config) -> Config {
    const LEAST: Duration = Duration::from_millis(1);
    let Backoff { min, max } = &mut config.backoff;
    (*min, *max) = (LEAST.max(*min), LEAST.max(*max));
    config
}

impl<V, M: Machine<V>, S: Seam> Clone for Worker<V, M, S> {
    fn clone(&self) -> Self {
        Self { keeper: Arc::clone(&self.keeper) }
    }
}

impl<V, M: Machine<V>, S: Seam> fmt::Debug for Worker<V, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("backing", &self.keeper.shared.identity).finish_non_exhaustive()
    }
}
