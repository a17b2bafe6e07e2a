//! ordered: deltas ascend by the revno of their latest change, ties by id; revnos ascend from batch to batch.

use multiwatcher::machine::{ResumeError, ResumePoint, Revno, WatchError, WatcherId};
use multiwatcher::testing::{Party, Promise};

use super::{Checker, Facts, Taken, Verdict, ensure};

/// Compares each delta with the one before it, and each batch with the one before it.
#[derive(Debug, Clone, Default)]
pub struct Ordered {
    decided: u64,
    /// By reader, where its watcher has been brought.
    last: [Option<Revno>; Party::READERS],
}

impl Checker for Ordered {
    const PROMISE: Promise = Promise::Ordered;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn begin(&mut self) {
        self.last = [None; Party::READERS];
    }

    fn opened(&mut self, _: Facts<'_>, reader: u8, _: Result<WatcherId, WatchError>) -> Verdict {
        self.last[usize::from(reader)] = None;
        Ok(())
    }

    fn resumed(
        &mut self,
        facts: Facts<'_>,
        reader: u8,
        from: ResumePoint,
        _: Result<WatcherId, ResumeError>,
    ) -> Verdict {
        self.last[usize::from(reader)] = facts.reference.resumed_cursor(from);
        Ok(())
    }

    fn taken(&mut self, facts: Facts<'_>, taken: Taken<'_>) -> Verdict {
        let Taken { reader, batch, deltas, due } = taken;
        let last = self.last[usize::from(reader)].replace(batch.revno);
        self.decided += u64::from(deltas.len() > 1 || last.is_some());
        let latest = facts.reference.latest();
        ensure!(batch.revno == latest, "reader {reader} was brought to {}, the store is at {latest}", batch.revno);
        ensure!(last.is_none_or(|last| last < batch.revno), "reader {reader} was brought to {} twice", batch.revno);
        for pair in deltas.windows(2) {
            let (one, next) = ((pair[0].revno, pair[0].id), (pair[1].revno, pair[1].id));
            let words = |(revno, id): (Revno, multiwatcher::testing::IdIx)| format!("id {} of {revno}", id.0);
            ensure!(one <= next, "reader {reader} was told of {} before {}", words(one), words(next));
        }
        for delta in deltas {
            let due = due.iter().find(|due| due.id == delta.id).map_or(delta.revno, |due| due.revno);
            ensure!(
                delta.revno == due,
                "reader {reader} was told that id {} changed at {}, it was {due}",
                delta.id.0,
                delta.revno
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::Story;
    use super::*;

    #[test]
    fn can_fail_on_deltas_out_of_order() {
        let mut story = Story::following("0=1 1=1");
        story.open(0);
        story.next_with(0, |deltas| deltas.reverse());
        assert_eq!(story.red(), [Promise::Ordered]);
    }

    #[test]
    fn can_fail_on_a_delta_dated_too_early() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.commit("0=2");
        story.follow();
        story.next_with(0, |deltas| deltas[0].revno = Revno(1));
        assert_eq!(story.red(), [Promise::Ordered]);
    }
}
