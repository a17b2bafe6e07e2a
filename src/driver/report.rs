//! What a worker says of itself, in terms of those who run it.

use core::time::Duration;

use super::causes::Failure;
use crate::machine::{self, Cause, EntityId, Time};

/// What a worker holds and how it has fared. Taken under the lock in one moment.
#[derive(Debug, Clone)]
pub struct Report {
    /// The store manager's census: watchers, store size, tombstones, queue length, position, revno, epoch, and what it dropped.
    pub census: machine::Report,
    /// How often the backing was opened again.
    pub restarts: u64,
    /// How long the oldest notice has been queued.
    pub queue_age: Option<Duration>,
    /// The last five failures of the backing and how long ago each was, newest last.
    pub last_failures: Vec<(Duration, Failure)>,
    /// The ids whose last read was an error, with the error.
    pub quarantined: Vec<(EntityId, Failure)>,
    /// For how long the backing has been out of reach; `None` while the store follows it.
    pub out_of_reach_for: Option<Duration>,
    /// Whether the worker's task has ended.
    pub is_over: bool,
}

impl Report {
    pub(super) fn new(
        census: &machine::Report,
        now: Time,
        is_over: bool,
        find: impl Fn(Cause) -> Failure,
        quarantined: impl FnOnce() -> Vec<(EntityId, Cause)>,
    ) -> Self {
        let quarantined = if census.quarantined == 0 { Vec::new() } else { quarantined() };
        Self {
            restarts: census.generation.0.saturating_sub(1),
            queue_age: census.queued_since.map(|since| now.since(since)),
            last_failures: census.last_failures.iter().map(|&(at, cause)| (now.since(at), find(cause))).collect(),
            quarantined: quarantined.into_iter().map(|(id, cause)| (id, find(cause))).collect(),
            out_of_reach_for: census.out_of_reach_since.map(|since| now.since(since)),
            is_over,
            census: *census,
        }
    }
}
