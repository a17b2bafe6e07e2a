//! failure-isolated: an error about one entity delays that entity alone.

use multiwatcher::testing::{Broken, IdSet, Observation, Promise, State, WatcherStage};

use super::{Census, Checker, Facts, Verdict, ensure};

/// Looks at the store after hand-overs in which something could not be read. A connection given up without a reason is the
/// reference model's to find, under this promise too.
#[derive(Debug, Clone, Default)]
pub struct FailureIsolated {
    decided: u64,
    /// Ids that could not be read in this operation.
    errors: IdSet,
    store: State,
}

impl Checker for FailureIsolated {
    const PROMISE: Promise = Promise::FailureIsolated;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn begin(&mut self) {
        (self.errors, self.store) = (IdSet::EMPTY, State::EMPTY);
    }

    fn put(&mut self, _: Facts<'_>, seen: &Observation) -> Verdict {
        if let Observation::Staged { errors, .. } | Observation::Stepped { errors, .. } = seen {
            self.errors = *errors;
        }
        Ok(())
    }

    fn woken(&mut self, facts: Facts<'_>, reader: u8, call: u32) -> Verdict {
        let has_reason = match facts.watcher(reader).stage() {
            WatcherStage::Fresh => facts.reference.is_loaded(),
            WatcherStage::CaughtUp => false,
            WatcherStage::Behind { .. } | WatcherStage::Ended(_) | WatcherStage::None => true,
        };
        let errors = self.errors;
        ensure!(
            errors.is_empty() || has_reason,
            "{errors:?} could not be read, and call {call} of reader {reader} was woken for it"
        );
        Ok(())
    }

    fn settled(&mut self, facts: Facts<'_>, census: &Census, _: Option<&Broken>) -> Verdict {
        let errors = core::mem::take(&mut self.errors);
        let before = self.store;
        self.store = census.store.unwrap_or(self.store);
        let ill = facts.reference.quarantined();
        if errors.is_empty() && ill.is_empty() {
            return Ok(());
        }
        self.decided += 1;
        let (counted, due) = (census.report.quarantined, ill.len());
        ensure!(counted == due as usize, "{counted} ids are counted in quarantine, expected {due}");
        let Some(store) = census.store else { return Ok(()) };
        let kept = before.only(errors.and(ill));
        let now = store.only(errors.and(ill));
        ensure!(now == kept, "{errors:?} could not be read and kept {now:?} instead of its last value, {kept:?}");
        let well = IdSet::first(facts.regime.shape.ids()).minus(ill);
        let (rest, due) = (store.only(well), facts.reference.store().only(well));
        ensure!(rest == due, "{ill:?} is in quarantine, and the others hold {rest:?}, expected {due:?}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use multiwatcher::testing::IdIx;

    use super::super::story::Story;
    use super::*;

    #[test]
    fn can_fail_on_an_error_that_holds_up_the_rest_of_its_commit() {
        let mut story = Story::following("0=1 1=1");
        story.commit("0=2 1=2");
        story.follow_without(IdIx(0), |census, before| census.store = before.store);
        assert_eq!(story.verdict(), Some(Promise::FailureIsolated));
    }

    #[test]
    fn can_fail_on_an_error_that_wakes_a_reader() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.next(0);
        story.commit("0=2");
        story.follow_without_and_wake(IdIx(0), 0);
        assert_eq!(story.verdict(), Some(Promise::FailureIsolated));
    }

    #[test]
    fn can_fail_on_an_error_that_is_taken_for_an_absence() {
        let mut story = Story::following("0=1 1=1");
        story.commit("0=2 1=2");
        story.follow_without(IdIx(0), |census, _| {
            if let Some(store) = &mut census.store {
                store.set(IdIx(0), None);
            }
        });
        assert_eq!(story.verdict(), Some(Promise::FailureIsolated));
    }
}
