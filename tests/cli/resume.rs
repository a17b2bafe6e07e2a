//! `watch --resume`: the difference after an interruption, and files that cannot be used.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

use crate::common::{MODEL, OTHER, Place, all_told, append, wait};
use crate::import::lines;

fn once(place: &Place, args: &[&str]) -> Vec<String> {
    all_told(&place.ask([&["watch", "--once", "--resume", "told"], args].concat()).done())
}

#[test]
fn only_the_difference_is_printed_removals_included() {
    let place = Place::new();
    for id in ["same", "changes", "goes"] {
        place.put(id, r#"{"x":1,"y":2}"#);
    }
    assert_eq!(once(&place, &[]).len(), 3);
    assert_eq!(once(&place, &[]), [] as [&str; 0]);
    place.put("same", r#"{ "y": 2, "x": 1 }"#);
    place.put("changes", "18446744073709551616");
    place.rm("goes");
    place.put("comes", "1");
    let told = once(&place, &[]);
    assert_eq!(told, ["changed changes 1.8446744073709552e+19", "changed comes 1", "removed goes"]);
    // As this test reads them the two are the same number.
    place.put("changes", "18446744073709551617");
    assert_eq!(once(&place, &[]), ["changed changes 1.8446744073709552e+19"]);
    assert_eq!(once(&place, &[]), [] as [&str; 0]);
}

#[test]
fn what_is_printed_as_it_comes_is_kept_by_a_signal_and_by_a_kill() {
    let place = Place::new();
    place.put("a", "1");
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let watch = place.watch(["--resume", "told"]);
        place.put("b", "2");
        assert_eq!(watch.told(), if signal == Signal::INT { "changed a 1" } else { "changed b 2" });
        if signal == Signal::INT {
            assert_eq!(watch.told(), "changed b 2");
        }
        place.rm("b");
        assert_eq!(watch.told(), "removed b 2");
        // It is written down at once that it was printed; there is no sign of that from outside.
        std::thread::sleep(Duration::from_millis(200));
        watch.signal(signal);
        let (_, rest, _) = watch.end();
        assert_eq!(rest, [] as [&str; 0]);
        assert_eq!(once(&place, &[]), [] as [&str; 0], "{signal:?}");
    }
}

#[test]
fn what_may_not_have_been_printed_is_printed_again_and_a_cut_line_is_ended() {
    let place = Place::new();
    place.put("a", "1");
    place.put("b", "1");
    let mut watch = place.watch(["--resume", "told"]);
    watch.line();
    watch.line();
    std::thread::sleep(Duration::from_millis(200));
    watch.signal(Signal::KILL);
    watch.end();
    // As if it had been killed between printing and writing that down.
    let text = std::fs::read_to_string(place.file("told")).unwrap();
    let cut = text.rfind('\n').and_then(|end| text[..end].rfind('\n')).unwrap() + 1;
    assert!(text[cut..].contains("\"told\""), "{text}");
    std::fs::write(place.file("told"), &text[..cut]).unwrap();
    place.rm("b");
    let out = place.write("out.jsonl", "{\"revno\":1,\"oper");
    let append_to = std::fs::OpenOptions::new().append(true).open(&out).unwrap();
    let status = place.command(["watch", "--once", "--resume", "told"]).stdout(append_to).status().unwrap();
    assert_eq!(status.code(), Some(0));
    let lines = std::fs::read_to_string(&out).unwrap();
    let (torn, rest) = lines.split_once('\n').unwrap();
    assert_eq!(torn, "{\"revno\":1,\"oper");
    assert_eq!(all_told(rest), ["changed a 1", "removed b"]);
    watch = place.watch(["--resume", "told"]);
    assert!(watch.is_quiet_for(Duration::from_millis(300)));
}

#[test]
fn what_was_read_of_a_batch_that_a_kill_has_cut_off_is_not_forgotten() {
    let place = Place::new();
    place.ask_with(["import", "-"], lines("a", 5000, r#""something of some length""#).as_bytes()).done();
    let mut child = place.command(["watch", "--resume", "told"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut read = BufReader::new(child.stdout.take().unwrap()).lines();
    let line: serde_json::Value = serde_json::from_str(&read.next().unwrap().unwrap()).unwrap();
    // The rest does not fit into the pipe: the watch is within its first batch.
    child.kill().unwrap();
    wait(&mut child);
    let id = line["id"].as_str().unwrap();
    place.rm(id);
    let again = once(&place, &[]);
    assert_eq!(again.len(), 5000, "all of the batch may have been read");
    assert!(again.contains(&format!("removed {id}")), "whoever has read that it is there is not told that it went");
}

#[test]
fn a_file_is_of_one_choice_and_one_watch() {
    let place = Place::new();
    place.put("a", "1");
    once(&place, &["--model", MODEL]);
    let other = ["watch", "--once", "--resume", "told", "--model", OTHER, "--kind", "unit"];
    let err = place.ask(other).failed(2);
    insta::assert_snapshot!("resume_with_another_filter", err);
    let watch = place.watch(["--resume", "told", "--model", MODEL]);
    while place.sockets().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let err = place.ask(["watch", "--once", "--resume", "told", "--model", MODEL]).failed(2);
    assert!(err.contains("told: another process goes on with it"), "{err}");
    drop(watch);
    assert_eq!(once(&place, &["--model", MODEL]), [] as [&str; 0]);
}

#[test]
fn a_file_of_another_backing_is_refused_and_can_be_adopted() {
    let place = Place::new();
    place.put("a", "1");
    place.put("b", "1");
    once(&place, &[]);
    // A copy is another database.
    place.shell().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    std::fs::copy(place.file("world.db"), place.file("copy.db")).unwrap();
    place.ask(["rm", "-b", "sqlite:copy.db", "unit", MODEL, "b"]).done();
    let err = place.ask(["watch", "-b", "sqlite:copy.db", "--once", "--resume", "told"]).failed(2);
    assert!(err.contains("told: expected the backing ") && err.contains("--adopt"), "{err}");
    assert_eq!(once(&place, &["-b", "sqlite:copy.db", "--adopt"]), ["removed b"]);
    assert_eq!(once(&place, &["-b", "sqlite:copy.db"]), [] as [&str; 0]);
}

#[test]
fn a_past_that_comes_back_under_a_watch_is_gone_on_with() {
    let place = Place::new();
    place.put("a", "1");
    place.shell().execute("VACUUM INTO ?", [place.file("backup.db").to_str().unwrap()]).unwrap();
    place.put("a", "2");
    place.put("b", "2");
    let watch = place.watch(["--resume", "told"]);
    assert_eq!((watch.told(), watch.told()), ("changed a 2".to_owned(), "changed b 2".to_owned()));
    let mut to = place.shell();
    let from = rusqlite::Connection::open(place.file("backup.db")).unwrap();
    let backup = rusqlite::backup::Backup::new(&from, &mut to).unwrap();
    backup.run_to_completion(1000, Duration::ZERO, None).unwrap();
    drop(backup);
    let mut told = [watch.told(), watch.told()];
    told.sort();
    assert_eq!(told, ["changed a 1", "removed b 2"]);
    std::thread::sleep(Duration::from_secs(1));
    watch.signal(Signal::KILL);
    watch.end();
    assert_eq!(once(&place, &[]), [] as [&str; 0], "the file knows the identity that the database has got");
}

#[test]
fn a_damaged_file_is_refused_wherever_it_is_damaged() {
    let place = Place::new();
    for id in ["a", "b", "c"] {
        place.put(id, "1");
    }
    let watch = place.watch(["--resume", "told"]);
    (0..3).for_each(|_| drop(watch.line()));
    std::thread::sleep(Duration::from_millis(200));
    watch.signal(Signal::KILL);
    watch.end();
    let grown = std::fs::read(place.file("told")).unwrap();
    once(&place, &[]);
    let settled = std::fs::read(place.file("told")).unwrap();
    let refused = |contents: &[u8], why: &str| {
        std::fs::write(place.file("told"), contents).unwrap();
        let err = place.ask(["watch", "--once", "--resume", "told"]).failed(2);
        assert!(err.contains("told") && err.contains(why), "{why}: {err}");
        assert_eq!(std::fs::read(place.file("told")).unwrap(), contents, "it is left as it was");
        err
    };
    for file in [&grown, &settled] {
        for place in (0..file.len() - 1).step_by(17) {
            let mut damaged = file.clone();
            damaged[place] ^= 1;
            refused(&damaged, "expected");
        }
        let lines: Vec<_> = file.split_inclusive(|&byte| byte == b'\n').collect();
        for gone in 0..lines.len() - 1 {
            let others: Vec<_> =
                lines.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, line)| *line).collect();
            refused(&others.concat(), "expected");
        }
    }
    let lines = settled.split_inclusive(|&byte| byte == b'\n').count();
    assert_eq!(lines, 4);
    let short = settled.iter().rposition(|&byte| byte == b'\n').map(|end| &settled[..end - 3]).unwrap();
    insta::assert_snapshot!("resume_of_a_short_file", refused(short, "expected 3 entities, got 2"));
    insta::assert_snapshot!("resume_of_an_empty_file", refused(b"", "told:1: expected"));
    refused(b"hello\n", "told:1: expected");

    // What a killed process did not write to its end is no damage.
    std::fs::write(place.file("told"), &grown).unwrap();
    append(&place.file("told"), b"0123456789abcdef {\"tell");
    assert_eq!(once(&place, &[]), [] as [&str; 0]);
}

#[test]
fn what_cannot_be_read_is_not_taken_for_gone() {
    let place = Place::new();
    for id in ["comes back", "comes back otherwise", "goes"] {
        place.put(id, "1");
    }
    once(&place, &[]);
    let set = |value: &str, like: &str| {
        place.shell().execute("UPDATE entity SET value = ? WHERE id LIKE ?", [value, like]).unwrap();
    };
    set("{", "%");
    assert_eq!(once(&place, &[]), [] as [&str; 0]);
    let watch = place.watch(["--resume", "told"]);
    assert!(watch.is_quiet_for(Duration::from_millis(500)));
    set("2", "comes back otherwise");
    assert_eq!(watch.told(), "changed comes back otherwise 2");
    set("1", "comes back");
    place.rm("goes");
    assert_eq!(watch.told(), "removed goes");
    assert!(watch.is_quiet_for(Duration::from_millis(500)));
}

#[test]
fn a_file_that_cannot_be_written_is_an_error() {
    let place = Place::new();
    place.put("a", "1");
    let err = place.ask(["watch", "--once", "--resume", "no/such/folder/told"]).failed(3);
    assert!(err.contains("no/such/folder/told: it cannot be made"), "{err}");
    let err = place.ask(["watch", "--once", "--resume", "."]).failed(3);
    assert!(err.contains("it cannot be opened"), "{err}");
}
