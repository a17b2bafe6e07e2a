//! When the reading thread looks without being asked. The one place that reads the clock.

#![expect(clippy::disallowed_types, reason = "a database on disk is a thing of real time")]

use core::time::Duration;
use std::time::Instant;

/// Looks without being asked, where the folder is watched: what a watch misses is found that late.
const WATCHED: Duration = Duration::from_millis(200);
/// The same where it cannot be watched.
const UNWATCHED: Duration = Duration::from_millis(10);
/// A file is written before the commit can be seen, so there are looks this long after it was written, and twice as long, and so on
/// so many times: for a tenth of a second.
const SOON: Duration = Duration::from_micros(40);
const LOOKS: u32 = 12;
/// A sign of life at least this often.
const MARK: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Pace {
    idle: Duration,
    looks: u32,
    due: Instant,
    marked: Instant,
}

impl Pace {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { idle: UNWATCHED, looks: LOOKS, due: now, marked: now }
    }

    pub(super) fn is_watched(&mut self, is_watched: bool) {
        self.idle = if is_watched { WATCHED } else { UNWATCHED };
    }

    /// How long until the next look.
    pub(super) fn wait(&self) -> Duration {
        self.due.saturating_duration_since(Instant::now())
    }

    pub(super) fn is_due(&self) -> bool {
        self.wait().is_zero()
    }

    /// A file was written: there will be something to see soon.
    pub(super) fn written(&mut self) {
        (self.looks, self.due) = (0, Instant::now());
    }

    /// What there is to see can be seen.
    pub(super) fn asked(&mut self) {
        self.due = Instant::now();
    }

    /// It was looked.
    pub(super) fn looked(&mut self) {
        let wait = if self.looks < LOOKS { SOON * (1 << self.looks) } else { self.idle };
        self.looks = (self.looks + 1).min(LOOKS);
        self.due = Instant::now() + wait;
    }

    pub(super) fn mark_is_due(&self) -> bool {
        self.marked.elapsed() >= MARK
    }

    pub(super) fn marked(&mut self) {
        self.marked = Instant::now();
    }
}
