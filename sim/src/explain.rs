//! Which step of a failing run decides: its beginnings, each longer by one step, are run on with random ends, and the share of ends
//! that break the same promise is counted. Where it jumps, the run was decided. Ends are drawn from seeds that follow
//! from the run's seed, so the answer is the same every time.

use std::io::{self, Write};

use multiwatcher::testing::Subject;
use xxhash_rust::xxh3::xxh3_64;

use crate::course::Broken;
use crate::decisions::Decisions;
use crate::page::shorten;
use crate::runner::{Runner, Tail};
use crate::story::Story;
use crate::trace::Told;
use crate::worlds::Maker;

/// What was found out about a failing run.
#[derive(Debug)]
pub struct Explained {
    /// What it breaks.
    pub broken: Broken,
    /// One row for each beginning; the first has no step of the run.
    pub rows: Vec<Row>,
    /// How many ends were tried after each.
    pub tails: u32,
    /// How many random steps an end has.
    pub steps: u32,
}

/// A beginning of the run and what became of it.
#[derive(Debug)]
pub struct Row {
    /// Its last step.
    pub told: Told,
    /// Of how many ends.
    pub tails: u32,
    /// How many of them broke the same promise.
    pub same: u32,
    /// How many broke something else first.
    pub other: u32,
}

/// An end has as many random steps as the run, but no fewer, ...
const FEWEST: u32 = 20;
/// ... and no more.
const MOST: u32 = 100;
/// A table of more rows than this leaves out those where nothing moves.
const ROWS: usize = 32;
/// So many points of a hundred are a move.
const MOVE: u32 = 5;
/// Columns of what was done, and of a full bar.
const WHAT: usize = 25;
const BAR: u32 = 16;

/// Tries so many ends after each beginning. `None` if the run breaks nothing when it is replayed.
pub fn explain<S: Subject>(maker: Maker<S>, decisions: &Decisions, tails: u32) -> io::Result<Option<Explained>> {
    let story = Story::of(maker, decisions)?;
    let Some(wrong) = story.wrong() else { return Ok(None) };
    let Story { mut told, replayed } = story;
    let Some(broken) = replayed.broken else { return Ok(None) };
    told.truncate(wrong + 1);
    let steps = u32::try_from(wrong).unwrap_or(MOST).clamp(FEWEST, MOST);
    let mut runner = Runner::of(maker);
    let rows = told
        .into_iter()
        .map(|told| {
            let prefix = told.step;
            // From there on nothing is drawn.
            let is_decided =
                prefix == decisions.operations.len() || decisions.healing.is_some_and(|healing| healing < prefix);
            let tails = if is_decided { 1 } else { tails };
            let mut row = Row { told, tails, same: 0, other: 0 };
            for end in 0..tails {
                let seed = seed(decisions.header.seed, prefix, end);
                if let Some(found) = runner.with_tail(decisions, Tail { prefix, steps, seed }) {
                    let is_same = found.finding == broken.finding;
                    row.same += u32::from(is_same);
                    row.other += u32::from(!is_same);
                }
            }
            row
        })
        .collect();
    Ok(Some(Explained { broken, rows, tails, steps }))
}

fn seed(run: u64, prefix: usize, end: u32) -> u64 {
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&run.to_le_bytes());
    bytes[8..16].copy_from_slice(&(prefix as u64).to_le_bytes());
    bytes[16..].copy_from_slice(&end.to_le_bytes());
    xxh3_64(&bytes)
}

impl Row {
    /// The ends that break the same promise, of a hundred.
    pub fn percent(&self) -> u32 {
        (self.same * 100 + self.tails / 2) / self.tails.max(1)
    }
}

impl Explained {
    /// The step with the highest lasting jump, the first of several: its place among the rows. A jump lasts as far as the share never
    /// falls back below; what goes up and down again is chance.
    pub fn decisive(&self) -> usize {
        let shares: Vec<_> = self.rows.iter().map(|row| i64::from(row.percent())).collect();
        let lasting = |at: usize| {
            let (before, after) = shares.split_at(at);
            after.iter().min().unwrap_or(&0) - before.iter().max().unwrap_or(&0)
        };
        (1..shares.len()).rev().max_by_key(|at| lasting(*at)).unwrap_or(0)
    }

    /// The chart, and the decisive step.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let (name, last) = (self.broken.name(), self.rows.last().map_or(0, |row| row.told.step));
        writeln!(out, "{name}, seen at step {last}")?;
        writeln!(out, "after each step {} random ends of {} steps", self.tails, self.steps)?;
        writeln!(out)?;
        writeln!(out, "  step who      {:<WHAT$} broken by", "what")?;
        let (decisive, shown) = (self.decisive(), self.shown());
        let mut next = 0;
        for (at, row) in self.rows.iter().enumerate() {
            if !shown[at] {
                continue;
            }
            if at > next {
                writeln!(out, "       … {} steps …", at - next)?;
            }
            next = at + 1;
            let mark = if at == decisive { '>' } else { ' ' };
            writeln!(out, "{mark} {}", row.line())?;
        }
        writeln!(out)?;
        let before = decisive.checked_sub(1).map_or(0, |at| self.rows[at].percent());
        let row = &self.rows[decisive];
        writeln!(out, "decisive: step {}, from {before}% to {}%", row.told.step, row.percent())?;
        writeln!(out, "  {} {}", row.told.who, shorten(&row.told.what, 50))?;
        let (other, all) = self.rows.iter().fold((0, 0), |(other, all), row| (other + row.other, all + row.tails));
        if other > 0 {
            writeln!(out, "  {other} of {all} ends broke another promise first")?;
        }
        Ok(())
    }

    /// Which rows are shown: all of a few; else those where something moves, those beside the decisive one, the first and the last.
    fn shown(&self) -> Vec<bool> {
        let (decisive, last) = (self.decisive(), self.rows.len() - 1);
        let mut before = self.rows[0].percent();
        let is_few = self.rows.len() <= ROWS;
        let shows = |(at, row): (usize, &Row)| {
            let moves = row.percent().abs_diff(before) >= MOVE;
            if moves {
                before = row.percent();
            }
            is_few || moves || at.abs_diff(decisive) <= 1 || at == 0 || at == last
        };
        self.rows.iter().enumerate().map(shows).collect()
    }
}

impl Row {
    fn line(&self) -> String {
        let Told { step, who, what, .. } = &self.told;
        let percent = self.percent();
        let line = format!("{step:>4} {who:<8} {:<WHAT$} {percent:>3}% {}", shorten(what, WHAT), bar(percent));
        line.trim_end().to_owned()
    }
}

/// Full blocks, and an eighth at least for what is not zero.
fn bar(percent: u32) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (percent * BAR * 8 / 100).max(u32::from(percent > 0));
    "█".repeat((eighths / 8) as usize) + EIGHTHS[(eighths % 8) as usize]
}

#[cfg(test)]
mod tests {
    use multiwatcher::machine::StoreManager;
    use multiwatcher::testing::{Character, FilterIx, Operation, Promise, Regime, Val};

    use super::*;
    use crate::canary::Canary;
    use crate::course::Finding;
    use crate::decisions::Header;
    use crate::metamorphic::Relation;
    use crate::metamorphic::doctored::{Planted, with};
    use crate::pairs::ONE_OF;
    use crate::schedulers::Kind;
    use crate::shrink;

    /// An eager reader never stops of its own accord, and the canary breaks its promise when one does.
    fn one_stop() -> Decisions {
        let regime = Regime::calm(1, &[Character::Eager]);
        let (world, broken) = ("canary".to_owned(), "stop-quiescent".to_owned());
        let operations = vec![
            Operation::Open { reader: 0, filter: FilterIx(0) },
            Operation::Next { reader: 0 },
            Operation::Advance { micros: 5 },
            Operation::Stop { reader: 0 },
            Operation::Advance { micros: 5 },
        ];
        let header = Header { world, seed: 1, scheduler: Kind::Uniform, broken, regime };
        Decisions { header, operations, healing: None }
    }

    #[test]
    fn the_one_step_that_breaks_the_promise_decides() {
        let explained = explain(Maker::<Canary>::default(), &one_stop(), 30).unwrap().unwrap();
        let shares: Vec<_> = explained.rows.iter().map(Row::percent).collect();
        assert_eq!(shares.len(), 5, "what follows the broken step is not asked about");
        assert!(shares[..4].iter().all(|share| *share <= 20) && shares[4] == 100, "{shares:?}");
        assert_eq!(explained.decisive(), 4);
    }

    #[test]
    fn a_run_that_breaks_nothing_has_no_decisive_step() {
        let mut decisions = one_stop();
        decisions.operations.truncate(3);
        assert!(explain(Maker::<Canary>::default(), &decisions, 3).unwrap().is_none());
    }

    #[test]
    fn what_goes_up_and_down_again_does_not_decide() {
        let mut explained = explain(Maker::<Canary>::default(), &one_stop(), 1).unwrap().unwrap();
        for (row, same) in explained.rows.iter_mut().zip([10, 60, 20, 90, 95]) {
            (row.tails, row.same) = (100, same);
        }
        assert_eq!(explained.decisive(), 3);
    }

    /// Nobody is woken while a watcher lags: what only the comparison with a run that has an idle reader more counts.
    #[test]
    fn a_relation_that_breaks_is_explained_by_comparing_every_end() {
        let (relation, maker) = (Relation::IdleReader, with(Planted::Backpressure));
        let mut runner = Runner::<StoreManager<Val>>::new();
        let mut decisions = (0..300)
            .map(|seed| runner.told(seed))
            .find(|decisions| matches!(relation.check(maker, decisions), Some(Err(_))))
            .expect("the relation sees a difference in one of 300 runs");
        decisions.header.seed = ONE_OF * relation as u64;
        Promise::SlowReaderIsolated.name().clone_into(&mut decisions.header.broken);
        let short = shrink::shrink(maker, &decisions, 2_000).expect("the comparison fails again").decisions;
        let explained = explain(maker, &short, 20).unwrap().expect("it fails once more");
        assert_eq!(explained.broken.finding, Finding::Promise(Promise::SlowReaderIsolated));
        let shares: Vec<_> = explained.rows.iter().map(Row::percent).collect();
        assert!(shares[0] < 50 && shares.last() == Some(&100), "{shares:?}");
        assert!(shares.iter().any(|share| (1..100).contains(share)), "some ends break it and some do not: {shares:?}");
        assert!(explained.decisive() > 0, "{shares:?}");
    }
}
