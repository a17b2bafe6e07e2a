//! The exhaustive search finds what counting holders gets wrong, with the shortest stories there are.

use multiwatcher::testing::exhaustive::{Limits, Move, Scope, Told, Wrong, search};
use multiwatcher_sim::juju::JujuStore;

#[test]
fn counting_holders_is_wrong_in_three_ways_with_shortest_stories_of_7_8_and_4_moves() {
    let scope = Scope::two_by_two();
    let start = Told::<JujuStore>::opened(&scope).expect("it follows an empty backing");
    let outcome = search(&start, &scope, Limits { depth: Some(8), merge: true }, |told, wrong| match wrong {
        Wrong::NeverHeld { .. } => "Z1: told that something is gone which it never held",
        Wrong::Kept { .. } if told.stopped() > 0 => "Z2: another's stop took the tombstone away",
        Wrong::Kept { .. } => "Z1: never told that something is gone",
        Wrong::Lost { .. } => "Z3: alive in the backing and in no watcher",
        Wrong::Stale { .. } => "an old value is kept",
        Wrong::Stuck => "nothing is asked for",
    });
    let found: Vec<String> = outcome
        .found
        .iter()
        .map(|(class, (moves, _))| format!("{class}\n    {} moves: {}", moves.len(), told(moves)))
        .collect();
    insta::assert_snapshot!(found.join("\n"));
    let length = |bug: &str| {
        let stories = outcome.found.iter().filter(|(class, _)| class.starts_with(bug));
        stories.map(|(_, (moves, _))| moves.len()).min()
    };
    assert_eq!([length("Z1"), length("Z2"), length("Z3")], [Some(7), Some(8), Some(4)]);
}

fn told(moves: &[Move]) -> String {
    moves.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
