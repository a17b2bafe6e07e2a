//! Draws the next legal operation. One generator for property tests, the fuzz target and the simulator.

use super::backing::FLIGHTS;
use super::choices::{Choices, Stream};
use super::faults;
use super::habits;
use super::operation::{CallKind, Failing, Operation};
use super::party::Party;
use super::stage::Stage;
use super::state::{Changes, IdSet};
use super::universe::{IdIx, Val};
use crate::machine::TimeoutReason;

/// Draws operations, weighted by the run's regime. It has no state of its own: what is legal follows from the stage, what
/// happens from the choices.
#[derive(Debug, Clone, Copy)]
pub struct Generator;

impl Generator {
    /// The next operation of a party drawn by weight from those that can move. `None` if none can.
    pub fn next(stage: &Stage, choices: &mut impl Choices) -> Option<Operation> {
        let (movable, mut weights) = (stage.movable(), stage.weights);
        if stage.waits_for_time() {
            // If nobody is waited for, time is.
            weights[Party::Clock.index()] *= 8;
        }
        let total = movable.indexes().map(|index| u32::from(weights[index])).sum();
        let mut left = choices.below(Stream::Schedule, total);
        for index in movable.indexes() {
            match left.checked_sub(u32::from(weights[index])) {
                None => return Self::draw(stage, Party::at(index), choices),
                Some(rest) => left = rest,
            }
        }
        None
    }

    /// The next operation of this party; `None` if it has nothing to do. Legal when it is drawn; a party that is
    /// [enabled](Stage::enabled) nearly always has one.
    pub fn draw(stage: &Stage, party: Party, choices: &mut impl Choices) -> Option<Operation> {
        match party {
            Party::Writer => Some(commit(stage, choices)),
            Party::Stream => tell(stage, choices),
            Party::Caller => answer(stage, choices),
            Party::Clock => Some(tick(stage, choices)),
            Party::Saboteur => faults::sabotage(stage, choices),
            Party::Owner if stage.has_task && choices.often(Stream::Faults, 96) => Some(Operation::Abort),
            Party::Owner => Some(Operation::Kill),
            Party::Worker => Some(Operation::Turn),
            Party::Reader(reader) => habits::act(stage, reader, choices),
        }
    }
}

fn commit(stage: &Stage, choices: &mut impl Choices) -> Operation {
    let (commits, ids) = (&stage.regime.commits, u32::from(stage.regime.shape.ids()));
    let (current, values) = (stage.backing.latest().state, Val::from(stage.regime.values));
    let mut changes = Changes::default();
    let count = 1 + choices.below(Stream::Workload, u32::from(commits.most).min(ids));
    for _ in 0..count {
        let ix = any_id(ids, choices);
        let value = match current.get(ix) {
            Some(_) if choices.often(Stream::Values, u32::from(commits.deletes)) => None,
            Some(value) if choices.often(Stream::Values, u32::from(commits.same)) => Some(value),
            None if choices.often(Stream::Values, u32::from(commits.same) / 2) => None,
            // Another value: that it may stay the same is drawn above.
            Some(value) => Some(1 + (value + choices.below(Stream::Values, values - 1)) % values),
            None => Some(1 + choices.below(Stream::Values, values)),
        };
        changes.ids.insert(ix);
        changes.values.set(ix, value);
    }
    let skip = if choices.often(Stream::Workload, u32::from(commits.skips)) {
        1 + small(choices, Stream::Workload, 3)
    } else {
        0
    };
    Operation::Commit { changes, skip }
}

fn tell(stage: &Stage, choices: &mut impl Choices) -> Option<Operation> {
    let backing = &stage.backing;
    let session = backing.speaking()?;
    if backing.streams() && session.streamed < backing.end() && backing.flights().len() < FLIGHTS {
        let skip = faults::unasked_skip(stage, choices);
        if session.streamed.saturating_add_signed(i32::from(skip)) < backing.end() {
            return Some(Operation::ReadUnasked { skip });
        }
    }
    if !session.owed.is_empty() {
        return Some(notice(stage, session.owed, session.touched, choices));
    }
    if faults::repeats_notice(stage, choices) && !session.touched.is_empty() {
        return Some(notice(stage, session.touched, session.touched, choices));
    }
    Some(Operation::Mark { behind: small(choices, Stream::Workload, 3) })
}

fn notice(stage: &Stage, owed: IdSet, touched: IdSet, choices: &mut impl Choices) -> Operation {
    let mut ids = if choices.often(Stream::Workload, 128) { owed } else { one_of(owed, Stream::Workload, choices) };
    let mut twice = false;
    if faults::repeats_notice(stage, choices) {
        twice = choices.often(Stream::Faults, 128);
        ids = ids.or(one_of(touched, Stream::Faults, choices));
    }
    Operation::Notice { ids, twice }
}

fn answer(stage: &Stage, choices: &mut impl Choices) -> Option<Operation> {
    let backing = &stage.backing;
    if backing.is_silent() {
        return None;
    }
    let session = backing.session();
    let room = backing.flights().len() < FLIGHTS;
    let weights = [
        u16::from(!backing.flights().is_empty()) * 4,
        u16::from(session.is_some_and(|session| !session.said || session.rewound)) * 3,
        u16::from(session.is_some_and(|session| session.load.is_some() && !session.rewound)) * 3 * u16::from(room),
        u16::from(!backing.fetches().is_empty()) * 3 * u16::from(room),
    ];
    if weights == [0; 4] {
        return None;
    }
    match choices.weighted(Stream::Workload, &weights) {
        0 => Some(arrive(stage, choices)),
        1 => Some(accept(stage, choices)),
        2 => Some(load(stage, choices)),
        _ => Some(fetch(stage, choices)),
    }
}

fn arrive(stage: &Stage, choices: &mut impl Choices) -> Operation {
    let flights = stage.backing.flights();
    let count = u8::try_from(flights.len()).expect("a few at most");
    let flight = if choices.often(Stream::Workload, 192) { 0 } else { small(choices, Stream::Workload, count) };
    let under_way = &flights[usize::from(flight)];
    if faults::loses(stage, under_way, choices) {
        return Operation::Lose { flight };
    }
    Operation::Deliver { flight, keep: faults::doubles(stage, under_way, choices) }
}

fn accept(stage: &Stage, choices: &mut impl Choices) -> Operation {
    let call = CallKind::Subscribe;
    let session = stage.backing.session();
    if session.is_some_and(|session| session.rewound) {
        return Operation::Fail { call, why: Failing::Passing };
    }
    if let Some(why) = faults::fails(stage, call, choices) {
        return Operation::Fail { call, why };
    }
    match session {
        Some(session) if session.accepted.is_none() && choices.often(Stream::Workload, 96) => Operation::Accept,
        Some(_) | None => Operation::Subscribed,
    }
}

fn load(stage: &Stage, choices: &mut impl Choices) -> Operation {
    let backing = &stage.backing;
    let load = backing.session().and_then(|session| session.load);
    let (read, errors, under_way) = load.map_or_else(Default::default, |load| (load.read, load.errors, load.under_way));
    if let Some(why) = faults::fails(stage, CallKind::Load, choices) {
        return Operation::Fail { call: CallKind::Load, why };
    }
    let rest = backing.latest().state.alive().minus(read);
    if backing.load_owes().is_empty() && (rest.is_empty() || choices.often(Stream::Workload, 64)) {
        if under_way == 0 {
            return Operation::LoadDone;
        }
        if !choices.often(Stream::Workload, 32) {
            return arrive(stage, choices);
        }
    }
    // What could not be read is not read again by the same load.
    let readable = stage.universe.all().minus(errors).minus(read.and(backing.ailing()));
    let absent = choices.often(Stream::Workload, 48);
    let from = if rest.is_empty() || absent { readable } else { rest };
    if from.is_empty() {
        return arrive(stage, choices);
    }
    let ids = match choices.below(Stream::Workload, 4) {
        0 => one_of(from, Stream::Workload, choices),
        1 | 2 => from,
        _ => one_of(from, Stream::Workload, choices).or(one_of(from, Stream::Workload, choices)),
    };
    Operation::ReadLoad { ids, absent }
}

fn fetch(stage: &Stage, choices: &mut impl Choices) -> Operation {
    let backing = &stage.backing;
    let count = u8::try_from(backing.fetches().len()).expect("a few at most");
    let fetch = if choices.often(Stream::Workload, 192) { count - 1 } else { small(choices, Stream::Workload, count) };
    let call = CallKind::Fetch(fetch);
    if backing.fate(call).is_some() {
        return Operation::Fail { call, why: Failing::Passing };
    }
    if let Some(why) = faults::fails(stage, call, choices) {
        return Operation::Fail { call, why };
    }
    let open = &backing.fetches()[usize::from(fetch)];
    let skip = faults::answer_skip(stage, choices);
    let omit = faults::omitted(stage, open, choices);
    let behind = faults::behind(stage, open, choices);
    Operation::ReadFetch { fetch, skip, omit, behind }
}

fn tick(stage: &Stage, choices: &mut impl Choices) -> Operation {
    let Some(deadline) = stage.deadline else {
        return some_time(choices);
    };
    if deadline.at <= stage.now {
        return Operation::Timeout;
    }
    let moves_on = match deadline.why {
        TimeoutReason::SubscribeOverdue | TimeoutReason::LoadOverdue | TimeoutReason::FetchOverdue => {
            !stage.enabled(Party::Caller) || faults::overruns(stage, choices)
        }
        TimeoutReason::Silence => stage.backing.is_silent(),
        TimeoutReason::Reopen | TimeoutReason::FetchAgain | TimeoutReason::ReadAgain | TimeoutReason::LagAge => true,
    };
    if !moves_on {
        return some_time(choices);
    }
    match choices.below(Stream::Workload, 8) {
        0 => some_time(choices),
        1 => Operation::Timeout,
        2 => Operation::Deadline { late: choices.below(Stream::Workload, 3000) },
        _ => Operation::Deadline { late: 0 },
    }
}

fn some_time(choices: &mut impl Choices) -> Operation {
    let scale = [10, 100, 500, 2000][choices.below(Stream::Workload, 4) as usize];
    Operation::Advance { micros: 1 + choices.below(Stream::Workload, scale) }
}

fn any_id(ids: u32, choices: &mut impl Choices) -> IdIx {
    IdIx(u8::try_from(choices.below(Stream::Values, ids)).expect("sixteen ids at most"))
}

/// One of these, alone; none of none.
pub(super) fn one_of(ids: IdSet, stream: Stream, choices: &mut impl Choices) -> IdSet {
    ids.nth(choices.below(stream, ids.len())).map_or(IdSet::EMPTY, IdSet::one)
}

pub(super) fn small(choices: &mut impl Choices, stream: Stream, n: u8) -> u8 {
    u8::try_from(choices.below(stream, u32::from(n))).expect("below a small number")
}
