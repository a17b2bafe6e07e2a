//! The exhaustive search: what it counts, that neither merging nor leaving out orders loses anything, and that it finds planted bugs.

use core::num::NonZeroUsize;

use crate::common::{Asked, ask, folder, write};
use multiwatcher::machine::StoreManager;
use multiwatcher::testing::{Subject, Val};
use multiwatcher_sim::driven::Driven;
use multiwatcher_sim::explore::summary::Summary;
use multiwatcher_sim::explore::{Limits, Outcome, Scope, search};
use multiwatcher_sim::worlds::{Maker, World};
use multiwatcher_sim::zoo::Bug;

const SCOPES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scopes");

const ALL: Limits = Limits { jobs: NonZeroUsize::MIN, merge: true, skip: true, depth: None };

fn scope(name: &str) -> Scope {
    let text = std::fs::read_to_string(format!("{SCOPES}/{name}.toml")).expect("the scope is there");
    Scope::read(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn quietly<S: Subject + Send>(maker: Maker<S>, scope: &Scope, limits: Limits) -> Outcome {
    search(maker, scope, limits, &mut |_| ())
}

fn driver() -> Maker<Driven<StoreManager<Val>>> {
    Maker::default()
}

fn told(outcome: &Outcome) -> String {
    let mut text = Vec::new();
    Summary::new(World::Driver, outcome).write(&mut text).expect("memory takes all");
    String::from_utf8(text).expect("a summary is text")
}

#[test]
fn small_scopes_close_with_these_counts() {
    let tiny = quietly(driver(), &scope("tiny"), ALL);
    insta::assert_snapshot!("explore_tiny", told(&tiny));
    let mut one_commit = scope("restart-and-stop");
    one_commit.budget.commits = 1;
    insta::assert_snapshot!("explore_one_commit", told(&quietly(driver(), &one_commit, ALL)));
}

/// A merged search reaches every state, by its fingerprint, that the search of every run reaches, and the same verdicts.
#[test]
fn merging_loses_nothing() {
    let tiny = scope("tiny");
    let merged = quietly(driver(), &tiny, ALL);
    let unmerged = quietly(driver(), &tiny, Limits { merge: false, skip: false, ..ALL });
    assert!(merged.closed && unmerged.closed);
    assert_eq!(merged.states, unmerged.prints.len() as u64);
    assert!(unmerged.states > 10 * merged.states, "{} runs for {} states", unmerged.states, merged.states);
    assert_eq!(merged.verdicts(), unmerged.verdicts());
}

#[test]
fn leaving_out_orders_loses_no_state() {
    for (world, commits, under_way) in [("driver", 1, false), ("driver", 1, true), ("machine", 2, true)] {
        let mut scope = scope("kill-and-drop");
        scope.watchers.truncate(1);
        (scope.budget.commits, scope.under_way) = (commits, under_way);
        let outcome = |skip| match world {
            "machine" => quietly(Maker::<StoreManager<Val>>::default(), &scope, Limits { skip, ..ALL }),
            _ => quietly(driver(), &scope, Limits { skip, ..ALL }),
        };
        let (skipping, all) = (outcome(true), outcome(false));
        assert_eq!((skipping.states, &skipping.levels), (all.states, &all.levels), "{world}");
        assert!(
            skipping.transitions * 10 < all.transitions * 9,
            "{world}: {} of {}",
            skipping.transitions,
            all.transitions
        );
        assert_eq!((skipping.verdicts(), skipping.ends), (all.verdicts(), all.ends));
    }
}

#[test]
fn any_number_of_workers_counts_the_same() {
    let mut scope = scope("restart-and-stop");
    scope.budget.commits = 1;
    let [one, three] = [1, 3].map(|jobs| {
        let jobs = NonZeroUsize::new(jobs).unwrap();
        told(&quietly(driver(), &scope, Limits { jobs, ..ALL }))
    });
    assert_eq!(one, three);
}

#[test]
fn a_planted_bug_is_found_by_name_in_both_worlds() {
    let mut scope = scope("kill-and-drop");
    scope.watchers.truncate(1);
    scope.spurious = false;
    for outcome in [quietly(Bug::Z26.maker(), &scope, ALL), quietly(Bug::Z26.driven_maker(), &scope, ALL)] {
        let found: Vec<_> = outcome.verdicts().into_iter().collect();
        assert!(!outcome.closed, "the search goes no deeper than a failure");
        assert!(found.contains(&"cancel-safe"), "{found:?}");
    }
}

/// One watcher of one id, which is put, taken away and put again.
const THREE_COMMITS: &str =
    "world = \"driver\"\nstart = \"following\"\nwatchers = 1\nids = 1\nvalues = 2\ncommits = 3\n";
/// One watcher opened at any moment of a connection that dies once.
const RESTART: &str = "world = \"driver\"\nwatchers = 1\nids = 1\nvalues = 1\ncommits = 1\nrestarts = 1\nstops = 1\n";
/// One watcher of one of two models, and a kill.
const MODELS: &str =
    "world = \"driver\"\nwatchers = 1\nfilters = [1]\nids = 2\nmodels = 2\nvalues = 1\ncommits = 1\nkills = 1\n";

/// The search goes breadth first, so the lengths are those of the shortest stories there are, in operations of the machine world and of
/// the driver world; a longer one says that orders were left out which lead to something, a shorter one that the scope says less.
#[test]
fn planted_bugs_are_found_by_their_shortest_stories() {
    let drop = std::fs::read_to_string(format!("{SCOPES}/drop.toml")).expect("the scope is there");
    let cases = [
        (Bug::Z3, THREE_COMMITS, "bounded-tombstones", [21, 29]),
        (Bug::Z4, THREE_COMMITS, "no-spurious-delta", [21, 29]),
        (Bug::Z5, &drop, "fresh-first", [7, 11]),
        (Bug::Z6, MODELS, "fresh-first", [7, 11]),
        (Bug::Z7, RESTART, "stop-quiescent", [2, 2]),
        (Bug::Z13, RESTART, "convergence", [13, 20]),
        (Bug::Z16, MODELS, "stop-total", [3, 6]),
        (Bug::Z18, &drop, "no-spin-no-stall", [10, 15]),
        (Bug::Z23, RESTART, "restart-transparent", [14, 22]),
        (Bug::Z24, THREE_COMMITS, "no-spurious-delta", [21, 29]),
        (Bug::Z26, &drop, "cancel-safe", [14, 20]),
    ];
    for (bug, text, promise, lengths) in cases {
        let scope = Scope::read(text).unwrap_or_else(|error| panic!("{error} in {text}"));
        let outcomes = [quietly(bug.maker(), &scope, ALL), quietly(bug.driven_maker(), &scope, ALL)];
        for (outcome, length) in outcomes.iter().zip(lengths) {
            let found = outcome.shortest().unwrap_or_else(|| panic!("{bug:?} is not found"));
            let story = (found.broken.name(), found.operations.len());
            assert_eq!(story, (promise, length), "{bug:?}: {:?}", found.operations);
        }
    }
    // What ships has none of them.
    for text in [THREE_COMMITS, RESTART, MODELS, &drop] {
        let outcome = quietly(driver(), &Scope::read(text).expect("it was read above"), ALL);
        assert!(outcome.closed && outcome.found.is_empty(), "{text}: {:?}", outcome.verdicts());
    }
}

#[test]
fn a_failure_has_a_page_and_a_file_that_replays() {
    let folder = folder("explore");
    let failures = folder.to_string_lossy();
    let scope = format!("{SCOPES}/drop.toml");
    let Asked { code, out, err } =
        ask(&["explore", "--scope", &scope, "--world", "driver+z26", "--failures", &failures]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    let page = &out[out.find("\nBROKEN  cancel-safe").expect("a page follows the summary") + 1..];
    assert!(page.lines().count() <= 40, "{page}");
    insta::assert_snapshot!("explore_page", page.replace(&*failures, "DIR"));
    let file = out.lines().last().and_then(|line| line.rsplit(' ').next()).unwrap();
    let replayed = ask(&["replay", file]);
    assert_eq!(replayed.code, 1, "{}", replayed.out);
    assert!(replayed.out.contains("BROKEN  cancel-safe"), "{}", replayed.out);
}

#[test]
fn a_clean_scope_exits_0_and_json_says_the_same() {
    let scope = format!("{SCOPES}/tiny.toml");
    let Asked { code, out, err } = ask(&["explore", "--scope", &scope, "--jobs", "2"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.starts_with("clean  closed, world driver\n"), "{out}");
    assert!(out.ends_with("\n  as many states as the scope file expects\n"), "{out}");
    let Asked { code, out, .. } = ask(&["explore", "--scope", &scope, "--json"]);
    assert_eq!(code, 0, "{out}");
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((json["closed"].as_bool(), json["clean"].as_bool()), (Some(true), Some(true)));
    let Asked { code, out, .. } = ask(&["explore", "--scope", &scope, "--depth", "3"]);
    assert_eq!(code, 3, "{out}");
    assert!(out.starts_with("clean  not closed"), "{out}");
}

#[test]
fn another_number_of_states_than_the_file_expects_exits_3() {
    let tiny = std::fs::read_to_string(format!("{SCOPES}/tiny.toml")).unwrap();
    assert!(tiny.contains("\nexpect = 262\n"), "{tiny}");
    let other = write(&folder("expect"), "other.toml", &tiny.replace("expect = 262", "expect = 1_263"));
    let Asked { code, out, err } = ask(&["explore", "--scope", &other]);
    assert_eq!((code, err.as_str()), (3, ""), "{out}");
    assert!(out.starts_with("clean  closed, world driver\n"), "{out}");
    assert!(out.contains("\nMISS  the scope file expects 1,263 states, the search came to 262\n"), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 66), "{out}");
    let Asked { code, out, err } = ask(&["explore", "--scope", &other, "--json"]);
    assert_eq!((code, out.lines().count()), (3, 1), "{out}");
    assert!(err.contains("\nMISS  the scope file expects 1,263 states"), "{err}");
    // Runs are no states, and another world has states of its own.
    for more in [["--unmerged"].as_slice(), &["--world", "machine"]] {
        let Asked { code, out, .. } = ask(&[["explore", "--scope", &other].as_slice(), more].concat());
        assert!(code == 0 && !out.contains("scope file"), "{out}");
    }
}

#[test]
fn what_has_no_fingerprint_is_refused() {
    let scope = format!("{SCOPES}/drop.toml");
    for world in ["machine+z12", "driver+z12"] {
        let Asked { code, out, err } = ask(&["explore", "--scope", &scope, "--world", world]);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.starts_with(&format!("error: the world {world} cannot be searched\n")), "{err}");
        assert!(err.contains(&format!("try mwsim run --world {world}")), "{err}");
    }
}

#[test]
fn a_damaged_scope_is_told_with_line_and_column() {
    let folder = folder("scope");
    let path = folder.join("damaged.toml");
    std::fs::write(&path, "world = \"driver\"\nwatchers = 9\nids = 1\nvalues = 1\ncommits = 1\n").unwrap();
    let Asked { code, out, err } = ask(&["explore", "--scope", &path.to_string_lossy()]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("line 2, column 12: expected 0 to 6 watchers, got 9"), "{err}");
    let Asked { code, err, .. } = ask(&["explore", "--scope", "/there/is/no/such.toml"]);
    assert_eq!(code, 2);
    assert!(err.contains("/there/is/no/such.toml"), "{err}");
}
