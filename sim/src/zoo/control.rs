//! What shows that the harness can be believed, in either way: a canary that is found by every run in which somebody reads, and a
//! machine rewritten in one part, and right, that no run may find.

use core::num::NonZeroUsize;

use multiwatcher::machine::{Batch, Report, WatcherId};
use multiwatcher::testing::{Promise, Subject, Val};

use super::holders::{Counted, Rules};
use super::real::Real;
use super::with::{Twist, With};
use crate::campaign::{self, Campaign, Outcome, Seeds};
use crate::course::Broken;
use crate::driven::Driven;
use crate::runner::{Failure, Terms};
use crate::seed::SeedRange;
use crate::tally::Tally;
use crate::worlds::{Maker, World};

/// Something put into the machine's place for the sake of the harness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Found by every run in which somebody takes a batch. A campaign that does not find it is void.
    Canary,
    /// Never found: it differs from the machine, and keeps its promises.
    Equal,
}

/// Reports one watcher more than there is, from the first batch on: whoever finds it has had commits read, a reader woken and the
/// checkers listening until then.
#[derive(Debug, Default)]
struct Canary {
    lies: bool,
}

impl Twist for Canary {
    fn batch(&mut self, _: &Real, _: WatcherId, batch: Batch<Val>) -> Option<Batch<Val>> {
        self.lies = true;
        Some(batch)
    }

    fn report(&self, report: &mut Report) {
        report.watchers.caught_up += usize::from(self.lies);
    }
}

/// The account of Z1 to Z3 with no part of it wrong: removals are told from it, and the deltas of each batch put in order anew.
#[derive(Debug, Default)]
struct Right;

impl Rules for Right {}

/// What a search for a control came to.
#[derive(Debug)]
pub struct Search {
    /// The lowest seed in which it was found, and what it broke there.
    pub found: Option<(u64, Broken)>,
    /// The first seed that was run.
    pub first: u64,
    /// How many were, up to that one.
    pub seeds: u64,
    /// Batches that readers took.
    pub batches: u64,
}

/// A control is searched for in at most so many seeds. In nearly all of them a reader takes a batch, unless a scenario is about
/// something else.
const SEEDS: u64 = 1_000;

impl Control {
    /// The name of its world.
    pub const fn world_name(self, driven: bool) -> &'static str {
        match (self, driven) {
            (Self::Canary, false) => "machine+canary",
            (Self::Canary, true) => "driver+canary",
            (Self::Equal, false) => "machine+equal",
            (Self::Equal, true) => "driver+equal",
        }
    }

    /// How the machine is made with it.
    pub fn maker(self) -> Maker<With> {
        let make = match self {
            Self::Canary => With::bug::<Canary>,
            Self::Equal => With::bug::<Counted<Right>>,
        };
        Maker { world: World::Control { control: self, driven: false }, make }
    }

    /// How the driver around that machine is made.
    pub fn driven_maker(self) -> Maker<Driven<With>> {
        let make = match self {
            Self::Canary => With::driven::<Canary>,
            Self::Equal => With::driven::<Counted<Right>>,
        };
        Maker { world: World::Control { control: self, driven: true }, make }
    }

    /// Searches for it by a campaign from this seed on, on the terms of another campaign.
    pub fn search(self, driven: bool, terms: &Terms, first: u64, jobs: NonZeroUsize) -> Search {
        if driven { search(self.driven_maker(), terms, first, jobs) } else { search(self.maker(), terms, first, jobs) }
    }
}

fn search<S: Subject + Send>(maker: Maker<S>, terms: &Terms, first: u64, jobs: NonZeroUsize) -> Search {
    // There is a seed behind the first, if only the last.
    let first = first.min(u64::MAX - 1);
    let seeds = SeedRange::new(first, first.saturating_add(SEEDS)).expect("the end lies beyond the first seed");
    let runner = || {
        let runner = terms.runner(maker);
        // A scenario may listen to something else than the canary sins against.
        if terms.scenario.is_some() { runner.listening_to(Promise::ALL) } else { runner }
    };
    let outcome: Outcome<Tally, Box<Failure>> =
        campaign::run(&Campaign { seeds: Seeds::Range(seeds), jobs }, runner, |_| ());
    let found = outcome.failure.map(|(seed, failure)| (seed, failure.broken));
    Search { found, first, seeds: outcome.seeds, batches: outcome.tally.batches }
}
