//! stop-total: any order of calls is fine, and stop waits for nothing. What may follow an end is decided at once.

use multiwatcher::machine::{NextError, WatchError, WatcherId};
use multiwatcher::testing::{CallSeen, Expected, Promise, WatcherStage};

use super::{Checker, Facts, Polled, Verdict, ensure};

/// Looks at calls in an order nobody would choose: of watchers that ended, of calls that are over, of a machine that ended.
#[derive(Debug, Default)]
pub struct StopTotal {
    decided: u64,
}

impl Checker for StopTotal {
    const PROMISE: Promise = Promise::StopTotal;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
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

    fn stopped(&mut self, _: Facts<'_>, _: u8) -> Verdict {
        // That the stop has returned is what there is to see: it did not wait for a load, a fetch or another call.
        self.decided += 1;
        Ok(())
    }

    fn misanswered(&mut self) -> Verdict {
        self.decided += 1;
        Err("an answer does not belong to what was put".into())
    }
}

#[cfg(test)]
mod tests {
    use multiwatcher::testing::Observation;

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
    fn can_fail_on_an_answer_to_something_else() {
        let mut story = Story::following("0=1");
        story.see(Observation::Misanswered);
        assert_eq!(story.red(), [Promise::StopTotal]);
    }
}
