//! The numbers a machine is made with.

use core::time::Duration;

use serde::{Deserialize, Serialize};

/// How a machine behaves. The defaults suit a database on the local network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// What a failed backing means for watchers.
    pub restart: RestartPolicy,
    /// Waits between attempts to open the backing, to repeat a fetch, and to read a quarantined id again.
    pub backoff: Backoff,
    /// How long subscribing may take, and how long a fetch.
    pub call_timeout: Duration,
    /// How often in a row a fetch may time out, or answer with a gap, before the backing counts as failed. At least 1.
    pub fetch_attempts: u32,
    /// How long a load may go without bringing anything.
    pub load_timeout: Duration,
    /// The backing's promise: a notice or a mark at least this often. Three times this without one is a failure.
    pub heartbeat: Duration,
    /// End a watcher whose pending delta lies further back than this many revnos.
    pub lag_limit: Option<u64>,
    /// End a watcher that has had a delta pending for longer than this.
    pub lag_age: Option<Duration>,
    /// How many revnos back a watcher may resume.
    pub window: u64,
    /// More ids than this in the queue, and a reload takes its place. At least 1.
    pub queue_limit: usize,
}

/// What a failed backing means for watchers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RestartPolicy {
    /// Nothing: the store reloads, and they are told the difference.
    Invisible,
    /// They end with the cause, those waiting for their first batch included.
    EndWatchers,
}

/// Waits that double from `min` to `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backoff {
    /// After the first failure. Workers make at least a millisecond of it: without a wait they would try in a busy loop.
    pub min: Duration,
    /// The longest; a backing that has followed for this long starts again with `min`.
    pub max: Duration,
}

impl Backoff {
    /// The wait after so many failures in a row; none before the first.
    pub fn wait(&self, failures: u32) -> Duration {
        match failures.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => {
                let factor = 1u32.checked_shl(doublings).unwrap_or(u32::MAX);
                self.min.checked_mul(factor).unwrap_or(self.max).min(self.max)
            }
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            restart: RestartPolicy::Invisible,
            backoff: Backoff { min: Duration::from_millis(100), max: Duration::from_secs(10) },
            call_timeout: Duration::from_secs(10),
            fetch_attempts: 3,
            load_timeout: Duration::from_mins(1),
            heartbeat: Duration::from_secs(10),
            lag_limit: None,
            lag_age: None,
            window: 0,
            queue_limit: 1_000_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_up_to_its_maximum() {
        let backoff = Backoff { min: Duration::from_millis(100), max: Duration::from_secs(1) };
        let waits: Vec<_> = (0..7).map(|n| backoff.wait(n).as_millis()).collect();
        assert_eq!(waits, [0, 100, 200, 400, 800, 1000, 1000]);
        assert_eq!(backoff.wait(u32::MAX), backoff.max);
    }
}
