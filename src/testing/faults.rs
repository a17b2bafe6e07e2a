//! What goes wrong, as an ordered list of small deciders: each is a [`Family`], has one place here, and draws from the stream of
//! faults. First come those that bend what a party does anyway, then the saboteur's, which come of their own accord.
//!
//! Some faults need no decider, for the schedule brings them: notices are late or in another order, a load is torn by commits, an answer
//! is slow, or arrives when its call was given up and a retry was answered. What a reader does wrong is among its habits.

use super::backing::{Backing, FLIGHTS, Flight, Message, OpenFetch};
use super::choices::{Choices, Stream};
use super::generator::{one_of, small};
use super::operation::{CallKind, Failing, Operation};
use super::stage::Stage;
use super::state::IdSet;
use super::swarm::Family;

/// A step nobody asked for starts too late, or before it need.
pub(super) fn unasked_skip(stage: &Stage, choices: &mut impl Choices) -> i8 {
    let faults = &stage.regime.faults;
    match () {
        () if choices.often(Stream::Faults, u32::from(faults.gap)) => 1,
        () if choices.often(Stream::Faults, u32::from(faults.overlap)) => -1,
        () => 0,
    }
}

/// An answer starts too late, or before it need.
pub(super) fn answer_skip(stage: &Stage, choices: &mut impl Choices) -> i8 {
    let faults = &stage.regime.faults;
    match () {
        () if choices.often(Stream::Faults, u32::from(faults.gap)) => 1,
        () if choices.often(Stream::Faults, u32::from(faults.overlap)) => {
            -1 - i8::from(choices.often(Stream::Faults, 64))
        }
        () => 0,
    }
}

/// A notice is repeated, or names what is not owed.
pub(super) fn repeats_notice(stage: &Stage, choices: &mut impl Choices) -> bool {
    choices.often(Stream::Faults, u32::from(stage.regime.faults.repeated_notice))
}

/// An answer leaves out one of the ids it was asked about.
pub(super) fn omitted(stage: &Stage, open: &OpenFetch, choices: &mut impl Choices) -> IdSet {
    if choices.often(Stream::Faults, u32::from(stage.regime.faults.unanswered)) {
        one_of(open.ids, Stream::Faults, choices)
    } else {
        IdSet::EMPTY
    }
}

/// An answer is read so many commits too early that it ends before the position asked for.
pub(super) fn behind(stage: &Stage, open: &OpenFetch, choices: &mut impl Choices) -> u8 {
    let (backing, faults) = (&stage.backing, &stage.regime.faults);
    let too_early = backing.end() + 1 - open.since_at;
    if choices.often(Stream::Faults, u32::from(faults.contradiction)) && open.since_at > backing.oldest() {
        u8::try_from(too_early).unwrap_or(0)
    } else {
        0
    }
}

/// Something under way never arrives. A load that leaves something out would be a lie.
pub(super) fn loses(stage: &Stage, flight: &Flight, choices: &mut impl Choices) -> bool {
    let may_be_lost = match flight.message {
        Message::Staged(_) => false,
        Message::Unasked(_) | Message::Answer(..) => true,
    };
    may_be_lost && choices.often(Stream::Faults, u32::from(stage.regime.faults.lost))
}

/// Something under way arrives twice. What came twice does not come a third time, or the rest would wait for ever.
pub(super) fn doubles(stage: &Stage, flight: &Flight, choices: &mut impl Choices) -> bool {
    let room = stage.backing.flights().len() < FLIGHTS - 1;
    !flight.repeat && room && choices.often(Stream::Faults, u32::from(stage.regime.faults.doubled))
}

/// A call fails: once, several times in a row, or for as long as there are faults; or for good.
pub(super) fn fails(stage: &Stage, call: CallKind, choices: &mut impl Choices) -> Option<Failing> {
    let faults = &stage.regime.faults;
    let once = choices.often(Stream::Faults, u32::from(faults.failed_call));
    let again = stage.backing.failed_last(call) && choices.often(Stream::Faults, u32::from(faults.failed_again));
    if !once && !again {
        return None;
    }
    let for_good = choices.often(Stream::Faults, u32::from(faults.for_good));
    Some(if for_good { Failing::ForGood } else { Failing::Passing })
}

/// Time runs over the deadline of a call that could be answered.
pub(super) fn overruns(stage: &Stage, choices: &mut impl Choices) -> bool {
    choices.often(Stream::Faults, u32::from(stage.regime.faults.overdue))
}

/// What the saboteur does, in the order of [`sabotage_weights`].
const SABOTAGE: [Family; 9] = [
    Family::Deaths,
    Family::Closes,
    Family::Silence,
    Family::Pruning,
    Family::Rewinds,
    Family::Unreadable,
    Family::Stale,
    Family::Jumps,
    Family::SpuriousTurns,
];

/// How much each weighs at this moment; what is not possible weighs nothing.
fn sabotage_weights(stage: &Stage) -> [u16; SABOTAGE.len()] {
    let (backing, faults) = (&stage.backing, &stage.regime.faults);
    let when = |possible: bool, weight: u16| if possible { weight } else { 0 };
    let session = backing.session();
    let may_go_back = backing.oldest() < backing.end();
    [
        when(session.is_some(), faults.die),
        when(session.is_some_and(|session| session.said), faults.close),
        when(backing.is_silent() || backing.speaking().is_some(), faults.silence),
        when(may_go_back, faults.prune),
        when(may_go_back, faults.rewind),
        faults.ail,
        faults.stale,
        faults.jump,
        when(stage.has_task, faults.spurious_turn),
    ]
}

/// The saboteur's next operation.
pub(super) fn sabotage(stage: &Stage, choices: &mut impl Choices) -> Option<Operation> {
    let weights = sabotage_weights(stage);
    if weights == [0; SABOTAGE.len()] {
        return None;
    }
    let kind = SABOTAGE[choices.weighted(Stream::Faults, &weights)];
    let backing = &stage.backing;
    let mut draw = |n: u32| small(choices, Stream::Faults, u8::try_from(n).unwrap_or(u8::MAX));
    let back = backing.end() - backing.oldest();
    Some(match kind {
        Family::Deaths => Operation::Die,
        Family::Closes => Operation::Close,
        Family::Silence if backing.is_silent() => Operation::Speak,
        Family::Silence => Operation::Silence,
        Family::Pruning => Operation::Prune { keep: draw(back.min(3)) },
        Family::Rewinds => Operation::Rewind { back: 1 + draw(back.min(4)), told: draw(2) == 0 },
        Family::Unreadable => return ail_or_mend(stage, &mut draw),
        Family::Stale => return stale(stage, &mut draw),
        Family::Jumps => Operation::Jump { minutes: [1, 70, 600][usize::from(draw(3))], told: draw(2) == 0 },
        Family::SpuriousTurns => Operation::Turn,
        Family::RepeatedNotices
        | Family::Gaps
        | Family::Overlaps
        | Family::Unanswered
        | Family::Contradictions
        | Family::Doubled
        | Family::Losses
        | Family::FailedCalls
        | Family::FailedAgain
        | Family::FailedForGood
        | Family::Overdue
        | Family::Kills
        | Family::DeadStarts
        | Family::Slow
        | Family::Sleeping
        | Family::Drops
        | Family::Crowds
        | Family::Stops
        | Family::Resumes
        | Family::Tries
        | Family::Progress
        | Family::LatePolls
        | Family::SpuriousPolls
        | Family::Deletes
        | Family::SameValues
        | Family::SkippedPositions
        | Family::Steps
        | Family::Filters
        | Family::EndingRestarts
        | Family::LagLimits
        | Family::Windows
        | Family::FullQueues => unreachable!("{kind:?} is not the saboteur's"),
    })
}

/// An id that cannot be read, once or until mended; one that ails is mended.
fn ail_or_mend(stage: &Stage, draw: &mut impl FnMut(u32) -> u8) -> Option<Operation> {
    let ailing = stage.backing.ailing();
    let well = stage.universe.all().minus(ailing);
    match (ailing.nth(u32::from(draw(4))), well.nth(u32::from(draw(well.len())))) {
        (None, Some(id)) => Some(Operation::Ail { id, once: draw(2) == 0 }),
        (Some(id), _) => Some(Operation::Mend { id }),
        (None, None) => None,
    }
}

/// A message of an older generation, or one that answers nothing.
fn stale(stage: &Stage, draw: &mut impl FnMut(u32) -> u8) -> Option<Operation> {
    let age = draw(stage.generation.min(2) + 1);
    let kinds = stage.untaken(stage.generation - u32::from(age));
    let kind = kinds.clone().nth(usize::from(draw(u32::try_from(kinds.count()).unwrap_or(0))))?;
    Some(Operation::Stale { kind, age })
}

impl Backing {
    /// Whether the last call of this kind failed.
    pub fn failed_last(&self, call: CallKind) -> bool {
        self.failed_last & bit(call) != 0
    }

    pub(super) fn note_failure(&mut self, call: CallKind, failed: bool) {
        self.failed_last = if failed { self.failed_last | bit(call) } else { self.failed_last & !bit(call) };
    }
}

fn bit(call: CallKind) -> u8 {
    match call {
        CallKind::Subscribe => 1,
        CallKind::Load => 2,
        CallKind::Fetch(_) => 4,
    }
}
