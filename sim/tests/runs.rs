//! Runs seen from outside: the same seed is the same run, however often and wherever it is made, and a stored run is the run.

use multiwatcher::machine::StoreManager;
use multiwatcher::testing::Val;
use multiwatcher_sim::decisions::Decisions;
use multiwatcher_sim::plan::FEWEST_STEPS;
use multiwatcher_sim::runner::Runner;
use multiwatcher_sim::tally::Tally;
use multiwatcher_sim::trace;
use multiwatcher_sim::worlds::Maker;

type Machine = StoreManager<Val>;

fn hash(runner: &mut Runner<Machine>, seed: u64) -> u64 {
    runner.run(seed, &mut Tally::default()).unwrap_or_else(|failure| panic!("seed {seed}: {:?}", failure.broken))
}

#[test]
fn a_seed_gives_the_same_hash_whatever_ran_before() {
    let mut used = Runner::new();
    let hashes: Vec<u64> = (0..200).map(|seed| hash(&mut used, seed)).collect();
    for seed in (0..200).rev() {
        assert_eq!(hash(&mut Runner::new(), seed), hashes[usize::try_from(seed).unwrap()], "seed {seed}");
        assert_eq!(hash(&mut used, seed), hashes[usize::try_from(seed).unwrap()], "seed {seed}");
    }
}

#[test]
fn a_stored_run_replays_to_the_hash_of_the_run() {
    let mut runner = Runner::<Machine>::new();
    for seed in 0..100 {
        let run = hash(&mut runner, seed);
        let mut file = Vec::new();
        let decisions = runner.told(seed);
        decisions.write(&mut file).unwrap();
        let read = Decisions::read(&file[..]).unwrap();
        assert_eq!(read, decisions, "seed {seed}");
        let replayed = trace::replay(Maker::<Machine>::default(), &read, &mut |_| Ok(())).unwrap();
        assert_eq!((replayed.hash, replayed.skipped, replayed.broken), (run, 0, None), "seed {seed}");
    }
}

#[test]
fn the_hashes_of_the_steps_end_with_the_hash_of_the_run() {
    let mut runner = Runner::<Machine>::new();
    for seed in 0..20 {
        assert_eq!(runner.hashes(seed).last(), Some(&hash(&mut Runner::new(), seed)), "seed {seed}");
    }
}

#[test]
fn every_run_is_long_enough_and_the_average_one_is_busy() {
    let mut runner = Runner::<Machine>::new();
    let mut tally = Tally::default();
    for seed in 0..2000 {
        runner.run(seed, &mut tally).unwrap();
    }
    assert!(tally.fewest_steps >= u64::from(FEWEST_STEPS), "{}", tally.fewest_steps);
    assert!(tally.batches >= 15 * tally.schedules, "{} batches in {} runs", tally.batches, tally.schedules);
    assert!(tally.all_faults() >= 5 * tally.schedules, "{} faults in {} runs", tally.all_faults(), tally.schedules);
    assert_eq!(tally.idle_checkers().collect::<Vec<_>>(), [], "every checker has something to decide");
}
