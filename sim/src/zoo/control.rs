//! What shows that the harness can be believed, in either way: a canary that is found by every run there is, and a machine
//! rewritten in one part, and right, that no run may find.

use multiwatcher::machine::Report;
use multiwatcher::testing::Subject;

use super::holders::{Counted, Rules};
use super::with::{Twist, With};
use crate::course::Broken;
use crate::driven::Driven;
use crate::runner::Runner;
use crate::schedulers::Kind;
use crate::tally::Tally;
use crate::worlds::{Maker, World};

/// Something put into the machine's place for the sake of the harness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Found by every run. A campaign that does not find it is void.
    Canary,
    /// Never found: it differs from the machine, and keeps its promises.
    Equal,
}

/// Reports one watcher more than there is, from the first moment on.
#[derive(Debug, Default)]
struct Canary;

impl Twist for Canary {
    fn report(&self, report: &mut Report) {
        report.watchers.caught_up += 1;
    }
}

/// The account of Z1 to Z3 with no part of it wrong: removals are told from it, and the deltas of each batch put in order anew.
#[derive(Debug, Default)]
struct Right;

impl Rules for Right {}

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

    /// What one run of this seed finds in it, if it finds anything.
    pub fn found(self, driven: bool, seed: u64, scheduler: Option<Kind>) -> Option<Broken> {
        if driven { found(self.driven_maker(), seed, scheduler) } else { found(self.maker(), seed, scheduler) }
    }
}

fn found<S: Subject>(maker: Maker<S>, seed: u64, scheduler: Option<Kind>) -> Option<Broken> {
    let runner = Runner::of(maker);
    let mut runner = if let Some(kind) = scheduler { runner.scheduled_by(kind) } else { runner };
    runner.run(seed, &mut Tally::default()).err().map(|failure| failure.broken)
}
