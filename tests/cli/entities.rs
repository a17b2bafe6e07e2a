//! `put`, `rm`, `get`, `export` and `models`.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::{MODEL, OTHER, Place};
use crate::import::lines;

#[test]
fn what_is_put_is_got_until_it_is_removed() {
    let place = Place::new();
    place.put("a", r#"{"n": 1.50}"#);
    assert_eq!(place.ask(["get", "unit", MODEL, "a"]).done(), "{\"n\": 1.50}\n");
    place.ask_with(["put", "unit", MODEL, "a", "-"], b"  \"two\"\n").done();
    assert_eq!(place.ask(["get", "unit", MODEL, "a"]).done(), "\"two\"\n");
    place.ask(["put", "unit", MODEL, "a", "-7"]).done();
    assert_eq!(place.ask(["get", "unit", MODEL, "a"]).done(), "-7\n");
    let err = place.ask(["get", "machine", MODEL, "a"]).failed(1);
    assert_eq!(err, format!("error: there is no machine \"a\" in the model {MODEL}\n"));
    place.rm("a");
    place.ask(["get", "unit", MODEL, "a"]).failed(1);
    place.ask(["rm", "unit", MODEL, "a"]).failed(1);
    place.ask(["rm", "--force", "unit", MODEL, "a"]).done();
}

#[test]
fn a_value_that_cannot_be_read_is_said_to_be_there_and_can_be_removed() {
    let place = Place::new();
    place.put("good", "1");
    place.put("bad", "1");
    place.shell().execute("UPDATE entity SET value = '{' WHERE id = 'bad'", []).unwrap();
    let err = place.ask(["get", "unit", MODEL, "bad"]).failed(3);
    assert!(err.contains("the value of unit/") && err.contains("bad cannot be read"), "{err}");
    let export = place.ask(["export"]);
    assert_eq!(export.code, Some(3));
    assert!(export.out.contains("\"good\"") && !export.out.contains("\"bad\""), "{}", export.out);
    assert!(export.err.contains("1 of the entities cannot be read and are left out"), "{}", export.err);
    place.rm("bad");
    place.ask(["export"]).done();
}

#[test]
fn a_row_whose_id_is_not_utf_8_keeps_nothing_else_from_being_read() {
    let place = Place::new();
    place.put("good", "1");
    let sql = "INSERT INTO entity VALUES ('unit', ?, CAST(x'636166e9' AS TEXT), '1')";
    place.shell().execute(sql, [MODEL]).unwrap();
    for args in [&["export"][..], &["watch", "--once", "--json"]] {
        assert_eq!(place.ask(args).done().lines().count(), 1, "{args:?}");
    }
}

#[test]
fn an_export_comes_back_by_an_import() {
    let place = Place::new();
    place.put("z", "[1,\n {\"a\":\r\n\"\\n\"}]");
    place.ask(["put", "machine", OTHER, "0 \"quoted\"\n", "18446744073709551617"]).done();
    for number in 0..300 {
        place
            .shell()
            .execute("INSERT INTO entity VALUES ('unit', ?, ?, '{}')", [MODEL, &format!("u{number}")])
            .unwrap();
    }
    let exported = place.ask(["export"]).done();
    assert_eq!(exported.lines().count(), 302);
    let first = format!(r#"{{"kind":"machine","model":"{OTHER}","id":"0 \"quoted\"\n","value":18446744073709551617}}"#);
    assert_eq!(exported.lines().next(), Some(&*first));
    let said = place.ask_with(["import", "-b", "sqlite:copy.db", "--batch", "100", "-"], exported.as_bytes()).done();
    assert_eq!(said, "committed 302 entities in 4 transactions: standard input, lines 1 to 302\n");
    assert_eq!(place.ask(["export", "-b", "sqlite:copy.db"]).done(), exported);
    let some = place.ask(["export", "--model", OTHER, "--kind", "machine"]).done();
    assert_eq!(some, format!("{first}\n"));
    assert_eq!(place.ask(["export", "--model", OTHER, "--kind", "unit"]).done(), "");
}

#[test]
fn an_export_is_of_one_moment_while_somebody_writes() {
    let place = Place::new();
    // More than one page of a load lies between the two that always come to the same sum.
    place.ask_with(["import", "-"], lines("m", 5000, "0").as_bytes()).done();
    place.ask(["put", "a", MODEL, "left", "1000"]).done();
    place.ask(["put", "z", MODEL, "right", "0"]).done();
    let done = AtomicBool::new(false);
    let moves = "BEGIN IMMEDIATE; UPDATE entity SET value = value - 1 WHERE id = 'left';
        UPDATE entity SET value = value + 1 WHERE id = 'right'; COMMIT";
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (shell, mut count) = (place.shell(), 0);
            while !done.load(Ordering::Relaxed) {
                shell.execute_batch(moves).unwrap();
                count += 1;
            }
            count
        });
        let mut seen = BTreeSet::new();
        for _ in 0..12 {
            let exported = place.ask(["export"]).done();
            let of = |id: &str| {
                let line = exported.lines().find(|line| line.contains(&format!("\"id\":\"{id}\""))).unwrap();
                serde_json::from_str::<serde_json::Value>(line).unwrap()["value"].as_i64().unwrap()
            };
            assert_eq!(of("left") + of("right"), 1000, "half a commit");
            seen.insert(of("left"));
        }
        done.store(true, Ordering::Relaxed);
        let count: u32 = writer.join().unwrap();
        assert!(count > 100 && seen.len() > 6, "{count} commits, {} of them exported", seen.len());
    });
}

#[test]
fn models_are_counted() {
    let place = Place::new();
    place.put("a", "1");
    place.put("b", "1");
    place.ask(["put", "machine", MODEL, "0", "1"]).done();
    place.ask(["put", "machine", OTHER, "0", "1"]).done();
    insta::assert_snapshot!("models", place.ask(["models"]).done());
    insta::assert_snapshot!("models_json", place.ask(["models", "--json"]).done());
    let empty = place.ask(["export", "-b", "sqlite:none.db"]);
    assert_eq!(empty.code, Some(3));
    place.ask_with(["import", "-b", "sqlite:none.db", "-"], b"").done();
    assert_eq!(place.ask(["models", "-b", "sqlite:none.db"]).done(), "no models: there are no entities\n");
}
