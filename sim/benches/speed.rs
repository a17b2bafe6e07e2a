//! How long a schedule takes on one core: `cargo bench --profile campaign --package multiwatcher-sim --bench speed`, for a campaign is
//! built like that.
//!
//! Seeds as a campaign draws them, with all checkers, the trace's hash, saturation and pairs; and of them those whose run has exactly
//! three readers, for a run has up to six. What this leaves out: the corpus, which a campaign runs first. Besides: what a second core is
//! worth, and how long it takes to make a failure short.

#[expect(dead_code, reason = "the tables of the other benchmarks have more in them")]
#[path = "../../benches/common/table.rs"]
mod table;

use core::num::NonZeroUsize;

use multiwatcher::machine::StoreManager;
use multiwatcher::testing::Val;
use multiwatcher_sim::campaign::{self, Campaign, Seeds};
use multiwatcher_sim::clock::Stopwatch;
use multiwatcher_sim::driven::Driven;
use multiwatcher_sim::plan::Plan;
use multiwatcher_sim::random::Random;
use multiwatcher_sim::runner::Runner;
use multiwatcher_sim::seed::SeedRange;
use multiwatcher_sim::tally::Tally;
use multiwatcher_sim::worlds::{Maker, Simulated};
use multiwatcher_sim::zoo::Bug;
use multiwatcher_sim::zoo::hunt::Hunt;
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

/// Two cores are worth 1.8 times one.
const TWO_CORES: f64 = 100.0 / 1.8;
/// Seconds, for the failure that takes longest to shrink.
const SHRUNK: f64 = 1.0;
/// Campaigns for each bug.
const HUNTS: u64 = 3;

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
    table.section("a campaign on two cores");
    two_cores::<StoreManager<Val>>(&table, &options, "machine world, % of one");
    two_cores::<Driven<StoreManager<Val>>>(&table, &options, "driver world, % of one");
    table.section("a failure made short");
    shrinking(&table, &options);
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

/// The time that two workers take for the same seeds, of a hundred that one takes.
fn two_cores<S: Simulated>(table: &Table, options: &Options, name: &'static str) {
    if std::thread::available_parallelism().map_or(1, NonZeroUsize::get) < 2 {
        table.note(format_args!("SKIPPED: there is one core, so nobody knows what a second one is worth"));
        return;
    }
    let count = if options.quick { 200 } else { 20_000 };
    let took = |jobs: usize| {
        let seeds = Seeds::Range(SeedRange::new(0, count).expect("there are some"));
        let campaign = Campaign { seeds, jobs: NonZeroUsize::new(jobs).expect("one or two") };
        let watch = Stopwatch::start();
        let outcome = campaign::run(&campaign, || Runner::of(Maker::<S>::default()), |_| ());
        assert!(outcome.failure.is_none(), "what ships keeps its promises");
        watch.elapsed().as_secs_f64()
    };
    // In turns, so that what else the machine does hits both.
    let mut shares: Vec<f64> = (0..options.rounds(ROUNDS)).map(|_| 100.0 * took(2) / took(1)).collect();
    shares.sort_by(f64::total_cmp);
    let at = |share: usize| shares[(shares.len() - 1) * share / 100];
    table.figure(Figure::new(name, Unit::Count, at(50)).p95(at(95)).limit(TWO_CORES));
}

/// How long shrinking takes: every bug of the zoo in both worlds, as several campaigns find it.
fn shrinking(table: &Table, options: &Options) {
    let hunts = if options.quick { 1 } else { HUNTS };
    let mut took = Vec::new();
    for bug in Bug::ALL.iter().take(if options.quick { 2 } else { Bug::ALL.len() }) {
        for driven in [false, true] {
            for first in (0..hunts).map(|hunt| hunt * 100_000) {
                let jobs = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
                let hunt = Hunt { bug: *bug, driven, alone: false, scheduler: None, jobs };
                let seeds = SeedRange::new(first, first + 20_000).expect("there are some");
                let Some(found) = hunt.among(seeds) else { continue };
                let watch = Stopwatch::start();
                hunt.shrunk(&found).expect("what was found fails again");
                took.push((watch.elapsed().as_secs_f64() * 1e9, bug.world_name(driven)));
            }
        }
    }
    took.sort_by(|one, other| one.0.total_cmp(&other.0));
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    table.figure(Figure::nanos("all", at(50).0).p95(at(95).0));
    table.figure(Figure::nanos("the longest", at(100).0).limit(SHRUNK * 1e9));
    table.note(format_args!("{} failures; the longest is one of {}", took.len(), at(100).1));
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn float(number: u64) -> f64 {
    number as f64
}
