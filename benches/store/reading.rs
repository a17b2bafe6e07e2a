//! Batches are taken: few deltas just after they happened, and a first batch of everything after everything was changed.

use multiwatcher::machine::{Batch, Filter};

use crate::ENTITIES;
use crate::common::clock::{Samples, floor, time};
use crate::common::dice::Dice;
use crate::common::entity::{Edition, Entity};
use crate::common::table::{Figure, Options, Table};
use crate::common::world::World;

pub(crate) fn run(options: &Options, table: &Table) {
    let mut reading = Reading::new(options.size(ENTITIES));
    reading.change(reading.editions.len());
    for (name, changes, rounds, limit) in
        [("1 just changed", 1, 2000, 150.0), ("1,000 just changed", 1000, 300, 60_000.0)]
    {
        let (mut took, mut freeing) = reading.just_changed(options.size(changes).max(1), options.rounds(rounds));
        table.figure(Figure::nanos(name, took.median()).p95(took.p95()).limit(limit));
        table.figure(Figure::nanos("  freeing the batch", freeing.median()).p95(freeing.p95()));
    }
    let Firsts { mut first, mut again, mut freeing } = reading.firsts(options.rounds(10));
    table.figure(Figure::nanos("first, all, first time", first.median()).p95(first.p95()).limit(40e6));
    table.figure(Figure::nanos("  another, built anew", again.median()).p95(again.p95()).limit(10e6));
    table.figure(Figure::nanos("  freeing the batch", freeing.median()).p95(freeing.p95()));
    table.note(format_args!("all were changed at random before each first time; batches before are dropped"));
}

struct Reading {
    world: World<Entity>,
    editions: Vec<Edition>,
    dice: Dice,
    clock: f64,
}

/// First batches after everything was changed at random.
#[derive(Default)]
struct Firsts {
    first: Samples,
    again: Samples,
    freeing: Samples,
}

impl Reading {
    fn new(count: usize) -> Self {
        let world = World::loaded(count, |entity| Entity::new(entity, Edition::default()));
        Self { world, editions: vec![Edition::default(); count], dice: Dice::new(4), clock: floor() }
    }

    /// Changes so many entities, drawn at random, each in a step of its own.
    fn change(&mut self, count: usize) {
        for _ in 0..count {
            let entity = self.dice.below(self.editions.len());
            self.editions[entity].early += 1;
            let step = self.world.make_step(entity, Entity::new(entity, self.editions[entity]));
            self.world.follow(step);
        }
    }

    fn just_changed(&mut self, changes: usize, rounds: usize) -> (Samples, Samples) {
        let watcher = self.world.watch(Filter::all_models());
        drop(self.world.next(watcher));
        (0..rounds)
            .map(|_| {
                self.change(changes);
                let (took, batch) = time(|| self.world.next(watcher));
                assert!(
                    batch.deltas().len() <= changes && !batch.deltas().is_empty(),
                    "a delta for each entity that changed"
                );
                (took - self.clock, self.free(batch))
            })
            .fold(Default::default(), |(mut took, mut freeing): (Samples, Samples), (a, b)| {
                took.push(a);
                freeing.push(b);
                (took, freeing)
            })
    }

    fn firsts(&mut self, rounds: usize) -> Firsts {
        let mut firsts = Firsts::default();
        for _ in 0..rounds {
            self.change(self.editions.len());
            let first = self.take_all(&mut firsts.freeing);
            firsts.first.push(first);
            for _ in 0..3 {
                let again = self.take_all(&mut firsts.freeing);
                firsts.again.push(again);
            }
        }
        firsts
    }

    /// A fresh watcher takes everything, and leaves.
    fn take_all(&mut self, freeing: &mut Samples) -> f64 {
        let watcher = self.world.watch(Filter::all_models());
        let (took, batch) = time(|| self.world.next(watcher));
        assert_eq!(batch.deltas().len(), self.editions.len());
        freeing.push(self.free(batch));
        self.world.machine.stop(self.world.now, watcher);
        took - self.clock
    }

    fn free(&mut self, batch: Batch<Entity>) -> f64 {
        let (took, ()) = time(|| drop(batch));
        self.world.free();
        took - self.clock
    }
}
