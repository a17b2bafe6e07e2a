//! Where the store has equalled the backing: every such place, nothing forgotten.

use core::hash::{Hash, Hasher};

use crate::machine::{Identity, Position};

/// Positions at which a reader of another store manager saw what this store held.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) backing: Option<Identity>,
    /// How often positions have lost their meaning.
    pasts: u32,
    /// Whether the store equals the backing where it stands.
    whole: bool,
    /// Of this past, with the revno.
    passed: Vec<(Position, u64)>,
}

impl Places {
    pub(super) fn new() -> Self {
        Self { backing: None, pasts: 0, whole: false, passed: Vec::new() }
    }

    pub(super) fn reset(&mut self) {
        (self.backing, self.pasts, self.whole) = (None, 0, false);
        self.passed.clear();
    }

    /// A subscription stands.
    pub(super) fn subscribed(&mut self, backing: Identity) {
        if self.backing.replace(backing) != Some(backing) {
            self.begin_past();
        }
    }

    pub(super) fn begin_past(&mut self) {
        self.pasts += 1;
        self.whole = false;
        self.passed.clear();
    }

    pub(super) fn reach(&mut self, position: Position, revno: u64, whole: bool) {
        self.whole = whole;
        if whole {
            self.passed.push((position, revno));
        }
    }

    /// The past of where the store stands, if it equals the backing there.
    pub(super) fn past(&self) -> Option<u32> {
        self.whole.then_some(self.pasts)
    }

    /// Whether a place of this past says what the backing held.
    pub(super) fn is_exact(&self, past: Option<u32>) -> bool {
        past == Some(self.pasts)
    }

    pub(super) fn current(&self) -> u32 {
        self.pasts
    }

    /// The revno at which the store equalled the backing at this position.
    pub(super) fn revno_at(&self, position: Position) -> Option<u64> {
        self.passed.iter().rev().find(|(other, _)| *other == position).map(|(_, revno)| *revno)
    }

    pub(super) fn print(&self, hasher: &mut impl Hasher) {
        (self.backing, self.whole).hash(hasher);
    }

    /// What a later answer can depend on: whatever the resume window reaches back to.
    pub(super) fn print_passed(
        &self,
        oldest: u64,
        latest: u64,
        back: impl Fn(Position) -> i128,
        hasher: &mut impl Hasher,
    ) {
        for &(position, revno) in self.passed.iter().filter(|(_, revno)| *revno >= oldest) {
            (back(position), latest - revno).hash(hasher);
        }
    }
}
