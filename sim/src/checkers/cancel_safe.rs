//! cancel-safe: dropping a call loses and repeats nothing.

use multiwatcher::machine::{ResumeError, ResumePoint, WatchError, WatcherId};
use multiwatcher::testing::{Broken, CallSeen, Expected, How, Party, Promise, WatcherStage};

use super::{Census, Checker, Facts, Polled, Taken, Verdict, ensure};

/// Looks at the first batch after calls were dropped beside something pending, and at who is woken in their place.
#[derive(Debug, Clone, Default)]
pub struct CancelSafe {
    decided: u64,
    /// By reader, that a call was dropped while something was pending, and no batch was taken since.
    dropped: [bool; Party::READERS],
    /// A call was dropped in this operation.
    now: bool,
    /// By reader, the call that had to return a batch when it was polled last, and waits.
    withholds: [Option<u32>; Party::READERS],
    /// Whose call of that kind was dropped in this operation.
    lost: Option<u8>,
}

impl Checker for CancelSafe {
    const PROMISE: Promise = Promise::CancelSafe;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn begin(&mut self) {
        *self = Self { decided: self.decided, ..Self::default() };
    }

    fn opened(&mut self, _: Facts<'_>, reader: u8, _: Result<WatcherId, WatchError>) -> Verdict {
        (self.dropped[usize::from(reader)], self.withholds[usize::from(reader)]) = (false, None);
        Ok(())
    }

    fn resumed(&mut self, _: Facts<'_>, reader: u8, _: ResumePoint, _: Result<WatcherId, ResumeError>) -> Verdict {
        (self.dropped[usize::from(reader)], self.withholds[usize::from(reader)]) = (false, None);
        Ok(())
    }

    fn dropped(&mut self, facts: Facts<'_>, reader: u8, call: u32) -> Verdict {
        self.now = true;
        if self.withholds[usize::from(reader)].take_if(|withholds| *withholds == call).is_some() {
            self.lost = Some(reader);
        }
        self.dropped[usize::from(reader)] |= match facts.watcher(reader).stage() {
            WatcherStage::Fresh => facts.reference.is_loaded(),
            WatcherStage::Behind { .. } => true,
            WatcherStage::None | WatcherStage::CaughtUp | WatcherStage::Ended(_) => false,
        };
        Ok(())
    }

    fn called(&mut self, _: Facts<'_>, polled: Polled) -> Verdict {
        let Polled { reader, how, seen, expected, .. } = polled;
        let lacks = expected == Expected::Batch && !matches!(seen, CallSeen::Batch(_));
        match how {
            How::First(call) | How::Again(call) if lacks && seen == CallSeen::Waits => {
                self.withholds[usize::from(reader)] = Some(call);
            }
            How::First(_) | How::Again(_) | How::Over(_) | How::Try => {}
        }
        ensure!(
            !(lacks && self.dropped[usize::from(reader)]),
            "reader {reader} dropped a call while something was pending, and the next got {seen:?}"
        );
        Ok(())
    }

    fn taken(&mut self, _: Facts<'_>, taken: Taken<'_>) -> Verdict {
        let Taken { reader, deltas, due, .. } = taken;
        self.withholds[usize::from(reader)] = None;
        if !core::mem::take(&mut self.dropped[usize::from(reader)]) {
            return Ok(());
        }
        self.decided += 1;
        let ids =
            |deltas: &[multiwatcher::testing::DeltaSeen]| deltas.iter().map(|delta| delta.id.0).collect::<Vec<_>>();
        let same = deltas.len() == due.len() && deltas.iter().zip(due).all(|(one, other)| one.id == other.id);
        ensure!(
            same,
            "reader {reader} dropped a call, and was told of {:?} by the next, expected {:?}",
            ids(deltas),
            ids(due)
        );
        Ok(())
    }

    fn settled(&mut self, facts: Facts<'_>, census: &Census, owed: Option<&Broken>) -> Verdict {
        if let Some(reader) = self.lost.take() {
            // If it counts as told, what it was not told went with the call.
            ensure!(
                census.report.watchers != facts.reference.census(),
                "reader {reader} dropped a call that did not return its batch, and the batch went with it"
            );
        }
        let dropped = core::mem::take(&mut self.now);
        match owed {
            Some(owed) if dropped => super::broken(format_args!("a call was dropped: {}", owed.text)),
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use multiwatcher::testing::Observation;

    use super::super::story::Story;
    use super::*;

    fn waiting() -> Story {
        let mut story = Story::following("0=1 1=1");
        story.open(0);
        story.next(0);
        story.next(0);
        story.commit("0=2");
        story.follow();
        story
    }

    #[test]
    fn can_fail_on_a_batch_lost_with_a_dropped_call() {
        let mut story = waiting();
        story.drop_call(0);
        story.commit("1=2");
        story.follow();
        story.next_with(0, |deltas| {
            deltas.remove(0);
        });
        assert_eq!(story.verdict(), Some(Promise::CancelSafe));
    }

    #[test]
    fn can_fail_on_a_call_that_waits_for_what_was_lost() {
        let mut story = waiting();
        story.drop_call(0);
        story.next_sees(0, CallSeen::Waits);
        assert_eq!(story.verdict(), Some(Promise::CancelSafe));
    }

    #[test]
    fn can_fail_on_a_batch_that_a_dropped_call_had_taken() {
        let mut story = Story::following("0=1");
        story.listen_to(&[Promise::CancelSafe]);
        story.open(0);
        story.next_sees(0, CallSeen::Waits);
        assert_eq!(story.red(), []);
        story.see(Observation::Dropped { reader: 0, call: 1 });
        assert_eq!(story.red(), [Promise::CancelSafe]);
    }

    #[test]
    fn can_fail_on_a_wake_up_lost_with_a_dropped_call() {
        let mut story = waiting();
        story.next(0);
        story.drop_without_wake(0);
        assert_eq!(story.verdict(), Some(Promise::CancelSafe));
    }
}
