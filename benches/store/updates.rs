//! One entity changes: a step of one entity is taken in.

use multiwatcher::machine::{Filter, Garbage, Step};

use crate::ENTITIES;
use crate::common::clock::{Samples, time};
use crate::common::dice::Dice;
use crate::common::entity::{Edition, Entity};
use crate::common::table::{Figure, Options, Table};
use crate::common::world::{MODELS, World, model};

/// Steps are built in blocks just before they are taken in, as those of a backing are.
const BLOCK: u16 = 64;

pub(crate) fn run(options: &Options, table: &Table) {
    let count = options.size(ENTITIES);
    {
        let mut world = watched(World::loaded(count, |entity| entity as u64));
        let mut new = 1 << 32;
        let make = |world: &mut World<u64>, entity| {
            new += 1;
            world.make_step(entity, new)
        };
        report(table, "tiny value", 700.0, &mut measure(&mut world, options, make));
    }
    let mut world = watched(World::loaded(count, |entity| Entity::new(entity, Edition::default())));
    let mut editions = vec![Edition::default(); count];
    let mut figure = |name, limit, change: fn(&mut Edition)| {
        let make = |world: &mut World<Entity>, entity: usize| {
            change(&mut editions[entity]);
            world.make_step(entity, Entity::new(entity, editions[entity]))
        };
        report(table, name, limit, &mut measure(&mut world, options, make));
    };
    figure("23 fields, early differs", 1200.0, |edition| edition.early += 1);
    figure("23 fields, last differs", 4000.0, |edition| edition.last += 1);
    figure("23 fields, equal", 4000.0, |_| {});
    table.note(format_args!("measured: step, outputs, garbage out. Steps of one entity,"));
    table.note(format_args!("built {BLOCK} at a time beforehand; per block. 101 watchers are open"));
}

/// Watchers of each model and of all, who have read once and then do not.
fn watched<V: PartialEq>(mut world: World<V>) -> World<V> {
    for filter in (0..MODELS).map(|number| Filter::model(model(number))).chain([Filter::all_models()]) {
        let watcher = world.watch(filter);
        drop(world.next(watcher));
    }
    world
}

/// Nanoseconds per update, the mean of a block each.
#[derive(Default)]
struct Measured {
    held: Samples,
    freeing: Samples,
}

fn measure<V: PartialEq>(
    world: &mut World<V>,
    options: &Options,
    mut make: impl FnMut(&mut World<V>, usize) -> Step<V>,
) -> Measured {
    let (count, mut dice) = (world.ids.len(), Dice::new(3));
    let mut measured = Measured::default();
    let mut bins: Vec<Garbage<V>> = (0..BLOCK).map(|_| Garbage::new()).collect();
    for round in 0..=options.rounds(5) {
        for _ in 0..count.div_ceil(BLOCK.into()) {
            let steps: Vec<_> = (0..BLOCK).map(|_| make(world, dice.below(count))).collect();
            let (held, ()) = time(|| steps.into_iter().zip(&mut bins).for_each(|(step, bin)| world.take_in(step, bin)));
            let (freeing, ()) = time(|| bins.iter_mut().for_each(Garbage::clear));
            // The first round only scrambles the store.
            if round > 0 {
                measured.held.push(held / f64::from(BLOCK));
                measured.freeing.push(freeing / f64::from(BLOCK));
            }
        }
    }
    measured
}

fn report(table: &Table, name: &'static str, limit: f64, measured: &mut Measured) {
    table.figure(Figure::nanos(name, measured.held.median()).p95(measured.held.p95()).limit(limit));
    table.figure(Figure::nanos("  freeing the old value", measured.freeing.median()).p95(measured.freeing.p95()));
}
