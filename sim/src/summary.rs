//! The summary of a campaign: the verdict first, then what was exercised, so that a clean verdict can be weighed.

use core::num::NonZeroUsize;
use std::io::{self, Write};

use multiwatcher::testing::Promise;
use serde::Serialize;

use crate::campaign::Outcome;
use crate::exercised::Kind;
use crate::fault::Fault;
use crate::metamorphic::Relation;
use crate::pairs;
use crate::runner::Failure;
use crate::saturation::{self, Misses, Setting};
use crate::schedulers::KINDS;
use crate::tally::Tally;
use crate::text::{COLUMNS, number, wrap};
use crate::worlds::World;

/// A campaign in numbers.
#[derive(Debug)]
pub struct Summary<'a> {
    outcome: &'a Outcome<Tally, Box<Failure>>,
    world: World,
    jobs: NonZeroUsize,
    idle: Vec<Promise>,
    misses: Misses,
    of_scenario: bool,
}

/// How a campaign went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No promise is broken, every checker had something to decide, and all was reached that should be.
    Clean,
    /// A promise is broken.
    Broken,
    /// A checker had nothing to decide, so nothing is known.
    Void,
    /// Something was never reached that should be.
    Missed,
}

/// From so many seeds on, a checker that never had anything to decide fails the campaign: it checks nothing.
pub const ENOUGH_SEEDS: u64 = 10_000;

impl<'a> Summary<'a> {
    /// The summary of this outcome.
    pub fn new(outcome: &'a Outcome<Tally, Box<Failure>>, world: World, jobs: NonZeroUsize, setting: Setting) -> Self {
        let idle = if outcome.seeds >= ENOUGH_SEEDS { outcome.tally.idle_checkers().collect() } else { Vec::new() };
        let misses = Misses::of(&outcome.tally.saturation, &outcome.tally.faults, setting);
        Self { outcome, world, jobs, idle, misses, of_scenario: false }
    }

    /// The summary of a scenario: a situation that gives some checkers nothing to decide, and leaves states out, says itself what must be
    /// counted.
    #[must_use]
    pub fn of_scenario(self) -> Self {
        Self { idle: Vec::new(), of_scenario: true, ..self }
    }

    /// Whether something was never reached that should have been; a scenario says itself what that is.
    fn is_missed(&self) -> bool {
        !self.of_scenario && self.misses.is_any_due()
    }

    /// How it went.
    pub fn verdict(&self) -> Verdict {
        match () {
            () if self.outcome.failure.is_some() => Verdict::Broken,
            () if !self.idle.is_empty() => Verdict::Void,
            () if self.is_missed() => Verdict::Missed,
            () => Verdict::Clean,
        }
    }

    /// As text.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_verdict(out)?;
        self.speed(out)?;
        self.totals(out)?;
        let tally = &self.outcome.tally;
        list(out, "operations", Kind::ALL.iter().map(|kind| (kind.name(), tally.operations[*kind as usize])))?;
        list(out, "faults", Fault::ALL.iter().map(|fault| (fault.name(), tally.faults[*fault as usize])))?;
        let title = format!("relations, one on each of {} seeds, and runs compared", pairs::ONE_OF);
        let relations = Relation::ALL.iter().zip(tally.relations);
        list(out, &title, relations.map(|(relation, compared)| (relation.name(), compared)))?;
        let decided = Promise::ALL.iter().zip(tally.decided);
        list(
            out,
            "checkers, and how often each had something to decide",
            decided.map(|(promise, decided)| (promise.name(), decided)),
        )?;
        saturation::page::write(&tally.saturation, &self.misses, out)
    }

    fn write_verdict(&self, out: &mut dyn Write) -> io::Result<()> {
        let Outcome { seeds, first, failure, .. } = self.outcome;
        let end = u128::from(*first) + u128::from(*seeds);
        let seeds = number(*seeds);
        match failure {
            Some((seed, failure)) => {
                let (name, world) = (failure.broken.name(), self.world.name());
                writeln!(out, "BROKEN  {name} by seed {seed}, after {seeds} seeds from {first} on,")?;
                writeln!(out, "        world {world}")
            }
            None if !self.idle.is_empty() => {
                writeln!(out, "VOID  seeds {first}..{end}, world {}", self.world.name())?;
                let names: Vec<_> = self.idle.iter().map(|promise| promise.name()).collect();
                let text =
                    format!("these checkers never had anything to decide, so nothing is known: {}", names.join(", "));
                write!(out, "{}", wrap(&text, "  ", COLUMNS))
            }
            None if self.is_missed() => {
                writeln!(out, "MISSED  {seeds} seeds, {first}..{end}, world {}", self.world.name())?;
                writeln!(out, "  no promise is broken, but see the lines that begin with MISS")
            }
            None => writeln!(out, "clean  {seeds} seeds, {first}..{end}, world {}", self.world.name()),
        }
    }

    fn speed(&self, out: &mut dyn Write) -> io::Result<()> {
        let Outcome { seeds, hash, elapsed, cpu, .. } = self.outcome;
        let rate = per(u128::from(*seeds) * 1_000_000_000, elapsed.as_nanos());
        writeln!(out)?;
        row(out, "traces hashed", &format!("{hash:016x}"))?;
        row(out, "schedules/second", &format!("{} ({} jobs)", number(rate), self.jobs))?;
        if let Some(cpu) = cpu {
            let micros = per(cpu.as_nanos(), u128::from(*seeds) * 100);
            row(out, "CPU per schedule", &format!("{}.{} us", micros / 10, micros % 10))?;
        }
        Ok(())
    }

    fn totals(&self, out: &mut dyn Write) -> io::Result<()> {
        let tally = &self.outcome.tally;
        let each = |count: u64| format!("{} ({} a schedule)", number(count), ratio(count, tally.schedules));
        row(out, "steps", &format!("{}, fewest {}", each(tally.steps), tally.fewest_steps.min(tally.steps)))?;
        row(out, "of them healing", &each(tally.healing))?;
        row(out, "batches", &each(tally.batches))?;
        row(out, "deltas", &each(tally.deltas))?;
        row(out, "faults", &each(tally.all_faults()))?;
        row(out, "restarts", &each(tally.restarts))?;
        row(out, "quarantines", &each(tally.quarantines))?;
        row(out, "machines ended", &number(tally.ends))?;
        row(out, "deepest backlog", &format!("{} revnos", tally.deepest_backlog))?;
        row(out, "pairs compared", &number(tally.pairs))?;
        let kinds: Vec<_> =
            KINDS.iter().zip(tally.schedulers).map(|(kind, runs)| format!("{kind} {}", number(runs))).collect();
        let mut rows = kinds.chunks(2).zip(core::iter::once("schedulers").chain(core::iter::repeat("")));
        rows.try_for_each(|(kinds, name)| row(out, name, &kinds.join(", ")))
    }

    /// As one JSON object.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let Outcome { tally, seeds, first, hash, elapsed, cpu, failure } = self.outcome;
        let named = |names: &mut dyn Iterator<Item = (String, u64)>| {
            names.map(|(name, count)| (name, count.into())).collect::<Named>()
        };
        let json = Json {
            world: self.world.name(),
            clean: self.verdict() == Verdict::Clean,
            broken: failure.as_ref().map(|(_, failure)| failure.broken.name().to_owned()),
            failing_seed: failure.as_ref().map(|(seed, _)| *seed),
            idle_checkers: self.idle.iter().map(|promise| promise.name()).collect(),
            first_seed: *first,
            seeds: *seeds,
            hash: format!("{hash:016x}"),
            jobs: self.jobs.get(),
            elapsed_seconds: elapsed.as_secs_f64(),
            cpu_seconds: cpu.map(|cpu| cpu.as_secs_f64()),
            steps: tally.steps,
            fewest_steps: tally.fewest_steps.min(tally.steps),
            healing_steps: tally.healing,
            batches: tally.batches,
            deltas: tally.deltas,
            restarts: tally.restarts,
            quarantines: tally.quarantines,
            machines_ended: tally.ends,
            deepest_backlog: tally.deepest_backlog,
            pairs: tally.pairs,
            relations: named(&mut Relation::ALL.iter().map(|relation| relation.name().to_owned()).zip(tally.relations)),
            schedulers: named(&mut KINDS.iter().map(ToString::to_string).zip(tally.schedulers)),
            operations: named(&mut Kind::ALL.iter().map(|kind| kind.name().to_owned()).zip(tally.operations)),
            faults: named(&mut Fault::ALL.iter().map(|fault| fault.name().to_owned()).zip(tally.faults)),
            decided: named(&mut Promise::ALL.iter().map(|promise| promise.name().to_owned()).zip(tally.decided)),
            saturation: saturation::page::Json::new(&tally.saturation, &self.misses),
        };
        serde_json::to_writer(&mut *out, &json)?;
        writeln!(out)
    }
}

#[derive(Serialize)]
struct Json {
    world: &'static str,
    clean: bool,
    broken: Option<String>,
    failing_seed: Option<u64>,
    idle_checkers: Vec<&'static str>,
    first_seed: u64,
    seeds: u64,
    hash: String,
    jobs: usize,
    elapsed_seconds: f64,
    cpu_seconds: Option<f64>,
    steps: u64,
    fewest_steps: u64,
    healing_steps: u64,
    batches: u64,
    deltas: u64,
    restarts: u64,
    quarantines: u64,
    machines_ended: u64,
    deepest_backlog: u64,
    pairs: u64,
    relations: Named,
    schedulers: Named,
    operations: Named,
    faults: Named,
    decided: Named,
    saturation: saturation::page::Json,
}

type Named = serde_json::Map<String, serde_json::Value>;

fn list(out: &mut dyn Write, title: &str, rows: impl Iterator<Item = (&'static str, u64)>) -> io::Result<()> {
    writeln!(out)?;
    writeln!(out, "{title}")?;
    rows.into_iter().try_for_each(|(name, count)| row(out, name, &number(count)))
}

fn row(out: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "  {name:<22} {value}")
}

/// `count` a schedule, with one decimal.
fn ratio(count: u64, schedules: u64) -> String {
    let tenths = per(u128::from(count) * 10, u128::from(schedules));
    format!("{}.{}", number(tenths / 10), tenths % 10)
}

fn per(count: u128, of: u128) -> u64 {
    u64::try_from(count / of.max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use multiwatcher::testing::Families;

    use super::*;

    const SETTING: Setting = Setting { driven: false, without: Families::NONE };

    fn outcome(seeds: u64, idle: Promise) -> Outcome<Tally, Box<Failure>> {
        let mut tally = Tally { schedules: seeds, decided: [1; Promise::ALL.len()], ..Tally::default() };
        tally.decided[idle as usize] = 0;
        let elapsed = Duration::from_secs(1);
        Outcome { tally, seeds, first: 0, hash: 0, failure: None, elapsed, cpu: None }
    }

    #[test]
    fn a_campaign_whose_checkers_were_idle_is_void() {
        let outcome = outcome(ENOUGH_SEEDS, Promise::CancelSafe);
        let summary = Summary::new(&outcome, World::Machine, NonZeroUsize::MIN, SETTING);
        assert_eq!(summary.verdict(), Verdict::Void);
        let mut text = Vec::new();
        summary.write(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("VOID  seeds 0..10000, world machine\n"), "{text}");
        assert!(text.contains("known: cancel-safe\n"), "{text}");
    }

    #[test]
    fn a_few_seeds_may_leave_a_checker_idle() {
        let outcome = outcome(ENOUGH_SEEDS - 1, Promise::CancelSafe);
        let summary = Summary::new(&outcome, World::Machine, NonZeroUsize::MIN, SETTING);
        assert_eq!(summary.verdict(), Verdict::Clean);
    }
}
