//! Help, errors, completions and man pages.

use std::fmt::Write;

use crate::common::{Asked, MODEL, Place};

#[test]
fn help_has_examples_and_exit_codes_and_fits_a_phone() {
    let place = Place::new();
    let mut commands =
        vec!["", "watch", "put", "rm", "get", "import", "export", "models", "status", "demo", "completions", "man"];
    if cfg!(feature = "service") {
        commands.extend(["serve", "user", "user add", "user list", "user remove"]);
    }
    for command in commands {
        let args: Vec<_> = command.split(' ').chain(["--help"]).filter(|arg| !arg.is_empty()).collect();
        let out = place.ask(args).done();
        assert!(out.contains("Examples:") && out.contains("Exit codes:"), "{command}: {out}");
        let widest = out.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(70), "{command}: {widest:?}\n{out}");
        insta::assert_snapshot!(
            format!("help_{}", if command.is_empty() { "all".to_owned() } else { command.replace(' ', "_") }),
            out
        );
    }
}

#[test]
fn what_cannot_be_understood_is_told_with_what_was_expected() {
    let place = Place::new();
    let cases: &[&[&str]] = &[
        &["watch", "--backing", "world.db"],
        &["watch", "--backing", "etcd:localhost/x"],
        &["watch", "--model", "green"],
        &["watch", "--adopt"],
        &["put", "unit", "green", "a", "1"],
        &["put", "unit", MODEL, "a", "{status:1}"],
        &["import", "nothing.jsonl"],
        &["import", "--batch", "0", "-"],
        &["man", "serve-tea"],
        &["man", "watch", "tea"],
    ];
    let mut page = String::new();
    for args in cases {
        let err = place.ask(*args).failed(2);
        writeln!(page, "$ multiwatcher {}\n{err}", args.join(" ")).unwrap();
    }
    insta::assert_snapshot!("errors", page);
}

#[test]
fn an_etcd_that_is_not_there_or_not_built_in_is_told() {
    let out = |code| Place::new().ask(["watch", "--once", "--backing", "etcd:http://127.0.0.1:1/x"]).failed(code);
    if cfg!(feature = "etcd") {
        let err = out(3);
        assert!(err.contains("etcd:http://127.0.0.1:1/x"), "{err}");
    } else {
        let err = out(2);
        assert!(err.contains("built without etcd: expected one built with --features cli,etcd"), "{err}");
    }
}

#[test]
fn a_database_that_is_not_there_is_not_made_by_reading() {
    let place = Place::new();
    let cases: &[&[&str]] =
        &[&["watch"], &["get", "unit", MODEL, "a"], &["rm", "unit", MODEL, "a"], &["export"], &["models"]];
    for args in cases {
        let err = place.ask(*args).failed(3);
        assert!(err.contains("sqlite:world.db") && err.contains("expected a database at"), "{args:?}: {err}");
    }
    assert!(!place.file("world.db").exists());
}

#[test]
fn another_programs_database_is_refused() {
    let place = Place::new();
    place.shell().execute_batch("CREATE TABLE entity (x)").unwrap();
    let err = place.ask(["watch", "--once"]).failed(3);
    assert!(err.contains("got one of another program"), "{err}");
}

#[test]
fn every_shell_has_completions_and_every_command_a_man_page() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = place.ask(["completions", shell]).done();
        assert!(script.contains("resume") && script.contains("import"), "{shell}");
        assert!(script.contains("serve") && script.contains("user"), "{shell}");
        assert_eq!(
            script.contains("tls-cert") && script.contains("password-stdin"),
            cfg!(feature = "service"),
            "{shell}"
        );
    }
    let page = place.ask(["man"]).done();
    assert!(page.contains(".SH SUBCOMMANDS") && page.contains("multiwatcher\\-watch"), "{page}");
    let page = place.ask(["man", "watch"]).done();
    assert!(page.contains(".TH") && page.contains("\\-\\-resume"), "{page}");
    let serve = place.ask(["man", "serve"]).done();
    assert!(serve.contains("Exit codes: "), "{serve}");
    if cfg!(feature = "service") {
        assert!(serve.contains("\\-\\-tls\\-cert") && serve.contains("ended by a signal, in good order"), "{serve}");
        let page = place.ask(["man", "user", "add"]).done();
        assert!(page.contains("\\-\\-password\\-stdin") && page.contains("Exit codes: 0 added"), "{page}");
    }
}

#[test]
fn nothing_asked_is_answered_with_help_and_a_code() {
    let Asked { code, err, .. } = Place::new().ask::<&str>([]);
    assert_eq!(code, Some(2));
    assert!(err.contains("Usage: multiwatcher <COMMAND>"), "{err}");
}

#[cfg(not(feature = "service"))]
#[test]
fn what_was_left_out_is_told() {
    let place = Place::new();
    for args in [&["serve"][..], &["serve", "--listen", "127.0.0.1:0"], &["user", "add", "bob"]] {
        let err = place.ask(args).failed(2);
        assert!(err.contains("built without the service: expected one built with --features cli,service"), "{err}");
    }
}
