//! Changes that pay only together with what they make superfluous: an operation becomes one that does more, or stands
//! elsewhere, and then others are left out.

use multiwatcher::testing::{Changes, IdIx, IdSet, Operation, Regime, Subject, Telling};

use super::search::Search;
use super::story::Story;

/// A list as long as this has its operations moved about.
const MOVES: usize = 32;

/// Tries all of them.
pub(super) fn all<S: Subject>(search: &mut Search<S>) {
    stronger(search);
    inserted(search);
    merged(search);
    moved(search);
    streamed(search);
}

/// An operation becomes one that does more.
fn stronger<S: Subject>(search: &mut Search<S>) {
    let mut at = search.best().len();
    while at > 0 {
        at = at.min(search.best().len()) - 1;
        let everything = IdSet::first(search.best().regime.shape.ids());
        for form in forms(&search.best().operations[at], everything) {
            let mut operations = search.best().operations.clone();
            operations[at] = form;
            let candidate = search.best().with(operations);
            if search.attempt_after_deletion(&candidate) {
                break;
            }
        }
        if search.best().operations.is_empty() {
            break;
        }
    }
}

fn forms(operation: &Operation, everything: IdSet) -> Vec<Operation> {
    match *operation {
        Operation::ReadLoad { absent, .. } => vec![Operation::ReadLoad { ids: everything, absent }],
        Operation::Notice { twice, .. } => vec![Operation::Notice { ids: everything, twice }, Operation::Die],
        Operation::Poll { reader, .. } | Operation::TryNext { reader } | Operation::PollOver { reader } => {
            vec![Operation::Next { reader }, Operation::Poll { reader, call: 0 }]
        }
        Operation::Advance { .. }
        | Operation::Jump { .. }
        | Operation::Timeout
        | Operation::Silence
        | Operation::Close => {
            vec![Operation::Die, Operation::Deadline { late: 0 }]
        }
        Operation::Resume { reader, .. } => vec![Operation::Next { reader }],
        Operation::Drop { reader, .. } => vec![Operation::Stop { reader }],
        Operation::Accept => vec![Operation::Subscribed],
        Operation::Mark { .. } | Operation::Stale { .. } => vec![Operation::Notice { ids: everything, twice: false }],
        Operation::Die => vec![Operation::Deadline { late: 0 }],
        Operation::Deadline { .. }
        | Operation::Fail { .. }
        | Operation::Rewind { .. }
        | Operation::Prune { .. }
        | Operation::Lose { .. }
        | Operation::ReadUnasked { .. }
        | Operation::Subscribed
        | Operation::LoadDone
        | Operation::ReadFetch { .. }
        | Operation::Deliver { .. } => vec![Operation::Die],
        Operation::Commit { .. }
        | Operation::Speak
        | Operation::Ail { .. }
        | Operation::Mend { .. }
        | Operation::Kill
        | Operation::Turn
        | Operation::Abort
        | Operation::Open { .. }
        | Operation::Next { .. }
        | Operation::Progress { .. }
        | Operation::Stop { .. } => Vec::new(),
    }
}

/// A plain restart, or a commit, comes in addition: a roundabout way to the same is then left out.
fn inserted<S: Subject>(search: &mut Search<S>) {
    if search.best().len() > MOVES {
        return;
    }
    let mut first = Changes { ids: IdSet::first(1), ..Changes::default() };
    first.values.set(IdIx(0), Some(1));
    for addition in [Operation::Die, Operation::Commit { changes: first, skip: 0 }] {
        let mut at = search.best().len();
        loop {
            at = at.min(search.best().len());
            let mut candidate = search.best().clone();
            candidate.regime.config = Regime::calm(1, &[]).config;
            candidate.operations.insert(at, addition);
            search.attempt_after_deletion(&candidate);
            if at == 0 {
                break;
            }
            at -= 1;
        }
    }
}

/// Two commits become one, at the place of either.
fn merged<S: Subject>(search: &mut Search<S>) {
    let mut later = search.best().len();
    while later > 0 {
        later = later.min(search.best().len()) - 1;
        for earlier in 0..later {
            if merge(search, earlier, later) {
                break;
            }
        }
        if search.best().operations.is_empty() {
            break;
        }
    }
}

fn merge<S: Subject>(search: &mut Search<S>, earlier: usize, later: usize) -> bool {
    let operations = search.best().operations.clone();
    let (Operation::Commit { changes: one, .. }, Operation::Commit { changes: other, .. }) =
        (operations[earlier], operations[later])
    else {
        return false;
    };
    let changes = Changes { ids: one.ids.or(other.ids), values: one.values.with(other.ids, other.values) };
    [(earlier, later), (later, earlier)].into_iter().any(|(stays, goes)| {
        let mut operations = operations.clone();
        operations[stays] = Operation::Commit { changes, skip: 0 };
        operations.remove(goes);
        let candidate = search.best().with(operations);
        search.attempt_after_deletion(&candidate)
    })
}

/// An operation stands elsewhere.
fn moved<S: Subject>(search: &mut Search<S>) {
    if search.best().len() > MOVES {
        return;
    }
    let mut from = 0;
    while from < search.best().len() {
        let operations = search.best().operations.clone();
        let found = (0..operations.len()).filter(|to| *to != from).any(|to| {
            let mut operations = operations.clone();
            let operation = operations.remove(from);
            operations.insert(to, operation);
            let candidate = search.best().with(operations);
            search.attempt_after_deletion(&candidate)
        });
        if !found {
            from += 1;
        }
    }
}

/// The backing hands over steps unasked, and no fetch is needed.
fn streamed<S: Subject>(search: &mut Search<S>) {
    let best = search.best();
    if best.regime.telling == Telling::Steps {
        return;
    }
    let mut regime = best.regime.clone();
    regime.telling = Telling::Steps;
    let unasked = |operation: &Operation| {
        if let Operation::Notice { .. } = operation { Operation::ReadUnasked { skip: 0 } } else { *operation }
    };
    let operations = best.operations.iter().map(unasked).collect();
    let candidate = Story { regime, operations, heals: best.heals };
    search.attempt_after_deletion(&candidate);
}
