//! How much simulated time passes in a second: `cargo bench --package multiwatcher-sim --bench compression`.
//!
//! A backing that cannot be opened, for ever, and one retry due every simulated second; all checkers look on, as in a campaign. What
//! this leaves out: a run in which more happens takes longer by what happens, whatever its clock does.

#[expect(dead_code, reason = "the tables of the other benchmarks have more in them")]
#[path = "../../benches/common/table.rs"]
mod table;

use core::time::Duration;

use multiwatcher::machine::{Backoff, Config, StoreManager};
use multiwatcher::testing::{CallKind, Character, Failing, Operation, Regime, Subject, Val};
use multiwatcher_sim::clock::Stopwatch;
use multiwatcher_sim::course::Course;
use multiwatcher_sim::driven::Driven;
use multiwatcher_sim::worlds::Simulated;
use table::{Figure, Options, Table, Unit};

/// Retries of one measurement.
const RETRIES: u32 = 200_000;
/// Measurements of each figure.
const ROUNDS: usize = 15;

fn main() {
    let options = Options::from_args();
    let mut table = Table::new(&options, format_args!("simulator: time compression"));
    table.section("a simulated second with a retry");
    // A million of them in a second, in the machine world.
    show(&table, &options, "machine world", compressed::<StoreManager<Val>>, Some(1000.0));
    show(&table, &options, "driver world", compressed::<Driven<StoreManager<Val>>>, None);
    table.note(format_args!("all checkers, three readers that wait"));
    table.end();
}

fn show(table: &Table, options: &Options, name: &'static str, measure: fn(u32) -> f64, limit: Option<f64>) {
    let retries = if options.quick { RETRIES / 100 } else { RETRIES };
    let mut took: Vec<f64> = (0..options.rounds(ROUNDS)).map(|_| measure(retries)).collect();
    took.sort_by(f64::total_cmp);
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    let figure = Figure::new(name, Unit::Nanos, at(50)).p95(at(95));
    table.figure(limit.map_or(figure, |limit| figure.limit(limit)));
}

/// Nanoseconds for each simulated second.
fn compressed<S: Simulated>(retries: u32) -> f64 {
    let mut course = Course::<S>::new();
    course.begin(1, &regime()).expect("a fresh subject keeps its promises");
    for reader in 0..3 {
        step(&mut course, &Operation::Open { reader, filter: multiwatcher::testing::FilterIx(0) });
        step(&mut course, &Operation::Next { reader });
    }
    let began = course.stage().now();
    let watch = Stopwatch::start();
    for _ in 0..retries {
        step(&mut course, &Operation::Fail { call: CallKind::Subscribe, why: Failing::Passing });
        step(&mut course, &Operation::Deadline { late: 0 });
    }
    let elapsed = watch.elapsed();
    let simulated = course.stage().now().since(began);
    assert_eq!(simulated, Duration::from_secs(u64::from(retries)), "one retry is due every second");
    elapsed.as_secs_f64() * 1e9 / simulated.as_secs_f64()
}

/// One operation, and all that a task of the subject has to do because of it.
fn step<S: Subject>(course: &mut Course<S>, operation: &Operation) {
    let possible = course.step(operation).unwrap_or_else(|broken| panic!("{}: {}", broken.name(), broken.text));
    assert!(possible, "{operation:?} is possible");
    while course.stage().is_runnable() {
        course.step(&Operation::Turn).unwrap_or_else(|broken| panic!("{}: {}", broken.name(), broken.text));
    }
}

fn regime() -> Regime {
    let second = Duration::from_secs(1);
    let regime = Regime::calm(2, &[Character::Eager, Character::Eager, Character::Eager]);
    let config = Config { backoff: Backoff { min: second, max: second }, ..regime.config };
    Regime { config, ..regime }
}
