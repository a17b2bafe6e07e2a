//! load-equals-increments: loading a state gives the same store as following the changes that lead to it.
//!
//! Loads are compared as they finish, however torn. That following gives the same, whatever notices were late, repeated or in
//! another order, is decided on pairs of runs: one as it is, one that loads the last state.

use multiwatcher::testing::{Broken, ConnectionStage, IdSet, Observation, Promise, State};

use super::{Census, Checker, Facts, Verdict, ensure};

/// Looks at the store when a load is finished, and compares stores of two runs.
#[derive(Debug, Clone, Default)]
pub struct LoadEqualsIncrements {
    decided: u64,
    completes: bool,
}

impl Checker for LoadEqualsIncrements {
    const PROMISE: Promise = Promise::LoadEqualsIncrements;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn begin(&mut self) {
        self.completes = false;
    }

    fn put(&mut self, facts: Facts<'_>, seen: &Observation) -> Verdict {
        let completing = matches!(facts.reference.connection(), ConnectionStage::Completing { .. });
        self.completes = completing && matches!(seen, Observation::Stepped { .. });
        Ok(())
    }

    fn settled(&mut self, facts: Facts<'_>, census: &Census, _: Option<&Broken>) -> Verdict {
        let done = matches!(facts.reference.connection(), ConnectionStage::Following { .. });
        if !core::mem::take(&mut self.completes) || !done {
            return Ok(());
        }
        let Some(store) = census.store else { return Ok(()) };
        self.decided += 1;
        let well = IdSet::first(facts.regime.shape.ids()).minus(facts.reference.quarantined());
        let (loaded, due) = (store.only(well), facts.reference.store().only(well));
        ensure!(loaded == due, "a finished load made {loaded:?}, the changes up to its end make {due:?}");
        Ok(())
    }
}

impl LoadEqualsIncrements {
    /// Compares the store of a run that followed with that of one that loaded the same last state.
    pub fn compare(&mut self, followed: State, loaded: State) -> Verdict {
        self.decided += 1;
        ensure!(followed == loaded, "following the changes made {followed:?}, loading their result makes {loaded:?}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use multiwatcher::testing::IdIx;

    use super::super::story::Story;
    use super::*;

    #[test]
    fn can_fail_on_a_load_that_brings_something_else() {
        let mut story = Story::new();
        story.commit("0=1 1=1");
        story.commit("1=2");
        story.load_with(|census, _| {
            if let Some(store) = &mut census.store {
                store.set(IdIx(1), Some(1));
                store.set(IdIx(0), None);
            }
        });
        assert_eq!(story.verdict(), Some(Promise::LoadEqualsIncrements));
    }

    #[test]
    fn can_fail_on_a_pair_that_ends_in_different_stores() {
        let mut checker = LoadEqualsIncrements::default();
        assert_eq!(checker.compare(State(1), State(1)), Ok(()));
        assert!(checker.compare(State(1), State(2)).is_err());
        assert_eq!(*checker.decided(), 2);
    }
}
