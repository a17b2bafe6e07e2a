//! Where the cache gets its multiwatchers from.

use core::fmt;

use crate::backing::Json;
use crate::driver::{Factory, Multiwatcher, Report, Seam, Tokio, WatchError, Worker};
use crate::machine::StoreManager;

pub(super) type Reader<S> = Multiwatcher<Json, StoreManager<Json>, S>;

/// What feeds a cache: a factory, which starts another worker when one ends, or one worker, with which the cache ends.
pub enum Source<S: Seam = Tokio> {
    /// Another worker takes the place of one that ended.
    Factory(Factory<Json, S>),
    /// The cache ends when it does.
    Worker(Worker<Json, StoreManager<Json>, S>),
}

impl<S: Seam> Source<S> {
    pub(super) async fn open(&self) -> Result<Reader<S>, WatchError> {
        match self {
            Self::Factory(factory) => factory.watch_all_models().await,
            Self::Worker(worker) => worker.watch_all_models(),
        }
    }

    /// What the worker says of itself, if there is one.
    pub(super) fn report(&self) -> Option<Report> {
        match self {
            Self::Factory(factory) => factory.report(),
            Self::Worker(worker) => Some(worker.report()),
        }
    }

    /// Whether it may have another multiwatcher after this failure.
    pub(super) fn goes_on(&self) -> bool {
        match self {
            Self::Factory(_) => true,
            Self::Worker(worker) => worker.watch_all_models().is_ok(),
        }
    }
}

impl<S: Seam> Clone for Source<S> {
    fn clone(&self) -> Self {
        match self {
            Self::Factory(factory) => Self::Factory(factory.clone()),
            Self::Worker(worker) => Self::Worker(worker.clone()),
        }
    }
}

impl<S: Seam> From<Factory<Json, S>> for Source<S> {
    fn from(factory: Factory<Json, S>) -> Self {
        Self::Factory(factory)
    }
}

impl<S: Seam> From<Worker<Json, StoreManager<Json>, S>> for Source<S> {
    fn from(worker: Worker<Json, StoreManager<Json>, S>) -> Self {
        Self::Worker(worker)
    }
}

impl<S: Seam> fmt::Debug for Source<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Factory(factory) => f.debug_tuple("Factory").field(factory).finish(),
            Self::Worker(worker) => f.debug_tuple("Worker").field(worker).finish(),
        }
    }
}
