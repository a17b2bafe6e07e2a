//! `import`: errors with their place, what was committed, and its speed.

use std::fmt::Write;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::common::{LONG, MODEL, Place, contents, wait};

/// Lines for so many entities.
pub(crate) fn lines(name: &str, count: usize, value: &str) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        writeln!(text, r#"{{"kind":"unit","model":"{MODEL}","id":"{name}/{number}","value":{value}}}"#).unwrap();
        text
    })
}

#[test]
fn an_error_names_file_and_line_and_says_what_was_committed() {
    let place = Place::new();
    let good = lines("a", 25, "1");
    place.write("bad.jsonl", format!("{good}\n{{\"kind\":\"unit\",\"model\":\"{MODEL}\",\"id\":3}}\n{good}"));
    let err = place.ask(["import", "--batch", "10", "bad.jsonl"]).failed(2);
    insta::assert_snapshot!("import_of_a_bad_line", err);
    assert_eq!(contents(&place.shell()).len(), 20);

    place.write("first.jsonl", "{\n");
    let err = place.ask(["import", "first.jsonl"]).failed(2);
    assert!(err.contains("first.jsonl:1: expected {\"kind\":TEXT") && err.contains("nothing was committed"), "{err}");

    place.write("latin.jsonl", b"\n\"caf\xe9\"\n");
    let err = place.ask(["import", "latin.jsonl"]).failed(2);
    assert!(err.contains("latin.jsonl:2: expected text in UTF-8"), "{err}");
}

#[test]
fn of_two_lines_for_one_entity_the_later_one_counts() {
    let place = Place::new();
    place.write("twice.jsonl", format!("{}{}", lines("a", 1, "1"), lines("a", 1, "2")));
    for batch in ["1", "5"] {
        place.ask(["import", "--batch", batch, "twice.jsonl"]).done();
        assert_eq!(place.ask(["get", "unit", MODEL, "a/0"]).done(), "2\n");
    }
}

#[test]
fn a_locked_database_is_told_and_what_was_committed_too() {
    let place = Place::new();
    place.put("a", "1");
    let shell = place.shell();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let err = place.ask_with(["import", "-"], lines("b", 1, "1").as_bytes()).failed(3);
    assert!(err.contains("held the lock") && err.contains("nothing was committed"), "{err}");
    shell.execute_batch("ROLLBACK").unwrap();
    assert_eq!(contents(&shell).len(), 1);
}

#[test]
fn a_signal_ends_it_between_two_transactions() {
    let place = Place::new();
    let mut command = place.command(["import", "--batch", "10", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, lines("a", 15, "1").as_bytes()).unwrap();
    let mut waited = Duration::ZERO;
    while !place.file("world.db").exists() || contents_or_none(&place) < 10 {
        assert!(waited < LONG, "the first transaction is not committed");
        std::thread::sleep(Duration::from_millis(5));
        waited += Duration::from_millis(5);
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(wait(&mut child).code(), Some(130));
    let mut err = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut err).unwrap();
    assert_eq!(err, "error: interrupted: committed 10 entities in 1 transaction: standard input, lines 1 to 10\n");
    assert_eq!(contents(&place.shell()).len(), 10);
    drop(input);
}

/// How many entities there are; none while the tables are being made.
fn contents_or_none(place: &Place) -> u32 {
    place.shell().query_row("SELECT count(*) FROM entity", [], |row| row.get(0)).unwrap_or(0)
}

/// `cargo test --release --features cli --test cli -- --ignored --nocapture import::speed`
#[test]
#[ignore = "a measurement, of a release build"]
#[expect(clippy::disallowed_types, reason = "a measurement is about wall time")]
fn speed() {
    const COUNT: usize = 100_000;
    for bytes in [100, 1000] {
        let place = Place::new();
        let value = format!(r#"{{"status":"active","message":"{}"}}"#, "x".repeat(bytes));
        place.write("many.jsonl", lines("a", COUNT, &value));
        place.put("first", "1");
        let watch = place.watch(["--json"]);
        watch.line();
        let began = std::time::Instant::now();
        let said = place.ask(["import", "many.jsonl"]).done();
        let imported = began.elapsed();
        (0..COUNT).for_each(|_| drop(watch.line()));
        let told = began.elapsed();
        let line =
            format!("values of {bytes} B: {imported:.2?} to import, {told:.2?} until the last was printed\n{said}");
        std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes()).unwrap();
        assert!(imported < Duration::from_secs(5), "{line}");
    }
}
