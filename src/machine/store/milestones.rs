//! The positions at which the store equalled its backing: where a reader of another store manager of that backing can be taken over.

use std::collections::VecDeque;

use super::super::numbers::{Position, Revno};

/// So many are remembered beyond those of the resume window: of steps that brought no revno there may be any number.
const MOST: u64 = 4_096;

/// Numbers the pasts of a backing. A position of an earlier one says nothing about this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::machine) struct Past(u32);

impl Past {
    /// That of a place where the store did not equal the backing.
    const NONE: Self = Self(0);
}

/// Where the store stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::machine) struct Milestone {
    pub(in crate::machine) position: Position,
    /// Of which past, if it equalled the backing there.
    pub(super) past: Past,
}

impl Milestone {
    /// At a position that says nothing to anybody else.
    pub(in crate::machine) const fn of_nobody(position: Position) -> Self {
        Self { position, past: Past::NONE }
    }
}

/// Where the store stands, and where it stood.
#[derive(Debug, Clone)]
pub(in crate::machine) struct Milestones {
    now: Milestone,
    past: Past,
    /// By position, of this past alone; the revnos do not descend.
    passed: VecDeque<(Position, Revno)>,
}

impl Milestones {
    pub(super) fn new() -> Self {
        Self { now: Milestone::of_nobody(Position(0)), past: Past(1), passed: VecDeque::new() }
    }

    /// Where the store stands.
    pub(in crate::machine) fn now(&self) -> Milestone {
        self.now
    }

    /// A step, or a load with its step, has brought the store here. `whole` says that no id is left at an earlier value.
    pub(super) fn reach(&mut self, position: Position, revno: Revno, oldest: Revno, whole: bool) {
        let past = if whole { self.past } else { Past::NONE };
        self.now = Milestone { position, past };
        while self.passed.front().is_some_and(|&(_, revno)| revno < oldest) {
            self.passed.pop_front();
        }
        if !whole {
            return;
        }
        debug_assert!(self.passed.back().is_none_or(|last| *last <= (position, revno)), "a past runs one way");
        if self.passed.back() != Some(&(position, revno)) {
            self.passed.push_back((position, revno));
        }
        if self.passed.len() as u64 > (revno.0 - oldest.0).saturating_add(MOST) {
            self.passed.pop_front();
        }
    }

    /// The backing has another past: what positions meant is no longer known.
    pub(in crate::machine) fn begin_past(&mut self) {
        self.past.0 += 1;
        self.now.past = Past::NONE;
        self.passed.clear();
    }

    /// Whether the store equalled the backing there, as far as that has one past.
    pub(in crate::machine) fn is_exact(&self, milestone: Milestone) -> bool {
        milestone.past == self.past
    }

    /// The revno at which the store equalled the backing at this position, if the resume window reaches back to it.
    pub(in crate::machine) fn revno_at(&self, position: Position) -> Option<Revno> {
        let after = self.passed.partition_point(|&(other, _)| other <= position);
        let (found, revno) = self.passed.get(after.checked_sub(1)?)?;
        (*found == position).then_some(*revno)
    }

    /// The place that a store equal to the backing has at this position.
    pub(in crate::machine) fn at(&self, position: Position) -> Milestone {
        Milestone { position, past: self.past }
    }

    /// All of them, by position; for fingerprints and recounts.
    pub(in crate::machine) fn passed(&self) -> impl Iterator<Item = (Position, Revno)> {
        self.passed.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(milestones: &Milestones) -> Vec<(u64, u64)> {
        milestones.passed().map(|(position, revno)| (position.0, revno.0)).collect()
    }

    #[test]
    fn only_where_the_store_stood_whole_is_a_milestone() {
        let mut milestones = Milestones::new();
        milestones.reach(Position(3), Revno(1), Revno(0), true);
        milestones.reach(Position(5), Revno(2), Revno(0), false);
        assert!(!milestones.is_exact(milestones.now()));
        milestones.reach(Position(5), Revno(3), Revno(0), true);
        milestones.reach(Position(8), Revno(3), Revno(0), true);
        assert!(milestones.is_exact(milestones.now()));
        let found: Vec<_> = (2..=9).map(|at| milestones.revno_at(Position(at)).map(|revno| revno.0)).collect();
        assert_eq!(found, [None, Some(1), None, Some(3), None, None, Some(3), None]);
    }

    #[test]
    fn those_behind_the_window_are_forgotten_and_repeats_are_one() {
        let mut milestones = Milestones::new();
        milestones.reach(Position(1), Revno(1), Revno(0), true);
        milestones.reach(Position(2), Revno(2), Revno(1), true);
        milestones.reach(Position(2), Revno(2), Revno(1), true);
        assert_eq!(passed(&milestones), [(1, 1), (2, 2)]);
        milestones.reach(Position(3), Revno(3), Revno(2), true);
        assert_eq!(passed(&milestones), [(2, 2), (3, 3)]);
    }

    #[test]
    fn steps_that_bring_no_revno_do_not_fill_the_memory() {
        let mut milestones = Milestones::new();
        for at in 1..=2 * MOST {
            milestones.reach(Position(at), Revno(1), Revno(1), true);
        }
        assert_eq!(passed(&milestones).len() as u64, MOST);
        assert_eq!(milestones.revno_at(Position(MOST)), None);
        assert_eq!(milestones.revno_at(Position(MOST + 1)), Some(Revno(1)));
    }

    #[test]
    fn another_past_knows_nothing_of_the_one_before() {
        let mut milestones = Milestones::new();
        milestones.reach(Position(7), Revno(1), Revno(0), true);
        let before = milestones.now();
        milestones.begin_past();
        assert!(!milestones.is_exact(before) && !milestones.is_exact(milestones.now()));
        assert_eq!(milestones.revno_at(Position(7)), None);
        milestones.reach(Position(4), Revno(2), Revno(0), true);
        assert!(milestones.is_exact(milestones.now()) && !milestones.is_exact(before));
    }
}
