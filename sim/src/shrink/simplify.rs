//! Simpler operations: a notice of one id, nothing skipped, nothing twice, the shortest time, the first in line.

use multiwatcher::testing::{CallKind, Changes, Failing, FilterIx, IdIx, IdSet, Operation, Subject, Token};

use super::search::Search;

/// Tries every simpler form of every operation.
pub(super) fn operations<S: Subject>(search: &mut Search<S>) {
    let mut at = 0;
    while at < search.best().len() {
        let forms = simpler(&search.best().operations[at]);
        let changed = forms.into_iter().any(|form| {
            let mut operations = search.best().operations.clone();
            operations[at] = form;
            search.attempt_operations(operations)
        });
        if !changed {
            at += 1;
        }
    }
}

/// Simpler forms, the simplest first.
fn simpler(operation: &Operation) -> Vec<Operation> {
    match *operation {
        Operation::Commit { changes, skip } => commits(changes, skip),
        Operation::Notice { ids, twice } => {
            let mut forms: Vec<_> = fewer(ids).map(|ids| Operation::Notice { ids, twice: false }).collect();
            forms.push(Operation::Notice { ids, twice: false });
            forms.extend(fewer(ids).map(|ids| Operation::Notice { ids, twice }));
            forms
        }
        Operation::ReadLoad { ids, absent } => {
            let mut forms: Vec<_> = fewer(ids).map(|ids| Operation::ReadLoad { ids, absent: false }).collect();
            forms.push(Operation::ReadLoad { ids, absent: false });
            forms.extend(fewer(ids).map(|ids| Operation::ReadLoad { ids, absent }));
            forms
        }
        Operation::ReadFetch { fetch, skip, omit, behind } => fetches(fetch, skip, omit, behind),
        Operation::Mark { behind } => (0..behind).map(|behind| Operation::Mark { behind }).collect(),
        Operation::ReadUnasked { skip } => nearer(skip).map(|skip| Operation::ReadUnasked { skip }).collect(),
        Operation::Deliver { flight, keep } => {
            let mut forms: Vec<_> = (0..flight).map(|flight| Operation::Deliver { flight, keep: false }).collect();
            forms.push(Operation::Deliver { flight, keep: false });
            forms.extend((0..flight).map(|flight| Operation::Deliver { flight, keep }));
            forms
        }
        Operation::Lose { flight } => (0..flight).map(|flight| Operation::Lose { flight }).collect(),
        Operation::Fail { call, why } => failures(call, why),
        Operation::Advance { micros } => shorter(micros, 1).map(|micros| Operation::Advance { micros }).collect(),
        Operation::Deadline { late } => shorter(late, 0).map(|late| Operation::Deadline { late }).collect(),
        Operation::Prune { keep } => (0..keep).map(|keep| Operation::Prune { keep }).collect(),
        Operation::Rewind { back, told } => {
            let mut forms: Vec<_> = (1..back).map(|back| Operation::Rewind { back, told: true }).collect();
            forms.push(Operation::Rewind { back, told: true });
            forms.extend((1..back).map(|back| Operation::Rewind { back, told }));
            forms
        }
        Operation::Ail { id, .. } => vec![Operation::Ail { id, once: true }],
        Operation::Stale { kind, age } => (0..age).map(|age| Operation::Stale { kind, age }).collect(),
        Operation::Open { reader, filter } => {
            (0..filter.0).map(|filter| Operation::Open { reader, filter: FilterIx(filter) }).collect()
        }
        Operation::Resume { reader, token } => tokens(token).map(|token| Operation::Resume { reader, token }).collect(),
        Operation::Poll { reader, call } => (0..call).map(|call| Operation::Poll { reader, call }).collect(),
        Operation::Drop { reader, call } => (0..call).map(|call| Operation::Drop { reader, call }).collect(),
        Operation::TryNext { reader } | Operation::PollOver { reader } => vec![Operation::Next { reader }],
        Operation::Abort => vec![Operation::Kill],
        Operation::Silence | Operation::Close => vec![Operation::Die],
        Operation::Jump { minutes, told } => vec![
            Operation::Deadline { late: 0 },
            Operation::Jump { minutes: 1, told: true },
            Operation::Jump { minutes, told: true },
            Operation::Jump { minutes: 1, told },
        ],
        Operation::Timeout
        | Operation::Mend { .. }
        | Operation::Accept
        | Operation::Subscribed
        | Operation::LoadDone
        | Operation::Die
        | Operation::Speak
        | Operation::Kill
        | Operation::Turn
        | Operation::Next { .. }
        | Operation::Progress { .. }
        | Operation::Stop { .. } => Vec::new(),
    }
}

fn commits(changes: Changes, skip: u8) -> Vec<Operation> {
    let mut forms = Vec::new();
    for ids in fewer(changes.ids) {
        forms.push(Operation::Commit { changes: Changes { ids, values: changes.values.only(ids) }, skip: 0 });
        forms.push(Operation::Commit { changes: Changes { ids, values: changes.values.only(ids) }, skip });
    }
    let mut valued = |id: IdIx, value: Option<u32>| {
        let mut changes = changes;
        changes.values.set(id, value);
        forms.push(Operation::Commit { changes, skip });
    };
    for id in changes.ids.iter() {
        (1..changes.values.get(id).unwrap_or(0)).for_each(|value| valued(id, Some(value)));
    }
    forms.push(Operation::Commit { changes, skip: 0 });
    forms
}

fn fetches(fetch: u8, skip: i8, omit: IdSet, behind: u8) -> Vec<Operation> {
    let mut forms = vec![
        Operation::ReadFetch { fetch: 0, skip: 0, omit: IdSet::EMPTY, behind: 0 },
        Operation::ReadFetch { fetch, skip: 0, omit: IdSet::EMPTY, behind: 0 },
        Operation::ReadFetch { fetch, skip: 0, omit, behind },
        Operation::ReadFetch { fetch, skip, omit: IdSet::EMPTY, behind },
        Operation::ReadFetch { fetch, skip, omit, behind: 0 },
    ];
    forms.extend(nearer(skip).map(|skip| Operation::ReadFetch { fetch, skip, omit, behind }));
    forms.extend(fewer(omit).map(|omit| Operation::ReadFetch { fetch, skip, omit, behind }));
    forms.extend((0..behind).map(|behind| Operation::ReadFetch { fetch, skip, omit, behind }));
    forms.extend((0..fetch).map(|fetch| Operation::ReadFetch { fetch, skip, omit, behind }));
    forms
}

fn failures(call: CallKind, why: Failing) -> Vec<Operation> {
    let mut forms = Vec::new();
    if why == Failing::ForGood {
        forms.push(Operation::Fail { call, why: Failing::Passing });
    }
    if let CallKind::Fetch(fetch) = call {
        forms.extend((0..fetch).map(|fetch| Operation::Fail { call: CallKind::Fetch(fetch), why }));
    }
    forms
}

fn tokens(token: Token) -> impl Iterator<Item = Token> {
    let (kept, above, elsewhere) = match token {
        Token::Kept(back) => (0..back, 0..0, 0..0),
        Token::Foreign => (0..1, 0..0, 0..0),
        Token::Above(above) => (0..1, 0..above, 0..0),
        Token::Elsewhere(back) => (0..1, 0..0, 0..back),
    };
    kept.map(Token::Kept).chain(above.map(Token::Above)).chain(elsewhere.map(Token::Elsewhere))
}

/// One id alone, or one id fewer.
fn fewer(ids: IdSet) -> impl Iterator<Item = IdSet> {
    let several = ids.len() > 1;
    let alone = ids.iter().map(IdSet::one).filter(move |_| several);
    let without = ids.iter().map(move |id| ids.minus(IdSet::one(id))).filter(move |rest| rest.len() > 1);
    alone.chain(without)
}

/// Numbers of the same sign that are nearer to 0.
fn nearer(number: i8) -> impl Iterator<Item = i8> {
    (0..number.unsigned_abs()).map(move |size| size.cast_signed() * number.signum())
}

/// Shorter times: the shortest, and ever longer ones.
fn shorter(micros: u32, least: u32) -> impl Iterator<Item = u32> {
    let powers = (0..u32::BITS).map(|bits| (1_u32 << bits) - 1).filter(move |time| *time > least);
    core::iter::once(least).chain(powers).take_while(move |time| *time < micros)
}
