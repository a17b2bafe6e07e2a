//! Servers that die, stop and come back, connections that are cut, and keys that expire.

use std::time::Duration;

use etcd_client::{Client, PutOptions};
use multiwatcher::backing::FailureKind;
use multiwatcher::backing::etcd::EtcdBacking;
use multiwatcher::machine::Config;
use multiwatcher::{Worker, driver::ResumeError};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::common::{LONG, PREFIX, View, contents, follow, held, id, impatient, key, open, short, until};
use crate::proxy::Proxy;
use crate::server::{Server, free_port};

pub(crate) async fn a_server_that_is_killed_and_comes_back_is_followed_again() {
    let mut server = Server::start().await;
    let backing = impatient().open::<i64, _>([server.endpoint()], PREFIX).await.unwrap();
    backing.transaction().put(id("x"), &0).put(id("y"), &0).commit().await.unwrap();
    let worker = Worker::start(backing.clone(), Config { window: 100, ..short() });
    let mut view = View::open(&worker).await;
    let identity = multiwatcher::Backing::identity(&backing);
    for round in 1..=3 {
        backing.put(id("x"), &round).await.unwrap();
        // Killed with what was just committed, told or not.
        server.kill();
        until("the server is missed", || worker.report().out_of_reach_for.is_some()).await;
        // Meanwhile readers are served.
        assert_eq!(View::open(&worker).await.held.len(), 2);
        let token = view.reader.resume_token().unwrap().unwrap();
        server.run();
        assert!(server.answers().await);
        server.etcdctl(&["put", &key("y"), &round.to_string()]);
        view.until(&held([("x", round), ("y", round)])).await;
        // A reader that comes back has the difference.
        let resumed = worker.resume(&token).await.unwrap();
        let batch = timeout(LONG, resumed.next()).await.unwrap().unwrap();
        assert!(batch.deltas().iter().any(|delta| delta.id() == &id("y")), "{batch:?}");
    }
    view.rests().await;
    assert_eq!(multiwatcher::Backing::identity(&backing), identity, "it is the same history");
    assert!(worker.report().restarts >= 3);
}

pub(crate) async fn a_server_that_is_stopped_is_found_dead_and_followed_again() {
    let server = Server::start().await;
    let backing = impatient().open::<i64, _>([server.endpoint()], PREFIX).await.unwrap();
    backing.put(id("x"), &1).await.unwrap();
    let (worker, mut view) = follow(&backing).await;
    server.stop();
    // A heartbeat of 300 ms and a call of a second, where TCP alone would take hours.
    let missed = until("the server is missed", || worker.report().out_of_reach_for.is_some());
    timeout(Duration::from_secs(3), missed).await.expect("it is missed soon");
    let error = backing.put(id("y"), &1).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Transient);
    assert!(error.to_string().contains("no answer within"), "{error}");
    server.go_on();
    // The put that was given up may have come through all the same.
    backing.put(id("x"), &2).await.unwrap();
    let wanted = contents(&server.endpoint()).await;
    view.until(&wanted).await;
    let failures = worker.report().last_failures;
    assert!(
        failures.iter().any(|(_, failure)| failure.to_string().contains("watching at")
            && failure.to_string().contains("no answer within")),
        "{failures:?}"
    );
    backing.put(id("x"), &3).await.unwrap();
    view.until(&contents(&server.endpoint()).await).await;
}

pub(crate) async fn connections_that_are_cut_again_and_again_lose_nothing() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.port).await;
    let backing = impatient().open::<i64, _>([proxy.endpoint()], PREFIX).await.unwrap();
    let (worker, mut view) = follow(&backing).await;
    let endpoint = server.endpoint();
    let (enough, mut stop) = oneshot::channel();
    let writing = tokio::spawn(async move {
        let direct = EtcdBacking::<i64>::open([endpoint], PREFIX).await.unwrap();
        for value in 0.. {
            if stop.try_recv().is_ok() {
                break;
            }
            let name = format!("{}", value % 7);
            // Two entities that always agree; now and then they go.
            let transaction = direct.transaction();
            let (one, other) = (id(&format!("{name} one")), id(&format!("{name} other")));
            let transaction = if value % 5 == 4 {
                transaction.remove(one).remove(other)
            } else {
                transaction.put(one, &value).put(other, &value)
            };
            transaction.commit().await.unwrap();
            sleep(Duration::from_millis(3)).await;
        }
    });
    let check = |view: &View| {
        for (name, value) in &view.held {
            let other = if let Some(name) = name.strip_suffix("one") {
                format!("{name}other")
            } else {
                name.replace("other", "one")
            };
            assert_eq!(view.held.get(&other), Some(value), "half a commit at {name}");
        }
    };
    // It is written all the while, however long it takes here to connect again.
    let cuts = 20;
    for _ in 0..cuts {
        until("the server is within reach again", || worker.report().out_of_reach_for.is_none()).await;
        proxy.cut();
        if timeout(Duration::from_millis(60), view.next()).await.is_ok() {
            check(&view);
        }
    }
    _ = enough.send(());
    writing.await.unwrap();
    let wanted = contents(&server.endpoint()).await;
    while view.held != wanted {
        view.next().await;
        check(&view);
    }
    view.rests().await;
    // A cut that comes before the one before it was noticed costs no restart of its own.
    assert!(worker.report().restarts >= cuts / 2, "{cuts} cuts, {} restarts", worker.report().restarts);
    assert!(proxy.connections() > 10);
}

pub(crate) async fn an_expired_lease_is_a_removal() {
    let server = Server::start().await;
    let backing = open(&server).await;
    let (worker, mut view) = follow(&backing).await;
    let mut client = Client::connect([server.endpoint()], None).await.unwrap();
    let lease = client.lease_grant(1, None).await.unwrap().id();
    for name in ["x", "y"] {
        client.put(key(name), "1", Some(PutOptions::new().with_lease(lease))).await.unwrap();
    }
    backing.put(id("stays"), &1).await.unwrap();
    view.until(&held([("x", 1), ("y", 1), ("stays", 1)])).await;
    let mut told = view.next().await;
    told.sort_unstable();
    assert_eq!(told, ["-x", "-y"], "the keys of a lease expire at once");
    assert_eq!(worker.report().restarts, 0);
}

pub(crate) async fn where_nobody_listens_opening_says_so() {
    let endpoint = format!("http://127.0.0.1:{}", free_port());
    let error = impatient().open::<i64, _>([&endpoint], PREFIX).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Transient);
    assert!(error.to_string().contains(&endpoint) && error.to_string().contains("refused"), "{error}");
    let error = impatient().open::<i64, _>([""; 0], PREFIX).await.unwrap_err();
    assert_eq!(error.to_string(), "expected at least one endpoint, such as http://127.0.0.1:2379");
    let error = impatient().open::<i64, _>(["http://not a host"], PREFIX).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Permanent, "{error}");
    // The next endpoint is tried.
    let server = Server::start().await;
    let backing = impatient().open::<i64, _>([endpoint, server.endpoint()], PREFIX).await.unwrap();
    let (worker, view) = follow(&backing).await;
    let token = view.reader.resume_token().unwrap().unwrap();
    // A token is good for one cluster.
    let another = Server::start().await;
    let (other, _view) = follow(&open(&another).await).await;
    assert!(matches!(other.resume(&token).await, Err(ResumeError::Gone { .. })));
    assert_eq!(worker.report().restarts, 0);
}
