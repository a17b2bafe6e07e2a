//! The census: what a machine holds at one moment.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::error::{Cause, CauseClass};
use super::identity::Identity;
use super::numbers::{Epoch, Generation, Position, Revno, Time};

/// What the machine holds. Every count is kept as things come and go, so asking costs a copy; `check()` compares them with a recount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Lineage of the revnos.
    pub epoch: Epoch,
    /// The store's latest revno.
    pub revno: Revno,
    /// The backing's position the store stands at.
    pub position: Position,
    /// Which backing the last subscription was of, and which past of it; `None` before the first.
    pub backing: Option<Identity>,
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
    /// The last of them.
    pub last_failures: Failures,
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

/// The last failures of the backing and when they happened, newest last: [`Failures::MOST`] at most, kept in place, so that a
/// report allocates nothing. Stored as a sequence.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<(Time, Cause)>", try_from = "Vec<(Time, Cause)>")]
pub struct Failures {
    /// Places from `count` on hold [`Self::NONE`], so equal lists are equal as they lie.
    list: [(Time, Cause); Self::MOST],
    count: usize,
}

impl Failures {
    /// The most it holds.
    pub const MOST: usize = 5;
    const NONE: (Time, Cause) = (Time::ZERO, Cause::new(CauseClass::Transient, 0));

    /// No failure.
    pub const fn new() -> Self {
        Self { list: [Self::NONE; Self::MOST], count: 0 }
    }

    /// Adds one; the oldest makes room for it.
    pub fn push(&mut self, at: Time, cause: Cause) {
        if self.count == Self::MOST {
            self.list.rotate_left(1);
            self.count -= 1;
        }
        self.list[self.count] = (at, cause);
        self.count += 1;
    }

    /// Them all, newest last.
    pub fn as_slice(&self) -> &[(Time, Cause)] {
        &self.list[..self.count]
    }

    /// One after the other, newest last.
    pub fn iter(&self) -> core::slice::Iter<'_, (Time, Cause)> {
        self.as_slice().iter()
    }
}

impl Default for Failures {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> IntoIterator for &'a Failures {
    type Item = &'a (Time, Cause);
    type IntoIter = core::slice::Iter<'a, (Time, Cause)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl From<Failures> for Vec<(Time, Cause)> {
    fn from(failures: Failures) -> Self {
        failures.as_slice().to_vec()
    }
}

impl TryFrom<Vec<(Time, Cause)>> for Failures {
    type Error = String;

    fn try_from(list: Vec<(Time, Cause)>) -> Result<Self, String> {
        if list.len() > Self::MOST {
            return Err(format!("expected at most {} failures, got {}", Self::MOST, list.len()));
        }
        let mut failures = Self::new();
        list.into_iter().for_each(|(at, cause)| failures.push(at, cause));
        Ok(failures)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(count: u64) -> Failures {
        let mut failures = Failures::new();
        (0..count).for_each(|n| failures.push(Time::from_millis(n), Cause::new(CauseClass::Silent, n)));
        failures
    }

    #[test]
    fn the_last_five_failures_are_kept_newest_last() {
        let kept = |failures: Failures| failures.iter().map(|(_, cause)| cause.id).collect::<Vec<_>>();
        assert_eq!(kept(failures(0)), Vec::<u64>::new());
        assert_eq!(kept(failures(5)), [0, 1, 2, 3, 4]);
        assert_eq!(kept(failures(7)), [2, 3, 4, 5, 6]);
    }

    #[test]
    fn failures_look_like_a_list_and_survive_being_stored() {
        let list: Vec<_> = failures(2).as_slice().to_vec();
        assert_eq!(format!("{:?}", failures(2)), format!("{list:?}"));
        let stored = serde_json::to_string(&failures(7)).unwrap();
        assert_eq!(stored, serde_json::to_string(failures(7).as_slice()).unwrap());
        assert_eq!(serde_json::from_str::<Failures>(&stored).unwrap(), failures(7));
    }

    #[test]
    fn a_longer_list_is_refused() {
        let six: Vec<_> = failures(5).iter().chain(&failures(1)).copied().collect();
        let error = serde_json::from_str::<Failures>(&serde_json::to_string(&six).unwrap()).unwrap_err();
        assert!(error.to_string().contains("expected at most 5 failures, got 6"), "{error}");
    }
}
