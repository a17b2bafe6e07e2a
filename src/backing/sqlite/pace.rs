//! When the reading thread looks without being asked. The one place that reads the clock.

#![expect(clippy::disallowed_types, reason = "a database on disk is a thing of real time")]

use core::time::Duration;
use std::time::Instant;

use super::place::Place;

/// Looks without being asked, where the folder is watched: what a watch misses is found that late.
const WATCHED: Duration = Duration::from_millis(200);
/// The same in memory, where nobody writes but whoever says so.
const TOLD: Duration = Duration::from_millis(500);
/// The same where it cannot be watched.
const UNWATCHED: Duration = Duration::from_millis(10);
/// A file is written before the commit can be seen, so there are looks this long after it was written, and twice as long, and so on
/// so many times: for a tenth of a second.
const SOON: Duration = Duration::from_micros(40);
const LOOKS: u32 = 12;
/// Whoever hears of a write looks so often at once: for a tenth of a millisecond, if nobody else wants the core between the looks.
const GLANCES: u32 = 12;
/// A sign of life at least this often.
const MARK: Duration = Duration::from_secs(2);

/// Whoever copies a file writes to it again within this time.
const COPIED: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Pace {
    idle: Duration,
    looks: u32,
    /// The last glances were worth it, or a while has passed since. Within a long transaction they are not: its pages are written before
    /// there is anything to see.
    eager: bool,
    due: Instant,
    marked: Instant,
}

impl Pace {
    pub(super) fn new(place: &Place) -> Self {
        let now = Instant::now();
        let idle = match place {
            Place::File(_) => UNWATCHED,
            Place::Memory(_) => TOLD,
        };
        Self { idle, looks: LOOKS, eager: true, due: now, marked: now }
    }

    /// The folder is watched.
    pub(super) fn is_watched(&mut self) {
        self.idle = WATCHED;
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

    /// How often whoever hears of a write looks at once.
    pub(super) fn glances(&self) -> u32 {
        if self.eager { GLANCES } else { 1 }
    }

    /// They showed nothing.
    pub(super) fn in_vain(&mut self) {
        self.eager = false;
    }

    /// A look showed something.
    pub(super) fn found(&mut self) {
        self.eager = true;
    }

    /// Nothing was written for a while.
    pub(super) fn is_quiet(&self) -> bool {
        self.looks == LOOKS
    }

    /// It was looked.
    pub(super) fn looked(&mut self) {
        self.eager |= self.is_quiet();
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

/// A state in which something was found, and since when.
#[derive(Debug)]
pub(super) struct Found<T>(Option<(T, Instant)>);

impl<T: PartialEq> Found<T> {
    pub(super) fn never() -> Self {
        Self(None)
    }

    /// It is found in this state. Whether nobody is at work on it: it has been so for a while.
    pub(super) fn is_old(&mut self, state: T) -> bool {
        match &self.0 {
            Some((known, since)) if *known == state => since.elapsed() >= COPIED,
            Some(_) | None => {
                self.0 = Some((state, Instant::now()));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place::File("entities.db".into())
    }

    #[test]
    fn whoever_hears_of_a_write_looks_once_after_looks_in_vain_until_there_was_something_or_it_was_quiet() {
        let mut pace = Pace::new(&place());
        assert_eq!((pace.glances(), GLANCES), (12, 12));
        pace.written();
        pace.looked();
        pace.in_vain();
        assert_eq!(pace.glances(), 1);
        pace.found();
        assert_eq!(pace.glances(), 12);
        pace.in_vain();
        // Looks that are not the last of a row change nothing, nor does the last one: quiet is what follows it.
        for _ in 1..LOOKS {
            pace.looked();
            assert_eq!(pace.glances(), 1);
        }
        pace.looked();
        assert_eq!(pace.glances(), 12);
    }

    #[test]
    fn where_each_commit_is_told_nobody_looks_often() {
        let wait = |place: &Place, is_watched: bool| {
            let mut pace = Pace::new(place);
            if is_watched {
                pace.is_watched();
            }
            pace.looked();
            pace.idle
        };
        assert_eq!(wait(&place(), false), Duration::from_millis(10));
        assert_eq!(wait(&place(), true), Duration::from_millis(200));
        assert_eq!(wait(&Place::Memory("x".to_owned()), false), Duration::from_millis(500));
    }
}
