//! What rows may hold, and what the worker makes of the rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use multiwatcher::backing::{Json, sqlite::SqliteBacking};
use multiwatcher::driver::Worker;
use serde::{Deserialize, Serialize};

use crate::common::{Folder, MODEL, follow, held, id, put, short, until};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit {
    status: String,
}

#[tokio::test]
async fn a_value_that_is_not_json_is_an_error_about_it_alone() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let shell = folder.shell();
    put(&shell, "loaded badly", "{");
    put(&shell, "good", "1");
    let (worker, mut view) = follow(&backing).await;
    assert_eq!(view.held, held([("good", 1)]));
    shell.execute_batch("BEGIN").unwrap();
    put(&shell, "changed badly", "\"no number\"");
    put(&shell, "good", "2");
    shell.execute("INSERT INTO entity VALUES ('unit', ?, 'a blob', x'00ff')", [MODEL]).unwrap();
    shell.execute_batch("COMMIT").unwrap();
    assert_eq!(view.next().await, ["good=2"]);
    let quarantined = worker.report().quarantined;
    let names: Vec<_> = quarantined.iter().map(|(id, _)| id.id()).collect();
    assert_eq!(names, ["a blob", "changed badly", "loaded badly"]);
    assert!(quarantined[1].1.to_string().contains("unit/00000000-0000-0000-0000-000000000001/changed badly"));
    put(&shell, "loaded badly", "3");
    view.until(&held([("good", 2), ("loaded badly", 3)])).await;
    assert_eq!(worker.report().restarts, 0);
}

/// `CAST` makes a text of any bytes, and the table cannot tell.
fn put_unnamed(shell: &rusqlite::Connection, bytes: &str) {
    let sql = format!("INSERT INTO entity VALUES ('unit', '{MODEL}', CAST(x'{bytes}' AS TEXT), '1')");
    shell.execute_batch(&sql).unwrap();
}

#[tokio::test]
async fn a_row_whose_id_is_not_utf_8_is_passed_over_in_a_load_and_in_the_log() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let shell = folder.shell();
    put(&shell, "good", "1");
    put_unnamed(&shell, "636166e9");
    let (worker, mut view) = follow(&backing).await;
    assert_eq!(view.held, held([("good", 1)]));
    shell.execute_batch("BEGIN").unwrap();
    put_unnamed(&shell, "ff");
    put(&shell, "good", "2");
    shell.execute_batch("COMMIT").unwrap();
    assert_eq!(view.next().await, ["good=2"]);
    shell.execute("DELETE FROM entity WHERE id <> 'good'", []).unwrap();
    put(&shell, "good", "3");
    view.until(&held([("good", 3)])).await;
    assert_eq!(worker.report().restarts, 0);
}

#[tokio::test]
async fn a_load_goes_on_behind_a_row_that_is_no_entity_at_the_end_of_a_page() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let shell = folder.shell();
    shell.execute_batch("BEGIN").unwrap();
    for number in 0..2047 {
        put(&shell, &format!("a{number:04}"), "1");
    }
    put_unnamed(&shell, "61ff");
    put(&shell, "b", "1");
    shell.execute_batch("COMMIT").unwrap();
    let (_worker, view) = follow(&backing).await;
    assert_eq!((view.held.len(), view.held.get("b")), (2048, Some(&1)));
}

/// A number whose reading panics, once, if it is 13.
#[derive(Debug, PartialEq)]
struct Unlucky(i64);

static IS_UNLUCKY: AtomicBool = AtomicBool::new(true);

impl<'de> Deserialize<'de> for Unlucky {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        assert!(number != 13 || !IS_UNLUCKY.swap(false, Ordering::Relaxed), "it cannot be read");
        Ok(Self(number))
    }
}

#[tokio::test]
async fn a_value_that_panics_while_a_step_is_read_costs_a_restart_at_once() {
    let folder = Folder::new();
    let backing: SqliteBacking<Unlucky> = folder.open().await;
    let worker = Worker::start(backing, short());
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    put(&folder.shell(), "x", "13");
    // A worker that waited for signs of life in vain would take some seconds.
    let batch = tokio::time::timeout(Duration::from_secs(1), reader.next()).await.unwrap().unwrap();
    assert_eq!(*batch.deltas()[0].value(), Arc::new(Unlucky(13)));
    assert_eq!(worker.report().restarts, 1);
}

#[tokio::test]
async fn values_are_what_the_program_reads_them_as() {
    let folder = Folder::new();
    let backing: SqliteBacking<Unit> = folder.open().await;
    backing.put(id("x"), &Unit { status: "active".to_owned() }).await.unwrap();
    let worker = Worker::start(backing, short());
    let batch = worker.watch_all_models().unwrap().next().await.unwrap();
    assert_eq!(batch.deltas()[0].value().status, "active");
}

#[tokio::test]
async fn a_value_that_is_spelt_otherwise_is_no_change() {
    let folder = Folder::new();
    let backing: SqliteBacking = folder.open().await;
    let shell = folder.shell();
    put(&shell, "x", r#"{"a":1,"b":2}"#);
    let worker = Worker::start(backing, short());
    let reader = worker.watch_all_models().unwrap();
    let first = reader.next().await.unwrap();
    assert_eq!(**first.deltas()[0].value(), r#"{"b": 2, "a": 1}"#.parse::<Json>().unwrap());
    let before = worker.report().census.position;
    put(&shell, "x", r#"{ "b": 2, "a": 1 }"#);
    until("the commit has been taken in", || worker.report().census.position > before).await;
    assert!(reader.try_next().unwrap().is_none());
}

#[tokio::test]
async fn keys_that_name_no_entity_are_refused_by_the_table() {
    let folder = Folder::new();
    let _backing = folder.open::<i64>().await;
    let shell = folder.shell();
    let upper = "00000000-0000-0000-0000-00000000000A";
    for model in [upper, "1", "", "0000000000000000-0000-0000-000000-001", "0000000g-0000-0000-0000-000000000001"] {
        let error = shell.execute("INSERT INTO entity VALUES ('unit', ?, 'x', '1')", [model]).unwrap_err();
        assert!(error.to_string().contains("the model is a uuid in small letters"), "{model}: {error}");
    }
    let error = shell.execute("INSERT INTO entity VALUES (x'00', ?, 'x', '1')", [MODEL]).unwrap_err();
    assert!(error.to_string().contains("the kind is text"), "{error}");
    shell.execute("INSERT INTO entity VALUES ('unit', ?, 'x', '1')", [MODEL]).unwrap();
}
