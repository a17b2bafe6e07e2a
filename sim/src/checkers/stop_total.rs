//! stop-total: any order of calls is fine, and stop waits for nothing. What may follow an end is decided at once.

use multiwatcher::machine::{NextError, Phase, WatchError, WatcherId};
use multiwatcher::testing::{Broken, CallSeen, Expected, Observation, Promise, WatcherStage};

use super::{Census, Checker, Facts, Polled, Verdict, ensure};

/// Looks at calls in an order nobody would choose: of watchers that ended, of calls that are over, of a machine that ended.
#[derive(Debug, Clone, Default)]
pub struct StopTotal {
    decided: u64,
    /// The reader that stopped in this operation, while a load or a fetch was under way.
    stopped: Option<u8>,
    /// The owner killed in this operation.
    killed: bool,
    /// It was killed, and has not said that it ended.
    ending: bool,
}

impl Checker for StopTotal {
    const PROMISE: Promise = Promise::StopTotal;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn begin(&mut self) {
        (self.stopped, self.killed, self.ending) = (None, false, false);
    }

    fn opened(&mut self, facts: Facts<'_>, reader: u8, result: Result<WatcherId, WatchError>) -> Verdict {
        self.decided += u64::from(facts.reference.ended().is_some());
        let expected = facts.reference.expect_watch();
        ensure!(
            result.map(|_| ()) == expected,
            "reader {reader} asked for a watcher and got {result:?}, expected {expected:?}"
        );
        Ok(())
    }

    fn called(&mut self, _: Facts<'_>, polled: Polled) -> Verdict {
        let Polled { reader, seen, expected, stage, .. } = polled;
        let (right, words) = match (expected, stage) {
            (Expected::Unknown, _) => {
                (matches!(seen, CallSeen::Error(NextError::UnknownCall { .. })), "its call is over")
            }
            (Expected::Error(error), WatcherStage::Ended(_)) => {
                // That a lagging watcher is told so is slow-reader-isolated's to say; here it must be over at all.
                let over = matches!(seen, CallSeen::Error(_));
                let same = matches!(error, NextError::Lagged { .. }) || seen == CallSeen::Error(error);
                (over && same, "its watcher has ended")
            }
            (Expected::Waits | Expected::Nothing | Expected::Batch | Expected::Error(_), _) => return Ok(()),
        };
        self.decided += 1;
        ensure!(right, "reader {reader} polled though {words}, and got {seen:?}, expected {expected:?}");
        Ok(())
    }

    fn stopped(&mut self, facts: Facts<'_>, reader: u8) -> Verdict {
        // That it has returned is seen. That it did its work before it returned is seen when the operation is over.
        self.decided += 1;
        self.stopped = facts.reference.is_asking().then_some(reader);
        Ok(())
    }

    fn put(&mut self, facts: Facts<'_>, seen: &Observation) -> Verdict {
        if let Observation::Killed(_) = seen {
            self.killed = true;
            self.ending |= facts.reference.ended().is_none();
        }
        ensure!(
            !(self.ending && comes_from_the_backing(seen)),
            "it was killed, and took what the backing told before it looked; {seen:?}"
        );
        Ok(())
    }

    fn asked(&mut self, _: Facts<'_>, seen: &Observation) -> Verdict {
        self.ending &= !matches!(seen, Observation::Ended(_));
        Ok(())
    }

    fn settled(&mut self, facts: Facts<'_>, census: &Census, _: Option<&Broken>) -> Verdict {
        let report = &census.report;
        if let Some(reader) = self.stopped.take() {
            let (watchers, due) = (report.watchers.total(), facts.reference.census().total());
            ensure!(
                watchers <= due,
                "reader {reader} stopped while the backing was asked something, and {watchers} watchers are left of {due}"
            );
        }
        if core::mem::take(&mut self.killed) {
            self.decided += 1;
            ensure!(report.phase == Phase::Ended, "it was killed, and goes on: {:?}", report.phase);
        }
        Ok(())
    }

    fn misanswered(&mut self) -> Verdict {
        self.decided += 1;
        Err("an answer does not belong to what was put".into())
    }
}

fn comes_from_the_backing(seen: &Observation) -> bool {
    matches!(
        seen,
        Observation::Subscribed { .. }
            | Observation::Staged { .. }
            | Observation::LoadDone { .. }
            | Observation::Noticed { .. }
            | Observation::Marked { .. }
            | Observation::Stepped { .. }
            | Observation::Failed { .. }
    )
}

#[cfg(test)]
mod tests {
    use multiwatcher::machine::Position;

    use super::super::story::Story;
    use super::*;

    #[test]
    fn can_fail_on_a_call_that_waits_for_an_ended_machine() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.kill();
        story.next_sees(0, CallSeen::Waits);
        assert_eq!(story.red(), [Promise::StopTotal]);
    }

    #[test]
    fn can_fail_on_a_stop_that_waits_for_a_load() {
        let mut story = Story::new();
        story.begin_load();
        story.open(0);
        story.stop_with(0, |census| census.report.watchers.fresh += 1);
        assert!(story.red().contains(&Promise::StopTotal), "{:?}", story.red());
    }

    #[test]
    fn can_fail_on_a_machine_that_goes_on_after_a_kill() {
        let mut story = Story::following("0=1");
        story.kill_with(|census| census.report.phase = Phase::Following);
        assert_eq!(story.verdict(), Some(Promise::StopTotal));
    }

    #[test]
    fn can_fail_on_a_kill_that_is_not_looked_at_while_notices_are_pending() {
        let mut story = Story::following("0=1");
        story.kill_late(Observation::Marked { generation: 1, position: Position(1) });
        assert_eq!(story.verdict(), Some(Promise::StopTotal));
    }

    #[test]
    fn can_fail_on_an_answer_to_something_else() {
        let mut story = Story::following("0=1");
        story.see(Observation::Misanswered);
        assert_eq!(story.red(), [Promise::StopTotal]);
    }
}
