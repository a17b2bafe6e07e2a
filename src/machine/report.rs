//! The census: what a machine holds at one moment.

use serde::{Deserialize, Serialize};

use super::error::Cause;
use super::numbers::{Epoch, Generation, Position, Revno, Time};

/// What the machine holds. Every count is kept as things come and go, so asking costs nothing; `check()` compares them with a recount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Lineage of the revnos.
    pub epoch: Epoch,
    /// The store's latest revno.
    pub revno: Revno,
    /// The backing's position the store stands at.
    pub position: Position,
    /// The connection's current life.
    pub generation: Generation,
    /// What the connection is doing.
    pub phase: Phase,
    /// Watchers opened and not yet stopped.
    pub watchers: Watchers,
    /// Pending calls of `next`.
    pub calls: usize,
    /// Live entities.
    pub entities: usize,
    /// Dead entities still owed to somebody.
    pub tombstones: usize,
    /// Batches kept because a waiting call can still use them.
    pub shared_batches: usize,
    /// Ids queued for the next fetch.
    pub queued: usize,
    /// Since when the oldest of them has been queued.
    pub queued_since: Option<Time>,
    /// Ids whose last read was an error.
    pub quarantined: usize,
    /// Failures of the backing since the beginning.
    pub failures: u64,
    /// The last five, newest last.
    pub last_failures: Vec<(Time, Cause)>,
    /// Since when the backing has been out of reach.
    pub out_of_reach_since: Option<Time>,
    /// Things the backing sent that were not taken.
    pub dropped: Dropped,
    /// Watchers visited one by one because something changed, since the beginning.
    pub visited: u64,
}

/// Watchers by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Watchers {
    /// Without a first batch.
    pub fresh: usize,
    /// With no delta pending.
    pub caught_up: usize,
    /// With a delta pending.
    pub behind: usize,
    /// Ended by lag, by policy or with the machine, and not yet stopped.
    pub ended: usize,
}

impl Watchers {
    /// All of them.
    pub fn total(&self) -> usize {
        self.fresh + self.caught_up + self.behind + self.ended
    }
}

/// What the backing sent and the machine did not take, since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dropped {
    /// Of an old generation, or the answer to an abandoned fetch.
    pub stale: u64,
    /// Never asked for, or said twice.
    pub unasked: u64,
    /// Steps that end at or before the store's position.
    pub repeats: u64,
    /// Steps that start after it.
    pub gaps: u64,
}

/// What the connection to the backing is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// Waiting for its back-off.
    Waiting,
    /// Subscribing.
    Subscribing,
    /// Reading every entity.
    Loading,
    /// Waiting for the step that completes the load.
    Completing,
    /// Following.
    Following,
    /// Over.
    Ended,
}
