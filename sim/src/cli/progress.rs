//! What is shown while a campaign runs: a bar on a terminal, a line now and then elsewhere. Both on standard error, so
//! that standard output holds the summary alone.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};

use crate::campaign::Seeds;
use crate::clock::Stopwatch;
use crate::text::number;

/// Shows how far a campaign is. Shared by all workers.
#[derive(Debug)]
pub(super) enum Progress {
    /// On a terminal.
    Bar(ProgressBar, Watched),
    /// Elsewhere.
    Lines(Watched),
}

/// What there is to do, and when something was last shown.
#[derive(Debug)]
pub(super) struct Watched {
    turns: Turns,
    goal: Goal,
}

/// When something was last shown.
#[derive(Debug)]
pub(super) struct Turns {
    watch: Stopwatch,
    shown: AtomicU64,
}

#[derive(Debug)]
enum Goal {
    Seeds(u64),
    Time(Duration),
}

/// Between two updates of the bar: more often would cost the campaign and tell nobody more.
const REFRESH: Duration = Duration::from_millis(100);

impl Progress {
    /// Begins showing.
    pub(super) fn new(seeds: &Seeds) -> Self {
        let goal = match seeds {
            Seeds::Range(range) => Goal::Seeds(range.count()),
            Seeds::For { time, .. } => Goal::Time(*time),
        };
        let length = match &goal {
            Goal::Seeds(count) => *count,
            Goal::Time(time) => millis(*time),
        };
        let watched = Watched { turns: Turns::start(), goal };
        if !std::io::stderr().is_terminal() {
            return Self::Lines(watched);
        }
        let style = ProgressStyle::with_template("{bar:24} {percent:>3}%  {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Self::Bar(ProgressBar::new(length).with_style(style), watched)
    }

    /// So many seeds are done.
    pub(super) fn show(&self, seeds: u64) {
        match self {
            Self::Bar(bar, watched) => {
                if watched.turns.is_new(millis(watched.turns.watch.elapsed()) / millis(REFRESH)) {
                    bar.set_position(watched.done(seeds));
                    bar.set_message(watched.line(seeds));
                }
            }
            Self::Lines(watched) => {
                if watched.turns.is_due() {
                    // A progress line that cannot be written is not worth ending a campaign for.
                    let _ = writeln!(std::io::stderr(), "{}", watched.line(seeds));
                }
            }
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        match self {
            Self::Bar(bar, _) => bar.finish_and_clear(),
            Self::Lines(_) => (),
        }
    }
}

impl Turns {
    /// Begins to count time.
    pub(super) fn start() -> Self {
        Self { watch: Stopwatch::start(), shown: AtomicU64::new(0) }
    }

    /// Whether a line is due: after 1, 2, 4, 8, ... seconds, so that what takes long does not fill a log.
    pub(super) fn is_due(&self) -> bool {
        self.is_new(self.watch.elapsed().as_secs().checked_ilog2().map_or(0, |power| u64::from(power) + 1))
    }

    /// Whether nothing has been shown in this turn; then it counts as shown. There is nothing to show in turn 0.
    fn is_new(&self, turn: u64) -> bool {
        self.shown.fetch_max(turn, Ordering::Relaxed) < turn
    }
}

impl Watched {
    fn done(&self, seeds: u64) -> u64 {
        match self.goal {
            Goal::Seeds(_) => seeds,
            Goal::Time(_) => millis(self.turns.watch.elapsed()),
        }
    }

    fn line(&self, seeds: u64) -> String {
        let elapsed = self.turns.watch.elapsed();
        let rate = u128::from(seeds) * 1000 / u128::from(millis(elapsed).max(1));
        let rate = number(u64::try_from(rate).unwrap_or(u64::MAX));
        format!("{} seeds, {rate} a second, {} s", number(seeds), elapsed.as_secs())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
