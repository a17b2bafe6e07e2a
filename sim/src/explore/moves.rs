//! Every operation of a scope that is possible at a moment, in a fixed order; not a sample.
//!
//! Left out is what nobody could tell apart: commits after the end, watchers opened in another order of the readers, a load that reads
//! what it has read.

use multiwatcher::machine::TimeoutReason;
use multiwatcher::testing::{
    CallKind, Changes, Failing, IdIx, IdSet, Message, Operation, Reader, Stage, State, Status,
};

use super::scope::{Budget, Scope};

/// An operation that is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// What happens.
    pub operation: Operation,
    /// It arrives at once: what was read by the operation is then the newest of what is under way.
    pub arrives: Option<Operation>,
    /// It need not happen for the run to come to its end: somebody polls unwoken, or drops what it could wait for.
    pub is_whim: bool,
}

impl Move {
    /// Whether only the backing has a part in it: the subject learns of it later, if at all.
    pub fn is_behind_the_scenes(&self) -> bool {
        self.arrives.is_none()
            && matches!(
                self.operation,
                Operation::Commit { .. }
                    | Operation::Accept
                    | Operation::ReadLoad { .. }
                    | Operation::ReadFetch { .. }
                    | Operation::ReadUnasked { .. }
                    | Operation::Lose { .. }
            )
    }
}

impl Budget {
    /// What is left after an operation.
    #[must_use]
    pub fn after(self, operation: &Operation) -> Self {
        let mut left = self;
        let spent = match operation {
            Operation::Commit { .. } => &mut left.commits,
            Operation::Die => &mut left.restarts,
            Operation::Stop { .. } => &mut left.stops,
            Operation::Kill => &mut left.kills,
            Operation::Fail { .. } => &mut left.failures,
            Operation::Lose { .. } => &mut left.losses,
            Operation::Mark { .. } => &mut left.marks,
            Operation::Notice { .. }
            | Operation::ReadUnasked { .. }
            | Operation::Accept
            | Operation::Subscribed
            | Operation::ReadLoad { .. }
            | Operation::LoadDone
            | Operation::ReadFetch { .. }
            | Operation::Deliver { .. }
            | Operation::Advance { .. }
            | Operation::Timeout
            | Operation::Deadline { .. }
            | Operation::Silence
            | Operation::Speak
            | Operation::Prune { .. }
            | Operation::Rewind { .. }
            | Operation::Ail { .. }
            | Operation::Mend { .. }
            | Operation::Stale { .. }
            | Operation::Close
            | Operation::Jump { .. }
            | Operation::Turn
            | Operation::Abort
            | Operation::Open { .. }
            | Operation::Resume { .. }
            | Operation::Next { .. }
            | Operation::Poll { .. }
            | Operation::PollOver { .. }
            | Operation::TryNext { .. }
            | Operation::Drop { .. }
            | Operation::Progress { .. } => return left,
        };
        *spent = spent.saturating_sub(1);
        left
    }
}

/// Every operation possible now, given what is left of the budget. Written over what `into` held.
pub fn moves(stage: &Stage, scope: &Scope, left: Budget, into: &mut Vec<Move>) {
    into.clear();
    // Of what is read at once nothing else is under way.
    let newest = u8::try_from(stage.backing().flights().len()).expect("a few at most");
    let mut add = |operation, is_whim| {
        let arrives =
            (!scope.under_way && is_read(&operation)).then_some(Operation::Deliver { flight: newest, keep: false });
        into.push(Move { operation, arrives, is_whim });
    };
    worker(stage, scope, &mut add);
    for (number, reader) in (0..).zip(stage.readers()) {
        read(stage, scope, left, number, reader, &mut add);
    }
    // Once it has ended, nobody but its readers sees anything.
    if stage.ended() {
        return;
    }
    if left.commits > 0 {
        commits(stage.backing().latest().state, scope, &mut add);
    }
    stream(stage, scope, left, &mut add);
    answers(stage, scope, left, &mut add);
    if stage.waits_for_time() || lost(stage) {
        add(Operation::Deadline { late: 0 }, false);
    }
    if left.restarts > 0 && stage.backing().session().is_some() {
        add(Operation::Die, false);
    }
    if left.kills > 0 {
        add(Operation::Kill, false);
    }
}

/// Whether something is read that is under way from then on.
fn is_read(operation: &Operation) -> bool {
    matches!(operation, Operation::ReadLoad { .. } | Operation::ReadFetch { .. } | Operation::ReadUnasked { .. })
}

/// Whether only a time-out ends the wait for an answer that was lost.
fn lost(stage: &Stage) -> bool {
    stage.backing().has_lost_answer() && stage.deadline().is_some_and(|at| at.why == TimeoutReason::FetchOverdue)
}

fn worker(stage: &Stage, scope: &Scope, add: &mut impl FnMut(Operation, bool)) {
    if stage.is_runnable() {
        add(Operation::Turn, false);
    } else if scope.spurious && stage.has_task() && !stage.ended() {
        add(Operation::Turn, true);
    }
}

fn read(stage: &Stage, scope: &Scope, left: Budget, reader: u8, it: &Reader, add: &mut impl FnMut(Operation, bool)) {
    let polls = |add: &mut dyn FnMut(Operation, bool)| {
        for (call, pending) in (0..).zip(it.calls()) {
            if pending.woken || scope.spurious {
                add(Operation::Poll { reader, call }, !pending.woken);
            }
            if scope.drops {
                add(Operation::Drop { reader, call }, true);
            }
        }
    };
    match it.status() {
        Status::Closed => {
            let first = stage.readers().iter().position(|reader| reader.opens() == 0);
            if it.opens() == 0 && first == Some(usize::from(reader)) {
                add(Operation::Open { reader, filter: scope.watchers[usize::from(reader)] }, false);
            }
        }
        Status::Open => {
            if it.calls().is_empty() {
                add(Operation::Next { reader }, false);
            }
            polls(add);
            if left.stops > 0 {
                add(Operation::Stop { reader }, false);
            }
        }
        Status::Ended | Status::Stopped => {
            polls(add);
            // Every later call must say the same.
            if it.calls().is_empty() {
                add(Operation::Next { reader }, true);
            }
        }
    }
}

fn commits(before: State, scope: &Scope, add: &mut impl FnMut(Operation, bool)) {
    let (ids, values) = (scope.shape.ids(), scope.values);
    for touched in subsets(IdSet::first(ids)).filter(|touched| touched.len() <= u32::from(scope.touches)) {
        // Each touched id is gone, or has one of the values: the digits of a number.
        let choices = u32::from(values) + 1;
        for chosen in 0..choices.pow(touched.len()) {
            let (mut rest, mut state) = (chosen, State::EMPTY);
            for ix in touched.iter() {
                state.set(ix, Some(rest % choices).filter(|value| *value > 0));
                rest /= choices;
            }
            let after = before.with(touched, state);
            // One that leaves an id as it is touches one less, or idles.
            if !scope.idle_commits && before.differs(after) != touched {
                continue;
            }
            add(Operation::Commit { changes: Changes { ids: touched, values: state }, skip: 0 }, false);
        }
    }
}

fn stream(stage: &Stage, scope: &Scope, left: Budget, add: &mut impl FnMut(Operation, bool)) {
    let backing = stage.backing();
    let Some(session) = backing.speaking() else { return };
    for ids in subsets(session.owed).filter(|ids| scope.under_way || *ids == session.owed) {
        add(Operation::Notice { ids, twice: false }, false);
    }
    if backing.streams() && session.streamed < backing.end() {
        add(Operation::ReadUnasked { skip: 0 }, false);
    }
    if left.marks > 0 {
        add(Operation::Mark { behind: 0 }, false);
    }
}

fn answers(stage: &Stage, scope: &Scope, left: Budget, add: &mut impl FnMut(Operation, bool)) {
    let backing = stage.backing();
    if let Some(session) = backing.session() {
        if scope.under_way && session.accepted.is_none() {
            add(Operation::Accept, false);
        }
        if !session.said {
            add(Operation::Subscribed, false);
            fail(left, CallKind::Subscribe, add);
        }
        if let Some(load) = session.load {
            for ids in subsets(stage.universe().all().minus(load.read)) {
                add(Operation::ReadLoad { ids, absent: false }, false);
            }
            if backing.load_owes().is_empty() && load.under_way == 0 {
                add(Operation::LoadDone, false);
            }
            fail(left, CallKind::Load, add);
        }
    }
    for fetch in 0..u8::try_from(backing.fetches().len()).expect("a few at most") {
        add(Operation::ReadFetch { fetch, skip: 0, omit: IdSet::EMPTY, behind: 0 }, false);
        fail(left, CallKind::Fetch(fetch), add);
    }
    for (flight, under_way) in (0..).zip(backing.flights()) {
        add(Operation::Deliver { flight, keep: false }, false);
        let may_be_lost = match under_way.message {
            Message::Staged(_) => false,
            Message::Unasked(_) | Message::Answer(..) => true,
        };
        if left.losses > 0 && may_be_lost {
            add(Operation::Lose { flight }, false);
        }
    }
}

fn fail(left: Budget, call: CallKind, add: &mut impl FnMut(Operation, bool)) {
    if left.failures > 0 {
        add(Operation::Fail { call, why: Failing::Passing }, false);
    }
}

/// The sets of these that hold something, in a fixed order.
fn subsets(of: IdSet) -> impl Iterator<Item = IdSet> {
    let members: Vec<IdIx> = of.iter().collect();
    (1..1u32 << members.len()).map(move |chosen| {
        let mut set = IdSet::EMPTY;
        for (bit, ix) in members.iter().enumerate() {
            if (chosen >> bit) & 1 == 1 {
                set.insert(*ix);
            }
        }
        set
    })
}
