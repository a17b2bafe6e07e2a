//! Promises about what is in a batch.

use super::*;
use crate::machine::Revno;
use crate::testing::{Character, Faults, IdSet};

#[test]
fn exact_prefix() {
    holds(file!(), |script| {
        play(
            script,
            |_| {},
            |_, lockstep| {
                let (stage, mut decided) = (lockstep.world().stage(), 0);
                for (reader, ..) in batches(lockstep) {
                    let its = &stage.readers()[usize::from(reader)];
                    let store = lockstep.reference().store().only(stage.universe().passing(its.filter()));
                    decided += 1;
                    demand(its.view() == store, Promise::ExactPrefix, || {
                        format!("reader {reader} holds {:?}, the store {store:?}", its.view())
                    })?;
                }
                Ok(decided)
            },
        )
    });
}

#[test]
fn no_spurious_delta() {
    holds(file!(), |script| {
        let mut views = [State::EMPTY; Party::READERS];
        play(
            script,
            |_| {},
            |_, lockstep| {
                let mut decided = 0;
                if let Some((reader, view)) = begun(lockstep) {
                    views[usize::from(reader)] = view.unwrap_or_default();
                }
                for (reader, _, deltas) in batches(lockstep) {
                    let view = &mut views[usize::from(reader)];
                    let mut told = IdSet::EMPTY;
                    for delta in deltas {
                        let (held, lives) = (view.get(delta.id), lockstep.reference().store().get(delta.id));
                        let right = match delta.change {
                            Change::Changed => lives == Some(delta.value),
                            Change::Removed => held.is_some() && lives.is_none(),
                        };
                        demand(right && !told.has(delta.id), Promise::NoSpuriousDelta, || {
                            format!("{delta:?} was told to one that held {held:?}")
                        })?;
                        told.insert(delta.id);
                        decided += 1;
                    }
                    *view = fold(*view, deltas);
                }
                Ok(decided)
            },
        )
    });
}

#[test]
fn ordered() {
    holds(file!(), |script| {
        play(
            script,
            |regime| regime.commits.most = 4,
            |_, lockstep| {
                let mut decided = 0;
                for (_, batch, deltas) in batches(lockstep) {
                    let ascending =
                        deltas.windows(2).all(|pair| (pair[0].revno, pair[0].id) < (pair[1].revno, pair[1].id));
                    let latest = lockstep.world().report().revno;
                    demand(ascending && batch.revno == latest, Promise::Ordered, || {
                        format!("{batch:?} of {deltas:?} at {latest}")
                    })?;
                    decided += u32::from(deltas.len() > 1);
                }
                Ok(decided)
            },
        )
    });
}

#[test]
fn coalescing() {
    fn tweak(regime: &mut Regime) {
        regime.readers = vec![Character::Slow, Character::Slow, Character::Trying];
        regime.weights.reader = 1;
        regime.config.lag_limit = None;
        regime.config.lag_age = None;
    }
    holds(file!(), |script| {
        let mut cursors = [None; Party::READERS];
        play(script, tweak, |_, lockstep| {
            let (reference, mut decided) = (lockstep.reference(), 0);
            for (reader, batch, deltas) in batches(lockstep) {
                if let Some(cursor) = cursors[usize::from(reader)].replace(batch.revno.0) {
                    let at = |revno| reference.state(Revno(revno));
                    let steps = (cursor..batch.revno.0).map(|revno| at(revno).differs(at(revno + 1)));
                    let (mut sum, mut changed) = (0, IdSet::EMPTY);
                    for step in steps {
                        sum += step.len();
                        changed = changed.or(step);
                    }
                    let most = changed.len() as usize;
                    demand(deltas.len() <= most, Promise::Coalescing, || {
                        format!("{} deltas of {most} ids", deltas.len())
                    })?;
                    decided += u32::from(sum > changed.len());
                }
            }
            if let Some((reader, _)) = begun(lockstep) {
                cursors[usize::from(reader)] = None;
            }
            Ok(decided)
        })
    });
}

#[test]
fn atomic_commit() {
    fn tweak(regime: &mut Regime) {
        regime.commits.most = 4;
        regime.unfiltered = 256;
        regime.faults = Faults { ail: 0, unanswered: 0, ..regime.faults };
    }
    holds(file!(), |script| {
        play(script, tweak, |_, lockstep| {
            let (stage, mut decided) = (lockstep.world().stage(), 0);
            for (reader, _, deltas) in batches(lockstep) {
                let view = stage.readers()[usize::from(reader)].view();
                let whole = stage.backing().log().iter().any(|entry| entry.state == view);
                demand(whole, Promise::AtomicCommit, || {
                    format!("reader {reader} holds {view:?}, which the backing never was")
                })?;
                decided += u32::from(deltas.len() > 1);
            }
            Ok(decided)
        })
    });
}

#[test]
fn failure_isolated() {
    fn tweak(regime: &mut Regime) {
        regime.faults.rewind = 0;
        regime.faults.ail = 30;
        regime.budgets.saboteur = 30;
    }
    holds(file!(), |script| {
        play(script, tweak, |_, lockstep| {
            let (report, quarantined) = (lockstep.world().report(), lockstep.reference().quarantined());
            let log = lockstep.world().stage().backing().log();
            let at = log.iter().rev().find(|entry| entry.position == report.position);
            let (Some(entry), Some(store)) = (at, lockstep.world().store()) else { return Ok(0) };
            let wrong = store.differs(entry.state).minus(quarantined);
            demand(wrong.is_empty(), Promise::FailureIsolated, || {
                format!("{wrong:?} are wrong while {quarantined:?} cannot be read")
            })?;
            Ok(u32::from(!quarantined.is_empty()))
        })
    });
}
