//! A watch killed at any moment, again and again, while somebody writes: what was printed in all is what the database holds.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;

use crate::common::{MODEL, Place, contents, fold, roll, wait};

const ROUNDS: u64 = 48;
/// Every so many rounds the writer pauses and all is compared.
const COMPARED: u64 = 4;

#[test]
fn a_watch_killed_at_any_moment_loses_no_difference() {
    let place = Place::new();
    place.put("first", "0");
    let writing = Arc::new(Mutex::new(place.shell()));
    let done = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (writing, done) = (Arc::clone(&writing), Arc::clone(&done));
        move || write(&writing, &done)
    });
    let out = place.write("out.jsonl", "");
    let (mut dice, mut torn, mut killed) = (0x5eed, Vec::new(), 0);
    for round in 1..=ROUNDS {
        let mut child = start(&place, &["watch", "--resume", "told"], &out);
        std::thread::sleep(Duration::from_micros(roll(&mut dice) % 90_000));
        child.kill().unwrap();
        killed += u64::from(wait(&mut child).code().is_none());
        let text = std::fs::read_to_string(&out).unwrap();
        if !text.is_empty() && !text.ends_with('\n') {
            torn.push(text.rfind('\n').map_or(0, |end| end + 1));
        }
        // Something is missed.
        std::thread::sleep(Duration::from_micros(roll(&mut dice) % 10_000));
        if round.is_multiple_of(COMPARED) {
            let shell = writing.lock().unwrap();
            let status = wait(&mut start(&place, &["watch", "--once", "--resume", "told"], &out));
            assert!(status.success());
            assert_eq!(held(&std::fs::read_to_string(&out).unwrap(), &torn), contents(&shell), "round {round}");
        }
    }
    done.store(true, Ordering::Relaxed);
    let written = writer.join().unwrap();
    assert_eq!(killed, ROUNDS, "a watch ended before it was killed");
    let told = std::fs::read_to_string(&out).unwrap();
    let removed = told.lines().filter(|line| line.contains(r#""operation":"removed""#)).count();
    let unseen =
        told.lines().filter(|line| line.contains(r#""operation":"removed""#) && !line.contains("value")).count();
    assert!(written > 100 && removed > unseen && unseen > 0, "{written} commits, {removed} removals, {unseen} unseen");
}

fn start(place: &Place, args: &[&str], out: &Path) -> Child {
    let out: File = OpenOptions::new().append(true).open(out).unwrap();
    place.command(args).stdout(out).stderr(Stdio::inherit()).spawn().unwrap()
}

/// What the lines leave to whoever reads them all. A line that a kill has cut off stands at one of these places.
fn held(lines: &str, torn: &[usize]) -> BTreeMap<String, Value> {
    let (mut held, mut at) = (BTreeMap::new(), 0);
    for line in lines.split_inclusive('\n') {
        match serde_json::from_str(line) {
            Ok(told) => fold(&mut held, &told),
            Err(_) if line == "\n" || torn.contains(&at) => {}
            Err(error) => panic!("{line}: {error}"),
        }
        at += line.len();
    }
    held
}

/// Transactions of several changes, without end. Returns how many.
fn write(writing: &Mutex<Connection>, done: &AtomicBool) -> u64 {
    let (mut dice, mut count) = (0xd1ce, 0);
    while !done.load(Ordering::Relaxed) {
        let shell = writing.lock().unwrap();
        shell.execute_batch("BEGIN IMMEDIATE").unwrap();
        for _ in 0..=roll(&mut dice) % 6 {
            let id = format!("u{}", roll(&mut dice) % 40);
            if roll(&mut dice).is_multiple_of(2) {
                shell.execute("DELETE FROM entity WHERE model = ? AND id = ?", [MODEL, &id]).unwrap();
            } else {
                let value = (roll(&mut dice) % 3).to_string();
                let sql = "INSERT OR REPLACE INTO entity (kind, model, id, value) VALUES ('unit', ?, ?, ?)";
                shell.execute(sql, [MODEL, &id, &value]).unwrap();
            }
        }
        shell.execute_batch("COMMIT").unwrap();
        drop(shell);
        count += 1;
        std::thread::sleep(Duration::from_micros(roll(&mut dice) % 4_000));
    }
    count
}
