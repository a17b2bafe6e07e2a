//! fresh-first: the first batch is the whole filtered state, and waits for nothing but the very first load.

use multiwatcher::testing::{CallSeen, Expected, Promise, WatcherStage};

use super::{Checker, Facts, Polled, Taken, Verdict, ensure};

/// Looks at the polls of watchers that have had no batch, and for empty batches of those that have.
#[derive(Debug, Clone, Default)]
pub struct FreshFirst {
    decided: u64,
}

impl Checker for FreshFirst {
    const PROMISE: Promise = Promise::FreshFirst;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    #[expect(clippy::match_same_arms, reason = "each pair is a rule of its own")]
    fn called(&mut self, facts: Facts<'_>, polled: Polled) -> Verdict {
        let Polled { reader, seen, expected, stage, .. } = polled;
        if stage != WatcherStage::Fresh {
            return Ok(());
        }
        self.decided += 1;
        let loaded = if facts.reference.is_loaded() { "is" } else { "is not" };
        let right = match (expected, seen) {
            (Expected::Batch, CallSeen::Batch(_)) => true,
            (Expected::Batch, CallSeen::Waits | CallSeen::Nothing | CallSeen::Error(_)) => false,
            (Expected::Waits | Expected::Nothing, CallSeen::Batch(_)) => facts.reference.is_loaded(),
            (Expected::Waits | Expected::Nothing, CallSeen::Waits | CallSeen::Nothing) => true,
            (Expected::Waits | Expected::Nothing, CallSeen::Error(_)) => false,
            (Expected::Error(_) | Expected::Unknown, _) => true,
        };
        ensure!(right, "reader {reader} without a first batch got {seen:?}; the first load {loaded} finished");
        Ok(())
    }

    fn taken(&mut self, facts: Facts<'_>, taken: Taken<'_>) -> Verdict {
        let Taken { reader, deltas, due, batch } = taken;
        if facts.watcher(reader).stage() != WatcherStage::Fresh {
            ensure!(!deltas.is_empty(), "reader {reader} got an empty batch to {} that is not its first", batch.revno);
            return Ok(());
        }
        let (told, whole) = (deltas.len(), due.len());
        let all = due.iter().all(|due| {
            deltas.iter().any(|delta| (delta.id, delta.value, delta.change) == (due.id, due.value, due.change))
        });
        ensure!(all, "reader {reader}'s first batch tells {told} of the {whole} entities alive, or wrong values");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::Story;
    use super::*;

    #[test]
    fn can_fail_on_a_first_call_that_waits_though_the_store_is_loaded() {
        let mut story = Story::following("");
        story.open(0);
        story.next_sees(0, CallSeen::Waits);
        assert!(story.red().contains(&Promise::FreshFirst), "{:?}", story.red());
    }

    #[test]
    fn can_fail_on_a_batch_before_the_first_load() {
        let mut story = Story::new();
        story.open(0);
        story.next_with(0, |_| ());
        assert!(story.red().contains(&Promise::FreshFirst), "{:?}", story.red());
    }

    #[test]
    fn can_fail_on_an_empty_batch_that_is_not_the_first() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.commit("0=2");
        story.follow();
        story.next_with(0, Vec::clear);
        assert!(story.red().contains(&Promise::FreshFirst), "{:?}", story.red());
    }
}
