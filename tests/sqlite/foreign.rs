//! Another process that writes: this program again, told by its environment what to do.

#![expect(clippy::disallowed_types, reason = "how soon a commit is noticed is a matter of real time")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::common::{Folder, MODEL, follow, held, put, shell};

/// Names the database, for the other process.
const DATABASE: &str = "MULTIWATCHER_TEST_DATABASE";
/// Its dice.
const SEED: &str = "MULTIWATCHER_TEST_SEED";
/// After so many transactions it ends.
const COUNT: &str = "MULTIWATCHER_TEST_COUNT";
/// `left` and `right` always come to this.
pub(crate) const SUM: i64 = 1000;

/// Another process, and what it says: whoever stops listening makes it fail.
pub(crate) struct Other {
    pub(crate) child: Child,
    _output: Lines<BufReader<ChildStdout>>,
}

/// Starts another process that moves amounts between entities; returns when it is about to begin.
pub(crate) fn start(database: &Path, seed: u64, count: u64) -> Other {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "foreign::the_other_process", "--ignored", "--nocapture"])
        .env(DATABASE, database)
        .env(SEED, seed.to_string())
        .env(COUNT, count.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(output.any(|line| line.unwrap().contains("begins")), "the other process ended before it began");
    Other { child, _output: output }
}

/// What every state between two commits of the other process has in common.
pub(crate) fn check(state: &BTreeMap<String, i64>) {
    let of = |name: &str| state.get(name).copied().unwrap_or_default();
    assert_eq!(of("left") + of("right"), SUM, "half a commit: {state:?}");
    let extras = state.keys().filter(|name| name.starts_with("extra ")).count();
    assert_eq!(of("extras"), i64::try_from(extras).unwrap(), "half a commit: {state:?}");
}

/// A state that `check` accepts.
pub(crate) fn prepare(shell: &Connection) {
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    for (name, value) in [("left", SUM), ("right", 0), ("extras", 0)] {
        put(shell, name, &value.to_string());
    }
    shell.execute_batch("COMMIT").unwrap();
}

#[test]
#[ignore = "the other process of the tests that start one"]
fn the_other_process() {
    let Some(database) = std::env::var_os(DATABASE) else { return };
    let number = |name| std::env::var(name).unwrap().parse::<u64>().unwrap();
    let shell = shell(Path::new(&database));
    // A small cache: what is not committed yet is written to the log already.
    shell.pragma_update(None, "cache_size", 4).unwrap();
    let mut dice = number(SEED) | 1;
    writeln!(std::io::stdout(), "begins").unwrap();
    for _ in 0..number(COUNT) {
        transact(&shell, &mut dice);
    }
}

/// One transaction of several statements; in between, nothing that `check` accepts.
fn transact(shell: &Connection, dice: &mut u64) {
    let amount = i64::try_from(roll(dice) % 100).unwrap();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    add(shell, "left", -amount);
    for _ in 0..roll(dice) % 40 {
        let name = format!("extra {}", roll(dice) % 200);
        let sql = "DELETE FROM entity WHERE kind = 'unit' AND model = ? AND id = ?";
        if shell.execute(sql, [MODEL, &name]).unwrap() == 0 {
            put(shell, &name, &amount.to_string());
            add(shell, "extras", 1);
        } else {
            add(shell, "extras", -1);
        }
    }
    add(shell, "right", amount);
    shell.execute_batch("COMMIT").unwrap();
}

fn add(shell: &Connection, name: &str, amount: i64) {
    let sql = "UPDATE entity SET value = CAST(value + ? AS TEXT) WHERE kind = 'unit' AND model = ? AND id = ?";
    assert_eq!(shell.execute(sql, rusqlite::params![amount, MODEL, name]).unwrap(), 1);
}

/// An xorshift: the same dice for the same seed.
pub(crate) fn roll(dice: &mut u64) -> u64 {
    *dice ^= *dice << 13;
    *dice ^= *dice >> 7;
    *dice ^= *dice << 17;
    *dice
}

#[tokio::test]
async fn commits_of_another_process_are_noticed_and_never_by_halves() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let shell = folder.shell();
    prepare(&shell);
    let (worker, mut view) = follow(&backing).await;
    let mut other = start(&folder.path(), 1, 300);
    let mut batches = 0;
    while other.child.try_wait().unwrap().is_none() {
        if tokio::time::timeout(Duration::from_millis(50), view.next()).await.is_ok() {
            check(&view.held);
            batches += 1;
        }
    }
    assert!(other.child.wait().unwrap().success());
    view.until(&crate::common::contents(&shell)).await;
    assert!(batches > 1, "it was told while the other process wrote");
    assert_eq!(worker.report().restarts, 0);
}

/// Just after one of the looks that happen in any case.
const CALM: Duration = Duration::from_millis(220);

/// Where only looking now and then finds a commit, it takes longer than a tenth of a second.
#[tokio::test]
async fn a_commit_of_another_program_is_noticed_by_the_watch_of_the_folder() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let (_worker, mut view) = follow(&backing).await;
    let shell = folder.shell();
    let mut took = [Duration::ZERO; 15];
    for (value, took) in (0..).zip(&mut took) {
        tokio::time::sleep(CALM).await;
        let began = Instant::now();
        put(&shell, "x", &value.to_string());
        view.until(&held([("x", value)])).await;
        *took = began.elapsed();
    }
    took.sort_unstable();
    assert!(took[7] < Duration::from_millis(50), "half of the commits took longer than {:?}", took[7]);
}
