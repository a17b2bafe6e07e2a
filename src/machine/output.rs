//! Everything a machine asks of the outside, as values with a total order, and its deadlines.

use serde::{Deserialize, Serialize};

use super::entity::EntityId;
use super::error::Cause;
use super::numbers::{CallId, FetchId, Generation, Position, Time};

/// What the driver owes after a mutation, in the order given. Drain [`poll_output`](super::StoreManager::poll_output) until it is empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Output {
    /// Drop this generation's subscription and give up its calls; whatever it still says is dropped here too.
    Unsubscribe {
        /// The one that ended.
        generation: Generation,
    },
    /// Open the subscription; answer with `Subscribed` or `Failed`.
    Subscribe {
        /// The one that begins.
        generation: Generation,
    },
    /// Read every entity; answer with `Staged` as they come, then `LoadDone`, or `Failed`.
    Load {
        /// For which generation.
        generation: Generation,
    },
    /// Ask for the step since a position; answer with `Fetched` or `Failed`. A fetch replaces the one before, which may be given up.
    Fetch {
        /// For which generation.
        generation: Generation,
        /// The name its answer must bear.
        fetch: FetchId,
        /// Where the step must start, or before.
        since: Position,
        /// Ids the answer must name, touched or not.
        ids: Vec<EntityId>,
    },
    /// Call the waker of this call, without the lock; whatever it is answered, it learns when it is next polled.
    Wake {
        /// Which call.
        call: CallId,
    },
    /// The machine has ended: release the backing. Nothing follows but the wake-ups of readers' calls.
    Ended {
        /// Why.
        cause: Cause,
    },
}

/// The next moment at which time alone makes something happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timeout {
    /// When to call [`handle_timeout`](super::StoreManager::handle_timeout).
    pub at: Time,
    /// What it is for.
    pub why: TimeoutReason,
}

/// What a [`Timeout`] is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TimeoutReason {
    /// The back-off is over: subscribe again.
    Reopen,
    /// Subscribing takes too long.
    SubscribeOverdue,
    /// The load brings nothing.
    LoadOverdue,
    /// A fetch takes too long.
    FetchOverdue,
    /// A fetch may be repeated.
    FetchAgain,
    /// A quarantined id may be read again.
    ReadAgain,
    /// Three heartbeats without a sign of life.
    Silence,
    /// A watcher has had a delta pending for too long.
    LagAge,
}
