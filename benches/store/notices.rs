//! Notices are queued while a fetch is in flight: each names one random id, and many others are queued before it.

use multiwatcher::machine::{EntityId, Output};

use crate::ENTITIES;
use crate::common::clock::{Samples, floor, time};
use crate::common::dice::Dice;
use crate::common::table::{Figure, Options, Table};
use crate::common::world::{MODELS, World, model};

pub(crate) fn run(options: &Options, table: &Table) {
    let count = options.size(ENTITIES);
    let clock = floor();
    let (mut unknown, mut known, mut again) = (Rounds::default(), Rounds::default(), Rounds::default());
    for _ in 0..options.rounds(5) {
        let mut dice = Dice::new(5);
        let mut world = World::loaded(count, |entity| entity as u64);
        let (ids, others) = (world.ids.clone(), (0..count).map(other).collect::<Vec<_>>());
        world.machine.notice(world.now, world.generation, vec![other(count)]);
        let fetches = matches!(world.machine.poll_output(), Some(Output::Fetch { .. }));
        assert!(fetches, "the first notice is asked about at once; the others wait for the answer");
        let mut push = |ids: &[EntityId], rounds: &mut Rounds| {
            let order = dice.permutation(count).into_iter();
            rounds.add(order.map(|at| queue(&mut world, vec![ids[at].clone()]) - clock).collect());
        };
        push(&others, &mut unknown);
        push(&ids, &mut known);
        push(&ids, &mut again);
        assert_eq!(world.machine.report().queued, 2 * count, "the queue holds each id once");
    }
    table.figure(known.average("an entity, average"));
    table.figure(known.worst());
    table.figure(again.average("the same again, average"));
    table.figure(unknown.average("an unknown id, average"));
    table.figure(unknown.worst());
    table.note(format_args!("behind {count} unknown ids, but for these, which come first."));
    table.note(format_args!("Median of rounds; a single push: its least of all rounds. The"));
    table.note(format_args!("worst ones move a table that has grown"));
}

/// The same pushes, several times.
#[derive(Default)]
struct Rounds {
    /// The mean of each round.
    means: Samples,
    /// The least each push took, so that the worst of them is the machine's own and not somebody else's turn of the processor.
    least: Vec<f64>,
}

impl Rounds {
    fn add(&mut self, pushes: Vec<f64>) {
        self.means.push(pushes.iter().copied().collect::<Samples>().mean());
        if self.least.is_empty() {
            self.least = pushes;
        } else {
            self.least.iter_mut().zip(pushes).for_each(|(least, took)| *least = least.min(took));
        }
    }

    fn average(&mut self, name: &'static str) -> Figure {
        Figure::nanos(name, self.means.median()).p95(self.means.p95()).limit(400.0)
    }

    fn worst(&self) -> Figure {
        Figure::nanos("  worst single push", self.least.iter().copied().fold(0.0, f64::max))
    }
}

/// Queues a notice; how long that took, with the outputs drained.
fn queue(world: &mut World<u64>, ids: Vec<EntityId>) -> f64 {
    let (took, ()) = time(|| {
        world.machine.notice(world.now, world.generation, ids);
        assert_eq!(world.machine.poll_output(), None, "one fetch is in flight at a time");
    });
    took
}

fn other(number: usize) -> EntityId {
    EntityId::new("machine", model(number % MODELS), number.to_string())
}
