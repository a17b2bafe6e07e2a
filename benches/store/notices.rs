//! Notices are queued while a fetch is in flight: each names one random id, and many others are queued before it.

use multiwatcher::machine::{EntityId, Output};

use crate::ENTITIES;
use crate::common::clock::{floor, time};
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
        notice(&mut world, other(count));
        let fetches = matches!(world.machine.poll_output(), Some(Output::Fetch { .. }));
        assert!(fetches, "the first notice is asked about at once; the others wait for the answer");
        let mut push = |ids: &[EntityId], rounds: &mut Rounds| {
            let notices: Vec<Vec<EntityId>> = dice.permutation(count).into_iter().map(|at| vec![ids[at].clone()]).collect();
            rounds.add(queue(&mut world, notices).map(|took| took - clock).collect());
        };
        push(&others, &mut unknown);
        push(&ids, &mut known);
        push(&ids, &mut again);
        assert_eq!(world.machine.report().queued, 2 * count, "the queue holds each id once");
    }
    table.figure(Figure::nanos("an entity, average", known.average()).limit(400.0));
    table.figure(Figure::nanos("  worst single push", known.worst()));
    table.figure(Figure::nanos("the same again, average", again.average()).limit(400.0));
    table.figure(Figure::nanos("an unknown id, average", unknown.average()).limit(400.0));
    table.figure(Figure::nanos("  worst single push", unknown.worst()));
    table.note(format_args!("behind {count} unknown ids, but for these, which were queued first."));
    table.note(format_args!("A worst push moves a table that has grown. Each push: its least of all rounds"));
}

/// The same pushes, several times: the least each took, so that what the machine did meanwhile for others does not count.
#[derive(Default)]
struct Rounds(Vec<f64>);

impl Rounds {
    fn add(&mut self, pushes: Vec<f64>) {
        if self.0.is_empty() {
            self.0 = pushes;
        } else {
            self.0.iter_mut().zip(pushes).for_each(|(least, took)| *least = least.min(took));
        }
    }

    fn average(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    fn worst(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }
}

/// Queues each notice; how long each took, with the outputs drained.
fn queue(world: &mut World<u64>, notices: Vec<Vec<EntityId>>) -> impl Iterator<Item = f64> {
    notices.into_iter().map(|ids| {
        let (took, ()) = time(|| {
            world.machine.notice(world.now, world.generation, ids);
            assert_eq!(world.machine.poll_output(), None, "one fetch is in flight at a time");
        });
        took
    })
}

fn notice(world: &mut World<u64>, id: EntityId) {
    world.machine.notice(world.now, world.generation, vec![id]);
}

fn other(number: usize) -> EntityId {
    EntityId::new("machine", model(number % MODELS), number.to_string())
}
