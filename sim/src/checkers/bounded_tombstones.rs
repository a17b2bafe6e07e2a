//! bounded-tombstones: a tombstone exists only while somebody is owed the removal.

use multiwatcher::testing::{Broken, Promise};

use super::{Census, Checker, Facts, Verdict, ensure};

/// Compares the number of tombstones with the dead ids that a cursor or the resume window still holds.
#[derive(Debug, Clone, Default)]
pub struct BoundedTombstones {
    decided: u64,
}

impl Checker for BoundedTombstones {
    const PROMISE: Promise = Promise::BoundedTombstones;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn settled(&mut self, facts: Facts<'_>, census: &Census, _: Option<&Broken>) -> Verdict {
        let kept = census.report.tombstones;
        if kept == 0 {
            // None is never too many, and one too few shows in a batch that lacks a removal.
            return Ok(());
        }
        self.decided += 1;
        let owed = facts.tombstones;
        ensure!(kept <= owed as usize, "{kept} tombstones are kept, {owed} removals are owed to anybody");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::Story;
    use super::*;

    #[test]
    fn can_fail_on_a_tombstone_nobody_is_owed() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next(0);
        story.commit("0=-");
        story.follow();
        story.next_and(0, |census| census.report.tombstones = 1);
        assert_eq!(story.verdict(), Some(Promise::BoundedTombstones));
    }
}
