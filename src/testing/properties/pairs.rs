//! Promises that compare two readers, or two runs.

use super::*;
use crate::machine::{Answer, Input, NextError, Output, Report, Time, Timeout, WatcherId};
use crate::testing::{Character, FilterIx, Status, Subject, World};

/// Two readers with these filters, opened at the start; whenever a reader would move, `pair` moves both instead.
fn twins(
    script: &Script,
    filters: [FilterIx; 2],
    mut pair: impl FnMut(u64, &mut Lockstep<Machine>) -> Result<u32, Broken>,
) -> Result<u32, Broken> {
    fn tweak(regime: &mut Regime) {
        regime.readers = vec![Character::Trying; 2];
        regime.config.lag_limit = None;
        regime.config.lag_age = None;
    }
    let mut lockstep = Lockstep::<Machine>::start(script.regime(tweak))?;
    for (reader, filter) in (0..).zip(filters) {
        lockstep.apply(&Operation::Open { reader, filter })?;
    }
    let mut decided = 0;
    for word in &script.words {
        let Some(operation) = Generator::next(lockstep.world().stage(), &mut Word::new(*word)) else { break };
        if lockstep.world().stage().readers().iter().any(|reader| reader.status() != Status::Open) {
            break;
        }
        match operation.party() {
            Party::Reader(_) => decided += pair(*word, &mut lockstep)?,
            Party::Writer
            | Party::Stream
            | Party::Caller
            | Party::Clock
            | Party::Saboteur
            | Party::Owner
            | Party::Worker => {
                lockstep.apply(&operation)?;
            }
        }
    }
    Ok(decided)
}

/// What a reader is told without waiting: nothing, or a batch.
fn try_next(lockstep: &mut Lockstep<Machine>, reader: u8) -> Result<Option<Vec<DeltaSeen>>, Broken> {
    lockstep.apply(&Operation::TryNext { reader })?;
    Ok(batches(lockstep).next().map(|(.., deltas)| deltas.to_vec()))
}

#[test]
fn filter_equivalence() {
    holds(file!(), |script| {
        let filters = script.regime(|_| {}).filters();
        let filter = FilterIx(u8::try_from(script.regime % u64::from(filters)).expect("a dozen filters"));
        twins(script, [filter, FilterIx(0)], |_, lockstep| {
            let (narrow, wide) = (try_next(lockstep, 0)?, try_next(lockstep, 1)?);
            let ids = lockstep.world().stage().universe().passing(filter);
            let projected: Vec<_> = wide.into_iter().flatten().filter(|delta| ids.has(delta.id)).collect();
            let told = narrow.unwrap_or_default();
            demand(told == projected, Promise::FilterEquivalence, || {
                format!("{told:?}, and the projection is {projected:?}")
            })?;
            Ok(u32::from(!told.is_empty()))
        })
    });
}

#[test]
fn cancel_safe() {
    holds(file!(), |script| {
        twins(script, [FilterIx(0); 2], |_, lockstep| {
            let waits = !lockstep.world().stage().readers()[0].calls().is_empty();
            let told = if waits {
                lockstep.apply(&Operation::Drop { reader: 0, call: 0 })?;
                try_next(lockstep, 0)?
            } else {
                lockstep.apply(&Operation::Next { reader: 0 })?;
                let told = batches(lockstep).next().map(|(.., deltas)| deltas.to_vec());
                if told.is_none() {
                    return Ok(0);
                }
                told
            };
            let undisturbed = try_next(lockstep, 1)?;
            demand(told == undisturbed, Promise::CancelSafe, || {
                format!("{told:?}, without the dropped call {undisturbed:?}")
            })?;
            Ok(u32::from(waits))
        })
    });
}

/// Everything the readers of a run saw, without the names of their watchers.
fn seen_by_readers(world: &World<Machine>, into: &mut Vec<(Observation, Vec<DeltaSeen>)>) {
    for observation in world.seen().list() {
        let mut observation = *observation;
        if let Observation::Opened { result: Ok(watcher), .. }
        | Observation::Resumed { result: Ok(watcher), .. }
        | Observation::Called { seen: CallSeen::Error(NextError::UnknownCall { watcher, .. }), .. } =
            &mut observation
        {
            *watcher = WatcherId(0);
        }
        let mut deltas = Vec::new();
        if let Observation::Called { seen: CallSeen::Batch(batch), .. } = observation {
            deltas.extend_from_slice(world.seen().deltas(&batch));
        }
        into.push((observation, deltas));
    }
}

#[test]
fn slow_reader_isolated() {
    fn tweak(regime: &mut Regime) {
        regime.readers.truncate(4);
        regime.config.lag_limit = None;
        regime.config.lag_age = None;
    }
    holds(file!(), |script| {
        let regime = script.regime(tweak);
        let idle = u8::try_from(regime.readers.len()).expect("a few readers");
        let with_idle =
            Regime { readers: [regime.readers.clone(), vec![Character::Sleeping]].concat(), ..regime.clone() };
        let (mut alone, mut disturbed) = (World::<Machine>::start(regime), World::<Machine>::start(with_idle));
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut decided = 0;
        for (step, word) in script.words.iter().enumerate() {
            if step as u64 == script.regime % 20 {
                disturbed.apply(&Operation::Open { reader: idle, filter: FilterIx(0) });
            }
            if step as u64 == script.regime % 40 {
                disturbed.apply(&Operation::TryNext { reader: idle });
            }
            let Some(operation) = Generator::next(alone.stage(), &mut Word::new(*word)) else { break };
            for (world, log) in [(&mut alone, &mut before), (&mut disturbed, &mut after)] {
                log.clear();
                world.clear_seen();
                world.apply(&operation);
                seen_by_readers(world, log);
            }
            demand(before == after, Promise::SlowReaderIsolated, || {
                format!("{operation:?}: {after:?}, without the idle reader {before:?}")
            })?;
            decided += u32::from(disturbed.report().watchers.behind > alone.report().watchers.behind);
        }
        Ok(decided)
    });
}

#[test]
fn load_equals_increments() {
    fn tweak(regime: &mut Regime) {
        regime.faults.rewind = 0;
        regime.budgets.owner = 0;
        regime.faults.for_good = 0;
    }
    holds(file!(), |script| {
        let mut commits = Vec::new();
        let mut store = State::EMPTY;
        play(script, tweak, |operation, lockstep| {
            if let Operation::Commit { .. } = operation {
                commits.push(*operation);
            }
            store = lockstep.world().stage().backing().latest().state;
            Ok(0)
        })?;
        // The same commits, all before the first load; and again, noticed and fetched in another order.
        let mut loaded = Lockstep::<Machine>::start(script.regime(tweak))?;
        commits.iter().try_for_each(|commit| loaded.apply(commit).map(drop))?;
        loaded.heal()?;
        let mut followed = Lockstep::<Machine>::start(script.regime(tweak))?;
        for (commit, word) in commits.iter().zip(script.words.iter().rev()) {
            followed.apply(commit)?;
            for turn in 0..word % 8 {
                let operation = Generator::next(followed.world().stage(), &mut Word::new(word ^ turn));
                if let Some(operation) = operation.filter(|operation| operation.party() != Party::Writer) {
                    followed.apply(&operation)?;
                }
            }
        }
        followed.heal()?;
        let (loaded, followed) = (loaded.world().store(), followed.world().store());
        let equal = loaded == Some(store) && followed == Some(store);
        demand(equal, Promise::LoadEqualsIncrements, || {
            format!("loaded {loaded:?}, followed {followed:?}, expected {store:?}")
        })?;
        Ok(u32::from(!commits.is_empty()))
    });
}

/// Writes down every input as text.
struct Recorder {
    machine: Machine,
    inputs: Vec<(Time, String)>,
    outputs: Vec<Output>,
}

impl Subject for Recorder {
    fn handle(&mut self, now: Time, input: Input<Val>) -> Answer<Val> {
        self.inputs.push((now, serde_json::to_string(&input).expect("an input is text")));
        self.machine.handle(now, input)
    }

    fn poll_output(&mut self) -> Option<Output> {
        let output = self.machine.poll_output();
        self.outputs.extend(output.clone());
        output
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        self.machine.poll_timeout()
    }

    fn report(&self) -> Report {
        self.machine.report()
    }
}

#[test]
fn deterministic() {
    holds(file!(), |script| {
        let regime = script.regime(|_| {});
        let fresh = || Machine::new(regime.config.clone(), super::super::EPOCH, Time::ZERO);
        let recorder = Recorder { machine: fresh(), inputs: Vec::new(), outputs: Vec::new() };
        let mut world = World::new(regime.clone(), recorder);
        for word in &script.words {
            let Some(operation) = Generator::next(world.stage(), &mut Word::new(*word)) else { break };
            world.apply(&operation);
        }
        let (recorder, mut again, mut outputs) = (world.subject(), fresh(), Vec::new());
        outputs.extend(core::iter::from_fn(|| again.poll_output()));
        for (now, text) in &recorder.inputs {
            again.handle(*now, serde_json::from_str(text).expect("what was written can be read"));
            outputs.extend(core::iter::from_fn(|| again.poll_output()));
        }
        let now = world.stage().now();
        let prints = [&recorder.machine, &again].map(|machine| machine.fingerprint(now, |value| u64::from(*value)));
        let same = outputs == recorder.outputs && again.report() == recorder.machine.report() && prints[0] == prints[1];
        demand(same, Promise::Deterministic, || "the same inputs, stored and read back, led elsewhere".to_owned())?;
        Ok(1)
    });
}
