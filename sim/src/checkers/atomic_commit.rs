//! atomic-commit: every revno stands between two commits of the backing, ids in quarantine aside.

use multiwatcher::testing::{Broken, IdSet, Promise, State};

use super::{Census, Checker, Facts, Taken, Verdict, ensure};

/// Looks for a state of the backing that the store, or a view after a batch, is equal to. Any will do: whether it is the right one is for
/// exact-prefix to say.
#[derive(Debug, Clone, Default)]
pub struct AtomicCommit {
    decided: u64,
    states: Vec<State>,
}

impl Checker for AtomicCommit {
    const PROMISE: Promise = Promise::AtomicCommit;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn begin(&mut self) {
        self.states.clear();
        self.states.push(State::EMPTY);
    }

    fn committed(&mut self, _: Facts<'_>, state: State) {
        self.states.push(state);
    }

    fn taken(&mut self, facts: Facts<'_>, taken: Taken<'_>) -> Verdict {
        self.decided += 1;
        let (view, reader) = (facts.view(taken.reader), taken.reader);
        let ids = facts.watcher(reader).ids().minus(facts.reference.quarantined());
        ensure!(self.is_between_commits(facts, view, ids), "reader {reader} holds {view:?}, which is half of a commit");
        Ok(())
    }

    fn settled(&mut self, facts: Facts<'_>, census: &Census, _: Option<&Broken>) -> Verdict {
        let Some(store) = census.store else { return Ok(()) };
        self.decided += 1;
        let ids = IdSet::first(facts.regime.shape.ids()).minus(facts.reference.quarantined());
        ensure!(self.is_between_commits(facts, store, ids), "the store holds {store:?}, which is half of a commit");
        Ok(())
    }
}

impl AtomicCommit {
    fn is_between_commits(&self, facts: Facts<'_>, held: State, ids: IdSet) -> bool {
        let held = held.only(ids);
        // Nearly always the expected state; only something broken makes it search.
        facts.reference.store().only(ids) == held || self.states.iter().rev().any(|state| state.only(ids) == held)
    }
}

#[cfg(test)]
mod tests {
    use multiwatcher::testing::IdIx;

    use super::super::story::Story;
    use super::*;

    #[test]
    fn can_fail_on_half_a_commit_in_the_store() {
        let mut story = Story::following("0=1 1=1");
        story.commit("0=2 1=2");
        story.follow_with(|census, _| {
            if let Some(store) = &mut census.store {
                store.set(IdIx(1), Some(1));
            }
        });
        assert_eq!(story.verdict(), Some(Promise::AtomicCommit));
    }

    #[test]
    fn can_fail_on_half_a_commit_in_a_batch() {
        let mut story = Story::following("0=1 1=1");
        story.open(0);
        story.next(0);
        story.commit("0=2 1=2");
        story.follow();
        story.next_with(0, |deltas| {
            deltas.pop();
        });
        assert_eq!(story.verdict(), Some(Promise::AtomicCommit));
    }
}
