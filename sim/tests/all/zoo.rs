//! The zoo: every bug is found by a campaign of ordinary seeds, under the name of a promise that it breaks; and nothing is found in
//! what the bugs are wrapped in.

use core::num::NonZeroUsize;

use crate::common::{Asked, ask, folder};
use multiwatcher::testing::Subject;
use multiwatcher_sim::campaign::{self, Campaign, Seeds};
use multiwatcher_sim::course::Broken;
use multiwatcher_sim::runner::{Runner, Terms};
use multiwatcher_sim::schedulers::{KINDS, Kind};
use multiwatcher_sim::seed::SeedRange;
use multiwatcher_sim::tally::Tally;
use multiwatcher_sim::worlds::{Maker, World};
use multiwatcher_sim::zoo::control::Control;
use multiwatcher_sim::zoo::hunt::{Found, Hunt};
use multiwatcher_sim::zoo::{Bug, cached, cached_driven, tame, tame_driven};

/// A bug that takes more schedules than this is not found.
const MOST: u64 = 20_000;

fn jobs() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn seeds() -> SeedRange {
    SeedRange::new(0, MOST).expect("there are some")
}

#[expect(clippy::print_stdout, reason = "after how many schedules is worth reading, and no promise")]
fn found(bug: Bug, driven: bool, alone: bool) -> Found {
    let world = World::Zoo { bug, driven }.name();
    let hunt = Hunt { bug, driven, alone, scheduler: None, jobs: jobs() };
    let found = hunt.among(seeds());
    let found = found.unwrap_or_else(|| panic!("{world} was not found within {MOST} schedules, alone: {alone}"));
    let (broken, by) = (&found.broken, if alone { "its promise alone" } else { "all checkers" });
    println!("{world} by {by} after {}: {} at step {}: {}", found.after, broken.name(), broken.step, broken.text);
    assert!(!broken.is_panic(), "{world} is to break a promise, not the simulator: {}", broken.text);
    found
}

/// With all checkers a bug is found. If what they say first is not what the zoo names, the checkers of what it names find it too
/// when the others are not listened to.
fn is_found_by_name(bug: Bug, driven: bool) {
    if !found(bug, driven, false).is_one_of(bug.breaks()) {
        assert!(found(bug, driven, true).is_one_of(bug.breaks()));
    }
}

#[test]
fn every_bug_is_found_in_the_driver_world() {
    Bug::ALL.iter().for_each(|bug| is_found_by_name(*bug, true));
}

#[test]
fn every_bug_is_found_in_the_machine_world() {
    Bug::ALL.iter().filter(|bug| bug.worlds().contains(&false)).for_each(|bug| is_found_by_name(*bug, false));
}

/// The copy of the loop that Z16 is planted in has one marked place. Without it, it is the file that ships.
#[test]
fn the_loop_with_a_bug_is_the_one_that_ships_but_for_the_marked_place() {
    let bent = include_str!("../../../src/driver/worker/bent.rs");
    let [before, place] = bent.split("            // Bent from here.\n").collect::<Vec<_>>()[..] else {
        panic!("there is one marked place");
    };
    let (changed, after) = place.split_once("            // Bent to here.\n").expect("the marked place has an end");
    assert!(changed.lines().any(|line| line.contains("Output::Ended")), "what is changed is looking for an end");
    assert!(
        [before, after].concat() == include_str!("../../../src/driver/worker/task.rs"),
        "copy src/driver/worker/task.rs to bent.rs, and put the marked place back into it"
    );
}

#[test]
fn without_a_bug_the_same_seeds_are_clean() {
    clean(Maker::<multiwatcher::machine::StoreManager<_>>::default());
    clean(Maker::<multiwatcher_sim::driven::Driven<multiwatcher::machine::StoreManager<_>>>::default());
}

#[test]
fn what_the_bugs_are_wrapped_in_is_clean() {
    clean(tame());
    clean(tame_driven());
}

/// Z22 is a cache that sweeps; the one that ships stands in the same place, and readers hear through it what they hear without one.
#[test]
fn readers_of_the_cache_that_ships_find_nothing() {
    clean(cached());
    clean(cached_driven());
}

/// It differs from the machine in the part that Z1 to Z3 are wrong in, and is right.
#[test]
fn the_equal_variant_is_never_found() {
    clean(Control::Equal.maker());
    clean(Control::Equal.driven_maker());
}

/// And not before: that it is found says that the run got as far as that.
#[test]
fn the_canary_is_found_by_every_run_in_which_somebody_takes_a_batch() {
    for scheduler in KINDS.into_iter().map(Some).chain([None]) {
        let terms = Terms { scheduler, ..Terms::default() };
        sings(terms.runner(Control::Canary.maker()), scheduler);
        sings(terms.runner(Control::Canary.driven_maker()), scheduler);
        for driven in [false, true] {
            let search = Control::Canary.search(driven, &terms, 0, jobs());
            assert!(search.found.is_some() && search.seeds < 100, "{scheduler:?}, driven {driven}: {search:?}");
        }
    }
}

fn sings<S: Subject>(mut runner: Runner<S>, scheduler: Option<Kind>) {
    let mut found = 0;
    for seed in 0..100 {
        let mut tally = Tally::default();
        let broken = runner.run(seed, &mut tally).err().map(|failure| failure.broken);
        let name = broken.as_ref().map(Broken::name);
        let due = (tally.batches > 0).then_some("truthful-report");
        assert_eq!(name, due, "seed {seed}, {scheduler:?}: {} batches", tally.batches);
        assert!(broken.is_none_or(|broken| broken.step > 0), "seed {seed}, {scheduler:?}");
        found += u32::from(name.is_some());
    }
    assert!(found > 80, "{found} of 100 by {scheduler:?}");
}

fn clean<S: Subject + Send>(maker: Maker<S>) {
    let campaign = Campaign { seeds: Seeds::Range(seeds()), jobs: jobs() };
    let outcome = campaign::run(&campaign, || Runner::of(maker), |_| ());
    let failure = outcome.failure.map(|(seed, failure)| (seed, failure.broken));
    assert_eq!((failure, outcome.seeds), (None, MOST), "{:?}", maker.world);
}

#[test]
fn a_bug_s_failure_is_replayed_by_one_command() {
    let folder = folder("zoo");
    let failures = folder.to_string_lossy();
    for world in ["driver+z26", "machine+z21"] {
        let Asked { code, out, .. } = ask(&["run", "--seeds", "0..500", "--world", world, "--failures", &failures]);
        assert_eq!(code, 1, "{out}");
        let broken = out.lines().rev().find_map(|line| line.strip_prefix("BROKEN  ")).unwrap();
        let command = out.lines().last().and_then(|line| line.strip_prefix("replay: cargo sim ")).unwrap();
        let replayed = ask(&command.split(' ').collect::<Vec<_>>());
        assert_eq!(replayed.code, 1, "{}", replayed.out);
        assert!(replayed.out.contains(&format!("world {world}")), "{}", replayed.out);
        assert!(replayed.out.contains(&format!("BROKEN  {broken} at step")), "{}", replayed.out);
    }
}

/// What is found first, and when, follows from the generator, so the numbers are not in the snapshot.
#[test]
fn the_page_of_the_zoo() {
    let Asked { code, out, err } = ask(&["zoo", "z5", "z7", "z8", "--seeds", "0..500", "--starts", "3"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 70), "{out}");
    let (head, rows) = out.split_once("report\n").unwrap();
    insta::assert_snapshot!(format!("{head}report\n{}", without_numbers(rows)));
}

/// The page with a 9 for the last digit of each number that stands alone, and blanks for the others.
fn without_numbers(rows: &str) -> String {
    let mut text = String::new();
    for row in rows.lines() {
        let chars: Vec<char> = row.chars().collect();
        for (at, c) in chars.iter().enumerate() {
            let (starts, digit) = (row.starts_with("  "), c.is_ascii_digit());
            let more = chars.get(at + 1).is_some_and(char::is_ascii_digit);
            text.push(match (starts && digit, more) {
                (true, true) => ' ',
                (true, false) => '9',
                (false, _) => *c,
            });
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_zoo_can_be_had_as_json() {
    let Asked { code, out, .. } = ask(&["zoo", "z7", "--seeds", "0..500", "--starts", "2", "--json"]);
    assert_eq!(code, 0, "{out}");
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    let worlds: Vec<_> = json.as_array().unwrap().iter().map(|row| row["world"].as_str().unwrap()).collect();
    assert_eq!(worlds, ["machine", "driver"]);
    for row in json.as_array().unwrap() {
        assert_eq!((&row["bug"], &row["breaks"][0]), (&"z7".into(), &"stop-quiescent".into()), "{row}");
        assert_eq!(row["all_checkers"]["broken"], "stop-quiescent", "{row}");
        assert_eq!(row["all_checkers"]["found_after"].as_array().map(Vec::len), Some(2), "{row}");
    }
}

#[test]
fn a_bug_that_is_not_found_is_said_so() {
    // One schedule is too few for a kill while something is under way.
    let Asked { code, out, .. } = ask(&["zoo", "z16", "--seeds", "0..1", "--starts", "1"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("never"), "{out}");
}
