//! Commits swapped: two commits that have no id in common, in one order or the other. As long as no reader looks in between, the end
//! is the same, and every reader is told the same at the same time, up to the order within a batch.

use multiwatcher::testing::Subject;

use super::Compared;
use super::reshaped::{compare, follow, halves, is_comparable, make};
use crate::decisions::Decisions;
use crate::worlds::Maker;

/// Compares two runs whose commits are split and made in either order.
pub(super) fn check<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> Compared {
    if !is_comparable(decisions) {
        return None;
    }
    let [mut one, mut other] = [false, true].map(|swapped| {
        follow(maker, decisions, |listener, commit| {
            let Some((mut first, mut second)) = halves(commit.changes) else { return false };
            if swapped {
                core::mem::swap(&mut first, &mut second);
            }
            make(listener, commit.at, first, commit.skip - 1);
            make(listener, commit.at, second, 0);
            true
        })
    });
    for run in [&mut one, &mut other] {
        run.listener.heard_mut().iter_mut().for_each(|heard| heard.deltas.sort_by_key(|delta| delta.id));
    }
    compare(one, other, ("in one order", "in the other"))
}

#[cfg(test)]
mod tests {
    use super::super::Relation;
    use super::super::doctored::{Planted, caught, with};

    #[test]
    fn it_notices_a_batch_that_expects_ids_in_order() {
        let text = caught(Relation::SwappedCommits, with(Planted::Unordered));
        assert!(text.starts_with("commits swapped: "), "{text}");
    }
}
