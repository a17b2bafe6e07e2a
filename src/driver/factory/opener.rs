//! Who can open the backing.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use std::error::Error;
use std::sync::Arc;

use super::Workers;
use crate::backing::{Backing, BackingError, SharedError, Value};
use crate::driver::seam::Seam;
use crate::driver::worker::Worker;
use crate::machine::Config;

/// Opens a backing: the state that a factory depends on. A function that returns a future will do.
pub trait Opener: Send + Sync + 'static {
    /// What it opens.
    type Backing: Backing;

    /// Opens it. The future is dropped when it takes longer than the configuration's `call_timeout`.
    fn open(&self) -> impl Future<Output = Result<Self::Backing, OpenError>> + Send;
}

/// Why a backing could not be opened.
#[derive(Debug, Clone)]
pub enum OpenError {
    /// There is none. An answer, not a failure: nothing is remembered.
    NotFound(SharedError),
    /// It could not be opened, whether there is one or not.
    Failed(BackingError),
}

impl OpenError {
    /// There is no backing.
    pub fn not_found(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::NotFound(Arc::from(error.into()))
    }

    /// It could not be opened.
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(BackingError::transient(error))
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(error) => write!(f, "no backing was found: {error}"),
            Self::Failed(error) => write!(f, "the backing could not be opened: {error}"),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotFound(error) => Some(error),
            Self::Failed(error) => Some(error),
        }
    }
}

impl<B, C, F> Opener for F
where
    B: Backing,
    C: Future<Output = Result<B, OpenError>> + Send,
    F: Fn() -> C + Send + Sync + 'static,
{
    type Backing = B;

    fn open(&self) -> impl Future<Output = Result<B, OpenError>> + Send {
        self()
    }
}

pub(super) type Started<V, S> = Pin<Box<dyn Future<Output = Result<Workers<V, S>, OpenError>> + Send>>;

/// An opener whose kind of backing nobody needs to know.
pub(super) trait Start<V: Value, S: Seam>: Send + Sync {
    /// Opens the backing and starts its worker.
    fn start(self: Arc<Self>, seam: S, config: Config) -> Started<V, S>;
}

impl<V, S, O> Start<V, S> for O
where
    V: Value,
    S: Seam,
    O: Opener<Backing: Backing<Value = V>>,
{
    fn start(self: Arc<Self>, seam: S, config: Config) -> Started<V, S> {
        Box::pin(async move {
            let backing = self.open().await?;
            Ok(Worker::start_on(seam, backing, config))
        })
    }
}
