//! Files that are no database of ours, or not any more: each a clear error.

use std::fs;

use multiwatcher::backing::sqlite::{SqliteBacking, SqliteOptions};
use multiwatcher::backing::{BackingError, FailureKind};
use multiwatcher::machine::CauseClass;

use crate::common::{Folder, LONG, follow, id, put};

/// Opening fails for good, and says this.
async fn refused(folder: &Folder, expected: &str) {
    let error: BackingError = SqliteBacking::<i64>::open(folder.path()).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Permanent, "{error}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = Folder::new();
    drop(folder.open::<i64>().await);
    folder.shell().pragma_update(None, "user_version", 99).unwrap();
    refused(&folder, "expected a database of schema version 1 at most, got one of version 99").await;
}

#[tokio::test]
async fn a_schema_that_becomes_newer_under_the_worker_ends_it() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let (worker, _view) = follow(&backing).await;
    folder.shell().execute_batch("BEGIN; ALTER TABLE entity ADD COLUMN more; PRAGMA user_version = 2; COMMIT").unwrap();
    let failure = tokio::time::timeout(LONG, worker.wait()).await.unwrap();
    assert_eq!(failure.class(), CauseClass::Permanent);
    assert!(failure.to_string().contains("got one of version 2"), "{failure}");
}

#[tokio::test]
async fn a_trigger_that_is_dropped_under_the_worker_ends_it() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let (worker, _view) = follow(&backing).await;
    folder.shell().execute_batch("DROP TRIGGER entity_deleted").unwrap();
    let failure = tokio::time::timeout(LONG, worker.wait()).await.unwrap();
    assert!(failure.to_string().contains("expected a trigger entity_deleted"), "{failure}");
    refused(&folder, "expected a trigger entity_deleted").await;
}

#[tokio::test]
async fn another_programs_database_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    folder.shell().execute_batch("CREATE TABLE entity (name)").unwrap();
    let before = fs::read(folder.path()).unwrap();
    refused(&folder, "got one of another program").await;
    assert_eq!(fs::read(folder.path()).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = Folder::new();
    fs::write(folder.path(), "certainly no database\n".repeat(1000)).unwrap();
    refused(&folder, "file is not a database").await;
}

#[tokio::test]
async fn a_file_that_must_exist_and_does_not_is_waited_for() {
    let folder = Folder::new();
    let error = SqliteOptions::new().must_exist().open::<i64>(folder.path()).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Transient);
    assert!(error.to_string().contains("entities.db"), "{error}");
    assert!(!folder.path().exists());
}

#[tokio::test]
async fn a_damaged_file_ends_the_worker_with_an_error_that_says_so() {
    let folder = Folder::new();
    let backing = folder.open::<String>().await;
    let mut transaction = backing.transaction();
    for number in 0..500 {
        transaction = transaction.put(id(&format!("x{number}")), &"x".repeat(1000));
    }
    transaction.commit().await.unwrap();
    drop(backing);
    let shell = folder.shell();
    shell.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(shell);
    // Everything but the page with the schema.
    let mut bytes = fs::read(folder.path()).unwrap();
    bytes[8192..].fill(0xa5);
    fs::write(folder.path(), bytes).unwrap();
    let failure = match SqliteBacking::<String>::open(folder.path()).await {
        Err(error) => error.to_string(),
        Ok(backing) => {
            let worker = multiwatcher::Worker::start(backing, crate::common::short());
            let failure = tokio::time::timeout(LONG, worker.wait()).await.unwrap();
            assert_eq!(failure.class(), CauseClass::Permanent);
            failure.to_string()
        }
    };
    assert!(failure.contains("malformed") && failure.contains("restore a backup"), "{failure}");
}

/// Half of a file that another one replaced: never taken for a state of the database.
#[tokio::test]
async fn a_damaged_file_in_the_place_of_a_good_one_ends_the_worker() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let shell = folder.shell();
    for number in 0..300 {
        put(&shell, &format!("{number:0500}"), "1");
    }
    let (worker, _view) = follow(&backing).await;
    shell.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let mut bytes = fs::read(folder.path()).unwrap();
    let half = bytes.len() / 2 / 8192 * 8192;
    bytes[half..].fill(0);
    drop(shell);
    fs::write(folder.file("half.db"), bytes).unwrap();
    fs::rename(folder.file("half.db"), folder.path()).unwrap();
    let failure = tokio::time::timeout(LONG, worker.wait()).await.unwrap();
    assert_eq!(failure.class(), CauseClass::Permanent, "{failure}");
    assert!(failure.to_string().contains("restore a backup"), "{failure}");
}
