//! The one table of pairs that cannot happen, each with the reason. A test holds it against campaigns: nothing in it is ever reached,
//! and what is not in it is, unless it is rare.

use multiwatcher::machine::Phase;
use multiwatcher::testing::{Families, Family};

use super::pair::Pair;
use super::state::{Calls, Place, State};
use crate::exercised::Kind;
use crate::fault::Fault;

/// What a pair is possible in.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Whether the subject is a driver with its task and futures, or a machine alone.
    pub driven: bool,
    /// What is left out of every run.
    pub without: Families,
}

/// Pairs that cannot happen.
#[derive(Debug)]
pub struct Rule {
    /// Why.
    pub reason: &'static str,
    forbids: fn(Pair, Setting) -> bool,
}

/// The table.
pub const RULES: &[Rule] = &[
    Rule { reason: "what can be taken, or is over, wakes the call that waits for it", forbids: waits_in_vain },
    Rule { reason: "a machine that has ended has ended its watchers", forbids: lives_on },
    Rule { reason: "a machine alone has no task", forbids: |pair, on| !on.driven && is_of_a_task(pair) },
    Rule {
        reason: "a future that is over is consumed, by its type",
        forbids: |pair, on| on.driven && is_late_poll(pair),
    },
    Rule {
        reason: "what belongs to an older session is dropped with it",
        forbids: |pair, on| on.driven && matches!(pair, Pair::Fault(Fault::OldGeneration, _)),
    },
    Rule {
        reason: "a reader has one watcher at a time, and first finishes the calls of the last",
        forbids: opens_twice,
    },
    Rule { reason: "a reader without a watcher only finishes its calls", forbids: goes_on },
    Rule { reason: "there is no call to poll or to drop", forbids: has_no_call },
    Rule { reason: "the calls of a watcher that is over are woken, each until it is polled", forbids: polls_decided },
    Rule { reason: "there is no session", forbids: |pair, _| within(pair, &[Phase::Waiting], is_of_a_session) },
    Rule { reason: "the machine has not asked for it yet", forbids: not_asked_yet },
    Rule {
        reason: "the subscription does not stand yet",
        forbids: |pair, on| !on.driven && within(pair, &[Phase::Subscribing], is_of_a_subscription),
    },
    Rule {
        reason: "the subscription stands already",
        forbids: |pair, _| {
            within(pair, &[Phase::Loading, Phase::Completing, Phase::Following], |kind| {
                matches!(kind, Kind::Accept | Kind::Subscribed)
            })
        },
    },
    Rule {
        reason: "the load is done",
        forbids: |pair, _| {
            within(pair, &[Phase::Completing, Phase::Following], |kind| matches!(kind, Kind::ReadLoad | Kind::LoadDone))
        },
    },
    Rule {
        reason: "a machine that has ended has no deadline",
        forbids: |pair, _| within(pair, &[Phase::Ended], |kind| matches!(kind, Kind::Timeout | Kind::Deadline)),
    },
    Rule {
        reason: "a machine that has ended has let go of its backing",
        forbids: |pair, on| !on.driven && within(pair, &[Phase::Ended], is_of_a_living_machine),
    },
    Rule {
        reason: "time passes at the end only when no reader has a call to finish",
        forbids: |pair, on| {
            let idles =
                matches!(pair, Pair::Operation(State { place: Place::None, calls, .. }, _) if calls != Calls::None);
            !on.driven && idles && within(pair, &[Phase::Ended], |kind| kind == Kind::Advance)
        },
    },
    Rule {
        reason: "before anything else happens there are no watchers",
        forbids: |pair, _| matches!(pair, Pair::Fault(Fault::DeadStart, state) if (state.place, state.calls) != (Place::None, Calls::None)),
    },
    Rule {
        reason: "it shows in what is seen, not in an operation, and is counted among the faults",
        forbids: |pair, _| matches!(pair, Pair::Fault(Fault::TornLoad | Fault::FullQueue, _)),
    },
    Rule { reason: "it is left out of this campaign", forbids: is_left_out },
];

/// The first reason why this pair cannot happen; `None` if it can.
pub fn why(pair: Pair, setting: Setting) -> Option<&'static str> {
    whys(pair, setting).next()
}

/// All the reasons.
pub fn whys(pair: Pair, setting: Setting) -> impl Iterator<Item = &'static str> {
    RULES.iter().filter(move |rule| (rule.forbids)(pair, setting)).map(|rule| rule.reason)
}

fn state(pair: Pair) -> State {
    match pair {
        Pair::Operation(state, _) | Pair::Fault(_, state) => state,
    }
}

/// Whether it is about one of these phases, and an operation of such a kind.
fn within(pair: Pair, phases: &[Phase], kinds: fn(Kind) -> bool) -> bool {
    matches!(pair, Pair::Operation(state, kind) if phases.contains(&state.phase) && kinds(kind))
}

fn waits_in_vain(pair: Pair, _: Setting) -> bool {
    let State { phase, place, calls } = state(pair);
    let decided = match place {
        Place::None | Place::Behind | Place::FarBehind | Place::Ended => true,
        Place::Fresh => phase == Phase::Following && matches!(pair, Pair::Operation(..)),
        Place::CaughtUp => false,
    };
    decided && calls == Calls::Waiting
}

fn lives_on(pair: Pair, _: Setting) -> bool {
    matches!(pair, Pair::Operation(state, _) if state.phase == Phase::Ended && lives(state.place))
}

fn lives(place: Place) -> bool {
    match place {
        Place::Fresh | Place::CaughtUp | Place::Behind | Place::FarBehind => true,
        Place::None | Place::Ended => false,
    }
}

fn is_of_a_task(pair: Pair) -> bool {
    matches!(pair, Pair::Operation(_, Kind::Turn | Kind::Abort) | Pair::Fault(Fault::SpuriousTurn | Fault::Aborted, _))
}

fn is_late_poll(pair: Pair) -> bool {
    matches!(pair, Pair::Operation(_, Kind::PollOver) | Pair::Fault(Fault::LatePoll, _))
}

fn opens_twice(pair: Pair, _: Setting) -> bool {
    let Pair::Operation(State { place, calls, .. }, Kind::Open | Kind::Resume) = pair else { return false };
    place != Place::None || calls != Calls::None
}

fn goes_on(pair: Pair, _: Setting) -> bool {
    let asks = match pair {
        Pair::Operation(_, kind) => {
            matches!(kind, Kind::Next | Kind::TryNext | Kind::Progress | Kind::Stop | Kind::PollOver)
        }
        Pair::Fault(fault, _) => fault == Fault::LatePoll,
    };
    let State { place, calls, .. } = state(pair);
    asks && place == Place::None && calls != Calls::None
}

fn has_no_call(pair: Pair, _: Setting) -> bool {
    let needs = matches!(pair, Pair::Operation(_, Kind::Poll | Kind::Drop) | Pair::Fault(Fault::SpuriousPoll, _));
    needs && state(pair).calls == Calls::None
}

fn polls_decided(pair: Pair, _: Setting) -> bool {
    matches!(pair, Pair::Fault(Fault::SpuriousPoll, state) if !lives(state.place) && state.calls == Calls::Woken)
}

fn not_asked_yet(pair: Pair, _: Setting) -> bool {
    within(pair, &[Phase::Subscribing], |kind| matches!(kind, Kind::ReadLoad | Kind::LoadDone | Kind::ReadFetch))
        || within(pair, &[Phase::Loading], |kind| kind == Kind::ReadFetch)
}

fn is_of_a_subscription(kind: Kind) -> bool {
    matches!(kind, Kind::Notice | Kind::Mark | Kind::ReadUnasked | Kind::Close | Kind::Silence | Kind::Speak)
}

fn is_of_a_session(kind: Kind) -> bool {
    matches!(kind, Kind::Accept | Kind::Subscribed | Kind::ReadLoad | Kind::LoadDone | Kind::ReadFetch)
        || matches!(kind, Kind::Fail | Kind::Die)
        || is_of_a_subscription(kind) && kind != Kind::Speak
}

fn is_of_a_living_machine(kind: Kind) -> bool {
    is_of_a_session(kind)
        || matches!(kind, Kind::Deliver | Kind::Lose | Kind::Prune | Kind::Rewind | Kind::Ail | Kind::Stale)
        || matches!(kind, Kind::Jump | Kind::Kill)
}

/// Healing may bring along what is left out of the rest: an id is mended, silence ends.
fn is_left_out(pair: Pair, on: Setting) -> bool {
    let off = |family| on.without.has(family);
    match pair {
        Pair::Operation(state, Kind::Stop) => off(Family::Stops) && lives(state.place),
        Pair::Operation(state, Kind::Next) => off(Family::Crowds) && state.calls != Calls::None,
        Pair::Operation(state, Kind::Poll) => off(Family::SpuriousPolls) && state.calls == Calls::Waiting,
        Pair::Operation(_, kind) => family_of(kind).is_some_and(off) && (kind != Kind::Kill || off(Family::DeadStarts)),
        Pair::Fault(fault, _) => family_of_fault(fault).is_some_and(off),
    }
}

/// The family whose absence means that there is no operation of this kind.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds are of no family")]
pub(super) fn family_of(kind: Kind) -> Option<Family> {
    Some(match kind {
        Kind::ReadUnasked => Family::Steps,
        Kind::Lose => Family::Losses,
        Kind::Die => Family::Deaths,
        Kind::Close => Family::Closes,
        Kind::Silence | Kind::Speak => Family::Silence,
        Kind::Prune => Family::Pruning,
        Kind::Rewind => Family::Rewinds,
        Kind::Ail | Kind::Mend => Family::Unreadable,
        Kind::Stale => Family::Stale,
        Kind::Jump => Family::Jumps,
        Kind::Kill | Kind::Abort => Family::Kills,
        Kind::Resume => Family::Resumes,
        Kind::PollOver => Family::LatePolls,
        Kind::TryNext => Family::Tries,
        Kind::Drop => Family::Drops,
        Kind::Progress => Family::Progress,
        _ => return None,
    })
}

pub(super) fn family_of_fault(fault: Fault) -> Option<Family> {
    Some(match fault {
        Fault::RepeatedNotice => Family::RepeatedNotices,
        Fault::Gap => Family::Gaps,
        Fault::Overlap => Family::Overlaps,
        Fault::Unanswered => Family::Unanswered,
        Fault::Contradiction => Family::Contradictions,
        Fault::Doubled => Family::Doubled,
        Fault::Lost => Family::Losses,
        Fault::ForGood => Family::FailedForGood,
        Fault::Died => Family::Deaths,
        Fault::Closed => Family::Closes,
        Fault::Silence => Family::Silence,
        Fault::Pruned => Family::Pruning,
        Fault::Rewound => Family::Rewinds,
        Fault::Unreadable => Family::Unreadable,
        Fault::Stale => Family::Stale,
        Fault::FullQueue => Family::FullQueues,
        Fault::Jumped => Family::Jumps,
        Fault::SpuriousPoll => Family::SpuriousPolls,
        Fault::LatePoll => Family::LatePolls,
        Fault::SpuriousTurn => Family::SpuriousTurns,
        Fault::DeadStart => Family::DeadStarts,
        Fault::Killed | Fault::Aborted => Family::Kills,
        // A log that is pruned or goes back fails calls, too, and so does much else.
        Fault::LostNotice
        | Fault::TornLoad
        | Fault::LateAnswer
        | Fault::OvertakenAnswer
        | Fault::FailedCall
        | Fault::FailedAgain
        | Fault::OldGeneration => return None,
    })
}
