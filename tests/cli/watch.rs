//! `watch`: what it prints, several writers, and how it ends.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::common::{MODEL, OTHER, Place, all_told, contents, fold, row, wait};
use crate::import::lines;

/// Long enough to be told something, if anything were to be told.
const SHORT: Duration = Duration::from_millis(300);

#[test]
fn the_state_comes_first_and_then_each_difference() {
    let place = Place::new();
    place.put("a", r#"{"n":1.0}"#);
    let watch = place.watch(["--json"]);
    let line =
        json!({"revno": 1, "operation": "changed", "kind": "unit", "model": MODEL, "id": "a", "value": {"n": 1.0}});
    assert_eq!(watch.line(), line);
    place.put("a", r#"{"n":2}"#);
    assert_eq!(watch.told(), r#"changed a {"n":2}"#);
    // Spelt otherwise, it says the same.
    place.put("a", r#"{ "n": 2 }"#);
    assert!(watch.is_quiet_for(SHORT));
    place.rm("a");
    let line = watch.line();
    assert_eq!((&line["operation"], &line["value"]), (&json!("removed"), &json!({"n": 2})));
}

#[test]
fn a_line_is_one_line_and_holds_the_text_of_the_value() {
    let place = Place::new();
    place.put("a", "{\"b\": [1.50,\r\n\n 18446744073709551617],\n \"c\": \"\\n\"}");
    let out = place.ask(["watch", "--once"]).done();
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(out.contains("1.50") && out.contains("18446744073709551617"), "{out}");
}

#[test]
fn models_and_kinds_can_be_chosen() {
    let place = Place::new();
    let put = |kind, model, id| place.ask(["put", kind, model, id, "1"]).done();
    put("unit", MODEL, "a");
    put("machine", MODEL, "0");
    put("unit", OTHER, "b");
    let watch = place.watch(["--model", MODEL, "--kind", "unit"]);
    assert_eq!(watch.told(), "changed a 1");
    put("unit", OTHER, "c");
    put("machine", MODEL, "1");
    put("unit", MODEL, "d");
    assert_eq!(watch.told(), "changed d 1");
    let both = place.ask(["watch", "--once", "-m", MODEL, "-m", OTHER, "-k", "unit"]).done();
    assert_eq!(all_told(&both), ["changed a 1", "changed d 1", "changed b 1", "changed c 1"]);
}

#[test]
fn progress_follows_each_batch_and_an_empty_state_too() {
    let place = Place::new();
    place.put("a", "1");
    place.rm("a");
    let watch = place.watch(["--progress"]);
    let progress = |revno: u64, at: u64| {
        let mut line = watch.line();
        line["position"] = row(&line["position"]).into();
        assert_eq!(line, json!({"revno": revno, "operation": "progress", "position": at}));
    };
    progress(0, 2);
    place.put("a", "1");
    assert_eq!(watch.told(), "changed a 1");
    progress(1, 3);
}

#[test]
fn two_processes_write_while_one_watches_and_no_commit_is_seen_half() {
    let place = Place::new();
    place.put("first", "0");
    let pairs = |name: &str| -> String {
        let of = |side: &str, number: u32| {
            format!(r#"{{"kind":"unit","model":"{MODEL}","id":"{name}-{side}","value":{number}}}"#) + "\n"
        };
        (1..=150).map(|number| of("left", number) + &of("right", number)).collect()
    };
    place.write("one.jsonl", pairs("one"));
    place.write("two.jsonl", pairs("two"));
    let watch = place.watch(["--progress"]);
    let mut writers: Vec<_> = ["one.jsonl", "two.jsonl"]
        .iter()
        .map(|file| place.command(["import", "--batch", "2", file]).stdout(Stdio::null()).spawn().unwrap())
        .collect();
    let mut held = BTreeMap::new();
    let mut states = 0;
    let side = |held: &BTreeMap<String, Value>, name: &str| held.get(&format!("unit {MODEL} {name}")).cloned();
    while side(&held, "one-right") != Some(json!(150)) || side(&held, "two-right") != Some(json!(150)) {
        let line = watch.line();
        if line["operation"] != "progress" {
            fold(&mut held, &line);
            continue;
        }
        states += 1;
        for name in ["one", "two"] {
            assert_eq!(side(&held, &format!("{name}-left")), side(&held, &format!("{name}-right")), "half a commit");
        }
    }
    assert!(states > 10, "{states} batches: they wrote before anybody watched");
    writers.iter_mut().for_each(|writer| assert!(wait(writer).success()));
    assert_eq!(held, contents(&place.shell()));
}

#[test]
fn a_signal_ends_it_with_its_code_and_takes_the_socket_away() {
    let place = Place::new();
    place.put("a", "1");
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let watch = place.watch(["--json"]);
        watch.line();
        assert_eq!(place.sockets().len(), 1);
        watch.signal(signal);
        let (status, lines, err) = watch.end();
        assert_eq!((status.code(), lines, err.as_str()), (Some(code), vec![], ""));
        assert_eq!(place.sockets(), [] as [&str; 0]);
        let readers: i64 = place.shell().query_row("SELECT count(*) FROM reader", [], |row| row.get(0)).unwrap();
        assert_eq!(readers, 0, "the worker has not signed off");
    }
}

#[test]
fn a_signal_ends_it_also_while_nobody_takes_what_it_prints() {
    let place = Place::new();
    place.ask_with(["import", "-"], lines("a", 5000, r#""something of some length""#).as_bytes()).done();
    let mut child = place.command(["watch", "--resume", "told"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    // What was read is printed; the rest does not fit into the pipe.
    out.read_exact(&mut [0; 1000]).unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(wait(&mut child).code(), Some(130));
    let again = place.ask(["watch", "--once", "--resume", "told"]).done();
    assert_eq!(again.lines().count(), 5000, "what may not have been printed is printed again");
}

#[test]
fn whoever_stops_reading_ends_it_quietly() {
    let place = Place::new();
    place.put("a", "1");
    // With nothing more to print, and with something.
    for writes in [false, true] {
        let mut command = place.command(["watch"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0]).unwrap();
        drop(out);
        if writes {
            place.put("b", "2");
        }
        assert_eq!(wait(&mut child).code(), Some(0));
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!(err, "");
    }
    for command in ["export", "models", "man"] {
        let mut child = place.command([command]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(wait(&mut child).code(), Some(0), "{command}");
    }
}

#[test]
fn a_full_disk_under_the_output_is_an_error() {
    if !std::path::Path::new("/dev/full").exists() {
        let said = b"SKIPPED: there is no /dev/full, so nobody saw what a full disk does\n";
        std::io::Write::write_all(&mut std::io::stderr(), said).unwrap();
        return;
    }
    let place = Place::new();
    place.put("a", "1");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = place.command(["watch", "--once"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.starts_with("error: the output could not be written:"), "{err}");
}

#[test]
fn a_value_that_cannot_be_read_and_a_backing_out_of_reach_are_noted() {
    let place = Place::new();
    place.put("a", "1");
    let watch = place.watch(["--json"]);
    watch.line();
    place.shell().execute("INSERT INTO entity VALUES ('unit', ?, 'b', '{')", [MODEL]).unwrap();
    std::thread::sleep(SHORT * 2);
    let gone = place.file("world.db.gone");
    std::fs::rename(place.file("world.db"), &gone).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    std::fs::rename(&gone, place.file("world.db")).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    place.put("c", "3");
    assert_eq!(watch.told(), "changed c 3");
    watch.signal(Signal::INT);
    let (_, _, err) = watch.end();
    let notes: Vec<_> = err.lines().collect();
    assert!(notes.iter().any(|note| note.contains("b cannot be read")), "{err}");
    assert!(notes.iter().any(|note| note.starts_with("note: the backing is out of reach")), "{err}");
    assert!(notes.contains(&"note: the backing is back"), "{err}");
}

#[test]
fn a_damaged_database_ends_it() {
    let place = Place::new();
    place.put("a", "1");
    let watch = place.watch(["--json"]);
    watch.line();
    place.shell().execute_batch("DROP TRIGGER entity_deleted").unwrap();
    let (status, _, err) = watch.end();
    assert_eq!(status.code(), Some(3));
    assert!(err.contains("sqlite:world.db") && err.contains("entity_deleted"), "{err}");
}
