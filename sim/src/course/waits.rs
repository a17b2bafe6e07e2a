//! The reason of a deadlock: who waits, for what, since which revno, and whether anybody will wake it.

use core::fmt::Write;

use multiwatcher::machine::TimeoutReason;
use multiwatcher::testing::{
    Call, CallSeen, Expected, How, Observation, Operation, Promise, Reference, Subject, WatcherStage, World,
};

/// Of whom it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Of everybody who waits: all should be quiet.
    All,
    /// Of those who wait for what is there.
    Owed,
}

/// What is said besides of a promise that is broken; nothing if nobody waits, or what is broken has nothing to do with waiting.
#[cold]
pub(super) fn told<S: Subject>(world: &World<S>, reference: &Reference, promise: Promise, who: Who) -> String {
    let mut text = String::new();
    if who == Who::Owed && !is_about_waiting(promise) {
        return text;
    }
    for (number, reader) in (0..).zip(world.stage().readers()) {
        for call in reader.calls() {
            let is_owed = match reference.expect(number, How::Again(call.number)) {
                Expected::Batch | Expected::Error(_) => !call.woken,
                Expected::Waits | Expected::Nothing | Expected::Unknown => false,
            };
            let what = match who {
                Who::All => what(reference, number),
                Who::Owed if is_owed => what(reference, number),
                // What was broken says for what.
                Who::Owed if was_sent_away(world, promise, call.number) => "it".to_owned(),
                Who::Owed => continue,
            };
            let waker = waker(world, call);
            add(&mut text, format_args!("call {} of reader {number} waits for {what}{waker}", call.number));
        }
    }
    worker(world, reference, who, &mut text);
    text
}

/// Whether a wake-up that is missing is said under the name of this promise.
fn is_about_waiting(promise: Promise) -> bool {
    matches!(promise, Promise::Convergence | Promise::NoSpinNoStall | Promise::CancelSafe | Promise::RestartTransparent)
}

/// What the worker overslept, if it did: its deadline has passed, it was not woken, and nothing else will wake it for that.
pub(super) fn overslept<S: Subject>(world: &World<S>, operation: Option<&Operation>) -> Option<String> {
    // Its clock is told in these. Elsewhere the world's may be ahead of it.
    let is_told = matches!(
        operation,
        Some(Operation::Timeout | Operation::Deadline { .. } | Operation::Jump { told: true, .. } | Operation::Turn)
    );
    let stage = world.stage();
    if !S::HAS_TASK || !is_told || stage.is_runnable() || stage.ended() {
        return None;
    }
    let deadline = stage.deadline().filter(|deadline| deadline.at <= stage.now())?;
    Some(format!("the worker slept over a deadline, due at {}, and it is {}", deadline.at, stage.now()))
}

/// Whether anybody will wake this call.
fn waker<S: Subject>(world: &World<S>, call: &Call) -> &'static str {
    let subject = world.subject();
    match (call.woken, subject.is_misled(call.id), subject.has_waker(call.id)) {
        (true, _, _) => ", and was woken",
        (false, true, _) => ", the waker of an earlier poll was called",
        (false, false, Some(true)) => ", its waker is registered",
        (false, false, Some(false)) => ", no waker is registered",
        (false, false, None) => "",
    }
}

/// Whether this call was polled in the operation, and is to wait, which is what was broken.
fn was_sent_away<S: Subject>(world: &World<S>, promise: Promise, number: u32) -> bool {
    let how = [How::First(number), How::Again(number)];
    let is_it = |seen: &Observation| matches!(seen, Observation::Called { how: polled, seen: CallSeen::Waits, .. } if how.contains(polled));
    promise == Promise::Convergence && world.seen().list().iter().any(is_it)
}

fn what(reference: &Reference, reader: u8) -> String {
    match reference.watcher(reader).stage() {
        WatcherStage::Fresh => format!("its first batch, of r{}", reference.latest().0),
        WatcherStage::Behind { cursor, .. } => format!("what came after r{cursor}"),
        WatcherStage::CaughtUp => format!("the next change after r{}", reference.latest().0),
        WatcherStage::None | WatcherStage::Ended(_) => "its end".to_owned(),
    }
}

fn worker<S: Subject>(world: &World<S>, reference: &Reference, who: Who, text: &mut String) {
    let stage = world.stage();
    if stage.is_runnable() {
        if who == Who::All {
            add(text, format_args!("the worker was woken and not polled"));
        }
    } else if let Some(deadline) = stage.deadline().filter(|deadline| S::HAS_TASK && deadline.at <= stage.now()) {
        let waker = match world.subject().has_alarm(deadline.at) {
            Some(true) => ", its waker is registered",
            Some(false) => ", no waker is registered",
            None => "",
        };
        add(text, format_args!("the worker waits for {} since r{}{waker}", due(deadline.why), reference.latest().0));
    }
}

/// What a deadline is for.
fn due(why: TimeoutReason) -> &'static str {
    match why {
        TimeoutReason::Reopen => "the end of its back-off",
        TimeoutReason::SubscribeOverdue => "the end of a subscription's patience",
        TimeoutReason::LoadOverdue => "the end of a load's patience",
        TimeoutReason::FetchOverdue => "the end of a fetch's patience",
        TimeoutReason::FetchAgain => "a fetch to be repeated",
        TimeoutReason::ReadAgain => "an id to be read again",
        TimeoutReason::Silence => "the end of the backing's silence",
        TimeoutReason::LagAge => "a reader that lags for too long",
    }
}

fn add(text: &mut String, what: core::fmt::Arguments<'_>) {
    write!(text, "; {what}").expect("a string takes all that is written");
}
