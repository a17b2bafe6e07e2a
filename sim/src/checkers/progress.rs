//! progress: it tells how far the view reaches, and never waits.

use multiwatcher::machine::{NextError, Progress as Told};
use multiwatcher::testing::{Promise, WatcherStage};

use super::{Checker, Facts, Verdict, ensure};

/// Looks at every answer.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    decided: u64,
}

impl Checker for Progress {
    const PROMISE: Promise = Promise::Progress;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn progressed(&mut self, facts: Facts<'_>, reader: u8, result: Result<Option<Told>, NextError>) -> Verdict {
        self.decided += 1;
        let expected = facts.reference.expect_progress(reader);
        ensure!(result == expected, "reader {reader} was told {result:?}, expected {expected:?}");
        let Ok(Some(told)) = result else { return Ok(()) };
        let (view, ids) = (facts.view(reader), facts.watcher(reader).ids());
        let due = facts.reference.state(told.revno).only(ids);
        ensure!(
            view == due,
            "reader {reader} was told it holds the state of {}, {due:?}; it holds {view:?}",
            told.revno
        );
        debug_assert!(facts.watcher(reader).stage() != WatcherStage::Fresh, "who has no batch has no progress");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use multiwatcher::machine::{Identity, Position, Revno};

    use super::super::story::Story;
    use super::*;

    fn at(revno: u64, position: u64) -> Told {
        let (revno, position, backing) = (Revno(revno), Position(position), Identity(0));
        Told { revno, position, backing, exact: true, out_of_reach_since: None }
    }

    #[test]
    fn can_fail_on_progress_that_skips_what_is_pending() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.commit("0=2");
        story.follow();
        story.progress(0, Ok(Some(at(2, 2))));
        assert_eq!(story.red(), [Promise::Progress]);
    }

    #[test]
    fn can_fail_on_a_progress_mark_before_the_first_batch() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.progress(0, Ok(Some(at(1, 1))));
        assert_eq!(story.red(), [Promise::Progress]);
    }
}
