//! exact-prefix: the store is the backing's state at its position, and a view is the filtered store after every batch.

use multiwatcher::machine::Position;
use multiwatcher::testing::{Broken, Observation, Promise, State};

use super::{Census, Checker, Facts, Taken, Verdict, ensure};

/// Compares the store whenever it may have changed, and a view at each of its batches.
#[derive(Debug, Clone, Default)]
pub struct ExactPrefix {
    decided: u64,
    position: Position,
    rewound: bool,
}

impl Checker for ExactPrefix {
    const PROMISE: Promise = Promise::ExactPrefix;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn begin(&mut self) {
        (self.position, self.rewound) = (Position(0), false);
    }

    fn put(&mut self, _: Facts<'_>, seen: &Observation) -> Verdict {
        // A store that goes back does so by a reload, which begins with a new subscription.
        self.rewound |= matches!(seen, Observation::Subscribed { .. });
        Ok(())
    }

    fn taken(&mut self, facts: Facts<'_>, taken: Taken<'_>) -> Verdict {
        self.decided += 1;
        let Taken { reader, batch, .. } = taken;
        let position = facts.reference.position();
        ensure!(
            batch.position == position,
            "reader {reader} was told it stands at {}, expected {position}",
            batch.position
        );
        let (view, due) = (facts.view(reader), facts.due_view(reader));
        ensure!(view == due, "reader {reader} holds {view:?} at {}, expected {due:?}", batch.revno);
        Ok(())
    }

    fn settled(&mut self, facts: Facts<'_>, census: &Census, _: Option<&Broken>) -> Verdict {
        let position = census.report.position;
        ensure!(position >= self.position || self.rewound, "the store went back from {} to {position}", self.position);
        self.rewound &= position == self.position;
        self.position = position;
        let Some(store) = census.store else { return Ok(()) };
        self.decided += 1;
        let due: State = facts.reference.store();
        ensure!(store == due, "the store holds {store:?} at {position}, expected {due:?}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::Story;
    use super::*;

    #[test]
    fn can_fail_on_a_change_left_out_of_a_batch() {
        let mut story = Story::following("0=1 1=1");
        story.open(0);
        story.next(0);
        story.commit("0=2");
        story.follow();
        story.commit("1=2");
        story.follow();
        story.next_with(0, |deltas| deltas.truncate(1));
        assert_eq!(story.red(), [Promise::ExactPrefix]);
    }

    #[test]
    fn can_fail_on_a_store_that_misses_a_commit() {
        let mut story = Story::following("0=1");
        story.commit("0=2");
        story.commit("1=1");
        story.follow_with(|census, before| census.store = before.store);
        assert_eq!(story.red(), [Promise::ExactPrefix]);
    }
}
