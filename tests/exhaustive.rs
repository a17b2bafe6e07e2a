//! Every sequence over a small scope, put to the machine that ships and compared with the reference model in everything.

use multiwatcher::machine::StoreManager;
use multiwatcher::testing::exhaustive::{Limits, Outcome, Scope, search};
use multiwatcher::testing::{Broken, Lockstep, Val};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Every sequence of up to 8 moves: 2 ids, 2 values, 2 watchers.
#[test]
fn eight_moves_break_nothing() {
    let outcome = run(&Scope::two_by_two(), Limits { depth: Some(8), merge: true });
    assert_eq!((outcome.states, outcome.depth), (30_616, 8));
}

/// The same with a filtered watcher added, until no sequence reaches a new state.
#[test]
fn the_space_with_a_filtered_watcher_closes() {
    let outcome = run(&Scope::with_a_filtered_watcher(), Limits { depth: None, merge: true });
    assert!(outcome.closed);
    assert_eq!((outcome.states, outcome.depth), (2_157_378, 17));
}

/// Merging by fingerprint loses nothing: on a small scope the merged search reaches every state that the unmerged one reaches.
#[test]
fn merging_loses_no_state() {
    let scope = Scope::two_by_two();
    let merged = run(&scope, Limits { depth: Some(5), merge: true });
    let unmerged = run(&scope, Limits { depth: Some(5), merge: false });
    assert_eq!((merged.states, unmerged.seen.len()), (2_528, 2_528));
    assert!(unmerged.states > 10 * merged.states, "{} sequences for {} states", unmerged.states, merged.states);
}

fn run(scope: &Scope, limits: Limits) -> Outcome<Broken> {
    let start = Lockstep::<StoreManager<Val>>::opened(scope).unwrap_or_else(|broken| panic!("{broken}"));
    let outcome = search(&start, scope, limits, |_, broken| broken.promise.name());
    if let Some((moves, broken)) = outcome.found.values().min_by_key(|(moves, _)| moves.len()) {
        let story: Vec<String> = moves.iter().map(ToString::to_string).collect();
        panic!("{broken}\n  {}", story.join("; "));
    }
    outcome
}
