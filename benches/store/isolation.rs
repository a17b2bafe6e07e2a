//! A change in one model, with many watchers waiting on others: nobody is visited.

use multiwatcher::machine::{Filter, Garbage};

use crate::ENTITIES;
use crate::common::clock::{Samples, floor, time};
use crate::common::dice::Dice;
use crate::common::table::{Figure, Options, Table, Unit};
use crate::common::world::{MODELS, World, model};

const WATCHERS: usize = 10_000;

pub(crate) fn run(options: &Options, table: &Table) {
    let clock = floor();
    // The changing model is one of the store's; the watchers wait on a hundred others, most of which it does not know.
    let mut world = World::loaded(options.size(ENTITIES), |entity| entity as u64);
    for number in 0..options.size(WATCHERS) {
        world.watch_and_wait(Filter::model(model(1 + number % MODELS)));
    }
    let changed: Vec<usize> = (0..world.ids.len()).filter(|entity| entity % MODELS == 0).collect();
    let mut dice = Dice::new(6);
    let mut empty = Garbage::new();
    let before = world.machine.report().visited;
    let mut took = Samples::default();
    for new in 0..options.rounds(2000) {
        let step = world.make_step(changed[dice.below(changed.len())], (1 << 32) + new as u64);
        took.push(time(|| world.take_in(step, &mut empty)).0 - clock);
        empty.clear();
    }
    let visited = world.machine.report().visited - before;
    assert_eq!(visited, 0, "watchers of other models are not even visited");
    table.figure(Figure::nanos("in another model", took.median()).p95(took.p95()));
    table.figure(Figure::new("  watchers visited", Unit::Count, 0.0).limit(0.0));
    let (took, woken) = change_where_they_wait(&mut world, options.rounds(200), clock);
    let (mut took, mut woken) = (took, woken);
    table.figure(Figure::nanos("in a model they watch", took.median()).p95(took.p95()));
    table.figure(Figure::new("  watchers visited", Unit::Count, woken.median()));
}

/// For comparison: every change meets a model whose watchers all wait.
fn change_where_they_wait(world: &mut World<u64>, rounds: usize, clock: f64) -> (Samples, Samples) {
    let (mut took, mut woken) = (Samples::default(), Samples::default());
    let mut empty = Garbage::new();
    for round in 0..rounds.min(MODELS - 1) {
        let before = world.machine.report().visited;
        let step = world.make_step(1 + round, (1 << 33) + round as u64);
        took.push(time(|| world.take_in(step, &mut empty)).0 - clock);
        empty.clear();
        woken.push(f64::from(u32::try_from(world.machine.report().visited - before).expect("few watchers")));
    }
    (took, woken)
}
