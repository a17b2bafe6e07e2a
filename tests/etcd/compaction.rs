//! The history is compacted under the worker.

use std::time::Duration;

use multiwatcher::Worker;
use multiwatcher::backing::etcd::EtcdBacking;
use multiwatcher::backing::{Backing, FailureKind};
use multiwatcher::machine::{CauseClass, Position};
use tokio::time::{sleep, timeout};

use crate::common::{PREFIX, View, contents, follow, held, id, impatient, key, open, put_all, short, until};
use crate::proxy::Proxy;
use crate::server::Server;

pub(crate) async fn a_place_that_was_compacted_is_said_to_be() {
    let server = Server::start().await;
    let backing = impatient().page_size(2).open::<i64, _>([server.endpoint()], PREFIX).await.unwrap();
    let first = backing.put(id("x"), &1).await.unwrap();
    for name in ["a", "b", "c", "d"] {
        backing.put(id(name), &2).await.unwrap();
    }
    let mut load = backing.get_all();
    let mut page = async || std::future::poll_fn(|cx| load.as_mut().poll_next(cx)).await;
    assert_eq!(page().await.unwrap().unwrap().len(), 2);
    server.etcdctl(&["put", "elsewhere", "1"]);
    server.compact().await;
    let error = page().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), FailureKind::Pruned, "{error}");
    let error = backing.changed(first, Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Pruned, "{error}");
    assert!(error.to_string().contains("compacted"), "{error}");
    let latest = backing.position().await.unwrap();
    let error = backing.changed(Position(latest.0 + 1), Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Rewound, "{error}");
}

pub(crate) async fn a_worker_that_was_cut_off_while_the_history_was_compacted_loads_again() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.port).await;
    let backing = impatient().open::<i64, _>([proxy.endpoint()], PREFIX).await.unwrap();
    backing.transaction().put(id("x"), &1).put(id("y"), &1).put(id("z"), &1).commit().await.unwrap();
    let (worker, mut view) = follow(&backing).await;
    proxy.close();
    until("the server is missed", || worker.report().out_of_reach_for.is_some()).await;
    server.etcdctl(&["put", &key("x"), "2"]);
    server.etcdctl(&["del", &key("y")]);
    server.etcdctl(&["put", &key("born"), "3"]);
    server.compact().await;
    proxy.open();
    let mut told = view.next().await;
    told.sort_unstable();
    assert_eq!(told, ["-y", "born=3", "x=2"], "the difference and nothing else");
    view.rests().await;
    assert_eq!(view.held, held([("x", 2), ("z", 1), ("born", 3)]));
}

/// Every load takes many pages, and the history ends at the latest revision again and again.
pub(crate) async fn compaction_during_loads_costs_another_load() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.port).await;
    let backing = impatient().page_size(10).open::<i64, _>([proxy.endpoint()], PREFIX).await.unwrap();
    put_all(&backing, &(0..300).map(|number| number.to_string()).collect::<Vec<_>>(), 0).await;
    let (worker, mut view) = follow(&backing).await;
    let restarts = || worker.report().restarts;
    for round in 1.. {
        proxy.cut();
        for _ in 0..4 {
            server.etcdctl(&["put", &key("0"), &round.to_string()]);
            server.compact().await;
        }
        if round >= 10 && restarts() >= 5 {
            break;
        }
        assert!(round < 100, "{round} cuts, {} restarts", restarts());
    }
    view.until(&contents(&server.endpoint()).await).await;
    view.rests().await;
}

/// What cannot be read is read again and again, since a place that others' commits push into the past.
pub(crate) async fn an_entity_that_cannot_be_read_costs_no_load_when_the_history_is_compacted() {
    let server = Server::start().await;
    server.etcdctl(&["put", &key("bad"), "{"]);
    let backing: EtcdBacking<i64> = open(&server).await;
    let worker = Worker::start(backing, short());
    let mut view = View::open(&worker).await;
    until("it is unreadable", || !worker.report().quarantined.is_empty()).await;
    for round in 0..5 {
        server.etcdctl(&["put", "elsewhere", &round.to_string()]);
        let before = worker.report().census.position;
        until("it was read again", || worker.report().census.position > before).await;
        server.compact().await;
        sleep(Duration::from_millis(50)).await;
    }
    server.etcdctl(&["put", &key("bad"), "1"]);
    assert_eq!(view.next().await, ["bad=1"]);
    let pruned = worker.report().last_failures.iter().any(|(_, failure)| failure.class() == CauseClass::Pruned);
    assert!(!pruned, "{:?}", worker.report().last_failures);
    assert!(timeout(Duration::from_millis(10), view.next()).await.is_err());
}
