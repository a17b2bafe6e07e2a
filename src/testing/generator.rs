//! Draws the next legal operation. One generator for property tests, the fuzz target and the simulator.

use super::backing::{FLIGHTS, Flight, Message};
use super::choices::{Choices, Stream};
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
            Party::Saboteur => sabotage(stage, choices),
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
    let (backing, faults) = (&stage.backing, &stage.regime.faults);
    let session = backing.speaking()?;
    if backing.streams() && session.streamed < backing.end() && backing.flights().len() < FLIGHTS {
        let skip = match () {
            () if choices.often(Stream::Faults, u32::from(faults.gap)) => 1,
            () if choices.often(Stream::Faults, u32::from(faults.overlap)) => -1,
            () => 0,
        };
        if session.streamed.saturating_add_signed(i32::from(skip)) < backing.end() {
            return Some(Operation::ReadUnasked { skip });
        }
    }
    if !session.owed.is_empty() {
        return Some(notice(stage, session.owed, session.touched, choices));
    }
    let repeated = choices.often(Stream::Faults, u32::from(faults.repeated_notice));
    if repeated && !session.touched.is_empty() {
        return Some(notice(stage, session.touched, session.touched, choices));
    }
    Some(Operation::Mark { behind: small(choices, Stream::Workload, 3) })
}

fn notice(stage: &Stage, owed: IdSet, touched: IdSet, choices: &mut impl Choices) -> Operation {
    let mut ids = if choices.often(Stream::Workload, 128) { owed } else { one_of(owed, Stream::Workload, choices) };
    let mut twice = false;
    if choices.often(Stream::Faults, u32::from(stage.regime.faults.repeated_notice)) {
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
    let (flights, faults) = (stage.backing.flights(), &stage.regime.faults);
    let count = u8::try_from(flights.len()).expect("a few at most");
    let flight = if choices.often(Stream::Workload, 192) { 0 } else { small(choices, Stream::Workload, count) };
    let Flight { message, repeat, .. } = flights[usize::from(flight)];
    let may_be_lost = match message {
        Message::Staged(_) => false,
        Message::Unasked(_) | Message::Answer(..) => true,
    };
    if may_be_lost && choices.often(Stream::Faults, u32::from(faults.lost)) {
        return Operation::Lose { flight };
    }
    // What came twice does not come a third time, or the rest would wait for ever.
    let keep = !repeat && flights.len() < FLIGHTS - 1 && choices.often(Stream::Faults, u32::from(faults.doubled));
    Operation::Deliver { flight, keep }
}

fn accept(stage: &Stage, choices: &mut impl Choices) -> Operation {
    match stage.backing.session() {
        Some(session) if session.rewound => Operation::Fail { call: CallKind::Subscribe, why: Failing::Passing },
        Some(_) | None if fails(stage, choices) => {
            Operation::Fail { call: CallKind::Subscribe, why: how(stage, choices) }
        }
        Some(session) if session.accepted.is_none() && choices.often(Stream::Workload, 96) => Operation::Accept,
        Some(_) | None => Operation::Subscribed,
    }
}

fn load(stage: &Stage, choices: &mut impl Choices) -> Operation {
    let backing = &stage.backing;
    let load = backing.session().and_then(|session| session.load);
    let (read, errors, under_way) = load.map_or_else(Default::default, |load| (load.read, load.errors, load.under_way));
    if fails(stage, choices) {
        return Operation::Fail { call: CallKind::Load, why: how(stage, choices) };
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
    let (backing, faults) = (&stage.backing, &stage.regime.faults);
    let count = u8::try_from(backing.fetches().len()).expect("a few at most");
    let fetch = if choices.often(Stream::Workload, 192) { count - 1 } else { small(choices, Stream::Workload, count) };
    if backing.fate(CallKind::Fetch(fetch)).is_some() {
        return Operation::Fail { call: CallKind::Fetch(fetch), why: Failing::Passing };
    }
    if fails(stage, choices) {
        return Operation::Fail { call: CallKind::Fetch(fetch), why: how(stage, choices) };
    }
    let open = backing.fetches()[usize::from(fetch)];
    let skip = match () {
        () if choices.often(Stream::Faults, u32::from(faults.gap)) => 1,
        () if choices.often(Stream::Faults, u32::from(faults.overlap)) => {
            -1 - i8::from(choices.often(Stream::Faults, 64))
        }
        () => 0,
    };
    let omit = if choices.often(Stream::Faults, u32::from(faults.unanswered)) {
        one_of(open.ids, Stream::Faults, choices)
    } else {
        IdSet::EMPTY
    };
    let too_early = backing.end() + 1 - open.since_at;
    let behind = if choices.often(Stream::Faults, u32::from(faults.contradiction)) && open.since_at > backing.oldest() {
        u8::try_from(too_early).unwrap_or(0)
    } else {
        0
    };
    Operation::ReadFetch { fetch, skip, omit, behind }
}

fn tick(stage: &Stage, choices: &mut impl Choices) -> Operation {
    let faults = &stage.regime.faults;
    let Some(deadline) = stage.deadline else {
        return some_time(choices);
    };
    if deadline.at <= stage.now {
        return Operation::Timeout;
    }
    let moves_on = match deadline.why {
        TimeoutReason::SubscribeOverdue | TimeoutReason::LoadOverdue | TimeoutReason::FetchOverdue => {
            !stage.enabled(Party::Caller) || choices.often(Stream::Faults, u32::from(faults.overdue))
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

fn sabotage(stage: &Stage, choices: &mut impl Choices) -> Option<Operation> {
    let (backing, faults) = (&stage.backing, &stage.regime.faults);
    let may_rewind = backing.oldest() < backing.end();
    let weights = [
        if backing.session().is_some() { faults.die } else { 0 },
        if backing.is_silent() || backing.speaking().is_some() { faults.silence } else { 0 },
        if may_rewind { faults.prune } else { 0 },
        if may_rewind { faults.rewind } else { 0 },
        faults.ail,
        faults.stale,
        if stage.has_task { faults.stale / 2 } else { 0 },
    ];
    if weights == [0; 7] {
        return None;
    }
    let kind = choices.weighted(Stream::Faults, &weights);
    let mut draw = |n: u32| small(choices, Stream::Faults, u8::try_from(n).unwrap_or(u8::MAX));
    let back = backing.end() - backing.oldest();
    Some(match kind {
        0 => Operation::Die,
        1 if backing.is_silent() => Operation::Speak,
        1 => Operation::Silence,
        2 => Operation::Prune { keep: draw(back.min(3)) },
        3 => Operation::Rewind { back: 1 + draw(back.min(4)), told: draw(2) == 0 },
        4 => {
            let well = stage.universe.all().minus(backing.ailing());
            match (backing.ailing().nth(u32::from(draw(4))), well.nth(u32::from(draw(well.len())))) {
                (None, Some(id)) => Operation::Ail { id, once: draw(2) == 0 },
                (Some(id), _) => Operation::Mend { id },
                (None, None) => return None,
            }
        }
        6 => Operation::Turn,
        _ => {
            let age = draw(stage.generation.min(2) + 1);
            let kinds = stage.untaken(stage.generation - u32::from(age));
            let kind = kinds.clone().nth(usize::from(draw(u32::try_from(kinds.count()).unwrap_or(0))))?;
            Operation::Stale { kind, age }
        }
    })
}

fn fails(stage: &Stage, choices: &mut impl Choices) -> bool {
    choices.often(Stream::Faults, u32::from(stage.regime.faults.failed_call))
}

fn how(stage: &Stage, choices: &mut impl Choices) -> Failing {
    if choices.often(Stream::Faults, u32::from(stage.regime.faults.for_good)) {
        Failing::ForGood
    } else {
        Failing::Passing
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
fn one_of(ids: IdSet, stream: Stream, choices: &mut impl Choices) -> IdSet {
    ids.nth(choices.below(stream, ids.len())).map_or(IdSet::EMPTY, IdSet::one)
}

pub(super) fn small(choices: &mut impl Choices, stream: Stream, n: u8) -> u8 {
    u8::try_from(choices.below(stream, u32::from(n))).expect("below a small number")
}
