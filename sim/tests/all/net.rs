//! The net world: runs are the same every time, planted bugs are found, what panics is seen, and the command says what it should.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::Command;

use multiwatcher_sim::cli;
use multiwatcher_sim::net::bugs::Bug;
use multiwatcher_sim::net::run::{Failure, run, told};
use multiwatcher_sim::net::witness::Promise;
use multiwatcher_sim::net::{TOKIO_UNSTABLE, built, page, timing};

use crate::common::ask;

/// The first seed that finds a bug, of so many.
fn hunt(bug: Bug, most: u64) -> Option<(u64, Failure)> {
    (0..most).find_map(|seed| run(seed, bug).failure.map(|failure| (seed + 1, failure)))
}

fn found(bug: Bug, most: u64) -> Failure {
    hunt(bug, most).unwrap_or_else(|| panic!("{bug:?} was not found in {most} seeds")).1
}

#[test]
fn every_planted_bug_is_found_in_a_few_seeds_and_every_oracle_finds_one() {
    let hunts = Bug::ALL.map(|bug| {
        let (seeds, failure) = hunt(bug, 60).unwrap_or_else(|| panic!("{bug:?} was not found"));
        (bug, seeds, failure.broken.promise)
    });
    let found: BTreeSet<_> = hunts.iter().map(|(.., promise)| *promise).collect();
    assert_eq!(found, Promise::ALL.into(), "an oracle that nobody has seen red");
    let documented = include_str!("../../src/net/mod.rs");
    let rows = hunts.map(|(bug, seeds, promise)| format!("//! | {} | `{bug:?}` | {seeds} |\n", promise.name()));
    let lacking: Vec<_> = rows.into_iter().filter(|row| !documented.contains(row)).collect();
    assert!(lacking.is_empty(), "the table in the docs of the net world lacks\n{}", lacking.concat());
    let rows = documented.lines().filter(|line| line.contains(" | `")).count();
    assert_eq!(rows, Bug::ALL.len(), "the table tells of a bug that is not planted");
}

#[test]
fn the_same_seed_makes_the_same_trace() {
    for seed in 0..60 {
        let (one, other) = (told(seed, Bug::None), told(seed, Bug::None));
        let parts = one.1.iter().zip(&other.1).position(|(one, other)| one != other);
        assert_eq!(parts.map(|at| (&one.1[at - 3..=at], &other.1[at - 3..=at])), None, "seed {seed}");
        assert_eq!(
            (one.0.hash, one.0.counts, one.1.len()),
            (other.0.hash, other.0.counts, other.1.len()),
            "seed {seed}"
        );
        assert_eq!(one.0.failure, None, "seed {seed}");
    }
}

#[test]
fn another_process_and_another_number_of_jobs_make_the_same_traces() {
    let hash = |jobs: &str| {
        let args = ["run", "--world", "net", "--seeds", "100..130", "--json", "--jobs", jobs];
        let output = Command::new(env!("CARGO_BIN_EXE_mwsim")).args(args).output().unwrap();
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(summary["clean"], true, "{summary}");
        summary["hash"].as_str().unwrap().to_owned()
    };
    let here = ask(&["run", "--world", "net", "--seeds", "100..130", "--json", "--jobs", "1"]);
    let here: serde_json::Value = serde_json::from_str(&here.out).unwrap();
    assert_eq!([hash("1"), hash("2")], [(); 2].map(|()| here["hash"].as_str().unwrap().to_owned()));
    let other = ask(&["run", "--world", "net", "--seeds", "101..131", "--json"]);
    let other: serde_json::Value = serde_json::from_str(&other.out).unwrap();
    assert_ne!(here["hash"], other["hash"], "other seeds make other traces");
}

#[test]
fn a_reply_after_a_stop_is_found() {
    assert_eq!(found(Bug::ReplayAfterStop, 20).broken.promise, Promise::StopQuiescent);
}

#[test]
fn a_call_that_is_not_told_of_the_stop_is_found() {
    let Failure { broken, .. } = found(Bug::SwallowsStopped, 20);
    assert_eq!(broken.promise, Promise::StopQuiescent);
    assert!(broken.what.ends_with("of a stopped watcher is not answered, and later ones are"), "{broken}");
}

#[test]
fn a_later_reply_that_repeats_what_was_told_is_found() {
    let Failure { broken, .. } = found(Bug::RepeatsAll, 20);
    assert_eq!(broken.promise, Promise::Coalescing);
    assert!(broken.what.contains("entities changed since position"), "{broken}");
}

#[test]
fn a_reply_that_tells_an_entity_twice_is_found() {
    assert_eq!(found(Bug::TellsTwice, 20).broken.promise, Promise::NoSpuriousDelta);
}

#[test]
fn a_later_reply_without_deltas_is_found() {
    assert_eq!(found(Bug::LosesDeltas, 20).broken.promise, Promise::FreshFirst);
}

#[test]
fn a_reply_that_never_comes_is_found() {
    let Failure { broken, at, .. } = found(Bug::SwallowsSecond, 20);
    assert_eq!(broken.promise, Promise::Convergence);
    assert!(at > timing::CHAOS + timing::BOUND, "not before the bound has passed, but at {at:?}");
}

#[test]
fn a_reply_that_is_said_twice_is_found() {
    let Failure { broken, .. } = found(Bug::AnswersTwice, 20);
    assert_eq!(broken.promise, Promise::Protocol);
    assert!(broken.what.starts_with("a request is answered that nobody waits for"), "{broken}");
}

#[test]
fn watchers_that_outlive_their_connection_are_found() {
    let Failure { broken, .. } = found(Bug::KeepsWatchers, 20);
    assert_eq!(broken.promise, Promise::StopQuiescent);
    let only = "950 ms after all clients began to go the server still has watchers of the store: ";
    assert!(broken.what.starts_with(only) && broken.what.ends_with(" instead of 1"), "{broken}");
}

#[test]
fn connections_that_outlive_their_client_are_found() {
    let Failure { broken, .. } = found(Bug::NeverPings, 40);
    assert_eq!(broken.promise, Promise::StopQuiescent);
    assert!(broken.what.contains("the server still has connections: "), "{broken}");
}

#[test]
fn a_server_that_comes_up_with_an_old_snapshot_is_found() {
    assert_eq!(found(Bug::OldSnapshot, 40).broken.promise, Promise::ExactPrefix);
}

#[test]
fn a_client_that_keeps_what_died_while_it_was_away_is_found() {
    assert_eq!(found(Bug::KeepsDead, 40).broken.promise, Promise::ExactPrefix);
}

#[test]
fn a_client_that_keeps_what_it_is_told_to_be_removed_is_found() {
    let promise = found(Bug::KeepsRemoved, 20).broken.promise;
    assert!([Promise::ExactPrefix, Promise::NoSpuriousDelta].contains(&promise), "{promise:?}");
}

#[test]
fn a_task_of_a_host_that_panics_fails_the_run_whichever_set_it_is_of() {
    for bug in [Bug::PanickingHost, Bug::PanickingSession] {
        let failure = found(bug, 5);
        assert_eq!(failure.broken.promise, Promise::NoPanic);
        assert!(failure.broken.what.contains("panicked"), "{}", failure.broken.what);
    }
}

#[test]
fn a_stop_of_a_watcher_that_lives_is_not_told_that_it_is_unknown() {
    let Failure { broken, .. } = found(Bug::ForgetsWatchers, 20);
    assert_eq!(broken.promise, Promise::Protocol);
    assert!(broken.what.contains("Stop(") && broken.what.contains("unknown watcher id"), "{broken}");
}

#[test]
fn a_reader_who_is_told_of_offers_and_a_guest_who_is_let_in_are_found() {
    let told = found(Bug::TellsOffers, 20).broken;
    assert_eq!(told.promise, Promise::ExactPrefix);
    assert!(told.what.contains("applicationOffer"), "{told}");
    let let_in = found(Bug::GrantsAll, 40).broken;
    assert_eq!(let_in.promise, Promise::Protocol);
    assert!(let_in.what.contains("permission denied"), "{let_in}");
}

#[test]
fn a_program_without_the_flag_refuses() {
    assert_eq!(built(TOKIO_UNSTABLE), Ok(()), "cargo reads the flag for this repository");
    let asked = ["mwsim", "run", "--world", "net", "--seeds", "0..2"].map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = cli::main_built_with(false, asked, None, &mut out, &mut err);
    assert_eq!((code, out), (cli::USAGE, Vec::new()), "nothing is run");
    insta::assert_snapshot!(String::from_utf8(err).unwrap());
    let decided = ["mwsim", "run", "--world", "machine", "--seeds", "0..2"].map(OsString::from);
    let code = cli::main_built_with(false, decided, None, &mut Vec::new(), &mut Vec::new());
    assert_ne!(code, cli::USAGE, "other worlds need no flag");
}

#[test]
fn the_page_of_a_failure_tells_the_seed_the_promise_the_last_messages_and_the_command() {
    let failure = found(Bug::ReplayAfterStop, 20);
    let mut text = Vec::new();
    page::write(&failure, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let replay = format!("replay: cargo sim run --world net --seeds {}..{}", failure.seed, failure.seed + 1);
    assert!(text.ends_with(&format!("{replay}\n")), "{text}");
    assert!(text.starts_with("BROKEN  stop-quiescent\n  Once a watcher is stopped"), "{text}");
    assert!(text.contains("Watcher.Stop of watcher"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 70), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn the_command_says_what_happened_and_refuses_what_is_about_decisions() {
    let asked = ask(&["run", "--world", "net", "--seeds", "0..20", "--jobs", "1"]);
    assert_eq!((asked.code, asked.err.as_str()), (0, ""), "{}", asked.out);
    assert!(asked.out.starts_with("clean  20 seeds, 0..20, world net\n"), "{}", asked.out);
    for part in [
        "schedules/second",
        "replies judged",
        "  in several frames",
        "  cut within",
        "server crashes without a word",
        "lost: reset",
        "the canary broke",
    ] {
        assert!(asked.out.contains(part), "no {part} in:\n{}", asked.out);
    }
    for flags in [["--scheduler", "pct2"], ["--without", "stops"], ["--scenario", "none.toml"], ["--html", "out.html"]]
    {
        let asked = ask(&["run", "--world", "net", "--seeds", "0..2", flags[0], flags[1]]);
        assert_eq!(asked.code, 2, "{flags:?}");
        assert!(asked.err.contains(flags[0]) && asked.err.contains("net"), "{}", asked.err);
    }
}
