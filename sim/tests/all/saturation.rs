//! The table of pairs that cannot happen, held against campaigns of the worlds that ship; and what a campaign says when something is
//! left out of what is drawn.

use core::num::NonZeroUsize;

use crate::common::{Asked, ask};
use multiwatcher::machine::StoreManager;
use multiwatcher::testing::{Families, Family, Subject, Val};
use multiwatcher_sim::campaign::{self, Campaign, Outcome, Seeds};
use multiwatcher_sim::driven::Driven;
use multiwatcher_sim::fault::Fault;
use multiwatcher_sim::runner::{Failure, Runner};
use multiwatcher_sim::saturation::impossible::{self, RULES, Setting};
use multiwatcher_sim::saturation::{Misses, Pair};
use multiwatcher_sim::seed::SeedRange;
use multiwatcher_sim::tally::Tally;
use multiwatcher_sim::worlds::{Maker, Simulated};

type Machine = StoreManager<Val>;
type Driver = Driven<Machine>;

/// Enough for all pairs but the rare ones.
const SEEDS: u64 = 60_000;

fn campaign<S: Simulated>(seeds: u64, without: Families) -> Tally {
    let jobs = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let campaign = Campaign { seeds: Seeds::Range(SeedRange::new(0, seeds).expect("some seeds")), jobs };
    let make = || Runner::<S>::of(Maker::default()).without(without);
    let outcome: Outcome<Tally, Box<Failure>> = campaign::run(&campaign, make, |_| ());
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    outcome.tally
}

fn setting<S: Subject>(without: Families) -> Setting {
    Setting { driven: S::HAS_TASK, without }
}

#[test]
fn what_cannot_happen_does_not_and_the_rest_does_unless_it_is_rare() {
    the_table_is_right::<Machine>();
    the_table_is_right::<Driver>();
}

fn the_table_is_right<S: Simulated>() {
    let (tally, setting) = (campaign::<S>(SEEDS, Families::NONE), setting::<S>(Families::NONE));
    let reached = |pair: &Pair| tally.saturation.count(*pair) > 0;
    let broken: Vec<String> = Pair::all()
        .filter(reached)
        .filter_map(|pair| impossible::why(pair, setting).map(|reason| format!("{pair}: {reason}")))
        .collect();
    assert_eq!(broken, [""; 0], "reached though impossible");
    let misses = Misses::of(&tally.saturation, &tally.faults, setting);
    let due: Vec<String> = misses.due().map(|miss| miss.pair.to_string()).collect();
    assert_eq!(due, [""; 0], "possible, expected often, and never reached");
    assert_eq!((misses.kinds, misses.faults), (Vec::new(), Vec::new()));
    // The rare ones are few in runs, though they are many in kinds.
    let (possible, never) = (misses.possible, misses.pairs.len());
    assert!(never * 5 < possible, "{never} of {possible} pairs were not reached");
}

#[test]
fn every_rule_forbids_something_that_no_other_does() {
    for rule in RULES {
        let whole = [false, true].map(|driven| Setting { driven, without: Families::NONE });
        let masked = Setting { driven: false, without: Families::NONE.with(Family::Jumps) };
        let alone = whole
            .into_iter()
            .chain([masked])
            .any(|setting| Pair::all().any(|pair| impossible::whys(pair, setting).eq([rule.reason])));
        assert!(alone, "{}", rule.reason);
    }
}

#[test]
fn what_is_left_out_is_no_miss_and_what_is_missing_is() {
    let without: Families = [Family::Jumps, Family::Stops, Family::Drops, Family::FullQueues].into_iter().collect();
    let tally = campaign::<Machine>(20_000, without);
    let misses = Misses::of(&tally.saturation, &tally.faults, setting::<Machine>(without));
    assert!(!misses.is_any_due(), "{misses:?}");
    // The same counts, had nothing been left out.
    let misses = Misses::of(&tally.saturation, &tally.faults, setting::<Machine>(Families::NONE));
    let never: Vec<&str> = misses.kinds.iter().map(|kind| kind.name()).collect();
    let never_wrong: Vec<&str> = misses.faults.iter().map(|fault| fault.name()).collect();
    assert_eq!((never, never_wrong), (vec!["clock jumps", "drop"], vec!["queue full", "clock jumped"]));
}

/// With priorities that never change, the backing goes on only while it outranks a reader that was woken, and then always does: some of what
/// its parts make likely never comes about, with any number of seeds. The portfolio, in which that scheduler is one of many, reaches it.
#[test]
fn a_campaign_that_cannot_reach_what_it_should_exits_3_and_says_what() {
    let campaign = ["run", "--world", "machine", "--seeds", "0..20000"];
    let Asked { code, out, err } = ask(&[campaign.as_slice(), &["--scheduler", "pct1"]].concat());
    assert_eq!((code, err.as_str()), (3, ""), "{out}");
    assert!(out.contains("\nMISSED  20,000 seeds, 0..20000, world machine\n"), "{out}");
    assert!(out.contains("\n  no promise is broken, but see the lines that begin with MISS\n"), "{out}");
    assert!(out.contains("\n  MISS answer read: following, no watcher, call woken; expected\n  in "), "{out}");
    let Asked { code, out, .. } = ask(&campaign);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("\nclean  20,000 seeds, 0..20000, world machine\n") && !out.contains("MISS"), "{out}");
}

#[test]
fn without_any_family_nothing_goes_wrong_but_what_the_schedule_brings() {
    let all: Families = Family::ALL.iter().copied().collect();
    the_schedule_brings::<Machine>(all);
    the_schedule_brings::<Driver>(all);
}

fn the_schedule_brings<S: Simulated>(all: Families) {
    let tally = campaign::<S>(1000, all);
    let happened = Fault::ALL.iter().filter(|fault| tally.faults[**fault as usize] > 0);
    assert_eq!(happened.collect::<Vec<_>>(), [&Fault::TornLoad], "commits go on while a load is read");
    assert!(tally.batches > tally.schedules, "readers read all the same");
}
