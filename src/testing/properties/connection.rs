//! Promises about the backing's side, the census, and what time does.

use super::*;
use crate::machine::{NextError, Phase, RestartPolicy, Time};
use crate::testing::{Character, Status};

#[test]
fn restart_transparent() {
    fn tweak(regime: &mut Regime) {
        regime.config.restart = RestartPolicy::Invisible;
        regime.config.lag_limit = None;
        regime.config.lag_age = None;
        regime.faults.die = 40;
        regime.faults.stale = 20;
        regime.faults.for_good = 0;
        regime.budgets.saboteur = 30;
        regime.budgets.owner = 0;
        regime.weights.saboteur = 8;
    }
    holds(file!(), |script| {
        let (mut revno, mut phase, mut loaded) = (0, Phase::Subscribing, false);
        play(script, tweak, |_, lockstep| {
            let (report, stage) = (lockstep.world().report(), lockstep.world().stage());
            let made = report.revno.0 - core::mem::replace(&mut revno, report.revno.0);
            demand(made <= 1, Promise::RestartTransparent, || format!("one hand-over made {made} revnos"))?;
            let ended = stage.readers().iter().any(|reader| reader.status() == Status::Ended);
            demand(!ended, Promise::RestartTransparent, || "a watcher ended with a restart".to_owned())?;
            let reloaded = phase == Phase::Completing && report.phase == Phase::Following && loaded;
            let for_nothing = reloaded && made == 0 && wakes(lockstep);
            demand(!for_nothing, Promise::RestartTransparent, || {
                "a reload that found nothing woke somebody".to_owned()
            })?;
            (phase, loaded) = (report.phase, lockstep.reference().is_loaded());
            Ok(u32::from(reloaded))
        })
    });
}

#[test]
fn bounded_tombstones() {
    fn tweak(regime: &mut Regime) {
        regime.commits.deletes = 128;
        regime.config.window = 0;
    }
    holds(file!(), |script| {
        play(script, tweak, |_, lockstep| {
            let (report, stage) = (lockstep.world().report(), lockstep.world().stage());
            let ids = usize::from(stage.regime().shape.ids());
            demand(report.tombstones + report.entities <= ids, Promise::BoundedTombstones, || {
                format!("{} tombstones of {ids} ids", report.tombstones)
            })?;
            let none = report.watchers.behind > 0 || report.tombstones == 0;
            demand(none, Promise::BoundedTombstones, || {
                format!("{} tombstones, and nobody is behind", report.tombstones)
            })?;
            Ok(u32::from(report.tombstones > 0))
        })
    });
}

#[test]
fn slow_readers_are_told_that_they_lag() {
    fn tweak(regime: &mut Regime) {
        regime.readers = vec![Character::Slow, Character::Sleeping, Character::Eager];
        regime.config.window = 0;
        regime.config.lag_limit = Some(2);
        regime.config.lag_age = None;
    }
    holds(file!(), |script| {
        let mut cursors = [0; Party::READERS];
        play(script, tweak, |_, lockstep| {
            let mut decided = 0;
            for (reader, batch, _) in batches(lockstep) {
                let lag = batch.revno.0 - core::mem::replace(&mut cursors[usize::from(reader)], batch.revno.0);
                decided += u32::from(lag == 2);
            }
            for (.., seen) in calls(lockstep) {
                if let CallSeen::Error(NextError::Lagged { cursor, latest }) = seen {
                    let lag = latest.0 - cursor.0;
                    demand(lag == 3, Promise::SlowReaderIsolated, || format!("ended {lag} revnos behind"))?;
                    decided += 1;
                }
            }
            Ok(decided)
        })
    });
}

#[test]
fn without_leave_to_lag_a_watcher_ends_with_the_first_change_it_has_not_taken() {
    fn tweak(regime: &mut Regime) {
        regime.config.lag_limit = Some(0);
        regime.config.window = 0;
    }
    holds(file!(), |script| {
        play(script, tweak, |_, lockstep| {
            let behind = lockstep.world().report().watchers.behind;
            demand(behind == 0, Promise::SlowReaderIsolated, || format!("{behind} watchers are behind"))?;
            Ok(u32::try_from(
                calls(lockstep).filter(|(.., seen)| matches!(seen, CallSeen::Error(NextError::Lagged { .. }))).count(),
            )
            .unwrap_or(0))
        })
    });
}

#[test]
fn no_spin_no_stall() {
    fn tweak(regime: &mut Regime) {
        regime.faults.failed_call = 128;
        regime.faults.for_good = 0;
        regime.budgets.owner = 0;
    }
    holds(file!(), |script| {
        let mut last = Time::ZERO;
        play(script, tweak, |_, lockstep| {
            let (now, min) = (lockstep.world().stage().now(), lockstep.world().stage().regime().config.backoff.min);
            let subscribes = |seen: &Observation| matches!(seen, Observation::Subscribe { .. });
            if !lockstep.world().seen().list().iter().any(subscribes) {
                return Ok(0);
            }
            let wait = now.since(core::mem::replace(&mut last, now));
            demand(wait >= min, Promise::NoSpinNoStall, || format!("subscribed again after {wait:?}"))?;
            Ok(1)
        })
    });
}

#[test]
fn convergence() {
    holds(file!(), |script| {
        play(script, |_| {}, |_, _| Ok(0))?;
        Ok(1)
    });
}

#[test]
fn truthful_report() {
    holds(file!(), |script| {
        play(
            script,
            |_| {},
            |_, lockstep| {
                let (report, stage) = (lockstep.world().report(), lockstep.world().stage());
                let store = lockstep.world().store().unwrap_or_default();
                demand(report.entities == store.alive().len() as usize, Promise::TruthfulReport, || {
                    format!("{} entities of {store:?}", report.entities)
                })?;
                let pending = stage
                    .readers()
                    .iter()
                    .filter(|reader| reader.status() == Status::Open)
                    .map(|reader| reader.calls().len())
                    .sum::<usize>();
                demand(report.calls <= pending, Promise::TruthfulReport, || {
                    format!("{} calls, {pending} are pending", report.calls)
                })?;
                Ok(1)
            },
        )
    });
}
