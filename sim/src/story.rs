//! A whole run as it is told, kept: for whoever needs its end before its beginning. The telling itself stands in `trace`.

use std::io;

use multiwatcher::testing::Subject;

use crate::course::Broken;
use crate::decisions::Decisions;
use crate::trace::{self, Replayed, Told};
use crate::worlds::Maker;

/// A run and what it came to.
#[derive(Debug)]
pub struct Story {
    /// Its steps; the first is the beginning, the others are the operations that were made.
    pub told: Vec<Told>,
    /// What it came to.
    pub replayed: Replayed,
}

impl Story {
    /// The story of these decisions.
    pub fn of<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> io::Result<Self> {
        let mut told = Vec::with_capacity(decisions.operations.len() + 1);
        let replayed = trace::replay(maker, decisions, &mut |step| {
            told.push(step);
            Ok(())
        })?;
        Ok(Self { told, replayed })
    }

    /// The step at which it was seen that something is broken, if that is so: its place among those told.
    pub fn wrong(&self) -> Option<usize> {
        self.replayed.broken.as_ref().map(|broken| self.place(broken))
    }

    /// The place of the step at which something was found broken, by a referee who counts what was made.
    pub fn place(&self, broken: &Broken) -> usize {
        broken.step.min(self.told.len().saturating_sub(1))
    }
}
