//! The past comes back, or another file does, under a running worker.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use multiwatcher::backing::sqlite::SqliteBacking;
use multiwatcher::backing::{Backing, FailureKind};
use multiwatcher::driver::{ResumeError, Worker};
use multiwatcher::machine::{CauseClass, Config};
use rusqlite::Connection;
use rusqlite::backup::Backup;

use crate::common::{Folder, View, contents, follow, held, id, impatient, put, shell, short, until};

/// Copies one database over another, as the shell's `.backup` and `.restore` do.
fn copy(from: &Path, to: &Path) {
    let (from, mut to) = (shell(from), shell(to));
    Backup::new(&from, &mut to).unwrap().run_to_completion(i32::MAX, Duration::ZERO, None).unwrap();
}

/// Puts a file into the place of another one.
fn replace(from: &Path, to: &Path) {
    checkpoint(&shell(from));
    remove_log(to);
    fs::rename(from, to).unwrap();
}

/// The file alone then holds everything.
fn checkpoint(shell: &Connection) {
    shell.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

/// Copies a file onto another one, as `cp` does: it stays the same file.
fn overwrite(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
}

fn remove_log(of: &Path) {
    for end in ["-wal", "-shm"] {
        let mut log = of.as_os_str().to_owned();
        log.push(end);
        // The last program that closes a database has removed it.
        let _ = fs::remove_file(log);
    }
}

/// A worker that would take up each of its readers again: if a token is refused, it is not because of its age.
fn remembering(backing: &SqliteBacking<i64>) -> Worker<i64> {
    Worker::start(backing.clone(), Config { window: 1000, ..short() })
}

#[tokio::test]
async fn after_a_restored_backup_readers_see_the_difference_and_tokens_from_before_are_refused() {
    let folder = Folder::new();
    let (backing, backup) = (folder.open::<i64>().await, folder.file("backup.db"));
    backing.transaction().put(id("x"), &1).put(id("y"), &1).commit().await.unwrap();
    copy(&folder.path(), &backup);
    backing.transaction().put(id("x"), &2).put(id("z"), &2).remove(id("y")).commit().await.unwrap();
    let worker = remembering(&backing);
    let mut view = View::open(&worker).await;
    let token = view.reader.resume_token().unwrap().unwrap();
    let identity = backing.identity();

    copy(&backup, &folder.path());
    view.until(&held([("x", 1), ("y", 1)])).await;
    assert!(worker.report().last_failures.iter().any(|(_, failure)| failure.class() == CauseClass::Rewound));
    assert!(matches!(worker.resume(&token).await, Err(ResumeError::Gone { .. })));
    assert_ne!(backing.identity(), identity);
    let other = remembering(&backing);
    View::open(&other).await;
    assert!(matches!(other.resume(&token).await, Err(ResumeError::Gone { .. })));
    // Whoever opens it now finds that identity.
    assert_eq!(folder.open::<i64>().await.identity(), backing.identity());
}

/// The positions say nothing here: the restored history has come further than the worker.
#[tokio::test]
async fn another_history_that_is_longer_is_noticed_by_its_nonces() {
    let folder = Folder::new();
    let (backing, backup) = (folder.open::<i64>().await, folder.file("backup.db"));
    let first = backing.put(id("x"), &1).await.unwrap();
    copy(&folder.path(), &backup);
    let last = backing.put(id("lost"), &2).await.unwrap();
    let (worker, mut view) = follow(&backing).await;
    assert_eq!(view.held, held([("x", 1), ("lost", 2)]));

    let other = shell(&backup);
    for value in 0..5 {
        put(&other, "found", &value.to_string());
    }
    copy(&backup, &folder.path());
    let error = loop {
        match backing.changed(last, Vec::new()).await {
            Err(error) => break error,
            Ok(step) => assert_eq!(step.to, last, "it was told as if nothing had happened"),
        }
    };
    assert_eq!(error.kind(), FailureKind::Rewound, "{error}");
    view.until(&held([("x", 1), ("found", 4)])).await;
    assert_eq!(worker.report().restarts, 1);
    assert!(first < last);
}

/// SQLite knows nothing of it, and nobody commits afterwards.
#[tokio::test]
async fn a_backup_that_is_copied_onto_the_file_is_noticed() {
    let folder = Folder::new();
    let (backing, backup) = (folder.open::<i64>().await, folder.file("backup.db"));
    backing.put(id("x"), &1).await.unwrap();
    copy(&folder.path(), &backup);
    backing.put(id("x"), &2).await.unwrap();
    let worker = remembering(&backing);
    let mut view = View::open(&worker).await;
    let (token, identity) = (view.reader.resume_token().unwrap().unwrap(), backing.identity());

    checkpoint(&folder.shell());
    overwrite(&backup, &folder.path());
    view.until(&held([("x", 1)])).await;
    assert!(matches!(worker.resume(&token).await, Err(ResumeError::Gone { .. })));
    assert_ne!(backing.identity(), identity);
    // And what is written there is the past that came back.
    backing.put(id("y"), &3).await.unwrap();
    view.until(&held([("x", 1), ("y", 3)])).await;
    assert_eq!(contents(&folder.shell()), view.held);
}

/// Half of it is no database, and no reason to end.
#[tokio::test]
async fn a_backup_that_is_copied_onto_the_file_slowly_is_waited_for() {
    let folder = Folder::new();
    let (backing, backup) = (folder.open::<i64>().await, folder.file("backup.db"));
    let shell = folder.shell();
    for number in 0..300 {
        put(&shell, &format!("{number:0500}"), "1");
    }
    copy(&folder.path(), &backup);
    let before = contents(&shell);
    put(&shell, "lost", "2");
    let (_worker, mut view) = follow(&backing).await;
    checkpoint(&shell);
    drop(shell);
    let bytes = fs::read(&backup).unwrap();
    let mut file = fs::OpenOptions::new().write(true).truncate(true).open(folder.path()).unwrap();
    for part in bytes.chunks(bytes.len() / 16) {
        tokio::time::sleep(Duration::from_millis(10)).await;
        file.write_all(part).unwrap();
    }
    view.until(&before).await;
}

#[tokio::test]
async fn a_checkpoint_is_no_reason_to_load_again() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let (worker, mut view) = follow(&backing).await;
    let shell = folder.shell();
    for value in 0..20 {
        put(&shell, "theirs", &value.to_string());
        backing.put(id("ours"), &value).await.unwrap();
        checkpoint(&shell);
        view.until(&held([("theirs", value), ("ours", value)])).await;
    }
    view.rests().await;
    assert_eq!(worker.report().restarts, 0);
}

/// The lock is held for longer than the back-off: whoever subscribed meanwhile would keep the identity of the past.
#[tokio::test]
async fn nobody_goes_on_under_the_old_identity_because_the_new_one_cannot_be_written_yet() {
    let folder = Folder::new();
    let backing = impatient().open::<i64>(folder.path()).await.unwrap();
    let backup = folder.file("backup.db");
    backing.put(id("x"), &1).await.unwrap();
    let worker = remembering(&backing);
    let mut view = View::open(&worker).await;
    // Of the part of the past that comes back: only the identity tells that it is another one.
    let token = view.reader.resume_token().unwrap().unwrap();
    copy(&folder.path(), &backup);
    backing.put(id("x"), &2).await.unwrap();
    view.until(&held([("x", 2)])).await;
    let identity = backing.identity();

    let shell = folder.shell();
    checkpoint(&shell);
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    overwrite(&backup, &folder.path());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(View::open(&worker).await.held, held([("x", 2)]));
    shell.execute_batch("ROLLBACK").unwrap();
    view.until(&held([("x", 1)])).await;
    assert_ne!(backing.identity(), identity);
    assert!(matches!(worker.resume(&token).await, Err(ResumeError::Gone { .. })));
    let failures = worker.report().last_failures;
    assert!(failures.iter().any(|(_, failure)| failure.to_string().contains("another process held the lock")));
}

/// A folder whose database a backup is restored into while nobody has it open. Before that a reader was brought past the backup, and
/// rows of the log that were lost are written again. Returns the reader's token.
async fn restored_while_nobody_watches(folder: &Folder, again: i64) -> multiwatcher::driver::ResumeToken {
    let backup = folder.file("backup.db");
    let backing = folder.open::<i64>().await;
    backing.put(id("x"), &1).await.unwrap();
    copy(&folder.path(), &backup);
    backing.put(id("lost"), &2).await.unwrap();
    let identity = backing.identity();
    let (worker, view) = follow(&backing).await;
    let token = view.reader.resume_token().unwrap().unwrap();
    worker.kill();
    worker.wait().await;
    drop((worker, view, backing));

    copy(&backup, &folder.path());
    let shell = folder.shell();
    for value in 0..again {
        put(&shell, "found", &value.to_string());
    }
    assert_eq!(folder.open::<i64>().await.identity(), identity, "nothing but the log tells");
    token
}

#[tokio::test]
async fn a_token_of_what_was_lost_while_nobody_watched_is_refused_by_a_worker_that_comes_after_it() {
    // From a load that has come as far, and from one that has come further.
    for again in [1, 3] {
        let folder = Folder::new();
        let token = restored_while_nobody_watches(&folder, again).await;
        let backing = folder.open::<i64>().await;
        let worker = remembering(&backing);
        let mut view = View::open(&worker).await;
        backing.put(id("x"), &2).await.unwrap();
        view.until(&held([("x", 2), ("found", again - 1)])).await;
        let resumed = worker.resume(&token).await;
        assert!(matches!(resumed, Err(ResumeError::Gone { .. })), "{again}: {resumed:?}");
    }
}

/// The worker itself goes through each of the positions that come again.
#[tokio::test]
async fn a_token_of_what_was_lost_is_refused_by_a_worker_that_sees_its_rows_written_again() {
    let folder = Folder::new();
    let token = restored_while_nobody_watches(&folder, 0).await;
    let backing = folder.open::<i64>().await;
    let worker = remembering(&backing);
    let mut view = View::open(&worker).await;
    for value in 0..3 {
        backing.put(id("found"), &value).await.unwrap();
        view.until(&held([("x", 1), ("found", value)])).await;
    }
    let resumed = worker.resume(&token).await;
    assert!(matches!(resumed, Err(ResumeError::Gone { .. })), "{resumed:?}");
}

#[tokio::test]
async fn a_token_is_honoured_by_another_worker_if_nothing_was_restored() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    backing.put(id("x"), &1).await.unwrap();
    let (worker, view) = follow(&backing).await;
    let token = view.reader.resume_token().unwrap().unwrap();
    worker.kill();
    worker.wait().await;
    drop((worker, view, backing));
    let backing = folder.open::<i64>().await;
    let worker = remembering(&backing);
    let mut view = View::open(&worker).await;
    backing.put(id("y"), &2).await.unwrap();
    view.until(&held([("x", 1), ("y", 2)])).await;
    let reader = worker.resume(&token).await.unwrap();
    let mut resumed = View { reader, held: held([("x", 1)]) };
    assert_eq!(resumed.next().await, ["y=2"]);
}

#[tokio::test]
async fn a_file_in_the_place_of_another_one_is_noticed_and_has_an_identity_of_its_own() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    backing.put(id("old"), &1).await.unwrap();
    let (worker, mut view) = follow(&backing).await;
    let identity = backing.identity();
    let other = folder.file("other.db");
    drop(SqliteBacking::<i64>::open(&other).await.unwrap());
    put(&shell(&other), "new", "2");

    replace(&other, &folder.path());
    view.until(&held([("new", 2)])).await;
    assert_ne!(backing.identity(), identity);
    assert!(worker.report().restarts > 0);
    // Both ways lead to the new file.
    backing.put(id("both"), &3).await.unwrap();
    assert_eq!(contents(&folder.shell()), held([("new", 2), ("both", 3)]));
    view.until(&held([("new", 2), ("both", 3)])).await;
}

#[tokio::test]
async fn while_the_file_is_gone_readers_are_served_and_when_it_comes_back_they_go_on() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    backing.put(id("x"), &1).await.unwrap();
    let (worker, mut view) = follow(&backing).await;
    copy(&folder.path(), &folder.file("backup.db"));
    put(&shell(&folder.file("backup.db")), "x", "2");
    fs::remove_file(folder.path()).unwrap();
    until("the file is missed", || worker.report().out_of_reach_for.is_some()).await;
    let failures = worker.report().last_failures;
    let (_, failure) = failures.last().unwrap();
    assert!(failure.to_string().contains("expected a database at "), "{failure}");
    assert_eq!(View::open(&worker).await.held, held([("x", 1)]));
    let error = backing.put(id("y"), &1).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Transient, "{error}");
    replace(&folder.file("backup.db"), &folder.path());
    view.until(&held([("x", 2)])).await;
}

/// Programs that open the file from then on share another log than those that have it open: without a look they would never meet.
#[tokio::test]
async fn a_log_that_is_removed_under_the_worker_does_not_cut_it_off() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    backing.put(id("x"), &1).await.unwrap();
    let (_worker, mut view) = follow(&backing).await;
    checkpoint(&folder.shell());
    remove_log(&folder.path());
    let shell = folder.shell();
    put(&shell, "x", "2");
    view.until(&held([("x", 2)])).await;
    put(&shell, "x", "3");
    view.until(&held([("x", 3)])).await;
}

#[tokio::test]
async fn a_copy_has_an_identity_of_its_own() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    backing.put(id("x"), &1).await.unwrap();
    copy(&folder.path(), &folder.file("copy.db"));
    let other = SqliteBacking::<i64>::open(folder.file("copy.db")).await.unwrap();
    assert_ne!(other.identity(), backing.identity());
}
