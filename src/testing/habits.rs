//! What a reader of each character does next.

use super::choices::{Choices, Stream};
use super::generator::small;
use super::operation::{Operation, Token};
use super::readers::{LINE, Reader, Status};
use super::regime::Character;
use super::stage::Stage;
use super::swarm::{Families, Family};
use super::universe::FilterIx;

/// The next operation of this reader, if it has anything to do.
pub(super) fn act(stage: &Stage, number: u8, choices: &mut impl Choices) -> Option<Operation> {
    let reader = stage.readers.get(usize::from(number))?;
    let operation = would(stage, number, reader, choices)?;
    // A future that is over cannot be polled: it is consumed.
    let cannot_be = stage.has_task && matches!(operation, Operation::PollOver { .. });
    if !cannot_be && (stage.regime.off.is_empty() || !is_left_out(stage.regime.off, reader, &operation)) {
        return Some(operation);
    }
    match woken(reader) {
        Some(call) => Some(Operation::Poll { reader: number, call }),
        None if reader.status == Status::Open && reader.calls.is_empty() => Some(Operation::Next { reader: number }),
        None => None,
    }
}

/// Whether the swarm has left this out. A watcher that is over may be stopped all the same: nothing else would come of it.
fn is_left_out(off: Families, it: &Reader, operation: &Operation) -> bool {
    match operation {
        Operation::Resume { .. } => off.has(Family::Resumes),
        Operation::Next { .. } => off.has(Family::Crowds) && !it.calls.is_empty(),
        Operation::Poll { call, .. } => {
            off.has(Family::SpuriousPolls)
                && it.status == Status::Open
                && it.calls.get(usize::from(*call)).is_some_and(|call| !call.woken)
        }
        Operation::PollOver { .. } => off.has(Family::LatePolls),
        Operation::TryNext { .. } => off.has(Family::Tries),
        Operation::Drop { .. } => off.has(Family::Drops),
        Operation::Progress { .. } => off.has(Family::Progress),
        Operation::Stop { .. } => off.has(Family::Stops) && it.status == Status::Open,
        Operation::Open { .. }
        | Operation::Commit { .. }
        | Operation::Notice { .. }
        | Operation::Mark { .. }
        | Operation::ReadUnasked { .. }
        | Operation::Accept
        | Operation::Subscribed
        | Operation::ReadLoad { .. }
        | Operation::LoadDone
        | Operation::ReadFetch { .. }
        | Operation::Deliver { .. }
        | Operation::Lose { .. }
        | Operation::Fail { .. }
        | Operation::Advance { .. }
        | Operation::Timeout
        | Operation::Deadline { .. }
        | Operation::Die
        | Operation::Close
        | Operation::Silence
        | Operation::Speak
        | Operation::Prune { .. }
        | Operation::Rewind { .. }
        | Operation::Ail { .. }
        | Operation::Mend { .. }
        | Operation::Stale { .. }
        | Operation::Jump { .. }
        | Operation::Kill
        | Operation::Turn
        | Operation::Abort => false,
    }
}

/// The oldest call that is woken.
fn woken(it: &Reader) -> Option<u8> {
    (0..).zip(&it.calls).find(|(_, call)| call.woken).map(|(call, _)| call)
}

/// What it would do if nothing were left out.
fn would(stage: &Stage, number: u8, reader: &Reader, choices: &mut impl Choices) -> Option<Operation> {
    match reader.status {
        Status::Closed => come(stage, number, reader, choices),
        Status::Stopped => match leftover(number, reader, choices) {
            Some(operation) => Some(operation),
            None => come(stage, number, reader, choices),
        },
        Status::Ended => Some(leftover(number, reader, choices).unwrap_or(Operation::Stop { reader: number })),
        Status::Open => Some(read(number, reader, choices)),
    }
}

/// Opens a watcher, or comes back with something kept.
fn come(stage: &Stage, reader: u8, it: &Reader, choices: &mut impl Choices) -> Option<Operation> {
    if it.opens >= stage.regime.budgets.opens {
        return None;
    }
    let resumes = match it.character {
        Character::Resuming => 224,
        Character::Stopping | Character::Trying => 64,
        Character::Eager | Character::Slow | Character::Sleeping | Character::Dropping | Character::Crowding => 32,
    };
    if !it.kept.is_empty() && choices.often(Stream::Workload, resumes) {
        let kept = u8::try_from(it.kept.len()).expect("a few at most");
        let token = match choices.below(Stream::Workload, 20) {
            0 => Token::Foreign,
            1 => Token::Above(small(choices, Stream::Workload, 6)),
            2..=5 => Token::Elsewhere(small(choices, Stream::Workload, 4)),
            6..=12 => Token::Kept(small(choices, Stream::Workload, kept)),
            _ => Token::Kept(0),
        };
        return Some(Operation::Resume { reader, token });
    }
    let filter = if choices.often(Stream::Workload, u32::from(stage.regime.unfiltered)) {
        0
    } else {
        small(choices, Stream::Workload, stage.universe.filters())
    };
    Some(Operation::Open { reader, filter: FilterIx(filter) })
}

/// What a reader may still do with a watcher that is over.
fn leftover(reader: u8, it: &Reader, choices: &mut impl Choices) -> Option<Operation> {
    if let Some(calls) = u8::try_from(it.calls.len()).ok().filter(|calls| *calls > 0) {
        let call = small(choices, Stream::Workload, calls);
        return Some(if choices.often(Stream::Workload, 32) {
            Operation::Drop { reader, call }
        } else {
            Operation::Poll { reader, call }
        });
    }
    match choices.below(Stream::Workload, 16) {
        0 => Some(Operation::Next { reader }),
        1 => Some(Operation::TryNext { reader }),
        2 => Some(Operation::Progress { reader }),
        3 => Some(Operation::Stop { reader }),
        4 => it.over.map(|_| Operation::PollOver { reader }),
        _ => None,
    }
}

fn read(reader: u8, it: &Reader, choices: &mut impl Choices) -> Operation {
    let woken = woken(it);
    let calls = u8::try_from(it.calls.len()).expect("a few at most");
    let restless = match it.character {
        Character::Eager | Character::Slow | Character::Sleeping => 8,
        Character::Dropping if woken.is_none() => 160,
        Character::Dropping | Character::Crowding | Character::Trying => 128,
        Character::Stopping | Character::Resuming => 96,
    };
    if !choices.often(Stream::Workload, restless) {
        return match woken {
            Some(call) => Operation::Poll { reader, call },
            None if calls == 0 => Operation::Next { reader },
            None => Operation::Poll { reader, call: small(choices, Stream::Workload, calls) },
        };
    }
    match it.character {
        Character::Dropping if calls > 0 => Operation::Drop { reader, call: woken.unwrap_or(0) },
        Character::Crowding => crowd(reader, it, calls, choices),
        Character::Stopping | Character::Resuming => Operation::Stop { reader },
        Character::Trying => match choices.below(Stream::Workload, 3) {
            0 => Operation::Progress { reader },
            _ => Operation::TryNext { reader },
        },
        Character::Eager | Character::Slow | Character::Sleeping | Character::Dropping => {
            whim(reader, it, calls, choices)
        }
    }
}

fn crowd(reader: u8, it: &Reader, calls: u8, choices: &mut impl Choices) -> Operation {
    let room = usize::from(calls) < LINE;
    match choices.below(Stream::Workload, 9) {
        0..=3 if room => Operation::Next { reader },
        4 | 5 if calls > 0 => Operation::Drop { reader, call: small(choices, Stream::Workload, calls) },
        8 if it.over.is_some() => Operation::PollOver { reader },
        _ if calls > 0 => Operation::Poll { reader, call: small(choices, Stream::Workload, calls) },
        _ => Operation::Next { reader },
    }
}

/// Anything a reader may do, whatever it is like.
fn whim(reader: u8, it: &Reader, calls: u8, choices: &mut impl Choices) -> Operation {
    let some_call = small(choices, Stream::Workload, calls);
    match choices.below(Stream::Workload, 8) {
        0 => Operation::Progress { reader },
        1 => Operation::TryNext { reader },
        2 if calls > 0 => Operation::Drop { reader, call: some_call },
        3 if usize::from(calls) < LINE => Operation::Next { reader },
        4 if it.over.is_some() => Operation::PollOver { reader },
        5 => Operation::Stop { reader },
        _ if calls > 0 => Operation::Poll { reader, call: some_call },
        _ => Operation::Next { reader },
    }
}
