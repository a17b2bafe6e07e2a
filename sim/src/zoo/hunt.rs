//! How many schedules it takes to find a bug of the zoo: a campaign from some seed on, until the first failure.

use core::num::NonZeroUsize;

use multiwatcher::testing::{Promise, Subject};

use super::Bug;
use crate::campaign::{self, Campaign, Outcome, Seeds};
use crate::course::Broken;
use crate::decisions::Decisions;
use crate::runner::{Failure, Runner};
use crate::schedulers::Kind;
use crate::seed::SeedRange;
use crate::tally::Tally;
use crate::worlds::Maker;

/// A hunt.
#[derive(Debug, Clone)]
pub struct Hunt {
    /// What is hunted.
    pub bug: Bug,
    /// Whether the shipped driver stands around it.
    pub driven: bool,
    /// Whether only the checkers of the promises that it breaks are listened to, or all.
    pub alone: bool,
    /// Who says who moves; none for whom each seed draws.
    pub scheduler: Option<Kind>,
    /// Workers.
    pub jobs: NonZeroUsize,
}

/// A bug that was found.
#[derive(Debug)]
pub struct Found {
    /// After so many schedules, the failing one included.
    pub after: u64,
    /// What it broke.
    pub broken: Broken,
    /// The failing run.
    pub decisions: Decisions,
}

impl Hunt {
    /// Runs these seeds until one fails.
    pub fn among(&self, seeds: SeedRange) -> Option<Found> {
        let campaign = Campaign { seeds: Seeds::Range(seeds), jobs: self.jobs };
        let only = self.alone.then(|| self.bug.breaks());
        let outcome: Outcome<Tally, Box<Failure>> = if self.driven {
            run(self.bug.driven_maker(), &campaign, only, self.scheduler)
        } else {
            run(self.bug.maker(), &campaign, only, self.scheduler)
        };
        let after = outcome.seeds;
        outcome.failure.map(|(_, failure)| {
            let Failure { decisions, broken } = *failure;
            Found { after, broken, decisions }
        })
    }
}

impl Found {
    /// Whether what was found, or what was broken at the same moment, is one of these promises.
    pub fn is_one_of(&self, promises: &[Promise]) -> bool {
        let named = |promise: &Promise| promise.name() == self.broken.name() || self.broken.also.contains(promise);
        promises.iter().any(named)
    }
}

fn run<S: Subject + Send>(
    maker: Maker<S>,
    campaign: &Campaign,
    only: Option<&'static [Promise]>,
    scheduler: Option<Kind>,
) -> Outcome<Tally, Box<Failure>> {
    let make = || {
        let runner = Runner::of(maker);
        let runner = if let Some(kind) = scheduler { runner.scheduled_by(kind) } else { runner };
        if let Some(only) = only { runner.listening_to(only) } else { runner }
    };
    campaign::run(campaign, make, |_| ())
}
