//! The zoo's page: for each bug and world, how many schedules it took to find it, from several first seeds.

use core::num::{NonZeroU32, NonZeroUsize};
use std::io::{self, Write};

use multiwatcher::testing::Promise;
use serde::Serialize;

use super::Bug;
use super::hunt::{Found, Hunt};
use crate::schedulers::Kind;
use crate::seed::{ParseSeedError, SeedRange};
use crate::text::number;

/// What is hunted, and among which seeds.
#[derive(Debug, Clone)]
pub struct Plan {
    bugs: Vec<Bug>,
    hunts: Vec<SeedRange>,
    jobs: NonZeroUsize,
    scheduler: Option<Kind>,
}

/// A bug in a world.
#[derive(Debug, Serialize)]
pub struct Row {
    bug: &'static str,
    story: &'static str,
    breaks: Vec<&'static str>,
    world: &'static str,
    /// Whether no row of this bug stands above.
    #[serde(skip)]
    is_first: bool,
    all_checkers: Hunts,
    its_promise_alone: Hunts,
}

/// What several hunts for one bug came to.
#[derive(Debug, Serialize)]
pub struct Hunts {
    /// By hunt, after how many schedules it was found; none if it was not.
    found_after: Vec<Option<u64>>,
    /// What the first hunt found.
    broken: Option<&'static str>,
    /// What else was broken at the same moment.
    also: Vec<&'static str>,
    /// The operations of the run it found.
    steps: Option<usize>,
}

impl Plan {
    /// A plan to hunt these bugs so many times: first among these seeds, then among as many that follow, and so on.
    pub fn new(
        bugs: Vec<Bug>,
        seeds: &SeedRange,
        starts: NonZeroU32,
        jobs: NonZeroUsize,
    ) -> Result<Self, ParseSeedError> {
        let (first, count) = (seeds.first(), seeds.count());
        let hunt = |start: u32| {
            let from = first.saturating_add(count.saturating_mul(u64::from(start)));
            SeedRange::new(from, from.saturating_add(count))
        };
        Ok(Self { bugs, hunts: (0..starts.get()).map(hunt).collect::<Result<_, _>>()?, jobs, scheduler: None })
    }

    /// The same with one scheduler; with none, each seed draws its own.
    #[must_use]
    pub fn scheduled_by(self, scheduler: Option<Kind>) -> Self {
        Self { scheduler, ..self }
    }

    /// Hunts. `tell` is called with each row as it is done.
    pub fn run<E>(&self, mut tell: impl FnMut(Row) -> Result<(), E>) -> Result<(), E> {
        for &bug in &self.bugs {
            for &driven in bug.worlds() {
                tell(Row {
                    bug: bug.name(),
                    story: bug.story(),
                    breaks: bug.breaks().iter().map(|promise| promise.name()).collect(),
                    world: if driven { "driver" } else { "machine" },
                    is_first: bug.worlds().first() == Some(&driven),
                    all_checkers: self.hunts(bug, driven, false),
                    its_promise_alone: self.hunts(bug, driven, true),
                })?;
            }
        }
        Ok(())
    }

    fn hunts(&self, bug: Bug, driven: bool, alone: bool) -> Hunts {
        let hunt = Hunt { bug, driven, alone, scheduler: self.scheduler, jobs: self.jobs };
        let found: Vec<_> = self.hunts.iter().map(|seeds| hunt.among(seeds.clone())).collect();
        Hunts::new(&found)
    }
}

impl Hunts {
    fn new(found: &[Option<Found>]) -> Self {
        let first = found.first().and_then(Option::as_ref);
        let names = |also: &[Promise]| also.iter().map(|promise| promise.name()).collect();
        Self {
            found_after: found.iter().map(|found| found.as_ref().map(|found| found.after)).collect(),
            broken: first.map(|first| first.broken.name()),
            also: first.map(|first| names(&first.broken.also)).unwrap_or_default(),
            steps: first.map(|first| first.decisions.operations.len()),
        }
    }

    /// Whether every hunt found it.
    pub fn all_found(&self) -> bool {
        self.found_after.iter().all(Option::is_some)
    }

    /// The middle one, the upper of two, and the worst; a hunt that found nothing is worse than all others.
    fn median_and_worst(&self) -> [Option<u64>; 2] {
        let mut sorted = self.found_after.clone();
        sorted.sort_unstable_by_key(|after| after.unwrap_or(u64::MAX));
        [sorted.get(sorted.len() / 2), sorted.last()].map(|after| after.copied().flatten())
    }
}

impl Row {
    /// Whether every hunt found it.
    pub fn all_found(&self) -> bool {
        self.all_checkers.all_found() && self.its_promise_alone.all_found()
    }

    /// As lines of the page.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.is_first {
            writeln!(out, "{:<4} {}", self.bug, self.story)?;
            writeln!(out, "     breaks {}", self.breaks.join(", "))?;
        }
        let cell = |after: Option<u64>| after.map_or_else(|| "never".to_owned(), number);
        let [all, all_worst] = self.all_checkers.median_and_worst().map(cell);
        let [alone, alone_worst] = self.its_promise_alone.median_and_worst().map(cell);
        let steps = self.its_promise_alone.steps.map_or_else(|| "-".to_owned(), |steps| steps.to_string());
        writeln!(
            out,
            "  {:<8}{all:>6} {all_worst:>6}  {alone:>6} {alone_worst:>6} {steps:>5}  {}",
            self.world,
            self.all_checkers.broken.unwrap_or("nothing"),
        )
    }
}

/// The lines above the first row.
pub fn write_head(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let (starts, count) = (plan.hunts.len(), plan.hunts.first().map_or(0, SeedRange::count));
    writeln!(out, "found after so many schedules, of {starts} hunts over {} seeds", number(count))?;
    writeln!(out)?;
    writeln!(out, "           all checkers     promise alone         all checkers")?;
    writeln!(out, "  world   median  worst  median  worst steps  report")
}
