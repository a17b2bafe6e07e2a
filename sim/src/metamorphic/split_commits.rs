//! Commits split: one commit that touches several ids, or two that touch half of them each. As long as no reader looks in between,
//! the end is the same, and every reader is told the same at the same time.

use multiwatcher::testing::Subject;

use super::Compared;
use super::reshaped::{compare, follow, halves, is_comparable, make};
use crate::decisions::Decisions;
use crate::worlds::Maker;

/// Compares a run with one whose commits are split.
pub(super) fn check<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> Compared {
    if !is_comparable(decisions) {
        return None;
    }
    let whole = follow(maker, decisions, |listener, commit| {
        make(listener, commit.at, commit.changes, commit.skip);
        halves(commit.changes).is_some()
    });
    let split = follow(maker, decisions, |listener, commit| {
        let Some((lower, upper)) = halves(commit.changes) else { return false };
        make(listener, commit.at, lower, commit.skip - 1);
        make(listener, commit.at, upper, 0);
        true
    });
    compare(whole, split, ("with whole commits", "with split ones"))
}

#[cfg(test)]
mod tests {
    use super::super::Relation;
    use super::super::doctored::caught;
    use crate::zoo::Bug;

    #[test]
    fn it_notices_a_hand_over_that_the_next_commit_overwrites() {
        let text = caught(Relation::SplitCommits, Bug::Z20.maker());
        assert!(text.starts_with("commits split: "), "{text}");
    }
}
