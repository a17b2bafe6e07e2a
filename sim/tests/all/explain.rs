//! What helps to understand a run: walking through it, comparing it, the step that decides it, and a test made of it.

use std::path::Path;

use crate::common::{Asked, ask, folder, write};
use multiwatcher_sim::canary::Canary;
use multiwatcher_sim::decisions::Decisions;
use multiwatcher_sim::ready;
use multiwatcher_sim::worlds::Maker;

const CANARY: &str = "tests/all/canary.capsule";

/// The stored run without its tenth step, a first poll.
fn edited(place: &str) -> String {
    let text = include_str!("canary.capsule");
    let lines = text.split_inclusive('\n').enumerate().filter(|(number, _)| *number != 2 + 9);
    write(&folder(place), "edited.capsule", &lines.map(|(_, line)| line).collect::<String>())
}

#[test]
fn a_walk_tells_what_everybody_holds() {
    let Asked { code, out, err } = ask(&["replay", CANARY, "--step"]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 64), "{out}");
    let steps: Vec<_> = out.split("\n\n").collect();
    assert_eq!(steps.len(), 1 + 29 + 1, "the regime, the beginning, 28 steps and the verdict");
    insta::assert_snapshot!("walk", steps[17..22].join("\n\n"));
}

#[test]
fn a_walk_in_the_driver_world_tells_of_wakers_and_the_worker() {
    let Asked { code, out, .. } = ask(&["replay", "4711", "--world", "driver", "--step"]);
    assert_eq!(code, 0, "{out}");
    for part in ["waits, its waker is registered", "       worker   waits", "       worker   woken, not polled since"] {
        assert!(out.contains(part), "no {part:?} in:\n{out}");
    }
    assert!(!out.contains("no waker is registered"), "{out}");
}

#[test]
fn a_walk_goes_as_far_as_somebody_types() {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = ["mwsim", "replay", CANARY, "--step"].map(Into::into);
    let code = multiwatcher_sim::cli::main_with(args, Some(&mut &b"\n\nb\nq\n"[..]), &mut out, &mut err);
    let out = String::from_utf8(out).unwrap();
    assert_eq!(code, 1, "{out}");
    let asked: Vec<_> = out.lines().filter_map(|line| line.split("] Enter").next().filter(|at| *at != line)).collect();
    assert_eq!(asked, ["[1 of 29", "[2 of 29", "[3 of 29", "[2 of 29"]);
}

#[test]
fn two_runs_are_told_apart_by_the_first_decision_that_is_another_one() {
    let edited = edited("diff");
    let Asked { code, out, err } = ask(&["diff", CANARY, &edited]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    insta::assert_snapshot!("diff", out.replace(&edited, "EDITED"));
}

#[test]
fn the_same_decisions_in_another_world_part_where_something_else_is_seen() {
    let text = include_str!("canary.capsule").replacen("\"world\":\"canary\"", "\"world\":\"machine\"", 1);
    let machine = write(&folder("worlds"), "machine.capsule", &text);
    let Asked { code, out, err } = ask(&["diff", CANARY, &machine]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    insta::assert_snapshot!("diff_worlds", out.replace(&machine, "MACHINE"));
}

#[test]
fn a_run_is_the_same_as_itself_and_other_than_another_seed() {
    let Asked { code, out, .. } = ask(&["diff", "4711", "4711"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("\nthe same "), "{out}");
    let Asked { code, out, .. } = ask(&["diff", "4711", "4712"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("the regimes differ: A has\n") && out.contains("the decisions part at step "), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 64), "{out}");
}

#[test]
fn the_decisive_step_of_a_stored_run_is_the_same_every_time() {
    let once = ask(&["explain", CANARY, "--tails", "40"]);
    assert_eq!((once.code, once.err.as_str()), (0, ""), "{}", once.out);
    assert_eq!(once.out, ask(&["explain", CANARY, "--tails", "40"]).out);
    assert!(
        once.out.contains("\n>   28 reader 1 stop") && once.out.contains("\ndecisive: step 28, from "),
        "{}",
        once.out
    );
    assert!(once.out.lines().all(|line| line.chars().count() <= 64), "{}", once.out);
    let Asked { code, out, .. } = ask(&["explain", "4711"]);
    assert_eq!((code, out.as_str()), (1, "the run breaks nothing: there is no step to explain\n"));
}

/// The files are compiled and run beside this one, so what is printed compiles, and passes as it says. The clean one is a story of the zoo
/// told by what ships.
#[test]
fn the_tests_that_are_printed_are_those_that_are_committed() {
    let zoo = include_str!("../../corpus/z26-driver.capsule");
    let clean = write(&folder("ready"), "clean.capsule", &zoo.replacen("driver+z26", "driver", 1));
    let ready = [
        (CANARY, "ready_canary.rs", include_str!("ready_canary.rs")),
        ("corpus/z26-driver.capsule", "ready_driver.rs", include_str!("ready_driver.rs")),
        (&*clean, "ready_clean.rs", include_str!("ready_clean.rs")),
    ];
    for (capsule, file, committed) in ready {
        let Asked { code, out, err } = ask(&["test", capsule]);
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out == committed, "write it anew, in sim/: mwsim test {capsule} > tests/all/{file}\n{out}");
    }
}

#[test]
fn a_printed_test_is_of_the_shortest_run_unless_the_whole_is_asked_for() {
    let steps = |args: &[&str]| {
        let Asked { code, out, err } = ask(args);
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        let run = out.split_once("const RUN").map_or("", |(_, run)| run);
        let steps = run.lines().filter(|line| line.starts_with("{\"") || line.starts_with('"'));
        // The two lines of the head and the seed are no steps, nor is the end of the text.
        steps.count() - 4
    };
    let whole = Decisions::read(&include_bytes!("canary.capsule")[..]).unwrap().operations.len();
    assert_eq!(steps(&["test", CANARY, "--no-shrink"]), whole);
    assert_eq!(steps(&["test", CANARY]), 3);
}

/// The root's own tests do not know the simulator, so what is printed compiles in this package alone.
#[test]
fn the_help_writes_a_test_where_cargo_takes_it_up() {
    let Asked { out, .. } = ask(&["test", "--help"]);
    let file = out.lines().find_map(|line| line.trim().strip_prefix("> ")).expect("an example keeps the test");
    let folder = Path::new(file).parent().expect("it lies in a folder");
    assert_eq!(folder, Path::new("sim/tests"), "{out}");
    assert!(env!("CARGO_MANIFEST_DIR").ends_with("sim") && !include_str!("../../Cargo.toml").contains("autotests"));
    for command in ["test", "explain", "diff", "replay", "shrink"] {
        let Asked { out, .. } = ask(&[command, "--help"]);
        assert!(out.contains(".capsule") && !out.contains(".jsonl"), "a failure is kept as a capsule: {out}");
    }
}

#[test]
fn a_printed_test_fails_when_the_run_comes_to_something_else() {
    let run = include_str!("canary.capsule");
    let played = ready::play(run);
    assert_eq!(played.verdict, "stop-quiescent");
    let mended = ready::play(&run.replacen("\"world\":\"canary\"", "\"world\":\"machine\"", 1));
    assert_eq!(mended.verdict, "clean");
    assert_ne!(played.story, mended.story);
}

/// Of what ships a printed test demands that it keeps the promise, whatever it did when the test was printed.
#[test]
fn a_test_of_what_ships_fails_until_the_promise_is_kept() {
    let mut decisions = Decisions::read(&include_bytes!("canary.capsule")[..]).unwrap();
    "machine".clone_into(&mut decisions.header.world);
    let mut text = Vec::new();
    ready::write(Maker::<Canary>::default(), &decisions, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("fn stop_quiescent_of_seed_16()"), "{text}");
    assert!(text.contains("assert_eq!(played.verdict, \"clean\""), "{text}");
    assert!(text.contains("//! The test fails until the promise is kept."), "{text}");
}
