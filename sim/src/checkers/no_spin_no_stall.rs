//! no-spin-no-stall: retries obey their back-off, work that is due is asked for, and calls are answered in line.

use multiwatcher::machine::Time;
use multiwatcher::testing::{CallSeen, Expected, How, Observation, Promise};

use super::{Checker, Facts, Polled, Verdict, ensure};

/// Looks at every request, and at which call of a line gets the batch. What must be asked for, and when, the reference model
/// says; that two subscriptions are a back-off apart, and that time moves between requests, is checked here without it.
#[derive(Debug, Clone, Default)]
pub struct NoSpinNoStall {
    decided: u64,
    subscribed: Option<Time>,
    now: Time,
    /// Requests since time moved or somebody else put something.
    requests: u32,
}

/// One operation leads to an unsubscription, a subscription, a load and a fetch at most.
const MOST_REQUESTS: u32 = 4;

impl Checker for NoSpinNoStall {
    const PROMISE: Promise = Promise::NoSpinNoStall;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn begin(&mut self) {
        *self = Self { decided: self.decided, ..Self::default() };
    }

    fn put(&mut self, _: Facts<'_>, seen: &Observation) -> Verdict {
        self.requests = 0;
        if let Observation::Now(now) = seen {
            self.now = *now;
        }
        Ok(())
    }

    fn asked(&mut self, facts: Facts<'_>, seen: &Observation) -> Verdict {
        self.decided += 1;
        self.requests += 1;
        ensure!(self.requests <= MOST_REQUESTS, "{} requests in a row without anything happening", self.requests);
        if let Observation::Subscribe { .. } = seen {
            let earliest = self.subscribed.map_or(Time::ZERO, |last| last.after(facts.regime.config.backoff.min));
            ensure!(
                self.now >= earliest,
                "subscribed at {}, before the shortest back-off was over at {earliest}",
                self.now
            );
            self.subscribed = Some(self.now);
        }
        Ok(())
    }

    fn called(&mut self, facts: Facts<'_>, polled: Polled) -> Verdict {
        let Polled { reader, how, seen, expected, .. } = polled;
        let line = facts.watcher(reader).line();
        let Some(head) = line.first() else { return Ok(()) };
        self.decided += 1;
        let overtakes = expected != Expected::Batch && how != How::Again(*head);
        ensure!(
            !(overtakes && matches!(seen, CallSeen::Batch(_))),
            "reader {reader}: {how:?} got the batch before call {head}"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::Story;
    use super::*;

    #[test]
    fn can_fail_on_a_reload_without_back_off() {
        let mut story = Story::following("0=1");
        story.fail();
        story.see(Observation::Subscribe { generation: 2 });
        assert!(story.red().contains(&Promise::NoSpinNoStall), "{:?}", story.red());
    }

    #[test]
    fn can_fail_on_a_call_that_overtakes() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.next(0);
        story.next(0);
        story.commit("0=2");
        story.follow();
        story.next_with(0, |_| ());
        assert_eq!(story.verdict(), Some(Promise::NoSpinNoStall));
    }

    #[test]
    fn can_fail_on_a_notice_that_leads_to_no_fetch() {
        let mut story = Story::following("0=1");
        story.commit("0=2");
        story.notice_without_fetch();
        assert_eq!(story.red(), [Promise::NoSpinNoStall]);
    }
}
