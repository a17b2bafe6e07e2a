//! The summary of a campaign: the verdict first, then what was exercised.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::io::Write;

use super::campaign::{Count, Counts};
use super::run::Failure;
use super::timing::{BOUND, farewell};
use crate::campaign::Outcome;
use crate::text::number;

/// From so many seeds on, something that never happened fails the campaign.
pub const ENOUGH_SEEDS: u64 = 200;

/// A campaign in numbers.
#[derive(Debug)]
pub struct Summary<'a> {
    outcome: &'a Outcome<Counts, Failure>,
    jobs: NonZeroUsize,
}

impl<'a> Summary<'a> {
    /// The summary of this outcome.
    pub fn new(outcome: &'a Outcome<Counts, Failure>, jobs: NonZeroUsize) -> Self {
        Self { outcome, jobs }
    }

    /// What should have happened in so many seeds, and did not.
    pub fn missing(&self) -> impl Iterator<Item = Count> {
        let is_due = self.outcome.seeds >= ENOUGH_SEEDS && self.outcome.failure.is_none();
        self.outcome.tally.missing().filter(move |_| is_due)
    }

    /// As text.
    pub fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let Outcome { tally, seeds, first, hash, elapsed, cpu, failure } = self.outcome;
        let verdict = match failure {
            Some(_) => "BROKEN",
            None if self.missing().next().is_some() => "MISSED",
            None => "clean",
        };
        let end = first.saturating_add(*seeds);
        writeln!(out, "{verdict}  {} seeds, {first}..{end}, world net", number(*seeds))?;
        for missing in self.missing() {
            writeln!(out, "MISS  never: {}", missing.words().trim_start())?;
        }
        writeln!(out, "  {:<30} {hash:016x}", "hash")?;
        writeln!(out, "  {:<30} {}", "jobs", self.jobs)?;
        let a_second = per(u128::from(*seeds) * 1000, elapsed.as_millis());
        writeln!(out, "  {:<30} {}", "schedules/second", number(a_second))?;
        if let Some(cpu) = cpu {
            let of_core = per(u128::from(*seeds) * 1000, cpu.as_millis());
            writeln!(out, "  {:<30} {}", "schedules/second and core", number(of_core))?;
        }
        writeln!(out, "  {:<30} {} of {}", "slowest healing, ms", millis(tally.slowest), millis(BOUND))?;
        let (slowest, most) = (millis(tally.slowest_farewell), millis(farewell()));
        writeln!(out, "  {:<30} {slowest} of {most}", "slowest farewell, ms")?;
        writeln!(out, "\nwhat happened")?;
        for count in Count::ALL {
            writeln!(out, "  {:<30} {}", count.words(), number(tally.get(count)))?;
        }
        writeln!(out, "  {:<30} {}", "deltas", number(tally.deltas))
    }

    /// As one JSON object.
    pub fn write_json(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let Outcome { tally, seeds, first, hash, elapsed, cpu, failure } = self.outcome;
        let happened = |count: Count| (count.words().trim_start().to_owned(), tally.get(count).into());
        let happened: serde_json::Map<_, _> = Count::ALL.into_iter().map(happened).collect();
        let json = serde_json::json!({
            "world": "net",
            "clean": failure.is_none() && self.missing().next().is_none(),
            "broken": failure.as_ref().map(|(_, failure)| failure.broken.promise.name()),
            "failing_seed": failure.as_ref().map(|(seed, _)| seed),
            "first_seed": first,
            "seeds": seeds,
            "hash": format!("{hash:016x}"),
            "jobs": self.jobs.get(),
            "elapsed_seconds": elapsed.as_secs_f64(),
            "cpu_seconds": cpu.map(|cpu| cpu.as_secs_f64()),
            "slowest_healing_ms": millis(tally.slowest),
            "slowest_farewell_ms": millis(tally.slowest_farewell),
            "deltas": tally.deltas,
            "happened": happened,
        });
        writeln!(out, "{json}")
    }
}

fn per(count: u128, of: u128) -> u64 {
    u64::try_from(count / of.max(1)).unwrap_or(u64::MAX)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
