//! Runs seen from outside, in every world that ships: the same seed is the same run, however often and wherever it is made, and a
//! stored run is the run.

use multiwatcher::machine::StoreManager;
use multiwatcher::testing::{Operation, Val};
use multiwatcher_sim::decisions::Decisions;
use multiwatcher_sim::driven::Driven;
use multiwatcher_sim::plan::FEWEST_STEPS;
use multiwatcher_sim::runner::Runner;
use multiwatcher_sim::schedulers::KINDS;
use multiwatcher_sim::tally::Tally;
use multiwatcher_sim::trace;
use multiwatcher_sim::worlds::{Maker, Simulated};

type Machine = StoreManager<Val>;
type Driver = Driven<Machine>;

#[test]
fn a_seed_gives_the_same_hash_whatever_ran_before() {
    same_hash_whatever_ran_before::<Machine>();
    same_hash_whatever_ran_before::<Driver>();
}

#[test]
fn a_stored_run_replays_to_the_hash_of_the_run() {
    replays_to_the_hash_of_the_run::<Machine>();
    replays_to_the_hash_of_the_run::<Driver>();
}

#[test]
fn the_hashes_of_the_steps_end_with_the_hash_of_the_run() {
    hashes_of_steps_end_with_the_hash::<Machine>();
    hashes_of_steps_end_with_the_hash::<Driver>();
}

#[test]
fn a_scheduler_asked_for_makes_every_run_and_the_rest_stays_as_the_seed_has_it() {
    a_scheduler_asked_for_makes_every_run::<Machine>();
    a_scheduler_asked_for_makes_every_run::<Driver>();
}

#[test]
fn every_run_is_long_enough_and_the_average_one_is_busy() {
    let tally = busy::<Machine>();
    assert!(tally.batches >= 15 * tally.schedules, "{} batches in {} runs", tally.batches, tally.schedules);
    // A worker that is polled late makes fewer, larger batches.
    let tally = busy::<Driver>();
    assert!(tally.batches >= 10 * tally.schedules, "{} batches in {} runs", tally.batches, tally.schedules);
}

/// A machine that ends by itself before it is killed is not killed, so a few are missing towards the end.
#[test]
fn kills_come_at_every_step_equally_often() {
    kills_are_spread_evenly::<Machine>();
    kills_are_spread_evenly::<Driver>();
}

fn hash<S: Simulated>(runner: &mut Runner<S>, seed: u64) -> u64 {
    runner.run(seed, &mut Tally::default()).unwrap_or_else(|failure| panic!("seed {seed}: {:?}", failure.broken))
}

fn same_hash_whatever_ran_before<S: Simulated>() {
    let mut used = Runner::<S>::new();
    let hashes: Vec<u64> = (0..200).map(|seed| hash(&mut used, seed)).collect();
    for seed in (0..200).rev() {
        let due = hashes[usize::try_from(seed).expect("a few")];
        assert_eq!(hash(&mut Runner::<S>::new(), seed), due, "seed {seed}");
        assert_eq!(hash(&mut used, seed), due, "seed {seed}");
    }
}

fn replays_to_the_hash_of_the_run<S: Simulated>() {
    let mut runner = Runner::<S>::new();
    for seed in 0..100 {
        let run = hash(&mut runner, seed);
        let mut file = Vec::new();
        let decisions = runner.told(seed);
        decisions.write(&mut file).expect("a vector takes all that is written");
        let read = Decisions::read(&file[..]).expect("what was written can be read");
        assert_eq!((&read.header, read.healing), (&decisions.header, decisions.healing), "seed {seed}");
        assert_eq!(read.operations, decisions.before_healing(), "the healing is not written: seed {seed}");
        let replayed = trace::replay(Maker::<S>::default(), &read, &mut |_| Ok(())).expect("nobody refuses to be told");
        assert_eq!((replayed.hash, replayed.skipped, replayed.broken), (run, 0, None), "seed {seed}");
        assert_eq!(replayed.made, decisions.operations.len(), "the healing is made again: seed {seed}");
    }
}

fn hashes_of_steps_end_with_the_hash<S: Simulated>() {
    let mut runner = Runner::<S>::new();
    for seed in 0..20 {
        assert_eq!(runner.hashes(seed).last(), Some(&hash(&mut Runner::<S>::new(), seed)), "seed {seed}");
    }
}

fn a_scheduler_asked_for_makes_every_run<S: Simulated>() {
    let mut free = Runner::<S>::new();
    for (place, kind) in KINDS.into_iter().enumerate() {
        let (mut runner, mut tally) = (Runner::<S>::new().scheduled_by(kind), Tally::default());
        // Seed 0 is one of those whose runs are compared with a twin, and the twin must be scheduled likewise.
        for seed in 0..20 {
            let run = runner.run(seed, &mut tally);
            let run = run.unwrap_or_else(|failure| panic!("{kind}, seed {seed}: {:?}", failure.broken));
            assert_eq!(runner.hashes(seed).last(), Some(&run), "{kind}, seed {seed}");
            let header = runner.told(seed).header;
            assert_eq!(header.scheduler, kind);
            assert_eq!(header.regime, free.told(seed).header.regime, "{kind}, seed {seed}");
        }
        assert_eq!((tally.schedulers[place], tally.schedulers.iter().sum()), (20, 20u64), "{kind}");
    }
}

fn kills_are_spread_evenly<S: Simulated>() {
    let mut runner = Runner::<S>::new();
    let mut kills = [0u32; 10];
    for seed in 0..6000 {
        let decisions = runner.told(seed);
        let before_healing = decisions.before_healing();
        let kill = before_healing.iter().position(|made| matches!(made, Operation::Kill | Operation::Abort));
        if let Some(step) = kill
            && !decisions.header.regime.dead_start
        {
            kills[step * kills.len() / before_healing.len()] += 1;
        }
    }
    let mean = kills.iter().sum::<u32>() / 10;
    assert!(mean > 15, "{kills:?}: too few to tell");
    assert!(kills.iter().all(|tenth| (mean / 2..mean * 2).contains(tenth)), "by tenths of the run: {kills:?}");
}

fn busy<S: Simulated>() -> Tally {
    let mut runner = Runner::<S>::new();
    let mut tally = Tally::default();
    for seed in 0..2000 {
        runner.run(seed, &mut tally).unwrap_or_else(|failure| panic!("seed {seed}: {:?}", failure.broken));
    }
    assert!(tally.fewest_steps >= u64::from(FEWEST_STEPS), "{}", tally.fewest_steps);
    assert!(tally.all_faults() >= 5 * tally.schedules, "{} faults in {} runs", tally.all_faults(), tally.schedules);
    assert_eq!(tally.idle_checkers().collect::<Vec<_>>(), [], "every checker has something to decide");
    tally
}
