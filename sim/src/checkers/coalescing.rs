//! coalescing: a batch never holds more deltas than distinct ids changed since the cursor.

use multiwatcher::testing::Promise;

use super::{Checker, Facts, Taken, Verdict, ensure};

/// Counts the deltas of each batch.
#[derive(Debug, Clone, Default)]
pub struct Coalescing {
    decided: u64,
}

impl Checker for Coalescing {
    const PROMISE: Promise = Promise::Coalescing;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn taken(&mut self, facts: Facts<'_>, taken: Taken<'_>) -> Verdict {
        self.decided += 1;
        let (told, most) = (taken.deltas.len(), facts.reference.changed_since_cursor(taken.reader));
        ensure!(
            told <= most,
            "reader {} was told {told} deltas, {most} distinct ids changed since its cursor",
            taken.reader
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, changed};
    use super::*;

    #[test]
    fn can_fail_on_one_delta_per_change() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.commit("0=2");
        story.follow();
        story.commit("0=1");
        story.follow();
        story.next_with(0, |deltas| deltas.insert(0, changed(0, 2, 2)));
        assert_eq!(story.verdict(), Some(Promise::Coalescing));
    }
}
