//! What a cache says of itself: how old what it holds may be, and why it ended.

use core::error::Error;
use core::fmt;
use core::time::Duration;

use crate::backing::SharedError;
use crate::machine::{Epoch, Position, Revno};

/// What a cache holds, and how far it can be trusted.
#[derive(Debug, Clone)]
pub struct CacheReport {
    /// The worker whose revnos these are; `None` before the first batch, as are the next two.
    pub epoch: Option<Epoch>,
    /// The revno that is held.
    pub revno: Option<Revno>,
    /// The backing's position that is held.
    pub position: Option<Position>,
    /// Whether what is held is all that the worker knows. What the worker knows may be old: see `out_of_reach_for`.
    pub is_caught_up: bool,
    /// For how long the cache has not been able to hear of changes: because it has no worker, because that one has not told its
    /// whole state yet, or because its backing is out of reach. `None` while changes are heard.
    pub out_of_reach_for: Option<Duration>,
    /// How long ago the last batch came, however little there was to tell.
    pub last_batch_ago: Option<Duration>,
    /// Entities held.
    pub entities: usize,
    /// Models of which something is held.
    pub models: usize,
    /// Entities whose JSON is not what their kind says.
    pub broken: usize,
    /// Notify and strings watchers, calls of `wait_for` included.
    pub watchers: usize,
    /// Multiwatchers opened since the beginning.
    pub openings: u64,
    /// Why the last one ended, or could not be opened.
    pub last_failure: Option<SharedError>,
    /// Why the cache ended, if it has.
    pub end: Option<CacheEnd>,
}

/// Why a cache has ended. What it held can still be read, and grows old.
#[derive(Debug, Clone)]
pub enum CacheEnd {
    /// It was killed, or the last handle is gone.
    Killed,
    /// The worker it was made from has ended. Make another cache from another worker.
    Worker(SharedError),
    /// Its task is gone, as when the runtime shuts down.
    TaskGone,
}

impl fmt::Display for CacheEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed => f.write_str("the model cache was killed"),
            Self::Worker(error) => write!(f, "the model cache ended: {error}"),
            Self::TaskGone => f.write_str("the model cache ended: its task is gone, as when its runtime shuts down"),
        }
    }
}

impl Error for CacheEnd {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Worker(error) => Some(error),
            Self::Killed | Self::TaskGone => None,
        }
    }
}
