//! How many schedules it takes to find a bug of the zoo: a campaign from some seed on, until the first failure.

use core::hash::Hasher;
use core::num::NonZeroUsize;

use multiwatcher::testing::{Promise, Subject};
use xxhash_rust::xxh3::Xxh3;

use super::Bug;
use crate::campaign::{self, Campaign, Outcome, Seeds};
use crate::course::Broken;
use crate::decisions::Decisions;
use crate::runner::{Failure, Runner};
use crate::schedulers::Kind;
use crate::seed::SeedRange;
use crate::shrink::{REPLAYS, shrink};
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

/// Enough that a change of what is drawn shows in one of them.
const SEEDS_OF_A_PRINT: u64 = 32;

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

impl Hunt {
    /// How many operations a failure that was found has after shrinking; none if it does not fail when it is replayed.
    pub fn shrunk(&self, found: &Found) -> Option<u64> {
        let decisions = &found.decisions;
        let shrunk = if self.driven {
            shrink(self.bug.driven_maker(), decisions, REPLAYS)
        } else {
            shrink(self.bug.maker(), decisions, REPLAYS)
        };
        shrunk.map(|shrunk| shrunk.decisions.operations.len() as u64)
    }

    /// Changes whenever what is drawn from seeds, what is checked, or the bug changes so that a hunt may end elsewhere: a hash of
    /// what the first seeds come to.
    pub fn fingerprint(&self) -> u64 {
        let only = self.alone.then(|| self.bug.breaks());
        if self.driven {
            fingerprint(runner(self.bug.driven_maker(), only, self.scheduler))
        } else {
            fingerprint(runner(self.bug.maker(), only, self.scheduler))
        }
    }
}

impl Found {
    /// Whether what was found, or what was broken at the same moment, is one of these promises.
    pub fn is_one_of(&self, promises: &[Promise]) -> bool {
        let named = |promise: &Promise| promise.name() == self.broken.name() || self.broken.also.contains(promise);
        promises.iter().any(named)
    }
}

fn runner<S: Subject>(maker: Maker<S>, only: Option<&'static [Promise]>, scheduler: Option<Kind>) -> Runner<S> {
    let runner = Runner::of(maker);
    let runner = if let Some(kind) = scheduler { runner.scheduled_by(kind) } else { runner };
    if let Some(only) = only { runner.listening_to(only) } else { runner }
}

fn run<S: Subject + Send>(
    maker: Maker<S>,
    campaign: &Campaign,
    only: Option<&'static [Promise]>,
    scheduler: Option<Kind>,
) -> Outcome<Tally, Box<Failure>> {
    campaign::run(campaign, || runner(maker, only, scheduler), |_| ())
}

fn fingerprint<S: Subject>(mut runner: Runner<S>) -> u64 {
    let mut print = Xxh3::new();
    for seed in 0..SEEDS_OF_A_PRINT {
        match runner.run(seed, &mut Tally::default()) {
            Ok(hash) => print.write_u64(hash),
            Err(failure) => {
                let Failure { decisions, broken } = *failure;
                print.write(broken.name().as_bytes());
                print.write(format!("{:?} {:?}", decisions.header, decisions.operations).as_bytes());
            }
        }
    }
    print.finish()
}
