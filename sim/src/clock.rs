//! The one place of the simulator that reads a wall clock: how long a campaign took and how much of a core it used.
//! Nothing a run does depends on either.

#![expect(clippy::disallowed_types, reason = "the speed of a campaign is measured here, and nothing else")]

use core::time::Duration;

/// Measures how long something takes.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts it.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// How long it has been running.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// CPU time the calling thread has used so far, where the operating system tells it.
///
/// On a machine whose cores are not idle this, and not the wall clock, says what a schedule costs.
pub fn thread_cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = text.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}
