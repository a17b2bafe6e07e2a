//! The reference: every state the database has had, and what each revno of a worker can have been. Short and slow, without coalescing.

use std::collections::BTreeMap;

use super::operation::Transaction;
use super::universe::State;
use crate::machine::{Position, Revno};
use crate::testing::{Broken, Promise};

/// What was committed, in the order of commits.
#[derive(Debug)]
pub(super) struct History {
    /// After each commit, begun or done; the first is the empty database.
    states: Vec<State>,
    /// So many of them are known to be visible.
    done: usize,
}

impl History {
    pub(super) fn new() -> Self {
        Self { states: vec![State::default()], done: 0 }
    }

    /// A transaction is about to be committed: from now on it may be seen.
    pub(super) fn begin(&mut self, transaction: &Transaction) {
        let mut state = self.latest();
        for (place, value) in &transaction.0 {
            state.0[*place] = *value;
        }
        self.states.push(state);
    }

    /// All that was begun is visible.
    pub(super) fn end(&mut self) {
        self.done = self.states.len() - 1;
    }

    /// The number of the latest commit that is known to be visible.
    pub(super) fn done(&self) -> usize {
        self.done
    }

    /// The state after the latest commit.
    pub(super) fn latest(&self) -> State {
        self.states[self.states.len() - 1]
    }

    /// The commits, from this one on, after which this filter showed this view.
    fn showing(&self, from: usize, filter: usize, view: State) -> Vec<usize> {
        (from..self.states.len()).filter(|number| self.states[*number].through(filter) == view).collect()
    }

    /// Whether each id alone held at some moment since then what this view says. Then commits were mixed; otherwise something was
    /// made up, or is older than what was seen before.
    fn is_mixed(&self, from: usize, filter: usize, view: State) -> bool {
        let held =
            |place: usize| self.states[from..].iter().any(|state| state.through(filter).0[place] == view.0[place]);
        (0..view.0.len()).all(held)
    }
}

/// What the store of one worker can have been at each revno, by all that its readers saw.
#[derive(Debug)]
pub(super) struct Revnos {
    /// No commit before this one: it was visible before the worker began.
    from: usize,
    /// Commits that the store can have stood at, by revno.
    known: BTreeMap<Revno, Known>,
}

/// What is known of one revno.
#[derive(Debug)]
struct Known {
    /// The lowest and the highest position it was said to stand for.
    positions: (Position, Position),
    /// The commits the store can have stood at.
    at: Vec<usize>,
}

impl Revnos {
    /// Those of a worker that begins now.
    pub(super) fn new(history: &History) -> Self {
        Self { from: history.done(), known: BTreeMap::new() }
    }

    /// A reader with this filter has this view at this revno: narrows down what the store was then, or finds that it cannot be.
    pub(super) fn see(
        &mut self,
        history: &History,
        (revno, position): (Revno, Position),
        (filter, view): (usize, State),
    ) -> Result<(), Broken> {
        let earliest = self.known.range(..revno).next_back().map_or(self.from, |(_, known)| known.at[0]);
        let shown = history.showing(earliest, filter, view);
        if shown.is_empty() {
            let text = format!(
                "at {revno} a reader of {} holds {view}; since commit {earliest} it was never so",
                super::universe::filter_in_words(filter)
            );
            let promise =
                if history.is_mixed(earliest, filter, view) { Promise::AtomicCommit } else { Promise::ExactPrefix };
            return Err(Broken::new(promise, text));
        }
        let known =
            self.known.entry(revno).or_insert_with(|| Known { positions: (position, position), at: shown.clone() });
        // A commit that changes nothing moves the position and makes no revno.
        known.positions = (known.positions.0.min(position), known.positions.1.max(position));
        known.at.retain(|number| shown.contains(number));
        if known.at.is_empty() {
            let text =
                format!("at {revno} a reader holds {view}, and another one what no one state shows both of them");
            return Err(Broken::new(Promise::FilterEquivalence, text));
        }
        self.positions_ascend(revno)
    }

    /// Positions never fall while a database only goes forward.
    fn positions_ascend(&self, revno: Revno) -> Result<(), Broken> {
        let (lowest, highest) = self.known[&revno].positions;
        let before = self.known.range(..revno).next_back().is_none_or(|(_, before)| before.positions.1 <= lowest);
        let after = self.known.range(revno..).nth(1).is_none_or(|(_, after)| highest <= after.positions.0);
        if before && after {
            Ok(())
        } else {
            let text = format!("{revno} stands for {lowest} to {highest}, out of order with its neighbours");
            Err(Broken::new(Promise::ExactPrefix, text))
        }
    }
}
