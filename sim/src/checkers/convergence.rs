//! convergence: once the backing is quiet and healed, every watcher that keeps calling reaches its latest state in time.

use multiwatcher::testing::{CallSeen, Expected, Party, Promise, State, WatcherStage};

use super::{Checker, Facts, Healed, Polled, Verdict, ensure};

/// Looks at polls that must give a batch, and at the end of the healing.
#[derive(Debug, Clone, Default)]
pub struct Convergence {
    decided: u64,
    backing: State,
}

impl Checker for Convergence {
    const PROMISE: Promise = Promise::Convergence;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn begin(&mut self) {
        self.backing = State::EMPTY;
    }

    fn committed(&mut self, _: Facts<'_>, state: State) {
        self.backing = state;
    }

    fn called(&mut self, facts: Facts<'_>, polled: Polled) -> Verdict {
        let Polled { reader, seen, expected, stage, .. } = polled;
        let WatcherStage::Behind { cursor, .. } = stage else { return Ok(()) };
        if expected != Expected::Batch {
            return Ok(());
        }
        self.decided += 1;
        let latest = facts.reference.latest();
        ensure!(
            matches!(seen, CallSeen::Batch(_)),
            "reader {reader} has something to learn since r{cursor} up to {latest}, and got {seen:?}"
        );
        Ok(())
    }

    fn healed(&mut self, facts: Facts<'_>, healed: Healed) -> Verdict {
        self.decided += 1;
        if let Some(operations) = healed.too_many {
            return super::broken(format_args!(
                "{operations} operations after the faults ended it was still not quiet: {}",
                restless(facts)
            ));
        }
        if facts.reference.ended().is_some() {
            return Ok(());
        }
        let Healed { took, bound, .. } = healed;
        ensure!(took <= bound, "it was quiet {took:?} after the faults ended; the configuration allows {bound:?}");
        let (store, backing) = (facts.reference.store(), self.backing);
        ensure!(store == backing, "all is quiet, the store should hold {store:?}, the backing holds {backing:?}");
        for reader in (0u8..).take(Party::READERS) {
            let keeps_calling = match facts.watcher(reader).stage() {
                WatcherStage::Fresh | WatcherStage::CaughtUp | WatcherStage::Behind { .. } => true,
                WatcherStage::None | WatcherStage::Ended(_) => false,
            };
            let (view, due) = (facts.view(reader), backing.only(facts.watcher(reader).ids()));
            ensure!(!keeps_calling || view == due, "all is quiet, reader {reader} holds {view:?}, expected {due:?}");
        }
        Ok(())
    }
}

/// What is still under way, for the words.
fn restless(facts: Facts<'_>) -> String {
    let reference = facts.reference;
    let (phase, queued, ill) = (reference.phase(), reference.queued().len(), reference.quarantined().len());
    let waiting = reference.census();
    format!(
        "{phase:?} in generation {}, {queued} ids queued, {ill} in quarantine, {} watchers behind, {} fresh",
        reference.generation(),
        waiting.behind,
        waiting.fresh,
    )
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::super::story::Story;
    use super::*;

    fn quiet() -> Healed {
        Healed { took: Duration::ZERO, bound: Duration::from_secs(1), too_many: None }
    }

    #[test]
    fn can_fail_on_a_commit_that_never_arrives() {
        let mut story = Story::following("0=1");
        story.commit("0=2");
        story.healed(quiet());
        assert_eq!(story.red(), [Promise::Convergence]);
    }

    #[test]
    fn can_fail_on_a_reader_that_is_left_behind() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.commit("0=2");
        story.follow();
        story.healed(quiet());
        assert_eq!(story.red(), [Promise::Convergence]);
    }

    #[test]
    fn can_fail_on_a_healing_that_takes_too_long() {
        let mut story = Story::following("0=1");
        story.healed(Healed { took: Duration::from_secs(2), ..quiet() });
        assert_eq!(story.red(), [Promise::Convergence]);
        let mut story = Story::following("0=1");
        story.healed(Healed { too_many: Some(1000), ..quiet() });
        assert_eq!(story.red(), [Promise::Convergence]);
    }

    #[test]
    fn can_fail_on_a_call_that_waits_beside_a_pending_batch() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.commit("0=2");
        story.follow();
        story.next_sees(0, CallSeen::Waits);
        assert_eq!(story.red(), [Promise::Convergence]);
    }
}
