//! Equal fingerprints have equal futures: whatever is done next comes to the same.

use std::collections::BTreeMap;

use super::*;
use crate::machine::Phase;
use crate::testing::{Choices, Stream};

type Told = (u8, Change, Val);

/// What an operation came to, without the numbers that fingerprints leave out.
#[derive(Debug, Clone, PartialEq)]
struct Outcome {
    possible: bool,
    /// Which reader, whether its call waits, and else the deltas it was told.
    told: Vec<(u8, bool, Vec<Told>)>,
    woken: Vec<u8>,
    store: Option<State>,
    phase: Phase,
    census: [usize; 7],
}

fn outcome(possible: bool, lockstep: &Lockstep<Machine>) -> Outcome {
    let report = lockstep.world().report();
    let deltas = |seen: CallSeen| {
        let CallSeen::Batch(batch) = seen else { return Vec::new() };
        lockstep.world().seen().deltas(&batch).iter().map(|delta| (delta.id.0, delta.change, delta.value)).collect()
    };
    let woken = lockstep.world().seen().list().iter().filter_map(|observation| {
        let Observation::Woken { reader, .. } = *observation else { return None };
        Some(reader)
    });
    Outcome {
        possible,
        told: calls(lockstep).map(|(reader, _, seen)| (reader, seen == CallSeen::Waits, deltas(seen))).collect(),
        woken: woken.collect(),
        store: lockstep.world().store(),
        phase: report.phase,
        census: [
            report.watchers.fresh,
            report.watchers.behind,
            report.watchers.ended,
            report.calls,
            report.tombstones,
            report.queued,
            report.quarantined,
        ],
    }
}

/// A small scope, or states would hardly ever meet again.
fn tweak(regime: &mut Regime) {
    let window = regime.config.window.min(1);
    let lag_limit = regime.config.lag_limit;
    *regime = Regime {
        faults: regime.faults,
        config: regime.config.clone(),
        ..Regime::calm(1 + regime.values % 2, &regime.readers[..1])
    };
    regime.config.window = window;
    regime.config.lag_limit = lag_limit;
    regime.budgets.saboteur = 8;
    regime.weights.saboteur = 2;
}

/// One of a few short futures, the same for every state.
fn future(lockstep: &Lockstep<Machine>, number: u64) -> Vec<Outcome> {
    let mut lockstep = lockstep.clone();
    let mut choices = Word::new(number);
    let mut outcomes = Vec::new();
    for _ in 0..8 {
        let operation =
            FUTURES[choices.below(Stream::Workload, u32::try_from(FUTURES.len()).expect("a handful")) as usize];
        let operation: Operation = serde_json::from_str(operation).expect("an operation");
        let possible = lockstep.apply(&operation).expect("the promises hold");
        outcomes.push(outcome(possible, &lockstep));
    }
    outcomes
}

const FUTURES: [&str; 12] = [
    r#"{"Commit":{"changes":"0=1","skip":0}}"#,
    r#"{"Commit":{"changes":"0=-","skip":0}}"#,
    r#"{"Commit":{"changes":"0=2 1=1","skip":0}}"#,
    r#"{"Notice":{"ids":[0,1],"twice":false}}"#,
    r#"{"ReadFetch":{"fetch":0,"skip":0,"omit":[],"behind":0}}"#,
    r#"{"Deliver":{"flight":0,"keep":false}}"#,
    r#"{"Deadline":{"late":0}}"#,
    r#""Subscribed""#,
    r#""LoadDone""#,
    r#"{"TryNext":{"reader":0}}"#,
    r#"{"Next":{"reader":0}}"#,
    r#"{"Resume":{"reader":0,"token":{"Kept":0}}}"#,
];

#[test]
fn equal_fingerprints_have_equal_futures() {
    holds(file!(), |script| {
        let mut met: BTreeMap<u128, (usize, Vec<Vec<Outcome>>)> = BTreeMap::new();
        let mut lockstep = Lockstep::<Machine>::start(script.regime(tweak))?;
        let mut decided = 0;
        for (step, word) in script.words.iter().enumerate() {
            let Some(operation) = Generator::next(lockstep.world().stage(), &mut Word::new(*word)) else { break };
            lockstep.apply(&operation)?;
            let print = lockstep.state_fingerprint().expect("the machine has one");
            let futures: Vec<_> = (0..2).map(|number| future(&lockstep, number ^ script.regime)).collect();
            if let Some((before, earlier)) = met.get(&print) {
                let same = *earlier == futures;
                demand(same, Promise::Deterministic, || {
                    format!("steps {before} and {step} have one fingerprint and two futures")
                })?;
                decided += 1;
            } else {
                met.insert(print, (step, futures));
            }
        }
        Ok(decided)
    });
}
