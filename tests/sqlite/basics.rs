//! Commits through the backing and by plain SQL, under a worker.

use std::time::Duration;

use multiwatcher::backing::sqlite::{SqliteBacking, SqliteOptions};
use multiwatcher::backing::{Backing, Notice, Read};
use multiwatcher::machine::{Config, EntityId, ModelId, Position};
use tokio::time::timeout;

use crate::common::{Folder, LONG, MODEL, contents, follow, held, id, impatient, put, until};

#[tokio::test]
async fn readers_are_told_what_is_committed_and_a_transaction_in_one_batch() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    backing.put(id("x"), &1).await.unwrap();
    let (_worker, mut view) = follow(&backing).await;
    assert_eq!(view.held, held([("x", 1)]));
    backing.transaction().put(id("y"), &2).put(id("z"), &3).remove(id("x")).commit().await.unwrap();
    view.next().await;
    assert_eq!(view.held, held([("y", 2), ("z", 3)]));
}

#[tokio::test]
async fn plain_sql_is_noticed_whatever_the_statement() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let (_worker, mut view) = follow(&backing).await;
    let shell = folder.shell();
    let sql = [
        format!("INSERT INTO entity VALUES ('unit', '{MODEL}', 'x', '1'), ('unit', '{MODEL}', 'y', '2')"),
        "UPDATE entity SET value = value + 10 WHERE id = 'x'".to_owned(),
        format!("INSERT OR REPLACE INTO entity VALUES ('unit', '{MODEL}', 'x', '3')"),
        format!("INSERT INTO entity VALUES ('unit', '{MODEL}', 'x', '0') ON CONFLICT DO UPDATE SET value = '4'"),
        "UPDATE entity SET id = 'z' WHERE id = 'x'".to_owned(),
        "UPDATE OR REPLACE entity SET id = 'y' WHERE id = 'z'".to_owned(),
        "PRAGMA recursive_triggers = ON".to_owned(),
        format!("REPLACE INTO entity VALUES ('unit', '{MODEL}', 'y', '5')"),
        "DELETE FROM entity".to_owned(),
    ];
    for sql in sql {
        shell.execute_batch(&sql).unwrap();
        let wanted = contents(&shell);
        timeout(LONG, view.until(&wanted)).await.unwrap_or_else(|_| panic!("not noticed: {sql}"));
    }
}

#[tokio::test]
async fn a_transaction_that_is_rolled_back_is_never_seen() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let (_worker, mut view) = follow(&backing).await;
    let shell = folder.shell();
    shell.execute_batch("BEGIN").unwrap();
    put(&shell, "x", "1");
    shell.execute_batch("ROLLBACK").unwrap();
    put(&shell, "y", "2");
    assert_eq!(view.next().await, ["y=2"]);
}

#[tokio::test]
async fn a_load_of_many_pages_brings_everything_once() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let mut transaction = backing.transaction();
    for number in 0..5_000 {
        let (kind, model) = (if number % 2 == 0 { "machine" } else { "unit" }, ModelId::from_u128(number % 7));
        let value = i64::try_from(number).unwrap();
        transaction = transaction.put(EntityId::new(kind, model, number.to_string()), &value);
    }
    transaction.commit().await.unwrap();
    let mut load = backing.get_all();
    let mut pages = Vec::new();
    while let Some(page) = std::future::poll_fn(|cx| load.as_mut().poll_next(cx)).await {
        pages.push(page.unwrap());
    }
    assert!(pages.len() > 1, "one page shows nothing");
    let ids: Vec<_> = pages.iter().flatten().map(|(id, _)| id.id().parse::<i64>().unwrap()).collect();
    let values = pages.iter().flatten().map(|(_, read)| match read {
        Read::Value(value) => **value,
        Read::Absent | Read::Error(_) => panic!("{read:?}"),
    });
    assert_eq!(ids, values.collect::<Vec<_>>());
    let mut sorted = ids;
    sorted.sort_unstable();
    assert_eq!(sorted, (0..5_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_subscription_stands_when_it_is_told_and_hands_over_steps_that_join() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let before = backing.put(id("x"), &1).await.unwrap();
    let mut subscription = backing.watch().await.unwrap();
    assert_eq!(subscription.position, before);
    let mut told = before;
    for (name, value) in [("x", 2), ("y", 3)] {
        let position = backing.put(id(name), &value).await.unwrap();
        let notice = timeout(LONG, std::future::poll_fn(|cx| subscription.notices.as_mut().poll_next(cx))).await;
        match notice {
            Ok(Some(Ok(Notice::Step(step)))) => {
                assert_eq!((step.from, step.to), (told, position));
                assert_eq!(step.entities.iter().map(|(id, _)| id.id()).collect::<Vec<_>>(), [name]);
                told = position;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_step_reads_what_was_touched_and_what_was_asked_at_one_moment() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let first = backing.put(id("x"), &1).await.unwrap();
    backing.put(id("y"), &2).await.unwrap();
    let last = backing.transaction().put(id("x"), &3).remove(id("y")).commit().await.unwrap();
    let step = backing.changed(first, vec![id("none"), id("x")]).await.unwrap();
    assert_eq!((step.from, step.to), (first, last));
    let read: Vec<_> = step.entities.iter().map(|(id, read)| format!("{} {read:?}", id.id())).collect();
    assert_eq!(read, ["none Absent", "x Value(3)", "y Absent"]);
    let nothing = backing.changed(last, Vec::new()).await.unwrap();
    assert_eq!((nothing.from, nothing.to, nothing.entities.len()), (last, last, 0));
}

#[tokio::test]
async fn a_subscription_is_never_silent() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let mut subscription = backing.watch().await.unwrap();
    let next = std::future::poll_fn(|cx| subscription.notices.as_mut().poll_next(cx));
    let mark = timeout(Config::default().heartbeat / 2, next).await;
    assert!(matches!(mark, Ok(Some(Ok(Notice::Mark(Position(0)))))), "{mark:?}");
}

#[tokio::test]
async fn two_backings_of_one_file_have_one_identity_and_notice_each_other() {
    let folder = Folder::new();
    let (one, other) = (folder.open::<i64>().await, folder.open::<i64>().await);
    assert_eq!(one.identity(), other.identity());
    let (_worker, mut view) = follow(&one).await;
    other.put(id("x"), &1).await.unwrap();
    assert_eq!(view.next().await, ["x=1"]);
    let elsewhere = Folder::new();
    assert_ne!(elsewhere.open::<i64>().await.identity(), one.identity());
}

#[tokio::test]
async fn a_database_can_live_in_memory() {
    let backing = SqliteBacking::<i64>::in_memory().await.unwrap();
    let (_worker, mut view) = follow(&backing).await;
    for value in 0..100 {
        backing.transaction().put(id("x"), &value).put(id("y"), &-value).commit().await.unwrap();
    }
    view.until(&held([("x", 99), ("y", -99)])).await;
    assert_eq!(SqliteBacking::<i64>::in_memory().await.unwrap().position().await.unwrap(), Position(0));
}

#[tokio::test]
async fn what_was_committed_is_there_when_the_file_is_opened_again() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let identity = backing.identity();
    backing.put(id("x"), &7).await.unwrap();
    drop(backing);
    let backing = SqliteOptions::new().must_exist().open::<i64>(folder.path()).await.unwrap();
    assert_eq!(backing.identity(), identity);
    assert!(matches!(backing.get(&id("x")).await, Ok(Read::Value(value)) if *value == 7));
}

/// A dropped call must not keep the thread from the next one, nor a dropped subscription from being forgotten.
#[tokio::test]
async fn dropped_calls_and_subscriptions_leave_nothing_behind() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    for _ in 0..50 {
        let _ = timeout(Duration::ZERO, backing.changed(Position(0), Vec::new())).await;
        drop(backing.watch().await.unwrap());
        let mut load = backing.get_all();
        let _ = timeout(Duration::ZERO, std::future::poll_fn(|cx| load.as_mut().poll_next(cx))).await;
    }
    let (worker, mut view) = follow(&backing).await;
    backing.put(id("x"), &1).await.unwrap();
    assert_eq!(view.next().await, ["x=1"]);
    let shell = folder.shell();
    let readers = || shell.query_row("SELECT count(*) FROM reader", [], |row| row.get::<_, i64>(0)).unwrap();
    until("one reader is registered", || readers() == 1).await;
    worker.kill();
    worker.wait().await;
    assert_eq!(readers(), 0, "a process that ends now leaves nothing behind");
}

#[tokio::test]
async fn a_worker_has_not_ended_before_it_is_signed_off() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let (worker, view) = follow(&backing).await;
    let shell = folder.shell();
    let readers = || shell.query_row("SELECT count(*) FROM reader", [], |row| row.get::<_, i64>(0)).unwrap();
    until("a reader is registered", || readers() == 1).await;
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    worker.kill();
    let early = timeout(Duration::from_millis(200), worker.wait()).await;
    assert!(early.is_err(), "its row cannot have been removed while another program writes");
    shell.execute_batch("COMMIT").unwrap();
    timeout(LONG, worker.wait()).await.unwrap();
    assert_eq!(readers(), 0);
    drop((view, backing));
}

/// Other workers of the same backing go on, and a lock that is never released keeps nobody for long.
#[tokio::test]
async fn a_release_takes_no_other_worker_along_and_waits_no_longer_than_for_a_lock() {
    let folder = Folder::new();
    let backing = impatient().open::<i64>(folder.path()).await.unwrap();
    let ((one, _), (_other, mut view)) = (follow(&backing).await, follow(&backing).await);
    let shell = folder.shell();
    let readers = || shell.query_row("SELECT count(*) FROM reader", [], |row| row.get::<_, i64>(0)).unwrap();
    until("two readers are registered", || readers() == 2).await;
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    one.kill();
    timeout(Duration::from_secs(2), one.wait()).await.expect("the lock is waited for a tenth of a second");
    shell.execute_batch("COMMIT").unwrap();
    backing.put(id("x"), &1).await.unwrap();
    assert_eq!(view.next().await, ["x=1"]);
    assert!(readers() >= 1);
}
