//! The memory of watchers in the machine and around it, and of an entity: `cargo bench --bench memory`. A program of its own, because an
//! allocator that counts would distort the figures about time.
//!
//! Counted are the bytes asked of the allocator and not given back, so room that tables keep for more is part of the figure. The library
//! of SQLite has an allocator of its own, which this does not see: for it the size of the process is looked at as well.

#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "sqlite")]
mod stored;
mod waiting;

use multiwatcher::machine::{Filter, Kind};
use peak_alloc::PeakAlloc;

use common::entity::{Edition, Entity};
use common::table::{Figure, Options, Table, Unit};
use common::world::{MODELS, World, model};

#[global_allocator]
static COUNTED: PeakAlloc = PeakAlloc;

const ENTITIES: usize = 100_000;
const WATCHERS: usize = 10_000;
const LIMIT: f64 = 128.0;

fn main() {
    #[cfg(feature = "sqlite")]
    if stored::is_other() {
        return;
    }
    let options = Options::from_args();
    let entities = options.size(ENTITIES);
    let mut table = Table::new(&options, format_args!("memory: {entities} entities over {MODELS} models"));
    table.section("an idle watcher");
    let watchers = options.size(WATCHERS);
    let (usual, worst) = per_watcher(entities, watchers, |number| Filter::model(model(number % MODELS)));
    table.figure(Figure::new("of 10,000, 100 filters", Unit::Bytes, usual).limit(LIMIT));
    table.figure(Figure::new("  worst, up to 20,000", Unit::Bytes, worst).limit(LIMIT));
    let (own, _) = per_watcher(entities, watchers, |number| {
        Filter::model(model(number % MODELS)).except_kinds([Kind::new(format!("kind {number}"))])
    });
    table.figure(Figure::new("  each its own filter", Unit::Bytes, own));
    table.note(format_args!("its first batch was taken and freed, one call waits; the"));
    table.note(format_args!("room that tables keep for more is part of it"));
    table.section("a watcher of the worker that waits");
    let (all, per_model) = (waiting::per_watcher(watchers, 1), waiting::per_watcher(watchers, MODELS));
    table.figure(Figure::new("of 10,000, all models", Unit::Bytes, all).limit(waiting::LIMIT));
    table.figure(Figure::new("of 10,000, 100 filters", Unit::Bytes, per_model).limit(waiting::LIMIT));
    table.note(format_args!("handle, pending call and its waker's place included,"));
    table.note(format_args!("the reader's task is not"));
    table.section("an entity of 23 fields");
    table.figure(Figure::new("value", Unit::Bytes, per_value(options.size(10_000))));
    table.figure(Figure::new("in the store, besides", Unit::Bytes, per_entity(entities)));
    #[cfg(feature = "sqlite")]
    {
        table.section("an entity of 1 KB out of SQLite");
        let held = stored::per_entity(entities);
        let limit = stored::SHARE * held.text;
        table.figure(Figure::new("its JSON", Unit::Bytes, held.text));
        table.figure(Figure::new("allocated by a worker", Unit::Bytes, held.counted).limit(limit));
        match held.resident {
            Some(resident) => {
                table.figure(Figure::new("its process grew by", Unit::Bytes, resident).limit(limit));
            }
            None => table.note(format_args!("how large a process is, this system does not tell")),
        }
        table.note(format_args!("a process that only watches: another one has written; the"));
        table.note(format_args!("values' own bytes included, and one reader that waits. The"));
        table.note(format_args!("first is what this language allocates, the second all, also"));
        table.note(format_args!("SQLite's own caches"));
    }
    table.end();
}

/// What each of so many watchers costs that have nothing to take and wait; and the worst until there are twice as many.
fn per_watcher(entities: usize, watchers: usize, filter: impl Fn(usize) -> Filter) -> (f64, f64) {
    let mut world = World::loaded(entities, |entity| entity as u64);
    let before = COUNTED.current_usage();
    let mut open = |number: usize| {
        world.watch_and_wait(filter(number));
        world.free();
        each(before, number + 1)
    };
    let usual = (0..watchers).map(&mut open).last().expect("there are some");
    (usual, (watchers..2 * watchers).map(open).fold(usual, f64::max))
}

fn per_value(count: usize) -> f64 {
    let before = COUNTED.current_usage();
    let values: Vec<_> = (0..count).map(|seed| Box::new(Entity::new(seed, Edition::default()))).collect();
    let bytes = each(before, count);
    drop(values);
    bytes
}

/// What the store keeps of an entity besides its value.
fn per_entity(count: usize) -> f64 {
    let before = COUNTED.current_usage();
    let world = World::loaded(count, |_| ());
    let bytes = each(before + world.ids.capacity() * size_of_val(&world.ids[0]), count);
    drop(world);
    bytes
}

#[expect(clippy::cast_precision_loss, reason = "far fewer bytes than a float counts exactly")]
fn each(before: usize, count: usize) -> f64 {
    COUNTED.current_usage().saturating_sub(before) as f64 / count as f64
}
