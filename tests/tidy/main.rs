//! House rules as tests: which room may use which, what the pure room may not name, and that every promise has its paragraph and
//! its checker. A rule that cannot be a lint stands here.

mod sources;

use std::process::Command;

use multiwatcher::testing::Promise;
use sources::{Source, code_of, read, rust_files};

/// A room of the library, and those it may use besides itself. What is not listed it may not.
const ARROWS: &[(&str, &[&str])] = &[
    ("machine", &[]),
    ("docs", &["machine", "driver"]),
    ("testing/conformance", &["machine", "driver", "backing", "testing"]),
    ("testing", &["machine"]),
    ("backing", &["machine"]),
    ("driver", &["machine", "backing"]),
    ("cache", &["driver", "machine", "backing"]),
    ("service", &["machine", "backing", "driver", "cache"]),
];

/// Words the pure room may not use, with the reason.
const IMPURE: &[(&str, &str)] = &[
    ("async", "the machine has no tasks"),
    ("await", "the machine waits for nothing"),
    ("tokio", "the machine knows no runtime"),
    ("Waker", "calls are woken outside"),
    ("Instant", "time comes in as a value"),
    ("SystemTime", "time comes in as a value"),
    ("rand", "nothing is drawn"),
    ("Mutex", "the lock is the driver's"),
    ("RwLock", "the lock is the driver's"),
    ("Atomic", "nothing is shared between threads"),
    ("thread", "nothing is shared between threads"),
    ("env", "the configuration comes in as a value"),
    ("fs", "the machine has no files"),
    ("net", "the machine has no network"),
    ("log", "the machine reports, it does not log"),
    ("tracing", "the machine reports, it does not log"),
    ("println", "the machine reports, it does not print"),
    ("unsafe", "the crate forbids it"),
];

/// Words that make two runs differ; in the pure room, the testing kit and the simulator.
const IRREPRODUCIBLE: &[(&str, &str)] = &[
    ("HashMap", "it iterates in hash order"),
    ("HashSet", "it iterates in hash order"),
    ("RandomState", "it is seeded at random"),
    ("DefaultHasher", "its algorithm may change between releases"),
    ("SystemTime", "it is a wall clock"),
    ("thread_rng", "it is ambient randomness"),
    ("OsRng", "it is ambient randomness"),
    ("getrandom", "it is ambient randomness"),
];

#[test]
fn arrows_point_one_way() {
    for file in rust_files("src") {
        let Some((room, may_use)) = ARROWS.iter().find(|(room, _)| file.is_in(room)) else {
            assert!(file.path == "src/lib.rs" || file.is_in("bin"), "{} stands in no room of the design", file.path);
            continue;
        };
        for (line, number) in code_of(&file.text).lines().zip(1..) {
            let used =
                line.split("crate::").skip(1).map(first_word).find(|used| used != room && !may_use.contains(used));
            assert_eq!(used, None, "{}:{number}: {room} may not use this room", file.path);
            let climbs = line.matches("super::").count();
            let depth = file.path.split('/').count() - if file.path.ends_with("mod.rs") { 2 } else { 1 };
            assert!(climbs <= depth, "{}:{number}: `super` leaves the room; name the other by crate::", file.path);
        }
    }
    let library_uses_sim = rust_files("src").into_iter().find(|file| code_of(&file.text).contains("multiwatcher_sim"));
    assert!(library_uses_sim.is_none(), "the library may not use the simulator: {library_uses_sim:?}");
}

#[test]
fn the_pure_room_is_pure() {
    for file in rust_files("src/machine") {
        forbid(&file, IMPURE);
        forbid(&file, IRREPRODUCIBLE);
    }
}

#[test]
fn nothing_that_must_replay_is_irreproducible() {
    for file in rust_files("src/testing").into_iter().chain(rust_files("sim/src")) {
        forbid(&file, IRREPRODUCIBLE);
        // The simulator looks at the clock for people: progress and speed. One file is allowed to.
        if file.path != "sim/src/clock.rs" {
            forbid(&file, &[("Instant", "only sim/src/clock.rs looks at the wall clock")]);
        }
    }
}

/// Which branch of a `select!` is looked at first is drawn at random unless it says `biased`, and a task that is not spawned by the seam
/// is one that the simulator does not poll.
#[test]
fn nothing_is_chosen_at_random_and_tasks_are_spawned_through_the_seam() {
    for file in ["src", "sim/src", "tests", "benches", "examples"].into_iter().flat_map(rust_files) {
        let code = code_of(&file.text);
        for (after, number) in code.split("select!").skip(1).zip(1..) {
            let first = after.split_once('{').map(|(_, inside)| first_word(inside.trim_start()));
            assert_eq!(first, Some("biased"), "{}: the {number}. `select!` is not biased", file.path);
        }
        let is_bound = file.is_in("driver") && !file.is_in("driver/models") || file.is_in("backing");
        if is_bound && file.path != "src/driver/seam.rs" {
            for (line, number) in code.lines().zip(1..) {
                let spawns = line.contains("spawn(")
                    && !["seam.spawn(", "thread.spawn(", "thread::spawn("].iter().any(|it| line.contains(it));
                assert!(!spawns, "{}:{number}: tasks are spawned through the seam alone", file.path);
            }
        }
    }
}

#[test]
fn every_promise_has_a_paragraph_and_a_checker_that_can_fail() {
    let docs = read("src/docs/promises.rs");
    for promise in Promise::ALL {
        let name = promise.name();
        assert!(docs.contains(&format!("//! ## {name}\n")), "src/docs/promises.rs has no paragraph on {name}");
        let path = format!("sim/src/checkers/{}.rs", name.replace('-', "_"));
        let checker = read(&path);
        let test = checker
            .split("#[test]")
            .skip(1)
            .any(|test| test.split('{').next().is_some_and(|head| head.contains("can_fail")));
        assert!(test, "{path} has no test that shows that the checker can fail");
    }
    let paragraphs = docs.matches("//! ## ").count();
    assert_eq!(paragraphs, Promise::ALL.len(), "a paragraph in src/docs/promises.rs belongs to no promise");
}

#[test]
fn every_loom_model_has_its_row_and_a_broken_twin() {
    let docs = read("src/docs/driver.rs");
    let tests: Vec<_> =
        rust_files("src/driver/models").into_iter().filter(|file| file.text.contains("#[test]")).collect();
    assert!(!tests.is_empty());
    for file in &tests {
        let name = file.path.rsplit('/').next().and_then(|file| file.strip_suffix(".rs")).expect("it is a Rust file");
        assert!(docs.contains(&format!("//! | `{name}` | ")), "src/docs/driver.rs has no row on {name}");
        let twin = file.text.split("#[should_panic(expected = ").skip(1).any(|twin| twin.contains("fn twin_"));
        assert!(twin, "{} has no broken twin that must be caught", file.path);
    }
    assert_eq!(docs.matches("//! | `").count(), tests.len(), "a row in src/docs/driver.rs belongs to no model");
}

#[test]
fn every_file_says_what_lives_there_and_has_one_subject() {
    for file in ["src", "sim/src", "tests", "benches", "examples", "fuzz/fuzz_targets", "sim/compare/src"]
        .into_iter()
        .flat_map(rust_files)
    {
        let lines = file.text.lines().count();
        assert!(lines <= 500, "{} has {lines} lines: which of its subjects wants a file of its own?", file.path);
        assert!(
            file.text.starts_with("//!") || file.text.starts_with("#![no_main]"),
            "{} does not say what lives there",
            file.path
        );
    }
}

#[test]
fn the_machine_alone_depends_on_neither_runtime_nor_randomness() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--package", "multiwatcher", "--no-default-features", "--edges", "normal", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs this test, so it can be run");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8_lossy(&tree.stdout);
    assert!(tree.starts_with("multiwatcher "), "cargo tree names the package first: {tree}");
    for banned in ["tokio", "rand", "rand_core", "rand_chacha", "getrandom", "proptest"] {
        assert!(!tree.lines().any(|line| line.split(' ').next() == Some(banned)), "{banned} is in the tree:\n{tree}");
    }
}

fn forbid(file: &Source, words: &[(&str, &str)]) {
    for (line, number) in code_of(&file.text).lines().zip(1..) {
        let names = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        for name in names {
            if let Some((word, why)) =
                words.iter().find(|(word, _)| *word == name || (*word == "Atomic" && name.starts_with(word)))
            {
                panic!("{}:{number}: no {word} here: {why}", file.path);
            }
        }
    }
}

fn first_word(text: &str) -> &str {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default()
}
