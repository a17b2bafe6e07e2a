//! Every state the store should have had, by revno: no coalescing, no sharing, nothing forgotten.

use super::super::observation::DeltaSeen;
use super::super::state::{IdSet, State};
use super::super::universe::{IdIx, Shape};
use crate::machine::{Change, Position, Revno};

/// S(0), S(1), ... up to the latest.
#[derive(Debug, Clone)]
pub(super) struct History {
    states: Vec<State>,
    /// By id, the revno of its latest change; 0 if it never changed.
    changed: [u64; Shape::IDS as usize],
    /// The ids that ever changed.
    ever: IdSet,
    pub(super) position: Position,
}

impl History {
    pub(super) fn new() -> Self {
        Self {
            states: vec![State::EMPTY],
            changed: [0; Shape::IDS as usize],
            ever: IdSet::EMPTY,
            position: Position(0),
        }
    }

    pub(super) fn reset(&mut self) {
        self.states.truncate(1);
        (self.changed, self.ever) = ([0; Shape::IDS as usize], IdSet::EMPTY);
        self.position = Position(0);
    }

    pub(super) fn latest(&self) -> u64 {
        self.states.len() as u64 - 1
    }

    pub(super) fn now(&self) -> State {
        *self.states.last().expect("S(0) is always there")
    }

    /// The revno of an id's latest change; 0 if it never changed.
    pub(super) fn changed(&self, ix: IdIx) -> u64 {
        self.changed[ix.at()]
    }

    pub(super) fn at(&self, revno: u64) -> State {
        self.states[usize::try_from(revno).expect("a run is short")]
    }

    /// The store is at `to` with this state. Whether that is a new revno.
    pub(super) fn advance(&mut self, state: State, to: Position) -> bool {
        let changed = self.now().differs(state);
        self.position = to;
        if changed.is_empty() {
            return false;
        }
        self.states.push(state);
        self.ever = self.ever.or(changed);
        for ix in changed.iter() {
            self.changed[ix.at()] = self.latest();
        }
        true
    }

    /// What somebody must be told of an id who was brought to `cursor`; who was brought nowhere holds nothing.
    fn told(&self, ix: IdIx, cursor: Option<u64>) -> Option<DeltaSeen> {
        let changed = self.changed[ix.at()];
        if cursor.is_some_and(|cursor| changed <= cursor) {
            return None;
        }
        let held = cursor.is_some_and(|cursor| self.at(cursor).get(ix).is_some());
        let delta = |value, change| DeltaSeen { revno: Revno(changed), value, id: ix, change };
        match (held, self.now().get(ix)) {
            (true | false, Some(value)) => Some(delta(value, Change::Changed)),
            (true, None) => Some(delta(self.at(changed - 1).get(ix).unwrap_or(0), Change::Removed)),
            (false, None) => None,
        }
    }

    pub(super) fn pending(&self, ids: IdSet, cursor: u64) -> bool {
        cursor < self.latest() && ids.iter().any(|ix| self.told(ix, Some(cursor)).is_some())
    }

    pub(super) fn batch(&self, ids: IdSet, cursor: Option<u64>, into: &mut Vec<DeltaSeen>) {
        into.clear();
        into.extend(ids.iter().filter_map(|ix| self.told(ix, cursor)));
        into.sort_by_key(|delta| (delta.revno, delta.id));
    }

    /// The distinct ids among these that changed by value after `cursor`.
    pub(super) fn changed_since(&self, ids: IdSet, cursor: u64) -> usize {
        ids.iter().filter(|ix| self.changed[ix.at()] > cursor).count()
    }

    /// The ids that were alive and are not.
    pub(super) fn dead(&self) -> IdSet {
        self.ever.minus(self.now().alive())
    }

    /// The dead ids whose last life reaches to `oldest` or beyond.
    pub(super) fn died_after(&self, oldest: u64) -> IdSet {
        let long_ago = self.dead().iter().filter(|ix| self.changed[ix.at()] <= oldest);
        self.dead().minus(long_ago.fold(IdSet::EMPTY, |set, ix| set.or(IdSet::one(ix))))
    }
}
