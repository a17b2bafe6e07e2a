//! The control table: bug by bug and world by world, how many schedules each scheduler takes to the first detection. What
//! the portfolio's weights rest on.
//!
//! A cell is a bug in a world under a scheduler, and has a number of trials, each with seeds of its own, the same for every scheduler.
//! A trial ends with the first run that breaks any promise, or after so many schedules. [`mod@file`] keeps what is known of
//! each trial, [`work`] goes on from there, and [`text`] and [`markdown`] show what there is: of half a table half.

pub mod file;
pub mod markdown;
pub mod row;
pub mod text;
pub mod verdict;
pub mod work;

use std::collections::BTreeMap;

use super::Bug;
use super::hunt::Hunt;
use crate::schedulers::{KINDS, Kind};
use core::num::NonZeroUsize;
use serde::{Deserialize, Serialize};

/// A bug in a world under a scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Which bug.
    pub bug: Bug,
    /// Whether the shipped driver stands around it.
    pub driven: bool,
    /// Who says who moves.
    pub scheduler: Column,
}

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// One scheduler in every run.
    Only(Kind),
    /// The mix: each seed draws one.
    Portfolio,
}

/// How far a trial has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Schedules made, the failing one included.
    pub schedules: u64,
    /// The operations of the failing run; none if there was none so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// The operations it was shrunk to; none if it was not shrunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shrunk: Option<u64>,
}

/// What is known of each trial that was begun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    trials: BTreeMap<Cell, BTreeMap<u32, Trial>>,
}

/// From one trial's first seed to the next one's; so a trial may have as many schedules.
pub const SPAN: u64 = 1_000_000;
/// If so many trials found nothing at their limit, no others are begun.
pub const FIRST_TRIALS: u32 = 10;

/// The first seed of the trial of this number.
pub fn first_seed(number: u32) -> u64 {
    u64::from(number) * SPAN
}

impl Column {
    /// All columns: random first, the portfolio last.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.into_iter().map(Self::Only).chain([Self::Portfolio])
    }

    /// Its name.
    pub fn name(self) -> String {
        match self {
            Self::Only(Kind::Uniform) => "random".to_owned(),
            Self::Only(kind) => kind.to_string(),
            Self::Portfolio => "portfolio".to_owned(),
        }
    }

    /// The column of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|column| column.name() == name)
    }

    /// The scheduler; none for the one each seed draws.
    pub fn scheduler(self) -> Option<Kind> {
        match self {
            Self::Only(kind) => Some(kind),
            Self::Portfolio => None,
        }
    }
}

impl Cell {
    /// The cells of these bugs, row by row.
    pub fn of(bugs: &[Bug]) -> Vec<Self> {
        let rows = bugs.iter().flat_map(|bug| bug.worlds().iter().map(|driven| (*bug, *driven)));
        rows.flat_map(|(bug, driven)| Column::all().map(move |scheduler| Self { bug, driven, scheduler })).collect()
    }

    /// How it is hunted: any broken promise counts.
    pub fn hunt(self) -> Hunt {
        let Self { bug, driven, scheduler } = self;
        Hunt { bug, driven, alone: false, scheduler: scheduler.scheduler(), jobs: NonZeroUsize::MIN }
    }
}

impl Table {
    /// The trials of a cell that were begun, by number.
    pub fn trials(&self, cell: Cell) -> impl Iterator<Item = (u32, Trial)> {
        self.trials.get(&cell).into_iter().flatten().map(|(number, trial)| (*number, *trial))
    }

    /// How far a trial has come.
    pub fn trial(&self, cell: Cell, number: u32) -> Trial {
        self.trials.get(&cell).and_then(|trials| trials.get(&number)).copied().unwrap_or_default()
    }

    /// A trial has come further.
    pub fn put(&mut self, cell: Cell, number: u32, trial: Trial) {
        self.trials.entry(cell).or_default().insert(number, trial);
    }

    /// Whether nothing was begun.
    pub fn is_empty(&self) -> bool {
        self.trials.is_empty()
    }
}

impl Trial {
    /// Whether it found the bug.
    pub fn is_found(&self) -> bool {
        self.steps.is_some()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A table whose trials of each cell were found after these numbers of schedules, or not within the negative of them.
    pub(crate) fn table(cells: &[(Bug, Column, &[i64])]) -> Table {
        let mut table = Table::default();
        for (bug, scheduler, trials) in cells {
            let cell = Cell { bug: *bug, driven: false, scheduler: *scheduler };
            for (number, schedules) in (0..).zip(*trials) {
                let (schedules, found) = (schedules.unsigned_abs(), *schedules > 0);
                table.put(cell, number, Trial { schedules, steps: found.then_some(100), shrunk: None });
            }
        }
        table
    }

    #[test]
    fn a_column_is_found_by_its_name() {
        for column in Column::all() {
            assert_eq!(Column::named(&column.name()), Some(column));
        }
        assert_eq!(Column::all().next().map(Column::name).as_deref(), Some("random"));
    }
}
