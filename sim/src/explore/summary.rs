//! What a search came to, for people and for programs.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::io::{self, Write};

use serde::Serialize;

use super::search::Outcome;
use crate::text::number;
use crate::worlds::World;

/// The summary. All but the time is the same on every machine, with any number of workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// What was searched.
    pub world: &'static str,
    /// Whether nothing is broken.
    pub clean: bool,
    /// Whether no state was left to go on from.
    pub closed: bool,
    /// States, the first included.
    pub states: u64,
    /// Operations tried.
    pub transitions: u64,
    /// States in which nothing more can happen.
    pub ends: u64,
    /// The most operations that the way to a state takes.
    pub depth: usize,
    /// The most states on one level.
    pub widest: u64,
    /// What is broken.
    pub broken: Vec<&'static str>,
}

/// The same with what depends on the machine.
#[derive(Debug, Serialize)]
struct Timed<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    jobs: usize,
    millis: u64,
}

impl Summary {
    /// Sums up.
    pub fn new(world: World, outcome: &Outcome) -> Self {
        Self {
            world: world.name(),
            clean: outcome.found.is_empty(),
            closed: outcome.closed,
            states: outcome.states,
            transitions: outcome.transitions,
            ends: outcome.ends,
            depth: outcome.depth,
            widest: outcome.levels.iter().copied().max().unwrap_or(0),
            broken: outcome.verdicts().into_iter().collect(),
        }
    }

    /// Writes it, without the time.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let verdict = if self.clean { "clean" } else { "BROKEN" };
        let closed = if self.closed { "closed" } else { "not closed" };
        writeln!(out, "{verdict}  {closed}, world {}", self.world)?;
        writeln!(out)?;
        writeln!(out, "  states       {:>12}", number(self.states))?;
        writeln!(out, "  transitions  {:>12}", number(self.transitions))?;
        writeln!(out, "  ends         {:>12}", number(self.ends))?;
        writeln!(out, "  depth        {:>12}", number(self.depth as u64))?;
        writeln!(out, "  widest level {:>12}", number(self.widest))?;
        if !self.clean {
            writeln!(out, "  broken       {}", self.broken.join(" "))?;
        }
        Ok(())
    }

    /// Writes how long it took.
    pub fn write_time(&self, took: Duration, jobs: NonZeroUsize, out: &mut dyn Write) -> io::Result<()> {
        let tenths = took.as_millis() / 100;
        let workers = if jobs.get() == 1 { "worker" } else { "workers" };
        writeln!(out)?;
        writeln!(out, "  {}.{} s with {jobs} {workers}", tenths / 10, tenths % 10)
    }

    /// Writes it as one line of JSON.
    pub fn write_json(&self, took: Duration, jobs: NonZeroUsize, out: &mut dyn Write) -> io::Result<()> {
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        serde_json::to_writer(&mut *out, &Timed { summary: self, jobs: jobs.get(), millis })?;
        writeln!(out)
    }
}
