//! A short campaign in every world that ships: a few seconds of what `mwsim run` does for minutes. Mutation testing judges by it.

use multiwatcher::machine::StoreManager;
use multiwatcher::testing::Val;
use multiwatcher_sim::driven::Driven;
use multiwatcher_sim::runner::Runner;
use multiwatcher_sim::tally::Tally;
use multiwatcher_sim::worlds::Simulated;

const SEEDS: u64 = 3000;

#[test]
fn the_machine_keeps_its_promises() {
    keeps_its_promises::<StoreManager<Val>>();
}

#[test]
fn the_driver_keeps_its_promises() {
    keeps_its_promises::<Driven<StoreManager<Val>>>();
}

fn keeps_its_promises<S: Simulated>() {
    let (mut runner, mut tally) = (Runner::<S>::new(), Tally::default());
    for seed in 0..SEEDS {
        if let Err(failure) = runner.run(seed, &mut tally) {
            panic!("seed {seed}: {}: {}", failure.broken.name(), failure.broken.text);
        }
    }
    assert_eq!(tally.schedules, SEEDS);
}
