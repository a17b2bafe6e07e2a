//! truthful-report: the report equals the census.

use multiwatcher::machine::{Generation, Report};
use multiwatcher::testing::{Broken, EPOCH, Promise};

use super::{Census, Checker, Facts, Verdict};

/// Compares every field that the reference model knows, after every operation.
#[derive(Debug, Default)]
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
        if let Some(difference) = difference(report, facts) {
            return Err(difference);
        }
        if report.visited < self.visited {
            return Err(format!("the report says visited {}, after {}", report.visited, self.visited));
        }
        self.visited = report.visited;
        Ok(())
    }
}

/// The first field that does not say what is so.
fn difference(report: &Report, facts: Facts<'_>) -> Option<String> {
    let reference = facts.reference;
    let wrong = |field: &str, said: &dyn core::fmt::Debug, due: &dyn core::fmt::Debug| {
        Some(format!("the report says {field} {said:?}, expected {due:?}"))
    };
    macro_rules! same {
        ($field:ident, $due:expr) => {
            let due = $due;
            if report.$field != due {
                return wrong(stringify!($field), &report.$field, &due);
            }
        };
    }
    same!(epoch, EPOCH);
    same!(revno, reference.latest());
    same!(position, reference.position());
    same!(generation, Generation(u64::from(reference.generation())));
    same!(phase, reference.phase());
    same!(watchers, reference.census());
    same!(calls, reference.calls());
    same!(entities, reference.store().alive().len() as usize);
    same!(tombstones, facts.tombstones as usize);
    same!(queued, reference.queued().len() as usize);
    same!(quarantined, reference.quarantined().len() as usize);
    same!(failures, reference.failures());
    same!(out_of_reach_since, reference.out_of_reach_since());
    same!(dropped, reference.dropped());
    let most = reference.shareable_batches();
    if report.shared_batches > most {
        return Some(format!("the report says shared_batches {}, expected at most {most}", report.shared_batches));
    }
    None
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
