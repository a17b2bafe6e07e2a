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
    watch: Stopwatch,
    goal: Goal,
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
        let watched = Watched { watch: Stopwatch::start(), goal, shown: AtomicU64::new(0) };
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
                if watched.due(millis(watched.watch.elapsed()) / millis(REFRESH)) {
                    bar.set_position(watched.done(seeds));
                    bar.set_message(watched.line(seeds));
                }
            }
            Self::Lines(watched) => {
                // After 1, 2, 4, 8, ... seconds: a long campaign does not fill a log.
                if watched
                    .due(watched.watch.elapsed().as_secs().checked_ilog2().map_or(0, |power| u64::from(power) + 1))
                {
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

impl Watched {
    /// Whether nothing has been shown in this turn; then it counts as shown. There is nothing to show in turn 0.
    fn due(&self, turn: u64) -> bool {
        self.shown.fetch_max(turn, Ordering::Relaxed) < turn
    }

    fn done(&self, seeds: u64) -> u64 {
        match self.goal {
            Goal::Seeds(_) => seeds,
            Goal::Time(_) => millis(self.watch.elapsed()),
        }
    }

    fn line(&self, seeds: u64) -> String {
        let elapsed = self.watch.elapsed();
        let rate = u128::from(seeds) * 1000 / u128::from(millis(elapsed).max(1));
        let rate = number(u64::try_from(rate).unwrap_or(u64::MAX));
        format!("{} seeds, {rate} a second, {} s", number(seeds), elapsed.as_secs())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
