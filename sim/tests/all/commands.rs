//! The command line seen from outside: help, verdicts, failure pages, errors, exit codes. What the program prints is kept in
//! snapshots, which hold no timings.

use crate::common::{Asked, ask, folder, write};

#[test]
fn help_has_examples_and_fits_a_phone() {
    let commands = [
        &["--help"][..],
        &["run", "--help"],
        &["replay", "--help"],
        &["shrink", "--help"],
        &["diff", "--help"],
        &["explain", "--help"],
        &["test", "--help"],
        &["check-determinism", "--help"],
        &["explore", "--help"],
        &["zoo", "--help"],
        &["completions", "--help"],
        &["man", "--help"],
    ];
    for command in commands {
        let Asked { code, out, err } = ask(command);
        assert_eq!((code, err.as_str()), (0, ""), "{command:?}");
        assert!(out.contains("Examples:"), "{command:?}");
        let widest = out.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(70), "{command:?}: {widest:?}");
        insta::assert_snapshot!(format!("help_{}", command[0].trim_start_matches('-')), out);
    }
}

/// A newcomer who begins at either end finds the same two commands, and they are understood.
#[test]
fn the_readme_and_the_docs_lead_from_a_seed_to_the_picture() {
    let command = "cargo sim run --seeds 1234..1235 --world driver --html failure.html";
    let [readme, simulator, library] =
        [include_str!("../../../README.md"), include_str!("../../src/lib.rs"), include_str!("../../../src/lib.rs")];
    for text in [readme, simulator, library] {
        assert!(text.contains(command) && text.contains("xdg-open failure.html"), "{text}");
    }
    let picture = folder("newcomer").join("failure.html");
    let asked = command.replace("driver", "driver+canary").replace("failure.html", &picture.to_string_lossy());
    let failures = folder("newcomer_failures");
    let mut args: Vec<_> = asked.split(' ').skip(2).collect();
    let failures = failures.to_string_lossy();
    args.extend(["--failures", &failures]);
    let Asked { code, out, .. } = ask(&args);
    assert_eq!(code, 1, "{out}");
    assert!(picture.exists(), "{out}");
}

#[test]
fn a_clean_campaign_exits_0_and_says_what_it_exercised() {
    let Asked { code, out, err } = ask(&["run", "--seeds", "0..300", "--jobs", "2"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let verdicts: Vec<_> = out.lines().filter(|line| line.starts_with("clean")).collect();
    assert_eq!(verdicts, ["clean  300 seeds, 0..300, world machine", "clean  300 seeds, 0..300, world driver"]);
    assert!(out.lines().all(|line| line.chars().count() <= 70), "{out}");
    for part in ["batches", "operations", "faults", "checkers", "exact-prefix", "schedules/second"] {
        assert!(out.contains(part), "no {part} in:\n{out}");
    }
}

#[test]
fn a_summary_can_be_had_as_json() {
    let Asked { code, out, .. } = ask(&["run", "--seeds", "0..100", "--json"]);
    assert_eq!(code, 0, "{out}");
    let jsons: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let worlds: Vec<_> = jsons.iter().map(|json| json["world"].as_str().unwrap()).collect();
    assert_eq!(worlds, ["machine", "driver"]);
    for json in jsons {
        assert_eq!(json["clean"], true);
        assert_eq!(json["seeds"], 100);
        assert!(json["decided"]["exact-prefix"].as_u64() > Some(0), "{json}");
    }
}

#[test]
fn a_broken_promise_exits_1_with_a_page_and_a_file_that_replays() {
    let folder = folder("page");
    let failures = folder.to_string_lossy();
    let Asked { code, out, .. } = ask(&["run", "--seeds", "0..50", "--world", "canary", "--failures", &failures]);
    assert_eq!(code, 1, "{out}");
    let whole = &out[out.find("\n\nBROKEN").expect("a page follows the summary") + 2..];
    let page = whole.replace(&*failures, "DIR");
    assert!(page.lines().count() <= 40, "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 70), "{page}");
    for part in
        ["Once a watcher is stopped", "seed ", "ids      ", "step ", "what ", "\n> ", "replay: cargo sim replay DIR/"]
    {
        assert!(page.contains(part), "no {part:?} in:\n{page}");
    }

    let file = whole.lines().last().and_then(|line| line.rsplit(' ').next()).unwrap();
    let once = ask(&["replay", file]);
    let twice = ask(&["replay", file]);
    assert_eq!(once.code, 1, "{}", once.out);
    assert_eq!((once.out.clone(), once.err), (twice.out, twice.err));
    assert!(once.out.contains("BROKEN  stop-quiescent"), "{}", once.out);
}

#[test]
fn a_seed_and_its_file_replay_to_the_same_trace() {
    let folder = folder("seed");
    let failures = folder.to_string_lossy();
    let failed = ask(&["run", "--seeds", "0..50", "--world", "canary", "--failures", &failures, "--no-shrink"]);
    let file = failed.out.lines().last().and_then(|line| line.rsplit(' ').next()).unwrap().to_owned();
    let seed = file.trim_end_matches(".capsule").rsplit('-').next().unwrap();
    let (of_seed, of_file) = (ask(&["replay", seed, "--world", "canary"]), ask(&["replay", &file]));
    assert_eq!(of_seed.out, of_file.out);
}

#[test]
fn a_commit_hash_is_a_seed_and_is_printed_folded() {
    let Asked { code, out, .. } = ask(&["replay", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"]);
    assert_eq!(code, 0, "{out}");
    let seed = out.strip_prefix("seed ").and_then(|rest| rest.split(',').next()).unwrap();
    assert_eq!(ask(&["replay", seed]).out, out);
}

#[test]
fn what_cannot_be_understood_exits_2_and_says_what_was_expected() {
    let questions: [(&str, &[&str]); 14] = [
        ("no_command", &[]),
        ("unknown_command", &["walk"]),
        ("empty_range", &["run", "--seeds", "5..5"]),
        ("no_range", &["run", "--seeds", "5"]),
        ("no_time", &["run", "--time", "soon"]),
        ("seeds_and_time", &["run", "--seeds", "0..5", "--time", "1s"]),
        ("no_jobs", &["run", "--jobs", "0"]),
        ("unknown_world", &["run", "--world", "moon"]),
        ("neither_seed_nor_file", &["replay", "no-such-file.jsonl"]),
        ("unknown_bug", &["zoo", "z1000"]),
        ("no_seeds_left", &["zoo", "z7", "--seeds", "18446744073709551614..18446744073709551615", "--starts", "3"]),
        ("no_tails", &["explain", "4711", "--tails", "0"]),
        ("no_folder_for_the_picture", &["replay", "4711", "--html", "no-such-folder/run.html"]),
        ("short_hash", &["replay", "2fd4e1c"]),
    ];
    for (name, question) in questions {
        let Asked { code, out, err } = ask(question);
        assert_eq!((code, out.as_str()), (2, ""), "{question:?}: {err}");
        insta::assert_snapshot!(format!("error_{name}"), err);
    }
}

#[test]
fn a_file_that_is_damaged_exits_2_and_says_where() {
    let folder = folder("damaged");
    let good = include_str!("canary.capsule");
    let lines: Vec<&str> = good.lines().collect();
    let damages = [
        ("empty", String::new()),
        ("not_decisions", "hello\n".to_owned()),
        ("other_format", "{\"format\":\"tarot\",\"version\":1}\n".to_owned()),
        ("other_version", good.replacen("\"version\":2", "\"version\":7", 1)),
        ("no_header", format!("{}\n", lines[0])),
        ("other_world", good.replacen("\"world\":\"canary\"", "\"world\":\"moon\"", 1)),
        ("cut_off", good[..good.len() - 6].to_owned()),
        ("unknown_operation", format!("{}\n{}\n{{\"Dance\":{{}}}}\n", lines[0], lines[1])),
    ];
    for (name, text) in damages {
        let path = write(&folder, "damaged.capsule", &text);
        let Asked { code, out, err } = ask(&["replay", &path]);
        assert_eq!((code, out.as_str()), (2, ""), "{name}: {err}");
        insta::assert_snapshot!(format!("damaged_{name}"), err.replace(&path, "FILE"));
    }
}

#[test]
fn an_edited_file_is_followed_as_far_as_it_makes_sense() {
    let folder = folder("edited");
    let good = include_str!("canary.capsule");
    let without_opening: String = good.split_inclusive('\n').filter(|line| !line.contains("Open")).collect();
    let path = write(&folder, "edited.capsule", &without_opening);
    let Asked { code, out, .. } = ask(&["replay", &path]);
    assert_eq!(code, 4, "a stale capsule is no pass: {out}");
    let last = out.lines().last().unwrap();
    assert!(last.starts_with("STALE  followed ") && last.ends_with(": this says nothing"), "{out}");
}

#[test]
fn a_capsule_that_is_followed_and_breaks_nothing_is_a_pass() {
    let good = include_str!("canary.capsule");
    let path = write(&folder("fixed"), "fixed.capsule", &good.replacen("\"canary\"", "\"machine\"", 1));
    let Asked { code, out, .. } = ask(&["replay", &path]);
    assert_eq!(code, 0, "{out}");
    assert!(out.ends_with("clean: stop-quiescent is not broken here\n"), "{out}");
}

#[test]
fn a_capsule_that_breaks_another_promise_says_so() {
    let good = include_str!("canary.capsule");
    let path = write(&folder("other"), "other.capsule", &good.replacen("stop-quiescent", "ordered", 1));
    let Asked { code, out, .. } = ask(&["replay", &path]);
    assert_eq!(code, 1, "{out}");
    assert!(
        out.contains("BROKEN  stop-quiescent") && out.contains("and not ordered, for which it was written"),
        "{out}"
    );
}

#[test]
fn a_failing_run_is_shrunk_by_hand_too() {
    let folder = folder("shrink");
    let long = write(&folder, "long.capsule", include_str!("canary.capsule"));
    let short = folder.join("short.capsule");
    let short = short.to_string_lossy();
    let Asked { code, out, err } = ask(&["shrink", &long, "--out", &short]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 66 || line.starts_with("replay: ")), "{out}");
    // How long it took is no part of it.
    let untimed: Vec<&str> = out.lines().map(|line| line.split(" in ").next().unwrap()).collect();
    insta::assert_snapshot!("shrink", untimed.join("\n").replace(&*short, "FILE"));
    insta::assert_snapshot!("shrunk", std::fs::read_to_string(&*short).unwrap());
    assert_eq!(ask(&["replay", &short]).code, 1);
    let Asked { out, .. } = ask(&["shrink", &long]);
    assert!(out.ends_with(&std::fs::read_to_string(&*short).unwrap()), "without a file it is printed: {out}");
}

#[test]
fn what_breaks_nothing_cannot_be_shrunk() {
    let Asked { code, out, .. } = ask(&["shrink", "3"]);
    assert_eq!(code, 4, "{out}");
    assert!(out.starts_with("nothing to shrink: no promise is broken, followed "), "{out}");
}

#[test]
fn progress_is_told_in_lines_where_there_is_no_terminal() {
    let asked = std::process::Command::new(env!("CARGO_BIN_EXE_mwsim"))
        .args(["run", "--world", "machine", "--time", "1300ms"])
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8(asked.stdout).unwrap(), String::from_utf8(asked.stderr).unwrap());
    // How many seeds fit in depends on the machine, and with that whether they are enough to miss something: 3 says so.
    assert!(matches!(asked.status.code(), Some(0 | 3)), "{out}{err}");
    assert!(err.lines().all(|line| line.contains(" seeds, ")) && err.lines().count() == 1, "{err}");
}

#[test]
fn determinism_is_checked_in_two_processes_and_with_other_numbers_of_jobs() {
    let asked = std::process::Command::new(env!("CARGO_BIN_EXE_mwsim"))
        .args(["check-determinism", "--seeds", "0..300"])
        .output()
        .unwrap();
    let out = String::from_utf8(asked.stdout).unwrap();
    assert_eq!(asked.status.code(), Some(0), "{out}");
    assert_eq!(out.lines().filter(|line| line.starts_with("same")).count(), 2 * 3, "three times in each world: {out}");
}

#[test]
fn every_shell_gets_completions_that_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let Asked { code, out, err } = ask(&["completions", shell]);
        assert_eq!((code, err.as_str()), (0, ""), "{shell}");
        for word in ["run", "replay", "check-determinism", "zoo", "scenario", "failures", "driver"] {
            assert!(out.contains(word), "{shell} does not know {word}");
        }
    }
    assert_eq!(ask(&["completions", "cmd"]).code, 2);
}

#[test]
fn bash_takes_the_completions() {
    let Asked { out, .. } = ask(&["completions", "bash"]);
    let asked =
        format!("{out}\nCOMP_WORDS=(mwsim run --sc); COMP_CWORD=2; _mwsim mwsim --sc run; echo \"${{COMPREPLY[@]}}\"");
    let shell = std::process::Command::new("bash").args(["-c", &asked]).output();
    // Where there is no bash there is nothing to try.
    let Ok(shell) = shell else { return };
    let replied = String::from_utf8_lossy(&shell.stdout);
    assert!(replied.contains("--scenario"), "{replied} {}", String::from_utf8_lossy(&shell.stderr));
}

#[test]
fn the_man_pages_say_what_the_help_says() {
    let Asked { code, out, .. } = ask(&["man"]);
    assert_eq!(code, 0);
    assert!(out.contains(".TH mwsim 1"), "{out}");
    for part in ["check\\-determinism", "Exit codes: 0 clean", ".SH SUBCOMMANDS"] {
        assert!(out.contains(part), "no {part} in:\n{out}");
    }
    assert!(!out.contains("hashes"), "a hidden command is told of:\n{out}");
    let Asked { code, out, .. } = ask(&["man", "run"]);
    assert_eq!(code, 0);
    for part in ["\\-\\-scenario", "pruned_log.toml", "\\-\\-failures"] {
        assert!(out.contains(part), "no {part} in:\n{out}");
    }
    let Asked { code, err, .. } = ask(&["man", "hashes"]);
    assert_eq!((code, err.contains("there is no command")), (2, true), "{err}");
}
