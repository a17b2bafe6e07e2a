//! Leaving out: parties with all they do, chunks of the list from large to small, and pairs that only go together.

use multiwatcher::testing::{Operation, Party, Subject};

use super::edit;
use super::search::Search;
use super::story::Story;

/// A list as long as this has all its pairs tried, ...
const PAIRS: usize = 48;
/// ... and one as long as this its triples.
const TRIPLES: usize = 14;

/// Leaves out each party with all it does. A reader is taken out of the regime too, and those after it move up.
pub(super) fn parties<S: Subject>(search: &mut Search<S>) {
    for party in search.best().parties().into_iter().rev() {
        let others = |operation: &&Operation| operation.party() != party;
        let operations = search.best().operations.iter().filter(others).copied().collect();
        search.attempt_operations(operations);
    }
    for reader in (0..search.best().regime.readers.len()).rev() {
        let candidate = without_reader(search.best(), reader);
        search.attempt(&candidate);
    }
}

fn without_reader(story: &Story, reader: usize) -> Story {
    let mut regime = story.regime.clone();
    regime.readers.remove(reader);
    let moved = |operation: &Operation| match operation.party() {
        Party::Reader(other) if usize::from(other) == reader => None,
        Party::Reader(other) if usize::from(other) > reader => Some(edit::with_reader(operation, other - 1)),
        Party::Reader(_)
        | Party::Writer
        | Party::Stream
        | Party::Caller
        | Party::Clock
        | Party::Saboteur
        | Party::Owner
        | Party::Worker => Some(*operation),
    };
    let operations = story.operations.iter().filter_map(moved).collect();
    Story { regime, operations, heals: story.heals }
}

/// Leaves out halves, quarters and so on down to single operations, from the end to the beginning.
pub(super) fn chunks<S: Subject>(search: &mut Search<S>) {
    let mut size = search.best().len().div_ceil(2).max(1);
    loop {
        let mut end = search.best().len();
        while end > 0 {
            let begin = end.saturating_sub(size);
            leave_out(search, begin, end);
            end = begin.min(search.best().len());
        }
        if size == 1 {
            break;
        }
        size = size.div_ceil(2);
    }
}

fn leave_out<S: Subject>(search: &mut Search<S>, begin: usize, end: usize) {
    let operations = &search.best().operations;
    let mut rest = operations.clone();
    let left_out: Vec<Operation> = rest.drain(begin..end).collect();
    if search.attempt_operations(rest.clone()) {
        return;
    }
    if let [alone] = left_out[..] {
        // What stood behind it in its line moves up.
        rest[begin..].iter_mut().for_each(|operation| *operation = edit::one_lower(operation, &alone));
        search.attempt_operations(rest);
    }
}

/// Leaves out pairs, and in short lists triples: an operation and what undoes it go only together.
pub(super) fn pairs<S: Subject>(search: &mut Search<S>) {
    if search.best().len() > PAIRS {
        return;
    }
    let mut one = search.best().len();
    while one > 0 {
        one = one.min(search.best().len()) - usize::from(!search.best().operations.is_empty());
        let mut other = one;
        while other > 0 {
            other -= 1;
            if without(search, &[one, other]) {
                break;
            }
            let is_short = search.best().len() <= TRIPLES;
            if is_short && (0..other).rev().any(|third| without(search, &[one, other, third])) {
                break;
            }
        }
    }
}

/// Tries without these, the last one first.
fn without<S: Subject>(search: &mut Search<S>, places: &[usize]) -> bool {
    let mut operations = search.best().operations.clone();
    for place in places {
        if *place >= operations.len() {
            return false;
        }
        operations.remove(*place);
    }
    search.attempt_operations(operations)
}
