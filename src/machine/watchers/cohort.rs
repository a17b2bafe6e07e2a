//! A cohort: the watchers of one audience that stand at one cursor.

use derive_where::derive_where;
use slab::Slab;

use super::super::delta::Deltas;
use super::super::numbers::{Position, Revno, Time};
use super::super::report;
use super::super::store::{Milestone, Slot};
use super::links::{Chain, Link, Links};
use super::watcher::Seat;

/// How far a cohort has been brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::machine) enum Stage {
    /// No first batch yet: it holds nothing.
    Fresh,
    /// No delta pending: its cursor counts as the latest revno.
    CaughtUp,
    /// A delta is pending, of which the witness is proof.
    Behind,
}

#[derive(Debug)]
#[derive_where(Clone)]
pub(in crate::machine) struct Cohort<V> {
    pub(in crate::machine) audience: u32,
    pub(in crate::machine) stage: Stage,
    /// Meaningful only when behind, as the four that follow.
    pub(in crate::machine) cursor: Revno,
    /// Where the store stood before the change it is behind of.
    pub(in crate::machine) at: Milestone,
    pub(in crate::machine) since: Time,
    /// An entity that is pending for it.
    pub(in crate::machine) witness: Slot,
    pub(super) by_cursor: Link,
    pub(super) by_age: Link,
    pub(super) by_witness: Link,
    /// Members whose head call has not been woken.
    pub(super) waiting: Chain,
    /// The others.
    pub(super) resting: Chain,
    pub(in crate::machine) members: u32,
    /// Members with a call in line.
    pub(in crate::machine) lined: u32,
    /// The batch of the latest revno, kept while a call in line can still use it.
    pub(super) kept: Option<Deltas<V>>,
}

impl<V> Cohort<V> {
    pub(super) fn new(audience: u32, stage: Stage) -> Self {
        Self {
            audience,
            stage,
            cursor: Revno(0),
            at: Milestone::of_nobody(Position(0)),
            since: Time::ZERO,
            witness: Slot(0),
            by_cursor: Link::LOOSE,
            by_age: Link::LOOSE,
            by_witness: Link::LOOSE,
            waiting: Chain::new(),
            resting: Chain::new(),
            members: 0,
            lined: 0,
            kept: None,
        }
    }

    /// The cursor its next batch starts from; none for a first batch.
    pub(in crate::machine) fn starts_from(&self) -> Option<Revno> {
        match self.stage {
            Stage::Fresh => None,
            Stage::CaughtUp | Stage::Behind => Some(self.cursor),
        }
    }

    /// Whether a batch is kept for its waiting calls.
    pub(in crate::machine) fn is_keeping(&self) -> bool {
        self.kept.is_some()
    }

    pub(super) fn chain(&mut self, seat: Seat) -> &mut Chain {
        match seat {
            Seat::Waiting => &mut self.waiting,
            Seat::Resting => &mut self.resting,
        }
    }
}

impl report::Watchers {
    pub(super) fn of(&mut self, stage: Stage) -> &mut usize {
        match stage {
            Stage::Fresh => &mut self.fresh,
            Stage::CaughtUp => &mut self.caught_up,
            Stage::Behind => &mut self.behind,
        }
    }
}

/// All cohorts that are behind, by cursor.
pub(super) struct ByCursor<'a, V>(pub(super) &'a mut Slab<Cohort<V>>);

impl<V> Links for ByCursor<'_, V> {
    fn link(&mut self, at: u32) -> &mut Link {
        &mut self.0[at as usize].by_cursor
    }
}

/// All cohorts that are behind, by the moment that began.
pub(super) struct ByAge<'a, V>(pub(super) &'a mut Slab<Cohort<V>>);

impl<V> Links for ByAge<'_, V> {
    fn link(&mut self, at: u32) -> &mut Link {
        &mut self.0[at as usize].by_age
    }
}

/// The cohorts with one entity as their witness.
pub(super) struct ByWitness<'a, V>(pub(super) &'a mut Slab<Cohort<V>>);

impl<V> Links for ByWitness<'_, V> {
    fn link(&mut self, at: u32) -> &mut Link {
        &mut self.0[at as usize].by_witness
    }
}
