//! Store managers with bugs that the relations must notice: each test plants one and shows that a relation parts it from itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use multiwatcher::machine::{
    Answer, Batch, CallId, Config, Delta, Epoch, Input, NextPoll, Output, Report, Revno, StoreManager, Time, Timeout,
    WatcherId,
};
use multiwatcher::testing::{Promise, State, Subject, Universe, Val};

use super::Relation;
use crate::runner::Runner;
use crate::worlds::{Maker, World};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planted {
    /// A batch is cut off at the first delta whose id is below the one before it.
    Unordered,
    /// Nobody is woken while a watcher is more than two revnos behind.
    Backpressure,
    /// A call that is polled and waits on is not woken the next time.
    DeafAfterPoll,
    /// A batch has room for two deltas.
    ShortBuffer,
    /// Who comes back is taken for somebody new.
    Forgetful,
}

/// The machine with one of them.
#[derive(Debug)]
pub(crate) struct Doctored {
    machine: StoreManager<Val>,
    planted: Planted,
    cursors: BTreeMap<WatcherId, Revno>,
    deaf: BTreeSet<CallId>,
    outputs: VecDeque<Output>,
}

/// What the relation says of the first of 300 runs in which it sees a difference.
pub(super) fn caught<S: Subject>(relation: Relation, maker: Maker<S>) -> String {
    let mut runner = Runner::<StoreManager<Val>>::new();
    let texts = (0..300).filter_map(|seed| relation.check(maker, &runner.told(seed))?.err());
    texts.map(String::from).next().expect("the relation sees a difference in one of 300 runs")
}

/// How a machine with this bug is made.
pub(crate) fn with(planted: Planted) -> Maker<Doctored> {
    let make: fn(Config, Epoch, Time) -> Doctored = match planted {
        Planted::Unordered => |config, epoch, now| Doctored::new(config, epoch, now, Planted::Unordered),
        Planted::Backpressure => |config, epoch, now| Doctored::new(config, epoch, now, Planted::Backpressure),
        Planted::DeafAfterPoll => |config, epoch, now| Doctored::new(config, epoch, now, Planted::DeafAfterPoll),
        Planted::ShortBuffer => |config, epoch, now| Doctored::new(config, epoch, now, Planted::ShortBuffer),
        Planted::Forgetful => |config, epoch, now| Doctored::new(config, epoch, now, Planted::Forgetful),
    };
    Maker { world: World::Machine, make }
}

impl Doctored {
    fn new(config: Config, epoch: Epoch, now: Time, planted: Planted) -> Self {
        let machine = StoreManager::new(config, epoch, now);
        let mut made =
            Self { machine, planted, cursors: BTreeMap::new(), deaf: BTreeSet::new(), outputs: VecDeque::new() };
        made.pass_on();
        made
    }

    fn pass_on(&mut self) {
        while let Some(output) = Subject::poll_output(&mut self.machine) {
            let swallowed = if let Output::Wake { call } = &output {
                match self.planted {
                    Planted::Backpressure => {
                        let latest = Subject::report(&self.machine).revno.0;
                        self.cursors.values().any(|cursor| cursor.0 + 2 < latest)
                    }
                    Planted::DeafAfterPoll => self.deaf.remove(call),
                    Planted::Unordered | Planted::ShortBuffer | Planted::Forgetful => false,
                }
            } else {
                false
            };
            if !swallowed {
                self.outputs.push_back(output);
            }
        }
    }

    fn short(&mut self, watcher: WatcherId, batch: Batch<Val>) -> Batch<Val> {
        self.cursors.insert(watcher, batch.revno());
        let deltas = batch.deltas();
        let keep = match self.planted {
            Planted::Unordered => {
                deltas.windows(2).position(|pair| pair[1].id() < pair[0].id()).map_or(deltas.len(), |place| place + 1)
            }
            Planted::ShortBuffer => deltas.len().min(2),
            Planted::Backpressure | Planted::DeafAfterPoll | Planted::Forgetful => return batch,
        };
        let kept: Vec<Delta<Val>> = deltas[..keep].to_vec();
        Batch::new(batch.revno(), batch.position(), kept)
    }
}

impl Subject for Doctored {
    /// What one run shows of these bugs does not count: here it is to be seen in comparing runs.
    const PROMISES: &'static [Promise] = &[];

    #[expect(clippy::wildcard_enum_match_arm, reason = "only batches and returns are doctored")]
    fn handle(&mut self, now: Time, input: Input<Val>) -> Answer<Val> {
        let input = match input {
            Input::Resume { filter, .. } if self.planted == Planted::Forgetful => {
                let answer = Subject::handle(&mut self.machine, now, Input::Watch { filter });
                self.pass_on();
                return match answer {
                    Answer::Watch(Ok(watcher)) => Answer::Resume(Ok(watcher)),
                    other => other,
                };
            }
            input => input,
        };
        let (watcher, polled) = match &input {
            Input::Next { watcher, call } => (Some(*watcher), *call),
            Input::TryNext { watcher } => (Some(*watcher), None),
            Input::Stop { watcher } => {
                self.cursors.remove(watcher);
                (None, None)
            }
            _ => (None, None),
        };
        let answer = match (Subject::handle(&mut self.machine, now, input), watcher) {
            (Answer::Next(NextPoll::Ready(Ok(batch))), Some(watcher)) => {
                Answer::Next(NextPoll::Ready(Ok(self.short(watcher, batch))))
            }
            (Answer::TryNext(Ok(Some(batch))), Some(watcher)) => Answer::TryNext(Ok(Some(self.short(watcher, batch)))),
            (answer @ Answer::Next(NextPoll::Pending(_)), _) => {
                self.deaf.extend(polled);
                answer
            }
            (answer, _) => answer,
        };
        self.pass_on();
        answer
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        Subject::poll_timeout(&self.machine)
    }

    fn report(&self) -> Report {
        Subject::report(&self.machine)
    }

    fn store(&self, universe: &Universe) -> Option<State> {
        Subject::store(&self.machine, universe)
    }
}
