//! Commits through the backing and by `etcdctl`, under a worker.

use std::time::Duration;

use multiwatcher::backing::etcd::{EtcdBacking, EtcdOptions};
use multiwatcher::backing::{Backing, Notice, Read, Subscription};
use multiwatcher::machine::{EntityId, ModelId, Position};
use tokio::time::timeout;

use crate::common::{LONG, PREFIX, UNITS, contents, follow, held, id, impatient, key, open, until};
use crate::server::Server;

pub(crate) async fn readers_are_told_what_is_committed_and_a_transaction_in_one_batch() {
    let server = Server::start().await;
    let backing = open(&server).await;
    backing.put(id("x"), &1).await.unwrap();
    let (worker, mut view) = follow(&backing).await;
    assert_eq!(view.held, held([("x", 1)]));
    let transaction = backing.transaction().put(id("y"), &2).put(id("z"), &0).put(id("z"), &3).remove(id("x"));
    assert_eq!(transaction.len(), 3);
    let position = transaction.commit().await.unwrap();
    assert_eq!(view.next().await.len(), 3);
    assert_eq!(view.held, held([("y", 2), ("z", 3)]));
    assert_eq!(worker.report().census.position, position);
    assert_eq!(backing.transaction().commit().await.unwrap(), position, "an empty one changes nothing");
    assert!(matches!(backing.get(&id("z")).await, Ok(Read::Value(value)) if *value == 3));
    assert!(matches!(backing.get(&id("x")).await, Ok(Read::Absent)));
}

pub(crate) async fn what_etcdctl_writes_is_noticed_whatever_the_command() {
    let server = Server::start().await;
    let (_worker, mut view) = follow(&open(&server).await).await;
    let (x, y, z) = (key("x"), key("y"), key("z"));
    let range: &[&[&str]] = &[
        &["put", &x, "1"],
        &["put", &x, "2"],
        &["put", "--prev-kv", &y, "3"],
        &["del", &x],
        &["put", &x, "4"],
        &["put", &z, "5"],
        &["del", &x, &z],
        &["del", "--prefix", UNITS],
    ];
    for command in range {
        server.etcdctl(command);
        let wanted = contents(&server.endpoint()).await;
        timeout(LONG, view.until(&wanted)).await.unwrap_or_else(|_| panic!("not noticed: {command:?}"));
    }
    server.etcdctl_txn(&format!("put {x} 6\nput {y} 7"));
    assert_eq!(view.next().await, ["x=6", "y=7"]);
}

pub(crate) async fn a_load_of_many_pages_brings_everything_once() {
    let server = Server::start().await;
    let backing = EtcdOptions::new().page_size(100).open::<i64, _>([server.endpoint()], PREFIX).await.unwrap();
    for numbers in (0..1_000).collect::<Vec<u32>>().chunks(100) {
        let mut transaction = backing.transaction();
        for &number in numbers {
            let kind = if number % 2 == 0 { "machine" } else { "unit" };
            let id = EntityId::new(kind, ModelId::from_u128((number % 7).into()), number.to_string());
            transaction = transaction.put(id, &number.into());
        }
        transaction.commit().await.unwrap();
    }
    let mut load = backing.get_all();
    let mut pages = Vec::new();
    while let Some(page) = std::future::poll_fn(|cx| load.as_mut().poll_next(cx)).await {
        pages.push(page.unwrap());
        // What is committed meanwhile is of a later revision.
        backing.put(id("later"), &0).await.unwrap();
    }
    assert!(pages.len() >= 10, "{} pages", pages.len());
    let mut all: Vec<_> = pages
        .iter()
        .flatten()
        .map(|(id, read)| match read {
            Read::Value(value) => (id.id().parse::<i64>().unwrap(), **value),
            Read::Absent | Read::Error(_) => panic!("{read:?}"),
        })
        .collect();
    all.sort_unstable();
    assert_eq!(all, (0..1_000).map(|number| (number, number)).collect::<Vec<_>>());
}

/// What is committed between the look at the latest revision and the watch comes in one message, and is a step for each all the same: there
/// other workers may have stood.
pub(crate) async fn every_revision_is_a_step() {
    let server = Server::start().await;
    let backing = open(&server).await;
    let writer = open(&server).await;
    let writing = tokio::spawn(async move {
        for value in 0..i64::MAX {
            writer.transaction().put(id("x"), &value).put(id("y"), &value).commit().await.unwrap();
        }
    });
    for _ in 0..20 {
        let mut subscription = backing.watch().await.unwrap();
        let mut told = subscription.position;
        for _ in 0..5 {
            match next(&mut subscription).await {
                Notice::Step(step) => {
                    assert_eq!((step.from, step.to), (told, Position(told.0 + 1)), "nobody else commits");
                    assert_eq!(step.entities.len(), 2);
                    told = step.to;
                }
                other @ (Notice::Changed(_) | Notice::Mark(_)) => panic!("{other:?}"),
            }
        }
    }
    writing.abort();
}

/// The next notice that is no sign of life.
async fn next(subscription: &mut Subscription<i64>) -> Notice<i64> {
    loop {
        match timeout(LONG, std::future::poll_fn(|cx| subscription.notices.as_mut().poll_next(cx))).await {
            Ok(Some(Ok(Notice::Mark(_)))) => {}
            Ok(Some(Ok(notice))) => return notice,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) async fn a_subscription_stands_when_it_is_told_and_hands_over_steps_that_join() {
    let server = Server::start().await;
    let backing = open(&server).await;
    let before = backing.put(id("x"), &1).await.unwrap();
    let mut subscription = backing.watch().await.unwrap();
    assert!(subscription.position >= before);
    let mut told = subscription.position;
    for (name, value) in [("x", Some(2)), ("y", Some(3)), ("x", None)] {
        server.etcdctl(&["put", "elsewhere", "not ours"]);
        let position = match value {
            Some(value) => backing.put(id(name), &value).await.unwrap(),
            None => backing.remove(id(name)).await.unwrap(),
        };
        match next(&mut subscription).await {
            Notice::Step(step) => {
                assert_eq!((step.from, step.to), (told, position));
                assert_eq!(step.entities.len(), 1);
                let (id, read) = &step.entities[0];
                assert_eq!(id.id(), name);
                match (read, value) {
                    (Read::Value(read), Some(value)) => assert_eq!(**read, value),
                    (Read::Absent, None) => {}
                    other => panic!("{other:?}"),
                }
                told = position;
            }
            other @ (Notice::Changed(_) | Notice::Mark(_)) => panic!("{other:?}"),
        }
    }
}

pub(crate) async fn a_step_reads_what_was_touched_and_what_was_asked_at_one_moment() {
    let server = Server::start().await;
    let backing = open(&server).await;
    backing.put(id("untouched"), &0).await.unwrap();
    let first = backing.transaction().put(id("x"), &1).put(id("again"), &1).commit().await.unwrap();
    backing.put(id("y"), &2).await.unwrap();
    let middle = backing.position().await.unwrap();
    backing.remove(id("again")).await.unwrap();
    backing.put(id("again"), &1).await.unwrap();
    let last = backing.transaction().put(id("x"), &3).put(id("new"), &4).remove(id("y")).commit().await.unwrap();
    let shown = |step: multiwatcher::backing::Step<i64>, from| {
        assert_eq!((step.from, step.to), (from, last));
        step.entities.iter().map(|(id, read)| format!("{} {read:?}", id.id())).collect::<Vec<_>>()
    };
    let step = backing.changed(middle, vec![id("none"), id("x")]).await.unwrap();
    assert_eq!(shown(step, middle), ["again Value(1)", "new Value(4)", "none Absent", "x Value(3)", "y Absent"]);
    let step = backing.changed(first, Vec::new()).await.unwrap();
    assert_eq!(shown(step, first), ["again Value(1)", "new Value(4)", "x Value(3)"]);
    let step = backing.changed(Position(0), Vec::new()).await.unwrap();
    assert_eq!(shown(step, Position(0)), ["again Value(1)", "new Value(4)", "untouched Value(0)", "x Value(3)"]);
    let step = backing.changed(last, Vec::new()).await.unwrap();
    assert_eq!(shown(step, last), [""; 0]);
}

pub(crate) async fn a_subscription_is_never_silent() {
    let server = Server::start().await;
    let backing = impatient().open::<i64, _>([server.endpoint()], PREFIX).await.unwrap();
    let mut subscription = backing.watch().await.unwrap();
    for _ in 0..3 {
        let next = std::future::poll_fn(|cx| subscription.notices.as_mut().poll_next(cx));
        let mark = timeout(Duration::from_secs(1), next).await;
        assert!(matches!(mark, Ok(Some(Ok(Notice::Mark(at)))) if at == subscription.position), "{mark:?}");
    }
}

pub(crate) async fn two_backings_of_one_prefix_have_one_identity_and_notice_each_other() {
    let server = Server::start().await;
    let (one, other) = tokio::join!(open(&server), open(&server));
    assert_eq!(one.identity(), other.identity());
    let (_worker, mut view) = follow(&one).await;
    let elsewhere = EtcdBacking::<i64>::open([server.endpoint()], "/test/entity").await.unwrap();
    assert_ne!(elsewhere.identity(), one.identity());
    elsewhere.put(id("x"), &5).await.unwrap();
    let same = EtcdBacking::<i64>::open([server.endpoint()], "/test/").await.unwrap();
    assert_eq!(same.identity(), one.identity(), "a slash at the end says nothing");
    same.put(id("x"), &1).await.unwrap();
    assert_eq!(view.next().await, ["x=1"]);
    let another = Server::start().await;
    assert_ne!(open(&another).await.identity(), one.identity());
}

pub(crate) async fn what_was_committed_is_there_when_it_is_opened_again() {
    let mut server = Server::start().await;
    let backing = open(&server).await;
    let identity = backing.identity();
    let position = backing.put(id("x"), &7).await.unwrap();
    drop(backing);
    server.kill();
    server.run();
    assert!(server.answers().await);
    let backing = open(&server).await;
    assert_eq!(backing.identity(), identity);
    assert!(backing.position().await.unwrap() >= position);
    assert!(matches!(backing.get(&id("x")).await, Ok(Read::Value(value)) if *value == 7));
}

/// Where others write to other keys, the position moves on all the same, so it is not compacted away.
pub(crate) async fn the_servers_own_reports_move_the_position() {
    let server = Server::start_with(&["--experimental-watch-progress-notify-interval=200ms"]).await;
    let backing = open(&server).await;
    let (worker, mut view) = follow(&backing).await;
    for round in 0..3 {
        server.etcdctl(&["put", "elsewhere", &round.to_string()]);
        let latest = backing.position().await.unwrap();
        until("the position has moved", || worker.report().census.position >= latest).await;
    }
    view.rests().await;
    assert_eq!(worker.report().restarts, 0);
}

pub(crate) async fn dropped_calls_and_subscriptions_leave_nothing_behind() {
    let server = Server::start().await;
    let backing = open(&server).await;
    for _ in 0..50 {
        let _ = timeout(Duration::ZERO, backing.changed(Position(0), Vec::new())).await;
        drop(backing.watch().await.unwrap());
        let mut load = backing.get_all();
        let _ = timeout(Duration::ZERO, std::future::poll_fn(|cx| load.as_mut().poll_next(cx))).await;
    }
    let (worker, mut view) = follow(&backing).await;
    backing.put(id("x"), &1).await.unwrap();
    assert_eq!(view.next().await, ["x=1"]);
    // One watch is left, and none when the worker has ended.
    let watchers = || server.metric("etcd_debugging_mvcc_watcher_total");
    until("the server counts one watcher", || watchers() < 1.5).await;
    assert!(watchers() > 0.5);
    worker.kill();
    worker.wait().await;
    until("the server counts none", || watchers() < 0.5).await;
}
