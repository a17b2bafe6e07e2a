//! Filling the table: every trial is taken to a small number of schedules first, then further, so that half an evening gives all of
//! the table as far as that goes, and not half of it.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::file::Kept;
use super::{Cell, Column, FIRST_TRIALS, Table, Trial, first_seed};
use crate::clock::Stopwatch;
use crate::seed::SeedRange;
use crate::zoo::Bug;
use crate::zoo::hunt::Hunt;

/// What is to be filled.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Rows.
    pub bugs: Vec<Bug>,
    /// Trials of each cell.
    pub trials: u32,
    /// Schedules at which a trial ends, at most [`SPAN`](super::SPAN).
    pub most: u64,
    /// Workers.
    pub jobs: NonZeroUsize,
    /// No trial is begun after so long.
    pub time: Option<Duration>,
}

/// How far the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Trials that will not be taken further.
    pub trials: u64,
    /// All.
    pub of: u64,
}

/// Some trials of a cell, the first with this number.
struct Item {
    cell: Cell,
    first: u32,
    trials: Vec<Trial>,
}

/// Trials are taken to so many schedules first, ...
const FIRST_LIMIT: u64 = 2_000;
/// ... and then to so many times more, as often as there are schedules left.
const FURTHER: u64 = 10;

impl Plan {
    /// Goes on from what is known until all is done or time is up. `progress` is told whenever something is known that was not.
    pub fn go_on(&self, kept: &mut Kept, progress: &(dyn Fn(Done) + Sync)) -> io::Result<Done> {
        let watch = Stopwatch::start();
        let limits = core::iter::successors(Some(FIRST_LIMIT), |limit| limit.checked_mul(FURTHER));
        for limit in limits.take_while(|limit| *limit < self.most).chain([self.most]) {
            for first in (0..self.trials).step_by(FIRST_TRIALS as usize) {
                let items = self.items(kept.table(), first, limit);
                self.stage(items, limit, watch, kept, progress)?;
            }
        }
        Ok(self.done(kept.table()))
    }

    /// How far the table is.
    pub fn done(&self, table: &Table) -> Done {
        let cells = Cell::of(&self.bugs);
        let of = cells.len() as u64 * u64::from(self.trials);
        let is_over = |cell: Cell, number: u32| {
            let trial = table.trial(cell, number);
            trial.is_found()
                || trial.schedules >= self.most
                || number >= FIRST_TRIALS && is_hopeless(table, cell, self.most)
        };
        let over = cells.iter().map(|cell| (0..self.trials).filter(|number| is_over(*cell, *number)).count() as u64);
        Done { trials: over.sum(), of }
    }

    /// The trials from this number on that have not come as far as this.
    fn items(&self, table: &Table, first: u32, limit: u64) -> Vec<Item> {
        let end = self.trials.min(first.saturating_add(FIRST_TRIALS));
        let begun = |cell: &Cell| first == 0 || !is_hopeless(table, *cell, 0);
        let item = |cell: Cell| {
            let trials: Vec<_> = (first..end).map(|number| table.trial(cell, number)).collect();
            Item { cell, first, trials }
        };
        let items = Cell::of(&self.bugs).into_iter().filter(begun).map(item);
        items.filter(|item| item.trials.iter().any(|trial| is_short_of(trial, limit))).collect()
    }

    fn stage(
        &self,
        items: Vec<Item>,
        limit: u64,
        watch: Stopwatch,
        kept: &mut Kept,
        progress: &(dyn Fn(Done) + Sync),
    ) -> io::Result<()> {
        let (queue, kept) = (Mutex::new(items.into_iter()), Mutex::new(kept));
        let has_time = || self.time.is_none_or(|time| watch.elapsed() < time);
        let work = || -> io::Result<()> {
            while has_time()
                && let Some(Item { cell, first, mut trials }) = held(&queue).next()
            {
                let hunt = cell.hunt();
                for (number, trial) in (first..).zip(&mut trials) {
                    if has_time() && is_short_of(trial, limit) {
                        let shrinks = cell.scheduler == Column::Portfolio && number < SHRUNK;
                        *trial = further(&hunt, first_seed(number), *trial, limit, shrinks);
                    }
                }
                let mut kept = held(&kept);
                kept.put(cell, first, trials)?;
                progress(self.done(kept.table()));
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.jobs.get()).map(|_| scope.spawn(work)).collect();
            let end = |worker: std::thread::ScopedJoinHandle<'_, io::Result<()>>| {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            workers.into_iter().try_for_each(end)
        })
    }
}

fn is_short_of(trial: &Trial, limit: u64) -> bool {
    !trial.is_found() && trial.schedules < limit
}

/// Whether none of the first trials, each taken at least so far, has found anything.
fn is_hopeless(table: &Table, cell: Cell, most: u64) -> bool {
    (0..FIRST_TRIALS).map(|number| table.trial(cell, number)).all(|trial| !trial.is_found() && trial.schedules >= most)
}

/// So many trials of a cell of the portfolio are shrunk: what is found does not depend much on who finds it, and shrinking takes a
/// hundred times longer than finding.
const SHRUNK: u32 = 3;

/// Takes the trial that begins with this seed to so many schedules, or to the first failure.
fn further(hunt: &Hunt, seed: u64, trial: Trial, limit: u64, shrinks: bool) -> Trial {
    let seeds = SeedRange::new(seed + trial.schedules, seed + limit).expect("it has not come as far as this");
    match hunt.among(seeds) {
        Some(found) => Trial {
            schedules: trial.schedules + found.after,
            steps: Some(found.decisions.operations.len() as u64),
            shrunk: if shrinks { hunt.shrunk(&found) } else { None },
        },
        None => Trial { schedules: limit, ..trial },
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;
    use crate::schedulers::Kind;

    fn plan(trials: u32, most: u64) -> Plan {
        Plan { bugs: vec![Bug::Z7], trials, most, jobs: NonZeroUsize::MIN, time: None }
    }

    #[test]
    fn a_trial_taken_further_twice_is_the_trial_taken_there_at_once() {
        // One that takes several schedules, so that there is something to fall short of.
        let cell = Cell { bug: Bug::Z16, driven: false, scheduler: Column::Portfolio };
        let (hunt, seed) = (cell.hunt(), first_seed(3));
        let at_once = further(&hunt, seed, Trial::default(), 3_000, false);
        assert!(at_once.is_found() && at_once.schedules > 1, "{at_once:?}");
        let short = further(&hunt, seed, Trial::default(), at_once.schedules - 1, false);
        assert_eq!((short.is_found(), short.schedules), (false, at_once.schedules - 1));
        assert_eq!(further(&hunt, seed, short, 3_000, false), at_once);
    }

    #[test]
    fn later_trials_wait_until_one_of_the_first_finds_something() {
        let (random, pct) = (Column::Only(Kind::Uniform), Column::Only(Kind::Pct(1)));
        let known = table(&[(Bug::Z7, random, &[-500; 10]), (Bug::Z7, pct, &[5, -500, -500, -500])]);
        let columns = |first, limit| -> Vec<_> {
            let items = plan(30, 500).items(&known, first, limit);
            items.iter().filter(|item| !item.cell.driven).map(|item| item.cell.scheduler).collect()
        };
        assert!(columns(10, 500).contains(&pct) && !columns(10, 500).contains(&random));
        assert!(columns(0, 501).contains(&random) && !columns(0, 500).contains(&random));
    }

    #[test]
    fn trials_that_are_not_begun_any_more_are_done() {
        let random = Column::Only(Kind::Uniform);
        let known = table(&[(Bug::Z7, random, &[-500; 10])]);
        let of = Cell::of(&[Bug::Z7]).len() as u64 * 30;
        assert_eq!(plan(30, 500).done(&known), Done { trials: 30, of });
        assert_eq!(plan(30, 501).done(&known), Done { trials: 0, of });
    }
}
