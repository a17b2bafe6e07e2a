//! What can be changed about one operation: the ids and readers it names, and how large its numbers are.

use multiwatcher::testing::{CallKind, Changes, IdIx, IdSet, Operation, Party, Token};

/// The ids it names.
pub(super) fn named(operation: &Operation) -> IdSet {
    let mut named = IdSet::EMPTY;
    let _ = with_ids(operation, |id| {
        named.insert(id);
        Some(id)
    });
    named
}

/// The same with other ids; those without one are left out.
pub(super) fn with_ids(operation: &Operation, mut other: impl FnMut(IdIx) -> Option<IdIx>) -> Operation {
    let mut edited = *operation;
    if let Operation::Commit { changes, .. } = &mut edited {
        let mut mapped = Changes::default();
        for id in changes.ids.iter() {
            if let Some(to) = other(id) {
                mapped.ids.insert(to);
                mapped.values.set(to, changes.values.get(id));
            }
        }
        *changes = mapped;
    } else if let Operation::Notice { ids, .. }
    | Operation::ReadLoad { ids, .. }
    | Operation::ReadFetch { omit: ids, .. } = &mut edited
    {
        let mut mapped = IdSet::EMPTY;
        ids.iter().filter_map(&mut other).for_each(|id| mapped.insert(id));
        *ids = mapped;
    } else if let Operation::Ail { id, .. } | Operation::Mend { id } = &mut edited {
        *id = other(*id).unwrap_or(*id);
    }
    edited
}

/// The same of another reader.
pub(super) fn with_reader(operation: &Operation, number: u8) -> Operation {
    let mut edited = *operation;
    if let Operation::Open { reader, .. }
    | Operation::Resume { reader, .. }
    | Operation::Next { reader }
    | Operation::Poll { reader, .. }
    | Operation::PollOver { reader }
    | Operation::TryNext { reader }
    | Operation::Drop { reader, .. }
    | Operation::Progress { reader }
    | Operation::Stop { reader } = &mut edited
    {
        *reader = number;
    }
    edited
}

/// What an operation points at by its place in a line: when another of its party is left out, it may have to point one place lower.
pub(super) fn one_lower(operation: &Operation, left_out: &Operation) -> Operation {
    let mut edited = *operation;
    if operation.party() == left_out.party()
        && let Operation::Poll { call: place, .. }
        | Operation::Drop { call: place, .. }
        | Operation::Deliver { flight: place, .. }
        | Operation::Lose { flight: place }
        | Operation::ReadFetch { fetch: place, .. } = &mut edited
    {
        *place = place.saturating_sub(1);
    }
    edited
}

/// How large its numbers are, and how many ids it names: what is smaller is simpler.
pub(super) fn numbers(operation: &Operation) -> u32 {
    let ids = |set: IdSet| set.iter().map(|id| 2 + u32::from(id.0)).sum::<u32>();
    let flag = |set: bool| u32::from(set) * 2;
    let signed = |number: i8| u32::from(number.unsigned_abs()) * 2;
    let reader = match operation.party() {
        Party::Reader(reader) => u32::from(reader),
        Party::Writer
        | Party::Stream
        | Party::Caller
        | Party::Clock
        | Party::Saboteur
        | Party::Owner
        | Party::Worker => 0,
    };
    reader
        + match *operation {
            Operation::Commit { changes, skip } => {
                let values = changes.ids.iter().map(|id| changes.values.get(id).unwrap_or(1)).sum::<u32>();
                ids(changes.ids) + values + u32::from(skip) * 2
            }
            Operation::Notice { ids: named, twice } => ids(named) + flag(twice),
            Operation::ReadLoad { ids: named, absent } => ids(named) + flag(absent),
            Operation::ReadFetch { fetch, skip, omit, behind } => {
                u32::from(fetch) + signed(skip) + ids(omit) + u32::from(behind) * 2
            }
            Operation::Mark { behind } => u32::from(behind),
            Operation::ReadUnasked { skip } => signed(skip),
            Operation::Deliver { flight, keep } => u32::from(flight) + flag(keep),
            Operation::Lose { flight } => u32::from(flight) + 2,
            Operation::Fail { call: CallKind::Fetch(fetch), .. } => u32::from(fetch) + 2,
            Operation::Fail { call: CallKind::Subscribe | CallKind::Load, .. } => 2,
            Operation::Advance { micros } => bits(micros) + 1,
            // More than any other way in which time passes.
            Operation::Jump { minutes, told } => u32::BITS + bits(u32::from(minutes)) + 2 - u32::from(told),
            Operation::Deadline { late } => bits(late),
            Operation::Prune { keep } => u32::from(keep) + 2,
            Operation::Rewind { back, told } => u32::from(back) + 3 - u32::from(told),
            Operation::Ail { id, once } => u32::from(id.0) + 3 - u32::from(once),
            Operation::Mend { id } => u32::from(id.0),
            Operation::Stale { age, .. } => u32::from(age) + 2,
            Operation::Open { filter, .. } => u32::from(filter.0),
            Operation::Resume { token, .. } => match token {
                Token::Kept(back) => u32::from(back) + 1,
                Token::Foreign => 3,
                Token::Above(above) => u32::from(above) + 2,
                Token::Elsewhere(back) => u32::from(back) + 2,
            },
            Operation::Poll { call, .. } | Operation::Drop { call, .. } => u32::from(call),
            Operation::TryNext { .. } | Operation::PollOver { .. } | Operation::Abort | Operation::Silence => 1,
            Operation::Accept
            | Operation::Subscribed
            | Operation::LoadDone
            | Operation::Timeout
            | Operation::Die
            | Operation::Close
            | Operation::Speak
            | Operation::Kill
            | Operation::Turn
            | Operation::Next { .. }
            | Operation::Progress { .. }
            | Operation::Stop { .. } => 0,
        }
}

fn bits(number: u32) -> u32 {
    u32::BITS - number.leading_zeros()
}
