//! How long a schedule takes on one core: `cargo bench --profile campaign --package multiwatcher-sim --bench speed`, for a campaign is
//! built like that.
//!
//! Seeds as a campaign draws them, with all checkers, the trace's hash, saturation and pairs; and of them those whose run has exactly
//! three readers, for a run has up to six. What this leaves out: the corpus, which a campaign runs first.

#[expect(dead_code, reason = "the tables of the other benchmarks have more in them")]
#[path = "../../benches/common/table.rs"]
mod table;

use multiwatcher::machine::StoreManager;
use multiwatcher::testing::Val;
use multiwatcher_sim::clock::Stopwatch;
use multiwatcher_sim::driven::Driven;
use multiwatcher_sim::plan::Plan;
use multiwatcher_sim::random::Random;
use multiwatcher_sim::runner::Runner;
use multiwatcher_sim::tally::Tally;
use multiwatcher_sim::worlds::Simulated;
use table::{Figure, Options, Table, Unit};

// A campaign allocates as this does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seeds of one measurement.
const SEEDS: usize = 5000;
/// Measurements of each figure.
const ROUNDS: usize = 15;

/// 25,000 schedules a second, each of 100 steps at least.
const MACHINE: Limit = Limit::Whole(40.0);
/// 20,000 schedules a second, of about 100 decisions.
const DRIVER: Limit = Limit::OfHundredSteps(50.0);

/// In microseconds.
#[derive(Clone, Copy)]
enum Limit {
    Whole(f64),
    OfHundredSteps(f64),
}

fn main() {
    let options = Options::from_args();
    let mut table = Table::new(&options, format_args!("simulator: a schedule on one core"));
    table.section("as a campaign draws them");
    let all = |_: &Plan| true;
    show::<StoreManager<Val>>(&table, &options, "machine world", all, MACHINE);
    show::<Driven<StoreManager<Val>>>(&table, &options, "driver world, up to six readers", all, DRIVER);
    table.section("three readers");
    let three = |plan: &Plan| plan.regime.readers.len() == 3;
    show::<StoreManager<Val>>(&table, &options, "machine world", three, MACHINE);
    show::<Driven<StoreManager<Val>>>(&table, &options, "driver world", three, DRIVER);
    table.end();
}

fn show<S: Simulated>(table: &Table, options: &Options, name: &'static str, counts: fn(&Plan) -> bool, limit: Limit) {
    let seeds = if options.quick { SEEDS / 100 } else { SEEDS };
    let drawn = (0..).filter(|seed| counts(&Plan::draw(&mut Random::new(*seed))));
    let seeds: Vec<u64> = drawn.take(seeds).collect();
    let (mut runner, mut tally) = (Runner::<S>::new(), Tally::default());
    let mut took: Vec<f64> = (0..options.rounds(ROUNDS)).map(|_| measure(&mut runner, &mut tally, &seeds)).collect();
    took.sort_by(f64::total_cmp);
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    let mean = |total: u64| float(total) / float(tally.schedules);
    let whole = Figure::new(name, Unit::Nanos, at(50)).p95(at(95));
    match limit {
        Limit::Whole(micros) => table.figure(whole.limit(micros * 1e3)),
        Limit::OfHundredSteps(micros) => {
            table.figure(whole);
            let hundred = at(50) * 100.0 / mean(tally.steps);
            table.figure(Figure::new("  of 100 steps", Unit::Nanos, hundred).limit(micros * 1e3));
        }
    }
    table.note(format_args!("{:.1} steps, {:.1} of them healing", mean(tally.steps), mean(tally.healing)));
}

/// Nanoseconds for each seed.
fn measure<S: Simulated>(runner: &mut Runner<S>, tally: &mut Tally, seeds: &[u64]) -> f64 {
    let watch = Stopwatch::start();
    for seed in seeds {
        if let Err(failure) = runner.run(*seed, tally) {
            panic!("seed {seed}: {}: {}", failure.broken.name(), failure.broken.text);
        }
    }
    watch.elapsed().as_secs_f64() * 1e9 / float(seeds.len() as u64)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn float(number: u64) -> f64 {
    number as f64
}
