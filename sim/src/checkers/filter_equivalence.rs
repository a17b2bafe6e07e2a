//! filter-equivalence: a filtered watcher sees the projection of an unfiltered one, and is woken by nothing else.

use multiwatcher::testing::{Promise, WatcherStage};

use super::{Checker, Facts, Taken, Verdict, ensure};

/// Looks at batches and wake-ups of watchers that do not see everything. What such a watcher must be told is computed by the
/// reference model for each id alone, so it is the projection of what any other watcher must be told.
#[derive(Debug, Clone, Default)]
pub struct FilterEquivalence {
    decided: u64,
}

impl Checker for FilterEquivalence {
    const PROMISE: Promise = Promise::FilterEquivalence;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn taken(&mut self, facts: Facts<'_>, taken: Taken<'_>) -> Verdict {
        let reader = taken.reader;
        if is_unfiltered(facts, reader) {
            return Ok(());
        }
        self.decided += 1;
        let ids = facts.watcher(reader).ids();
        for delta in taken.deltas {
            ensure!(ids.has(delta.id), "reader {reader} was told of id {}, which its filter keeps out", delta.id.0);
        }
        for due in taken.due {
            let told = taken.deltas.iter().any(|delta| delta.id == due.id);
            ensure!(told, "reader {reader} was not told of id {}, as an unfiltered one would be", due.id.0);
        }
        Ok(())
    }

    fn woken(&mut self, facts: Facts<'_>, reader: u8, call: u32) -> Verdict {
        let has_reason = match facts.watcher(reader).stage() {
            WatcherStage::Fresh => facts.reference.is_loaded(),
            WatcherStage::CaughtUp => false,
            WatcherStage::Behind { .. } | WatcherStage::Ended(_) | WatcherStage::None => true,
        };
        self.decided += u64::from(!is_unfiltered(facts, reader));
        ensure!(has_reason, "call {call} of reader {reader} was woken, and nothing it may see has changed");
        Ok(())
    }
}

fn is_unfiltered(facts: Facts<'_>, reader: u8) -> bool {
    facts.watcher(reader).ids().len() == u32::from(facts.regime.shape.ids())
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, changed};
    use super::*;

    #[test]
    fn can_fail_on_a_delta_that_the_filter_keeps_out() {
        let mut story = Story::of_two_models("0=1 1=1");
        story.open_filtered(0);
        story.next_with(0, |deltas| deltas.push(changed(1, 1, 1)));
        assert_eq!(story.verdict(), Some(Promise::FilterEquivalence));
    }

    #[test]
    fn can_fail_on_a_wake_up_by_what_the_filter_keeps_out() {
        let mut story = Story::of_two_models("0=1 1=1");
        story.open_filtered(0);
        story.next(0);
        story.next(0);
        story.commit("1=2");
        story.follow();
        story.wake(0);
        assert_eq!(story.red(), [Promise::FilterEquivalence]);
    }
}
