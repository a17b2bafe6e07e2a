//! stop-quiescent: once a watcher is stopped it yields nothing, its calls are decided, and nothing of it stays.

use multiwatcher::machine::{NextError, ResumeError, ResumePoint, WatchError, WatcherId};
use multiwatcher::testing::{Broken, CallSeen, Observation, Promise, WatcherStage};

use super::{Census, Checker, Facts, Polled, Verdict, ensure};

/// Looks at each stop, at what is polled after it, and at the ids of new watchers.
#[derive(Debug, Clone, Default)]
pub struct StopQuiescent {
    decided: u64,
    /// The calls of the watcher stopped in this operation that have not been woken yet.
    pending: Vec<u32>,
    stopped: Option<u8>,
    known: Vec<WatcherId>,
}

impl Checker for StopQuiescent {
    const PROMISE: Promise = Promise::StopQuiescent;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn begin(&mut self) {
        self.pending.clear();
        self.stopped = None;
        self.known.clear();
    }

    fn stopped(&mut self, facts: Facts<'_>, reader: u8) -> Verdict {
        self.stopped = Some(reader);
        self.pending.clear();
        self.pending.extend_from_slice(facts.watcher(reader).line());
        Ok(())
    }

    fn asked(&mut self, _: Facts<'_>, seen: &Observation) -> Verdict {
        ensure!(*seen != Observation::WokenNobody, "a call was woken that no reader has");
        Ok(())
    }

    fn woken(&mut self, _: Facts<'_>, _: u8, call: u32) -> Verdict {
        self.pending.retain(|pending| *pending != call);
        Ok(())
    }

    fn called(&mut self, _: Facts<'_>, polled: Polled) -> Verdict {
        let Polled { reader, seen, stage, .. } = polled;
        if stage != WatcherStage::None {
            return Ok(());
        }
        self.decided += 1;
        let stopped = seen == CallSeen::Error(NextError::Stopped);
        ensure!(stopped, "reader {reader} has stopped, and a poll that began afterwards got {seen:?}");
        Ok(())
    }

    fn opened(&mut self, _: Facts<'_>, _: u8, result: Result<WatcherId, WatchError>) -> Verdict {
        self.is_new(result.ok())
    }

    fn resumed(&mut self, _: Facts<'_>, _: u8, _: ResumePoint, result: Result<WatcherId, ResumeError>) -> Verdict {
        self.is_new(result.ok())
    }

    fn settled(&mut self, facts: Facts<'_>, census: &Census, _: Option<&Broken>) -> Verdict {
        let Some(reader) = self.stopped.take() else { return Ok(()) };
        self.decided += 1;
        if let Some(call) = self.pending.first() {
            return super::broken(format_args!("reader {reader} has stopped, and its call {call} was not woken"));
        }
        let (report, due) = (&census.report, facts.reference.census());
        let (watchers, expected) = (report.watchers.total(), due.total());
        ensure!(
            watchers == expected,
            "reader {reader} has stopped, and {watchers} watchers are counted, expected {expected}"
        );
        let (calls, expected) = (report.calls, facts.reference.calls());
        ensure!(calls == expected, "reader {reader} has stopped, and {calls} calls are counted, expected {expected}");
        Ok(())
    }
}

impl StopQuiescent {
    fn is_new(&mut self, watcher: Option<WatcherId>) -> Verdict {
        let Some(watcher) = watcher else { return Ok(()) };
        ensure!(!self.known.contains(&watcher), "the id {watcher} was given twice");
        self.known.push(watcher);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::Story;
    use super::*;

    #[test]
    fn can_fail_on_a_watcher_that_stays_in_the_registry() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.stop_with(0, |census| census.report.watchers.fresh += 1);
        assert_eq!(story.verdict(), Some(Promise::StopQuiescent));
    }

    #[test]
    fn can_fail_on_a_pending_call_that_is_not_woken() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.next(0);
        story.stop_without_wake(0);
        assert_eq!(story.verdict(), Some(Promise::StopQuiescent));
    }

    #[test]
    fn can_fail_on_a_batch_after_the_stop() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.stop(0);
        story.next_sees(0, CallSeen::Waits);
        assert_eq!(story.red(), [Promise::StopQuiescent]);
    }

    #[test]
    fn can_fail_on_an_id_given_twice() {
        let mut story = Story::following("0=1");
        story.open_as(0, WatcherId(1));
        story.open_as(1, WatcherId(1));
        assert_eq!(story.red(), [Promise::StopQuiescent]);
    }
}
