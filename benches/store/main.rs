//! The speed of the store manager as a machine: `cargo bench --bench store`, or with `-- --quick` a small run that only shows
//! that it still works. A word after `--` picks sections.
//!
//! What the figures mean: 100,000 entities over 100 models, loaded in random order and changed at random; whatever a figure
//! reads is as cold as that leaves it. Inputs are built before the clock starts, and what the machine hands out is freed
//! after it stops; the time of freeing stands beside the figure.

#[path = "../common/mod.rs"]
mod common;
mod isolation;
mod notices;
mod reading;
mod reload;
mod updates;

use common::table::{Options, Table};
use common::{clock, world};

/// Entities in the store.
const ENTITIES: usize = 100_000;

/// Its name, and what measures and prints it.
type Section = (&'static str, fn(&Options, &Table));

fn main() {
    let options = Options::from_args();
    let entities = options.size(ENTITIES);
    let mut table = Table::new(&options, format_args!("store: {entities} entities over {} models", world::MODELS));
    table.note(format_args!(
        "a cold dependent load: {:.0} ns; the clock: {:.0} ns, taken off",
        clock::cold_load(),
        clock::floor()
    ));
    let sections: [Section; 5] = [
        ("update, random id", updates::run),
        ("next, watcher of all models", reading::run),
        ("queueing a notice", notices::run),
        ("one change, 10,000 waiting", isolation::run),
        ("reload that changed 10", reload::run),
    ];
    for (section, run) in sections {
        if options.wants(section) {
            table.section(section);
            run(&options, &table);
        }
    }
    table.end();
}
