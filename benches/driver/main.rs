//! The speed of the worker and its handles: `cargo bench --bench driver`, or with `-- --quick` a small run that only shows that it
//! still works. A word after `--` picks sections.
//!
//! A memory backing of 100 entities; every reader waits in a task of its own on a runtime of two threads. A task of that runtime
//! commits one change, at a calm pace, and the clock runs until the last reader has been told, and until all wait again.
//! `tokio::sync::watch` and `tokio::sync::broadcast` carry an `Arc` to as many readers in the same run: the floor. They coalesce
//! nothing, filter nothing and cannot be resumed.

#[path = "../common/mod.rs"]
mod common;
mod floor;
mod rounds;
mod workers;

use std::future::Future;

use common::table::{Figure, Options, Table};
use rounds::Took;
use tokio::runtime::Runtime;

/// Rounds of each figure.
const ROUNDS: usize = 200;

fn main() {
    let options = Options::from_args();
    let mut table = Table::new(&options, format_args!("driver: a worker over a memory backing of 100 entities"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime of two threads can be made");
    let rounds = options.rounds(ROUNDS);
    let limits = [(1, "1 watcher", 3e3), (1_000, "1,000 watchers", 0.4e6), (10_000, "10,000 watchers", 4e6)];
    for (readers, section, limit) in limits {
        if options.wants(section) {
            table.section(section);
            let readers = if readers == 1 { 1 } else { options.size(readers) };
            show(&table, on(&runtime, workers::told(readers, 1, rounds)), limit);
            if readers == 1 {
                floors(&table, on(&runtime, workers::told_by_fetching(readers, rounds)), "asked what happened");
            }
            floors(&table, on(&runtime, floor::watch(readers, rounds)), "tokio watch");
            floors(&table, on(&runtime, floor::broadcast(readers, rounds)), "tokio broadcast");
        }
    }
    if options.wants("10,000 on 100 models") {
        table.section("10,000 on 100 models, 100 told");
        show(&table, on(&runtime, workers::told(options.size(10_000), 100, rounds)), 60e3);
    }
    if options.wants("10,000 joining at once") {
        table.section("10,000 joining at once");
        let mut took = on(&runtime, workers::joining(options.size(10_000), options.rounds(20)));
        let (median, p95) = (took.waiting.median(), took.waiting.p95());
        table.figure(Figure::nanos("all told, all wait", median).p95(p95).limit(40e6));
        table.note(format_args!("their tasks are spawned within that time"));
    }
    table.end();
}

/// Runs it as a task of the runtime: from outside, every commit would pay for waking a thread.
fn on<T: Send + 'static>(runtime: &Runtime, task: impl Future<Output = T> + Send + 'static) -> T {
    runtime.block_on(runtime.spawn(task)).expect("a benchmark does not panic")
}

fn show(table: &Table, mut took: Took, limit: f64) {
    table.figure(Figure::nanos("the last is told", took.told.median()).p95(took.told.p95()).limit(limit));
    table.figure(Figure::nanos("all wait again", took.waiting.median()).p95(took.waiting.p95()).limit(limit));
}

fn floors(table: &Table, mut took: Took, name: &'static str) {
    table.figure(Figure::nanos(name, took.told.median()).p95(took.told.p95()));
    table.figure(Figure::nanos("  all wait again", took.waiting.median()).p95(took.waiting.p95()));
}
