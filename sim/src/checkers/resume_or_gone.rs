//! resume-or-gone: a resumed watcher has the view of an unbroken one, or is told that it cannot be had.

use multiwatcher::machine::{ResumeError, ResumePoint, WatchError, WatcherId};
use multiwatcher::testing::{Party, Promise};

use super::{Checker, Facts, Taken, Verdict, ensure};

/// Looks at every resume, and at the first batch after one.
#[derive(Debug, Clone, Default)]
pub struct ResumeOrGone {
    decided: u64,
    /// By reader, that it has been resumed and has had no batch since.
    resumed: [bool; Party::READERS],
}

impl Checker for ResumeOrGone {
    const PROMISE: Promise = Promise::ResumeOrGone;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn begin(&mut self) {
        self.resumed = [false; Party::READERS];
    }

    fn opened(&mut self, _: Facts<'_>, reader: u8, _: Result<WatcherId, WatchError>) -> Verdict {
        self.resumed[usize::from(reader)] = false;
        Ok(())
    }

    fn resumed(
        &mut self,
        facts: Facts<'_>,
        reader: u8,
        from: ResumePoint,
        result: Result<WatcherId, ResumeError>,
    ) -> Verdict {
        self.decided += 1;
        self.resumed[usize::from(reader)] = result.is_ok();
        let expected = facts.reference.expect_resume(from);
        let (oldest, latest) = (facts.reference.oldest(), facts.reference.latest());
        ensure!(
            result.map(|_| ()) == expected,
            "reader {reader} came back from {} at {} and got {result:?}, expected {expected:?}; the window is {oldest} to {latest}",
            from.revno,
            from.position
        );
        Ok(())
    }

    fn taken(&mut self, facts: Facts<'_>, taken: Taken<'_>) -> Verdict {
        let reader = taken.reader;
        if !core::mem::take(&mut self.resumed[usize::from(reader)]) {
            return Ok(());
        }
        self.decided += 1;
        let (view, due) = (facts.view(reader), facts.due_view(reader));
        ensure!(view == due, "reader {reader} came back and holds {view:?}, an unbroken watcher {due:?}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use multiwatcher::machine::Revno;

    use super::super::story::Story;
    use super::*;

    #[test]
    fn can_fail_on_a_revno_from_the_future() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.stop(0);
        story.resume(0, Revno(6), Ok(()));
        assert_eq!(story.red(), [Promise::ResumeOrGone]);
    }

    #[test]
    fn can_fail_on_a_gap_below_the_window() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.stop(0);
        for value in [2, 1, 2, 1] {
            story.commit(&format!("0={value}"));
            story.follow();
        }
        story.resume(0, Revno(1), Ok(()));
        assert_eq!(story.red(), [Promise::ResumeOrGone]);
    }

    #[test]
    fn can_fail_on_a_difference_that_is_not_whole() {
        let mut story = Story::with(|regime| regime.config.window = 8);
        story.load();
        story.commit("0=1 1=1");
        story.follow();
        story.open(0);
        story.next(0);
        story.stop(0);
        story.commit("0=2");
        story.follow();
        story.commit("1=2");
        story.follow();
        story.resume(0, Revno(1), Ok(()));
        story.next_with(0, |deltas| deltas.truncate(1));
        assert_eq!(story.verdict(), Some(Promise::ResumeOrGone));
    }
}
