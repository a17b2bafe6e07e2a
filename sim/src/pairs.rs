//! Promises that compare runs: on one of 128 seeds the run is made again in three other ways.

use multiwatcher::machine::{Cause, NextError, ResumeError, WatchError, WatcherId};
use multiwatcher::testing::{
    CallSeen, DeltaSeen, FilterIx, Healing, Observation, Operation, Party, Promise, Regime, Subject,
};

use crate::checkers::Suite;
use crate::course::Broken;
use crate::decisions::Decisions;
use crate::worlds::Maker;

/// The share of seeds whose runs are compared.
pub const ONE_OF: u64 = 128;

/// Something that a reader, or all of them, heard, with what it was told; ids of watchers left out, for they are not the same in a
/// twin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The operation of which it came.
    pub at: usize,
    /// What was seen.
    pub observation: Observation,
    /// The deltas, if it is a batch.
    pub deltas: Vec<DeltaSeen>,
}

/// Whether this seed's run is compared.
pub fn chosen(seed: u64) -> bool {
    seed.is_multiple_of(ONE_OF)
}

/// Compares a run that kept its promises with its twins. `again` is the hash of the same seed from a clean start.
pub fn compare<S: Subject>(
    maker: Maker<S>,
    suite: &mut Suite,
    decisions: &Decisions,
    hash: u64,
    again: u64,
) -> Result<(), Box<Broken>> {
    let last = decisions.operations.len();
    let broken = |promise: Promise| move |text: Box<str>| Box::new(Broken::of(promise, text.into(), last));
    suite.deterministic.compare(hash, again).map_err(broken(Promise::Deterministic))?;
    if let Some((followed, loaded)) = followed_and_loaded(maker, decisions) {
        suite.load_equals_increments.compare(followed, loaded).map_err(broken(Promise::LoadEqualsIncrements))?;
    }
    if let Some((alone, beside)) = alone_and_beside(maker, decisions) {
        suite.slow_reader_isolated.compare(&alone, &beside).map_err(broken(Promise::SlowReaderIsolated))?;
    }
    Ok(())
}

/// The last store of the run, and that of a machine that only loads what the same commits led to.
fn followed_and_loaded<S: Subject>(
    maker: Maker<S>,
    decisions: &Decisions,
) -> Option<(multiwatcher::testing::State, multiwatcher::testing::State)> {
    let regime = &decisions.header.regime;
    let mut followed = maker.start(regime.clone());
    let mut loaded = maker.start(regime.clone());
    for operation in &decisions.operations {
        let happened = followed.apply(operation);
        if happened && matches!(operation, Operation::Commit { .. } | Operation::Rewind { .. }) {
            loaded.apply(operation);
        }
        followed.clear_seen();
    }
    let mut healing = Healing::new();
    for _ in 0..Healing::most(loaded.stage()) {
        let Some(operation) = healing.next(loaded.stage()) else { break };
        loaded.apply(&operation);
        loaded.clear_seen();
    }
    let comparable = !followed.stage().ended() && !loaded.stage().ended();
    let same_end = followed.stage().backing().latest().state == loaded.stage().backing().latest().state;
    if comparable && same_end { Some((followed.store()?, loaded.store()?)) } else { None }
}

/// What the readers of a run heard, and what they hear beside one more that reads once and never again. Not for runs in which it
/// could not be added, or would be waited for: an age limit makes a deadline of its own.
fn alone_and_beside<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> Option<(Vec<Heard>, Vec<Heard>)> {
    let regime = &decisions.header.regime;
    if regime.readers.len() == Party::READERS || regime.config.lag_age.is_some() {
        return None;
    }
    let idle = u8::try_from(regime.readers.len()).ok()?;
    let alone = listen(maker, regime.clone(), &decisions.operations, idle, &[]);
    let mut with_idle = regime.clone();
    with_idle.readers.push(multiwatcher::testing::Character::Sleeping);
    let third = decisions.operations.len() / 3;
    let added =
        [(0, Operation::Open { reader: idle, filter: FilterIx(0) }), (third, Operation::TryNext { reader: idle })];
    Some((alone, listen(maker, with_idle, &decisions.operations, idle, &added)))
}

/// Makes the operations, and others before those at the given places; returns what all readers but the idle one heard.
fn listen<S: Subject>(
    maker: Maker<S>,
    regime: Regime,
    operations: &[Operation],
    idle: u8,
    added: &[(usize, Operation)],
) -> Vec<Heard> {
    let mut world = maker.start(regime);
    let mut heard = Vec::new();
    for (at, operation) in operations.iter().enumerate() {
        for (_, operation) in added.iter().filter(|(place, _)| *place == at) {
            world.apply(operation);
            world.clear_seen();
        }
        world.apply(operation);
        for observation in world.seen().list() {
            let Some(observation) = nameless(observation).filter(|observation| !is_of(observation, idle)) else {
                continue;
            };
            let deltas = if let Observation::Called { seen: CallSeen::Batch(batch), .. } = observation {
                world.seen().deltas(&batch).to_vec()
            } else {
                Vec::new()
            };
            heard.push(Heard { at, observation, deltas });
        }
        world.clear_seen();
    }
    heard
}

/// The observation if readers can notice it, without what names things in the order they came up: ids of watchers and causes.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is between subject and backing")]
fn nameless(observation: &Observation) -> Option<Observation> {
    let watcher = |_| WatcherId(0);
    match *observation {
        Observation::Opened { reader, filter, result } => {
            let result = result.map(watcher).map_err(|WatchError::Ended(cause)| WatchError::Ended(class_of(cause)));
            Some(Observation::Opened { reader, filter, result })
        }
        Observation::Resumed { reader, filter, from, view, result } => {
            let result = result.map(watcher).map_err(|error| match error {
                ResumeError::Ended(cause) => ResumeError::Ended(class_of(cause)),
                ResumeError::Gone { .. } | ResumeError::Future { .. } => error,
            });
            Some(Observation::Resumed { reader, filter, from, view, result })
        }
        Observation::Called { reader, how, seen: CallSeen::Error(error) } => {
            Some(Observation::Called { reader, how, seen: CallSeen::Error(nameless_error(error)) })
        }
        Observation::Progressed { reader, result } => {
            Some(Observation::Progressed { reader, result: result.map_err(nameless_error) })
        }
        Observation::Called { .. }
        | Observation::Now(_)
        | Observation::Woken { .. }
        | Observation::Dropped { .. }
        | Observation::Stopped { .. } => Some(*observation),
        _ => None,
    }
}

fn nameless_error(error: NextError) -> NextError {
    match error {
        NextError::Ended(cause) => NextError::Ended(class_of(cause)),
        NextError::UnknownCall { call, .. } => NextError::UnknownCall { watcher: WatcherId(0), call },
        NextError::Stopped | NextError::Lagged { .. } => error,
    }
}

fn class_of(cause: Cause) -> Cause {
    Cause::new(cause.class, 0)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is nobody's in particular")]
fn is_of(observation: &Observation, idle: u8) -> bool {
    match *observation {
        Observation::Woken { reader, .. } | Observation::Called { reader, .. } => reader == idle,
        _ => false,
    }
}
