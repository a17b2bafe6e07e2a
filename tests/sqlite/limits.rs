//! Locks that are held, disks that are full, logs that are pruned.

use std::io::Write;
use std::process::{Command, Stdio};

use multiwatcher::Worker;
use multiwatcher::backing::sqlite::SqliteOptions;
use multiwatcher::backing::{Backing, FailureKind};
use multiwatcher::machine::Position;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::common::{Folder, View, contents, follow, held, id, impatient, put, short, until};

#[tokio::test]
async fn a_lock_that_is_not_released_fails_the_commit_and_keeps_no_reader_waiting() {
    let folder = Folder::new();
    let backing = impatient().open::<i64>(folder.path()).await.unwrap();
    backing.put(id("x"), &1).await.unwrap();
    let shell = folder.shell();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    put(&shell, "x", "2");
    let error = backing.put(id("x"), &3).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Transient);
    assert!(error.to_string().contains("another process held the lock"), "{error}");
    // It begins while the lock is held.
    let (worker, mut view) = follow(&backing).await;
    assert_eq!(view.held, held([("x", 1)]));
    shell.execute_batch("COMMIT").unwrap();
    assert_eq!(view.next().await, ["x=2"]);
    backing.put(id("x"), &3).await.unwrap();
    assert_eq!(view.next().await, ["x=3"]);
    assert_eq!(worker.report().restarts, 0);
}

#[tokio::test]
async fn a_database_that_is_locked_when_it_is_opened_may_be_opened_another_time() {
    let folder = Folder::new();
    let shell = folder.shell();
    shell.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = impatient().open::<i64>(folder.path()).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Transient, "{error}");
    shell.execute_batch("COMMIT").unwrap();
    impatient().open::<i64>(folder.path()).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_as_large_as_it_may_be_fails_the_commit_whole_and_nothing_else() {
    let folder = Folder::new();
    let backing = SqliteOptions::new().max_pages(30).open::<String>(folder.path()).await.unwrap();
    backing.put(id("x"), &"small".to_owned()).await.unwrap();
    let worker = Worker::start(backing.clone(), short());
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    let before = backing.position().await.unwrap();
    let mut transaction = backing.transaction();
    for number in 0..1000 {
        transaction = transaction.put(id(&format!("{number}")), &"large".repeat(200));
    }
    let error = transaction.commit().await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Transient);
    assert!(error.to_string().contains("full"), "{error}");
    assert_eq!(backing.position().await.unwrap(), before);
    let count = || folder.shell().query_row("SELECT count(*) FROM entity", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count(), 1);
    backing.put(id("y"), &"small".to_owned()).await.unwrap();
    assert_eq!(count(), 2);
    let told = reader.next().await.unwrap();
    assert_eq!(told.deltas().iter().map(|delta| delta.id().id()).collect::<Vec<_>>(), ["y"]);
    assert_eq!(worker.report().restarts, 0);
}

/// A disk of two megabytes, gone with the test.
struct Disk(TempDir);

impl Disk {
    /// None where this user may not mount one, or the system has none of the kind.
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mut mount = Command::new("mount");
        let done =
            mount.args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(folder.path()).stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Threads of the backing may still be ending: lazily, it goes when the last file is closed.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_fails_the_commit_whole_and_readers_go_on() {
    let Some(disk) = Disk::mount() else {
        let _ = writeln!(std::io::stderr(), "SKIPPED: no disk can be mounted here, so nobody tested one that is full");
        return;
    };
    let backing = impatient().open::<i64>(disk.0.path().join("entities.db")).await.unwrap();
    backing.put(id("x"), &1).await.unwrap();
    let (worker, mut view) = follow(&backing).await;
    let mut transaction = backing.transaction();
    for number in 0..5000 {
        transaction = transaction.put(id(&format!("{number:0500}")), &1);
    }
    let error = transaction.commit().await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Transient, "{error}");
    assert!(error.to_string().contains("full"), "{error}");
    view.rests().await;
    assert_eq!(View::open(&worker).await.held, held([("x", 1)]));
    // What did not become a commit has left its room behind.
    backing.put(id("x"), &2).await.unwrap();
    assert_eq!(view.next().await, ["x=2"]);
    assert_eq!(worker.report().restarts, 0);
}

#[tokio::test]
async fn a_worker_whose_place_was_pruned_loads_again() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let mut early = Position(0);
    for value in 0..10 {
        let position = backing.put(id("x"), &value).await.unwrap();
        early = if value == 2 { position } else { early };
    }
    let (worker, mut view) = follow(&backing).await;
    let shell = folder.shell();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    for (name, value) in [("x", "20"), ("y", "21"), ("z", "22")] {
        put(&shell, name, value);
    }
    shell
        .execute_batch("DELETE FROM change_log WHERE position < (SELECT max(position) FROM change_log); COMMIT")
        .unwrap();
    view.until(&held([("x", 20), ("y", 21), ("z", 22)])).await;
    assert_eq!(worker.report().restarts, 1);
    let error = backing.changed(early, Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Pruned, "{error}");
    assert!(error.to_string().contains("asked since row 3 of the log, which begins at 13"), "{error}");
}

fn rows(shell: &Connection) -> i64 {
    shell.query_row("SELECT count(*) FROM change_log", [], |row| row.get(0)).unwrap()
}

async fn write_many(backing: &multiwatcher::SqliteBacking<i64>) {
    for batch in 0..30i64 {
        let mut transaction = backing.transaction();
        for number in 0..1000 {
            transaction = transaction.put(id(&format!("{number}")), &(batch * 1000 + number));
        }
        transaction.commit().await.unwrap();
    }
}

#[tokio::test]
async fn the_log_is_pruned_behind_the_slowest_reader() {
    let folder = Folder::new();
    let backing = SqliteOptions::new().keep_log(100, 1_000_000).open::<i64>(folder.path()).await.unwrap();
    let (worker, mut view) = follow(&backing).await;
    let shell = folder.shell();
    shell.execute("INSERT INTO reader VALUES ('slow', 5, unixepoch())", []).unwrap();
    write_many(&backing).await;
    let oldest = || shell.query_row("SELECT min(position) FROM change_log", [], |row| row.get::<_, i64>(0)).unwrap();
    until("the log is pruned up to the slow reader", || oldest() == 5).await;
    shell.execute("UPDATE reader SET seen = seen - 3600 WHERE name = 'slow'", []).unwrap();
    view.until(&contents(&shell)).await;
    write_many(&backing).await;
    until("the log is pruned, for the slow reader is gone", || rows(&shell) < 30_000).await;
    view.until(&contents(&shell)).await;
    assert_eq!(worker.report().restarts, 0);
}

#[tokio::test]
async fn the_log_is_pruned_by_a_limit_whoever_reads() {
    let folder = Folder::new();
    let backing = SqliteOptions::new().keep_log(100, 5_000).open::<i64>(folder.path()).await.unwrap();
    let shell = folder.shell();
    shell.execute("INSERT INTO reader VALUES ('slow', 5, unixepoch())", []).unwrap();
    write_many(&backing).await;
    // Nobody reads here who would have it looked after now and then.
    until("the log is as short as it is to be", || rows(&shell) <= 5_000).await;
    assert_eq!(rows(&shell), 5_000);
    assert_eq!(contents(&shell).len(), 1000);
}
