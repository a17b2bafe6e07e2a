//! truthful-report: the report equals the census.

use multiwatcher::testing::{Broken, Promise};

use super::{Census, Checker, Facts, Verdict, ensure};

/// Compares every field that the reference model knows, after every operation.
#[derive(Debug, Clone, Default)]
pub struct TruthfulReport {
    decided: u64,
    visited: u64,
}

impl Checker for TruthfulReport {
    const PROMISE: Promise = Promise::TruthfulReport;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }

    fn begin(&mut self) {
        self.visited = 0;
    }

    fn settled(&mut self, facts: Facts<'_>, census: &Census, _: Option<&Broken>) -> Verdict {
        self.decided += 1;
        let report = &census.report;
        if let Some(text) = facts.reference.misreported(report, facts.tombstones) {
            return Err(text.into());
        }
        ensure!(report.visited >= self.visited, "the report says visited {}, after {}", report.visited, self.visited);
        self.visited = report.visited;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::Story;
    use super::*;

    #[test]
    fn can_fail_on_a_count_that_is_off_by_one() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next_and(0, |census| census.report.watchers.caught_up += 1);
        assert_eq!(story.red(), [Promise::TruthfulReport]);
    }

    #[test]
    fn can_fail_on_a_batch_kept_for_nobody() {
        let mut story = Story::following("0=1");
        story.open(0);
        story.next_and(0, |census| census.report.shared_batches += 1);
        assert_eq!(story.red(), [Promise::TruthfulReport]);
    }

    #[test]
    fn can_fail_on_a_phase_that_is_not_so() {
        let mut story = Story::new();
        story.load_with(|census, before| census.report.phase = before.report.phase);
        assert_eq!(story.red(), [Promise::TruthfulReport]);
    }
}
