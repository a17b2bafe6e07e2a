//! The beginning of a stored run with another end: its first operations, then random ones. What `explain` asks over and over.

use std::panic::AssertUnwindSafe;

use multiwatcher::testing::{Choices, Stream, Subject};

use super::Runner;
use crate::course::Broken;
use crate::decisions::Decisions;
use crate::exercised::Kinds;
use crate::plan::Plan;
use crate::replay::compare_if_of_pairs;
use crate::schedulers::Portfolio;

/// Which end.
#[derive(Debug, Clone, Copy)]
pub struct Tail {
    /// How many operations of the stored run are made.
    pub prefix: usize,
    /// How many random ones follow, before the healing.
    pub steps: u32,
    /// What those are drawn from.
    pub seed: u64,
}

impl<S: Subject> Runner<S> {
    /// What the run comes to with this end. Operations of the beginning that are not possible are passed over; a beginning that
    /// reaches into the stored healing heals from there on, and draws nothing. If the stored run broke what only a comparison shows,
    /// this one is compared in the same way.
    pub fn with_tail(&mut self, decisions: &Decisions, tail: Tail) -> Option<Broken> {
        let played = crate::panics::caught(AssertUnwindSafe(|| self.play_tail(decisions, tail)));
        let panicked = |said| Err(Box::new(Broken::panicked(said, self.operations.len())));
        let broken = played.unwrap_or_else(panicked).err().map(|broken| *broken);
        if broken.as_ref().is_some_and(Broken::is_panic) {
            // Whatever panicked may have left anything behind.
            *self = Self::of(self.maker);
        }
        broken
    }

    fn play_tail(&mut self, decisions: &Decisions, tail: Tail) -> Result<(), Box<Broken>> {
        self.operations.clear();
        self.healing = None;
        self.random.reset(tail.seed);
        self.course.begin(decisions.header.seed, &decisions.header.regime)?;
        let prefix = &decisions.operations[..tail.prefix.min(decisions.operations.len())];
        for (index, operation) in prefix.iter().enumerate() {
            if decisions.healing == Some(index) {
                self.course.begin_healing();
            }
            self.operations.push(*operation);
            self.course.step(operation)?;
        }
        let is_whole = prefix.len() == decisions.operations.len();
        if let Some(healing) = decisions.healing.filter(|healing| *healing < prefix.len() || is_whole) {
            self.healing = Some(healing);
            if healing == prefix.len() {
                self.course.begin_healing();
            }
            self.heal_on()?;
        } else {
            let plan = plan(decisions, tail, &mut self.random);
            self.draw_all(&plan)?;
            self.heal()?;
        }
        self.course.finish()?;
        let made = (&self.operations[..], self.healing);
        compare_if_of_pairs(self.maker, &mut self.course, &decisions.header, made)
    }
}

/// The stored run's regime, with a scheduler drawn anew, and a kill at any step.
fn plan(decisions: &Decisions, tail: Tail, choices: &mut impl Choices) -> Plan {
    let (regime, steps) = (decisions.header.regime.clone(), tail.steps);
    let scheduler = Portfolio::draw(choices);
    Plan { regime, scheduler, steps, kill_from: choices.below(Stream::Regime, steps), never: Kinds::NONE }
}
