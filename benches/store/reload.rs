//! The backing fails and is read anew: how long the machine is held by each chunk that is staged, and by the end.

use std::sync::Arc;

use multiwatcher::machine::{EntityId, Filter, Garbage, Read, Step};

use crate::ENTITIES;
use crate::common::clock::{Samples, floor, time};
use crate::common::dice::Dice;
use crate::common::entity::{Edition, Entity};
use crate::common::table::{Figure, Options, Table};
use crate::common::world::{MODELS, World, id, model};

/// Entities staged under one hold of the lock. How many is the driver's choice.
const CHUNK: usize = 100;
/// What a reload finds: ten differences.
const CHANGED: usize = 6;
const ADDED: usize = 2;
const REMOVED: usize = 2;

pub(crate) fn run(options: &Options, table: &Table) {
    let mut reload = Reload::new(options.size(ENTITIES));
    let (mut chunks, mut longest, mut ends, mut freeing) =
        (Samples::default(), Samples::default(), Samples::default(), Samples::default());
    for _ in 0..options.rounds(10) {
        reload.change();
        reload.world.reopen();
        let staged: Samples = reload.stage().collect();
        longest.push(staged.worst());
        chunks.push(staged.mean());
        let (end, free) = reload.end();
        ends.push(end);
        freeing.push(free);
        reload.world.machine.check().expect("the store is sound");
        reload.waiting.iter_mut().for_each(|waiting| reload.world.read_on(waiting));
    }
    table.figure(Figure::nanos("end of the load", ends.median()).p95(ends.p95()).limit(50_000.0));
    table.figure(Figure::nanos("  freeing what it replaced", freeing.median()).p95(freeing.p95()));
    table.figure(Figure::nanos("a staged chunk of 100", chunks.median()));
    table.figure(Figure::nanos("  the longest of a load", longest.median()).p95(longest.p95()));
    table.note(format_args!(
        "{CHANGED} changed, {ADDED} new, {REMOVED} gone; 101 watchers wait and are woken. The end:"
    ));
    table.note(format_args!("the answer that completes the load, outputs drained"));
}

struct Reload {
    world: World<Entity>,
    waiting: Vec<crate::common::world::Waiting>,
    /// What the backing holds, by number; numbers of entities that are gone are not used again.
    backing: Vec<Option<Edition>>,
    dice: Dice,
    clock: f64,
}

impl Reload {
    fn new(count: usize) -> Self {
        let mut world = World::loaded(count, |entity| Entity::new(entity, Edition::default()));
        let filters = (0..MODELS).map(|number| Filter::model(model(number))).chain([Filter::all_models()]);
        let waiting = filters.map(|filter| world.watch_and_wait(filter)).collect();
        Self { world, waiting, backing: vec![Some(Edition::default()); count], dice: Dice::new(8), clock: floor() }
    }

    /// The backing changes while nobody looks.
    fn change(&mut self) {
        let mut live: Vec<usize> = (0..self.backing.len()).filter(|&entity| self.backing[entity].is_some()).collect();
        for turn in 0..CHANGED + REMOVED {
            let entity = live.swap_remove(self.dice.below(live.len()));
            match &mut self.backing[entity] {
                Some(edition) if turn < CHANGED => edition.last += 1,
                gone => *gone = None,
            }
        }
        self.backing.extend([Some(Edition::default()); ADDED]);
    }

    /// Stages everything the backing holds, chunk by chunk; how long each took.
    fn stage(&mut self) -> impl Iterator<Item = f64> {
        let order = self.dice.permutation(self.backing.len());
        let chunks: Vec<Vec<usize>> = order.chunks(CHUNK).map(<[_]>::to_vec).collect();
        chunks.into_iter().map(|chunk| {
            let reads = self.read(chunk);
            let mut empty = Garbage::new();
            let World { machine, now, generation, .. } = &mut self.world;
            let (took, ()) = time(|| {
                machine.staged(*now, *generation, reads);
                machine.swap_garbage(&mut empty);
            });
            took - self.clock
        })
    }

    fn read(&self, chunk: Vec<usize>) -> Vec<(EntityId, Read<Entity>)> {
        let live = chunk.into_iter().filter_map(|entity| Some((entity, self.backing[entity]?)));
        live.map(|(entity, edition)| (id(entity), Read::Value(Arc::new(Entity::new(entity, edition))))).collect()
    }

    /// Completes the load; how long that took, and how long freeing what it replaced.
    fn end(&mut self) -> (f64, f64) {
        let (fetch, since) = self.world.load_done();
        let before = self.world.machine.revno();
        let step = Step { from: since, to: since, entities: Vec::new() };
        let mut empty = Garbage::new();
        let (took, ()) = time(|| {
            self.world.machine.fetched(self.world.now, self.world.generation, fetch, step);
            self.world.outputs();
            self.world.machine.swap_garbage(&mut empty);
        });
        assert_eq!(self.world.machine.revno().0, before.0 + 1, "a load that finds a difference is one revno");
        let (freeing, ()) = time(|| empty.clear());
        (took - self.clock, freeing - self.clock)
    }
}
