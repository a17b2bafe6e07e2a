//! slow-reader-isolated: a slow reader changes nothing for others; past the lag limit it is told so.
//!
//! That it changes nothing for others is decided on pairs of runs, one of them with an idle reader added: that is one of the
//! [relations](crate::metamorphic).

use multiwatcher::machine::NextError;
use multiwatcher::testing::{CallSeen, Expected, Promise, WatcherStage};

use super::{Checker, Facts, Polled, Verdict, ensure};

/// Looks at polls of watchers that lag or may lag.
#[derive(Debug, Clone, Default)]
pub struct SlowReaderIsolated {
    decided: u64,
}

impl Checker for SlowReaderIsolated {
    const PROMISE: Promise = Promise::SlowReaderIsolated;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn called(&mut self, facts: Facts<'_>, polled: Polled) -> Verdict {
        let Polled { reader, seen, expected, stage, .. } = polled;
        let told = matches!(seen, CallSeen::Error(NextError::Lagged { .. }));
        let due = match expected {
            Expected::Error(error @ NextError::Lagged { .. }) => Some(error),
            Expected::Error(NextError::Stopped | NextError::Ended(_) | NextError::UnknownCall { .. })
            | Expected::Waits
            | Expected::Nothing
            | Expected::Batch
            | Expected::Unknown => None,
        };
        let behind = matches!(stage, WatcherStage::Behind { .. });
        let limited = facts.regime.config.lag_limit.is_some() || facts.regime.config.lag_age.is_some();
        self.decided += u64::from(told || due.is_some() || behind && limited);
        match due {
            Some(due) => {
                ensure!(seen == CallSeen::Error(due), "reader {reader} lagged and got {seen:?}, expected {due:?}");
            }
            None => ensure!(!told, "reader {reader} did not lag and got {seen:?}"),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use multiwatcher::machine::Revno;

    use super::super::story::Story;
    use super::*;

    fn lagging(limit: u64) -> Story {
        let mut story = Story::with(|regime| regime.config.lag_limit = Some(limit));
        story.load();
        story.commit("0=1");
        story.follow();
        story.open(0);
        story.next(0);
        for value in [2, 1] {
            story.commit(&format!("0={value}"));
            story.follow();
        }
        story
    }

    #[test]
    fn can_fail_on_a_lagging_watcher_that_is_served_short() {
        let mut story = lagging(1);
        story.next_sees(0, CallSeen::Waits);
        assert_eq!(story.verdict(), Some(Promise::SlowReaderIsolated));
    }

    #[test]
    fn can_fail_on_a_watcher_that_is_ended_too_early() {
        let mut story = lagging(2);
        story.next_sees(0, CallSeen::Error(NextError::Lagged { cursor: Revno(1), latest: Revno(3) }));
        assert_eq!(story.verdict(), Some(Promise::SlowReaderIsolated));
    }
}
