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

use common::table::{Figure, Options, Table, Unit};
use rounds::{BRISK, CALM, Took};
use tokio::runtime::Runtime;

/// Rounds of each figure.
const ROUNDS: usize = 200;
/// So many times what the faster floor takes, a worker may take that tells many.
const TIMES: f64 = 1.5;

fn main() {
    let options = Options::from_args();
    let mut table = Table::new(&options, format_args!("driver: a worker over a memory backing of 100 entities"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime of two threads can be made");
    let rounds = options.rounds(ROUNDS);
    let sections = [
        (1, "1 watcher", CALM, Some(3e3)),
        // Not what the limit is about: it tells apart what is done from what it costs to find it in memory.
        (1, "1 watcher, a commit every 0.1 ms", BRISK, None),
        (1_000, "1,000 watchers", CALM, Some(0.4e6)),
        (10_000, "10,000 watchers", CALM, Some(4e6)),
    ];
    for (readers, section, pace, limit) in sections {
        if options.wants(section) {
            table.section(section);
            let readers = if readers == 1 { 1 } else { options.size(readers) };
            let took = show(&table, on(&runtime, workers::told(readers, 1, rounds, pace)), limit);
            if readers == 1 {
                let took = on(&runtime, workers::told_by_fetching(readers, rounds, pace));
                floors(&table, took, "asked what happened");
            }
            let watch = floors(&table, on(&runtime, floor::watch(readers, rounds, pace)), "tokio watch");
            let broadcast = floors(&table, on(&runtime, floor::broadcast(readers, rounds, pace)), "tokio broadcast");
            if readers > 1 {
                let (told, waiting) = (took.0 / watch.0.min(broadcast.0), took.1 / watch.1.min(broadcast.1));
                table.figure(Figure::new("times the faster floor", Unit::Times, told).limit(TIMES));
                table.figure(Figure::new("  all wait again", Unit::Times, waiting).limit(TIMES));
            }
        }
    }
    if options.wants("10,000 on 100 models") {
        table.section("10,000 on 100 models, 100 told");
        let took = on(&runtime, workers::told(options.size(10_000), 100, rounds, CALM));
        table.figure(Figure::new("polls of the others", Unit::Count, count(took.others)).limit(0.0));
        show(&table, took, Some(60e3));
    }
    if options.wants("10,000 joining at once") {
        table.section("10,000 joining at once");
        let mut took = on(&runtime, workers::joining(options.size(10_000), rounds));
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

/// Shows what it took, and says the medians.
fn show(table: &Table, mut took: Took, limit: Option<f64>) -> (f64, f64) {
    let told = Figure::nanos("the last is told", took.told.median()).p95(took.told.p95());
    let waiting = Figure::nanos("all wait again", took.waiting.median()).p95(took.waiting.p95());
    for figure in [told, waiting] {
        table.figure(limit.map_or(figure, |limit| figure.limit(limit)));
    }
    (took.told.median(), took.waiting.median())
}

/// The same for what is only compared with.
fn floors(table: &Table, mut took: Took, name: &'static str) -> (f64, f64) {
    table.figure(Figure::nanos(name, took.told.median()).p95(took.told.p95()));
    table.figure(Figure::nanos("  all wait again", took.waiting.median()).p95(took.waiting.p95()));
    (took.told.median(), took.waiting.median())
}

#[expect(clippy::cast_precision_loss, reason = "far fewer polls than a float counts exactly")]
fn count(count: usize) -> f64 {
    count as f64
}
