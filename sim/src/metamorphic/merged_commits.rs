//! Commits merged: two commits of the same ids, or one that does what the second of them leaves. What the first did is seen by nobody
//! as long as no reader looks in between. It may delete what the second puts back, or put what the second changes.

use multiwatcher::testing::{Changes, State, Subject, Val};

use super::Compared;
use super::reshaped::{compare, follow, is_comparable, make};
use crate::decisions::Decisions;
use crate::worlds::Maker;

/// Compares a run with one in which commits come after others that they overwrite.
pub(super) fn check<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> Compared {
    if !is_comparable(decisions) {
        return None;
    }
    let merged = follow(maker, decisions, |listener, commit| {
        let detour = detour(listener.stage().backing().latest().state, commit.changes);
        make(listener, commit.at, commit.changes, commit.skip);
        detour.is_some()
    });
    let both = follow(maker, decisions, |listener, commit| {
        let Some(detour) = detour(listener.stage().backing().latest().state, commit.changes) else { return false };
        make(listener, commit.at, detour, commit.skip - 1);
        make(listener, commit.at, commit.changes, 0);
        true
    });
    compare(merged, both, ("with merged commits", "with both"))
}

/// A commit of those ids that the other one gives a new value: it deletes them, or puts another value if they are not there. A reader
/// that looks later cannot tell, for it is told the last value and no more. Ids that are to be deleted, or stay as they are, would show.
fn detour(state: State, changes: Changes) -> Option<Changes> {
    let mut detour = Changes::default();
    for id in changes.ids.iter() {
        let (old, new) = (state.get(id), changes.values.get(id));
        if new.is_some() && old != new {
            detour.ids.insert(id);
            detour.values.set(id, if old.is_some() { None } else { Some(other_than(new)) });
        }
    }
    (!detour.ids.is_empty()).then_some(detour)
}

fn other_than(value: Option<Val>) -> Val {
    if value == Some(1) { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::super::Relation;
    use super::super::doctored::caught;
    use crate::zoo::Bug;

    #[test]
    fn it_notices_that_what_is_put_back_is_told_as_removed() {
        let text = caught(Relation::MergedCommits, Bug::Z4.maker());
        assert!(text.starts_with("commits merged: "), "{text}");
    }
}
