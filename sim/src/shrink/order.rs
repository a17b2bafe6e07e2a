//! Fewest switches: moves operations and runs of one party's operations to where that party moves anyway.

use multiwatcher::testing::{Operation, Subject};

use super::search::Search;
use super::story::Story;

/// Moves every run of operations of one party, and every end of such a run, to every other place.
pub(super) fn switches<S: Subject>(search: &mut Search<S>) {
    let mut from = 0;
    while from < search.best().len() {
        let party = search.best().operations[from].party();
        let same = |operation: &&Operation| operation.party() == party;
        let longest = search.best().operations[from..].iter().take_while(same).count();
        let moved = (1..=longest).rev().any(|count| move_run(search, from, count));
        if !moved {
            from += 1;
        }
    }
}

fn move_run<S: Subject>(search: &mut Search<S>, from: usize, count: usize) -> bool {
    let operations = search.best().operations.clone();
    let before = Story::switches(&operations);
    (0..=operations.len() - count).filter(|to| *to != from).any(|to| {
        let mut moved = operations.clone();
        let run: Vec<Operation> = moved.drain(from..from + count).collect();
        moved.splice(to..to, run);
        Story::switches(&moved) < before && search.attempt_operations(moved)
    })
}
