//! A row of the table, a bug in a world: what its cells come to.

use super::{Cell, Column, FIRST_TRIALS, Table, Trial};
use crate::zoo::Bug;

/// A bug in a world.
#[derive(Debug, Clone)]
pub struct Row {
    /// Which bug.
    pub bug: Bug,
    /// Whether the shipped driver stands around it.
    pub driven: bool,
    /// By column, in their order.
    pub cells: Vec<(Column, Known)>,
}

/// What is known of a cell.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The trials that were begun; those that found nothing last.
    trials: Vec<Trial>,
}

/// How many schedules it takes, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedules {
    /// So many.
    Exactly(u64),
    /// More than so many.
    MoreThan(u64),
}

impl Row {
    /// The rows of these bugs.
    pub fn all(table: &Table, bugs: &[Bug]) -> Vec<Self> {
        let rows = bugs.iter().flat_map(|bug| bug.worlds().iter().map(|driven| (*bug, *driven)));
        rows.map(|(bug, driven)| {
            let known = |scheduler| Known::of(table.trials(Cell { bug, driven, scheduler }).map(|(_, trial)| trial));
            Self { bug, driven, cells: Column::all().map(|column| (column, known(column))).collect() }
        })
        .collect()
    }

    /// The cell of a column.
    pub fn cell(&self, column: Column) -> Option<&Known> {
        self.cells.iter().find(|(other, _)| *other == column).map(|(_, known)| known)
    }

    /// The median of a column, if there are enough trials to speak of one.
    pub fn median(&self, column: Column) -> Option<Schedules> {
        self.cell(column).filter(|known| known.is_enough()).and_then(Known::median)
    }

    /// The single schedulers with the least median, and that.
    pub fn best(&self) -> Option<(Vec<Column>, u64)> {
        let singles = self.cells.iter().map(|(column, _)| *column).filter(|column| *column != Column::Portfolio);
        let exact: Vec<_> = singles
            .filter_map(|column| match self.median(column) {
                Some(Schedules::Exactly(median)) => Some((column, median)),
                Some(Schedules::MoreThan(_)) | None => None,
            })
            .collect();
        let least = exact.iter().map(|(_, median)| *median).min()?;
        Some((exact.iter().filter(|(_, median)| *median == least).map(|(column, _)| *column).collect(), least))
    }

    /// The middle of the lengths its failures were shrunk to, whichever scheduler found them.
    pub fn shrunk(&self) -> Option<u64> {
        middle(self.cells.iter().flat_map(|(_, known)| known.trials.iter().filter_map(|trial| trial.shrunk)))
    }

    /// The middle of the lengths of its failures as they were found.
    pub fn steps(&self) -> Option<u64> {
        middle(self.cells.iter().flat_map(|(_, known)| known.trials.iter().filter_map(|trial| trial.steps)))
    }
}

impl Known {
    fn of(trials: impl Iterator<Item = Trial>) -> Self {
        let mut trials: Vec<_> = trials.filter(|trial| trial.schedules > 0).collect();
        trials.sort_by_key(|trial| (!trial.is_found(), trial.schedules));
        Self { trials }
    }

    /// How many trials were begun.
    pub fn trials(&self) -> usize {
        self.trials.len()
    }

    /// Whether there are enough trials for a median.
    pub fn is_enough(&self) -> bool {
        self.trials.len() >= FIRST_TRIALS as usize
    }

    /// Whether every trial found the bug.
    pub fn is_found_by_all(&self) -> bool {
        self.trials.iter().all(Trial::is_found)
    }

    /// The median: at least half of the trials took no more.
    pub fn median(&self) -> Option<Schedules> {
        self.percentile(50)
    }

    /// The 95th percentile: at least 95 of 100 trials took no more.
    pub fn percentile95(&self) -> Option<Schedules> {
        self.percentile(95)
    }

    /// By nearest rank. A trial that found nothing is worse than any that did; how bad is not known.
    fn percentile(&self, percent: usize) -> Option<Schedules> {
        let rank = (self.trials.len() * percent).div_ceil(100);
        let at = self.trials.get(rank.checked_sub(1)?)?;
        if at.is_found() {
            return Some(Schedules::Exactly(at.schedules));
        }
        let unfound = self.trials.iter().filter(|trial| !trial.is_found());
        unfound.map(|trial| trial.schedules).min().map(Schedules::MoreThan)
    }
}

fn middle(values: impl Iterator<Item = u64>) -> Option<u64> {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;
    use crate::schedulers::Kind;

    const RANDOM: Column = Column::Only(Kind::Uniform);

    fn known(trials: &[i64]) -> Known {
        let row = Row::all(&table(&[(Bug::Z7, RANDOM, trials)]), &[Bug::Z7]).swap_remove(0);
        row.cell(RANDOM).unwrap().clone()
    }

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let thirty: Vec<i64> = (1..=30).rev().collect();
        let known = known(&thirty);
        let at = |known: &Known| (known.median(), known.percentile95());
        assert_eq!(at(&known), (Some(Schedules::Exactly(15)), Some(Schedules::Exactly(29))));
        assert_eq!(at(&Known::default()), (None, None));
    }

    #[test]
    fn trials_that_found_nothing_are_worse_than_all_others_and_bound_what_is_not_known() {
        let known = known(&[7, -50, 60, 5, -20]);
        assert_eq!(known.median(), Some(Schedules::Exactly(60)));
        assert_eq!(known.percentile95(), Some(Schedules::MoreThan(20)));
        assert!(!known.is_found_by_all() && !known.is_enough());
    }

    #[test]
    fn the_best_are_the_single_schedulers_with_the_least_median() {
        let pct = |depth| Column::Only(Kind::Pct(depth));
        let cells: [(Bug, Column, &[i64]); 4] = [
            (Bug::Z7, RANDOM, &[9; 10]),
            (Bug::Z7, pct(1), &[4; 10]),
            (Bug::Z7, pct(2), &[4; 10]),
            (Bug::Z7, Column::Portfolio, &[1; 10]),
        ];
        let row = Row::all(&table(&cells), &[Bug::Z7]).swap_remove(0);
        assert_eq!(row.best(), Some((vec![pct(1), pct(2)], 4)));
        assert_eq!(row.median(pct(3)), None);
    }
}
