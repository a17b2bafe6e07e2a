//! Promises about calls and watchers.

use super::*;
use crate::machine::{NextError, ResumeError};
use crate::testing::{Character, Status};

#[test]
fn fresh_first() {
    fn tweak(regime: &mut Regime) {
        regime.readers = vec![Character::Stopping, Character::Crowding, Character::Stopping];
        regime.budgets.opens = 20;
    }
    holds(file!(), |script| {
        let mut fresh = [false; Party::READERS];
        play(script, tweak, |_, lockstep| {
            let (stage, mut decided) = (lockstep.world().stage(), 0);
            if let Some((reader, view)) = begun(lockstep) {
                fresh[usize::from(reader)] = view.is_none();
            }
            for (reader, how, seen) in calls(lockstep) {
                if fresh[usize::from(reader)] && matches!(how, How::First(_)) && seen == CallSeen::Waits {
                    let waits_in_line = stage.readers()[usize::from(reader)].calls().len() > 1;
                    let loaded = lockstep.reference().is_loaded();
                    demand(waits_in_line || !loaded, Promise::FreshFirst, || {
                        format!("reader {reader} waits, and there is a store")
                    })?;
                    decided += 1;
                }
            }
            for (reader, _, deltas) in batches(lockstep) {
                let ids = stage.universe().passing(stage.readers()[usize::from(reader)].filter());
                let first = core::mem::replace(&mut fresh[usize::from(reader)], false);
                let whole = fold(State::EMPTY, deltas) == lockstep.reference().store().only(ids);
                demand(!first || whole, Promise::FreshFirst, || format!("reader {reader} was first told {deltas:?}"))?;
                demand(first || !deltas.is_empty(), Promise::FreshFirst, || {
                    format!("reader {reader} was told nothing")
                })?;
                decided += u32::from(first);
            }
            Ok(decided)
        })
    });
}

#[test]
fn resume_or_gone() {
    fn tweak(regime: &mut Regime) {
        regime.readers = vec![Character::Resuming; 3];
        regime.budgets.opens = 30;
        regime.faults.for_good = 0;
    }
    holds(file!(), |script| {
        play(script, tweak, |_, lockstep| {
            let (report, stage, mut decided) = (lockstep.world().report(), lockstep.world().stage(), 0);
            let oldest = report.revno.0.saturating_sub(stage.regime().config.window);
            for observation in lockstep.world().seen().list() {
                let Observation::Resumed { reader, from, view, filter, result } = *observation else { continue };
                let (ids, is_own) = (stage.universe().passing(filter), from.epoch == report.epoch);
                let holds = |revno| lockstep.reference().state(revno).only(ids) == view;
                let right = match result {
                    Ok(_) if is_own => (oldest..=report.revno.0).contains(&from.revno.0) && holds(from.revno),
                    // Wherever it is taken over, what it holds is what the store held there.
                    Ok(_) => lockstep.reference().watcher(reader).cursor(report.revno).is_some_and(holds),
                    Err(ResumeError::Gone { .. }) => {
                        !is_own || from.revno.0 < oldest || report.backing != Some(from.backing)
                    }
                    Err(ResumeError::Ahead { position }) => {
                        !is_own && position == report.position && (from.position > position || report.revno.0 == 0)
                    }
                    Err(ResumeError::Future { .. }) => from.epoch == report.epoch && from.revno > report.revno,
                    Err(ResumeError::Ended(_)) => stage.ended(),
                };
                demand(right, Promise::ResumeOrGone, || format!("{from:?} came to {result:?} at {}", report.revno))?;
                decided += 1;
            }
            Ok(decided)
        })
    });
}

#[test]
fn progress() {
    fn tweak(regime: &mut Regime) {
        regime.readers = vec![Character::Trying; 3];
    }
    holds(file!(), |script| {
        play(script, tweak, |_, lockstep| {
            let mut decided = 0;
            for observation in lockstep.world().seen().list() {
                let Observation::Progressed { reader, result: Ok(Some(progress)) } = *observation else { continue };
                let reader = &lockstep.world().stage().readers()[usize::from(reader)];
                let ids = lockstep.world().stage().universe().passing(reader.filter());
                let there = lockstep.reference().state(progress.revno).only(ids);
                demand(there == reader.view(), Promise::Progress, || {
                    format!("{progress:?} stands for {there:?}, not {:?}", reader.view())
                })?;
                decided += 1;
            }
            Ok(decided)
        })
    });
}

#[test]
fn stop_quiescent() {
    fn tweak(regime: &mut Regime) {
        regime.readers = vec![Character::Stopping, Character::Crowding, Character::Stopping, Character::Dropping];
        regime.budgets.opens = 20;
    }
    holds(file!(), |script| {
        play(script, tweak, |operation, lockstep| {
            let (stage, report) = (lockstep.world().stage(), lockstep.world().report());
            let open = stage.readers().iter().filter(|reader| matches!(reader.status(), Status::Open | Status::Ended));
            let (watchers, open) = (report.watchers.total(), open.count());
            demand(watchers == open, Promise::StopQuiescent, || {
                format!("{watchers} watchers in the census, {open} are open")
            })?;
            for (reader, _, seen) in calls(lockstep) {
                let stopped = stage.readers()[usize::from(reader)].status() == Status::Stopped;
                let right = !stopped || seen == CallSeen::Error(NextError::Stopped);
                demand(right, Promise::StopQuiescent, || {
                    format!("reader {reader} had stopped and was answered {seen:?}")
                })?;
            }
            Ok(u32::from(matches!(operation, Operation::Stop { .. })))
        })
    });
}

#[test]
fn stop_total() {
    fn tweak(regime: &mut Regime) {
        regime.readers =
            vec![Character::Stopping, Character::Crowding, Character::Resuming, Character::Dropping, Character::Trying];
        regime.budgets.opens = 30;
        regime.weights.reader = 60;
    }
    holds(file!(), |script| {
        play(script, tweak, |operation, lockstep| {
            // Whatever the order, a stop returns at once and all of its watcher's calls are woken.
            let Operation::Stop { reader } = *operation else { return Ok(0) };
            let calls = lockstep.world().stage().readers()[usize::from(reader)].calls();
            let asleep = calls.iter().find(|call| !call.woken);
            demand(asleep.is_none(), Promise::StopTotal, || format!("{asleep:?} was not woken by the stop"))?;
            Ok(1)
        })
    });
}

#[test]
fn waiting_calls_are_answered_in_line() {
    fn tweak(regime: &mut Regime) {
        regime.readers = vec![Character::Crowding; 2];
        regime.weights.reader = 40;
    }
    holds(file!(), |script| {
        let mut lines: [Vec<u32>; Party::READERS] = Default::default();
        play(script, tweak, |_, lockstep| {
            let mut decided = 0;
            if let Some((reader, _)) = begun(lockstep) {
                lines[usize::from(reader)].clear();
            }
            for (reader, how, seen) in calls(lockstep) {
                let line = &mut lines[usize::from(reader)];
                let head = line.first().copied();
                let (call, in_turn) = match how {
                    How::First(call) => (call, head.is_none()),
                    How::Again(call) => (call, head == Some(call)),
                    How::Try => (0, head.is_none()),
                    How::Over(call) => (call, false),
                };
                match (seen, how) {
                    (CallSeen::Waits, How::First(_)) => line.push(call),
                    (CallSeen::Batch(_), _) => {
                        demand(in_turn, Promise::NoSpinNoStall, || {
                            format!("{how:?} of reader {reader} was answered before {head:?}")
                        })?;
                        decided += u32::from(line.len() > 1);
                    }
                    (CallSeen::Waits | CallSeen::Nothing | CallSeen::Error(_), _) => {}
                }
                if seen != CallSeen::Waits {
                    line.retain(|other| *other != call);
                }
            }
            for observation in lockstep.world().seen().list() {
                if let Observation::Dropped { reader, call } = *observation {
                    lines[usize::from(reader)].retain(|other| *other != call);
                }
            }
            Ok(decided)
        })
    });
}
