//! Commits merged: two commits of the same ids, or one that does what the second of them leaves. What the first did is seen by nobody
//! as long as no reader looks in between. It may delete what the second puts back, or put what the second changes.

use multiwatcher::testing::{Changes, State, Subject, Val};

use super::Compared;
use super::reshaped::{compare, follow, is_comparable, make};
use crate::decisions::Decisions;
use crate::worlds::Maker;

/// Compares a run with one in which commits come after others that they overwrite.
pub(super) fn check<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> Compared {
    if is_comparable(decisions) { made(maker, decisions) } else { None }
}

/// The same, whatever sees the shape of commits.
fn made<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> Compared {
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
    use multiwatcher::machine::StoreManager;
    use multiwatcher::testing::Val;

    use super::super::Relation;
    use super::super::doctored::caught;
    use super::*;
    use crate::driven::Driven;
    use crate::replay::Replayer;
    use crate::zoo::Bug;

    #[test]
    fn it_notices_that_what_is_put_back_is_told_as_removed() {
        let text = caught(Relation::MergedCommits, Bug::Z4.maker());
        assert!(text.starts_with("commits merged: "), "{text}");
    }

    /// A reader falls behind and is ended for the age of its lag. With one commit more it is told so at another time.
    const BEHIND: &str = r#"{"format":"mwsim capsule","version":2,"world":"driver"}
{"regime":{"readers":["Eager"],"config":{"lag_age":"5ms"}}}
"Turn"
"Subscribed"
"Turn"
"LoadDone"
"Turn"
{"ReadFetch":{"fetch":0,"skip":0,"omit":[],"behind":0}}
{"Deliver":{"flight":0,"keep":false}}
"Turn"
{"Open":{"reader":0,"filter":0}}
{"Next":{"reader":0}}
{"Commit":{"changes":"0=2","skip":0}}
{"Advance":{"micros":1}}
{"Commit":{"changes":"0=1","skip":0}}
{"Deadline":{"late":0}}
"Turn"
"Healing"
"#;

    #[test]
    fn where_somebody_may_be_ended_for_the_age_of_its_lag_nothing_is_compared() {
        let maker = Maker::<Driven<StoreManager<Val>>>::default();
        let decisions = Decisions::read(BEHIND.as_bytes()).expect("the capsule is right");
        let decisions = Replayer::of(maker).completed(decisions);
        let alarm = made(maker, &decisions).expect("there are commits to be merged").expect_err("the times differ");
        assert!(alarm.contains("it lagged"), "{alarm}");
        for relation in [Relation::MergedCommits, Relation::SplitCommits] {
            assert_eq!(relation.check(maker, &decisions), None, "{}", relation.name());
        }
    }
}
