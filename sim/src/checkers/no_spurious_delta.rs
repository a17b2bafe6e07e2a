//! no-spurious-delta: a batch tells of an id at most once, and only what is news to its watcher.

use multiwatcher::machine::Change;
use multiwatcher::testing::{IdSet, Promise};

use super::{Checker, Facts, Taken, Verdict, ensure};

/// Looks at each delta of each batch.
#[derive(Debug, Clone, Default)]
pub struct NoSpuriousDelta {
    decided: u64,
}

impl Checker for NoSpuriousDelta {
    const PROMISE: Promise = Promise::NoSpuriousDelta;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn taken(&mut self, facts: Facts<'_>, taken: Taken<'_>) -> Verdict {
        let reader = taken.reader;
        let mut told = IdSet::EMPTY;
        for delta in taken.deltas {
            self.decided += 1;
            let id = delta.id;
            ensure!(
                facts.watcher(reader).ids().has(id),
                "reader {reader} was told of id {}, which is none of its",
                id.0
            );
            ensure!(!told.has(id), "reader {reader} was told twice of id {} in one batch", id.0);
            told.insert(id);
            let Some(due) = taken.due.iter().find(|due| due.id == id) else {
                return super::broken(format_args!(
                    "reader {reader} was told of id {}, of which it had nothing to learn",
                    id.0
                ));
            };
            ensure!(
                due.change == delta.change,
                "reader {reader} was told that id {} is {:?}, expected {:?}",
                id.0,
                delta.change,
                due.change
            );
            let last_value = delta.change == Change::Changed || delta.value == due.value;
            ensure!(
                last_value,
                "reader {reader} was told id {} is gone with value {}, its last was {}",
                id.0,
                delta.value,
                due.value
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, changed, removed};
    use super::*;

    #[test]
    fn can_fail_on_a_change_told_again() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.commit("1=1");
        story.follow();
        // The batch buffer was not cleared: Z19 of the zoo. As many ids changed as are told, so it is not coalescing.
        story.commit("2=1");
        story.commit("2=-");
        story.follow();
        story.next_with(0, |deltas| deltas.insert(0, changed(0, 1, 1)));
        assert!(story.red().contains(&Promise::NoSpuriousDelta), "{:?}", story.red());
    }

    #[test]
    fn can_fail_on_a_removal_of_what_was_never_held() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.commit("1=1");
        story.follow();
        story.commit("1=- 0=2");
        story.follow();
        story.next_with(0, |deltas| deltas.push(removed(1, 1, 3)));
        assert_eq!(story.red(), [Promise::NoSpuriousDelta]);
    }
}
