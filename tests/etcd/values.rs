//! What keys and values may be, and what the worker makes of the rest.

use etcd_client::{Client, WatchOptions};
use multiwatcher::backing::etcd::EtcdBacking;
use multiwatcher::backing::{Backing, FailureKind, Read};
use multiwatcher::driver::Worker;
use multiwatcher::machine::{Change, EntityId, ModelId};
use tokio::time::timeout;

use crate::common::{LONG, PREFIX, UNITS, contents, follow, held, id, key, open, put_all, short, until};
use crate::server::Server;

pub(crate) async fn a_value_that_is_not_json_is_an_error_about_it_alone() {
    let server = Server::start().await;
    server.etcdctl(&["put", &key("loaded badly"), "{"]);
    server.etcdctl(&["put", &key("good"), "1"]);
    let (worker, mut view) = follow(&open(&server).await).await;
    assert_eq!(view.held, held([("good", 1)]));
    server.etcdctl_txn(&format!("put \"{}\" \"\\\"no number\\\"\"\nput {} 2", key("changed badly"), key("good")));
    assert_eq!(view.next().await, ["good=2"]);
    let quarantined = worker.report().quarantined;
    let names: Vec<_> = quarantined.iter().map(|(id, _)| id.id()).collect();
    assert_eq!(names, ["changed badly", "loaded badly"]);
    assert!(quarantined[0].1.to_string().contains("unit/00000000-0000-0000-0000-000000000001/changed badly"));
    server.etcdctl(&["put", &key("loaded badly"), "3"]);
    server.etcdctl(&["del", &key("changed badly")]);
    view.until(&held([("good", 2), ("loaded badly", 3)])).await;
    until("nothing is unreadable", || worker.report().quarantined.is_empty()).await;
    assert_eq!(worker.report().restarts, 0);
}

pub(crate) async fn odd_ids_survive_and_odd_keys_are_no_entities() {
    let server = Server::start().await;
    let backing = open(&server).await;
    let ids: Vec<_> =
        ["", "/", "a/b", "%", "%2F", "ünï/cödé", "new\nline", "\0", " ", "\u{10ffff}", "a/../b", "entity"]
            .into_iter()
            .flat_map(|odd| {
                [
                    EntityId::new(odd, ModelId::from_u128(u128::MAX), "x"),
                    EntityId::new("unit", ModelId::from_u128(0), odd),
                ]
            })
            .collect();
    let (half, other_half) = ids.split_at(ids.len() / 2);
    for id in half {
        backing.put(id.clone(), &1).await.unwrap();
    }
    // One that is loaded, and one that is told.
    server.etcdctl(&["put", "/test/entity/nonsense", "1"]);
    let worker = Worker::start(backing.clone(), short());
    let reader = worker.watch_all_models().unwrap();
    let mut told: Vec<_> = reader.next().await.unwrap().deltas().iter().map(|delta| delta.id().clone()).collect();
    assert_eq!(told.len(), half.len());
    server.etcdctl(&["put", "/test/entity/unit/NO-UUID/x", "1"]);
    server.etcdctl(&["put", "/test/entity", "1"]);
    server.etcdctl(&["put", "/test/entity0", "1"]);
    for id in other_half {
        backing.put(id.clone(), &1).await.unwrap();
        let batch = timeout(LONG, reader.next()).await.unwrap().unwrap();
        told.extend(batch.deltas().iter().map(|delta| delta.id().clone()));
    }
    told.sort_unstable();
    let mut wanted = ids.clone();
    wanted.sort_unstable();
    assert_eq!(told, wanted);
    for id in ids {
        assert!(matches!(backing.get(&id).await, Ok(Read::Value(_))), "{id:?}");
        backing.remove(id.clone()).await.unwrap();
        let batch = timeout(LONG, reader.next()).await.unwrap().unwrap();
        assert_eq!((batch.deltas()[0].id(), batch.deltas()[0].change()), (&id, Change::Removed));
    }
    assert_eq!(worker.report().restarts, 0);
}

/// A commit whose events are more than the server sends in one message: a small request that removes many long keys.
pub(crate) async fn a_revision_that_comes_in_fragments_is_told_at_once() {
    const KEYS: usize = 3_000;
    let server = Server::start().await;
    let backing = open(&server).await;
    put_all(&backing, &(0..KEYS).map(|number| format!("{number}{}", "x".repeat(1_000))).collect::<Vec<_>>(), 1).await;
    let (worker, mut view) = follow(&backing).await;
    assert_eq!(view.held.len(), KEYS);
    // Whether the server sends fragments is what another watch shows.
    let mut other =
        Client::connect([server.endpoint()], None).await.unwrap().watch_client().max_decoding_message_size(1 << 30);
    let options = WatchOptions::new().with_prefix().with_fragment();
    let mut other = other.watch(UNITS, Some(options)).await.unwrap();
    assert!(other.message().await.unwrap().unwrap().created());

    server.etcdctl(&["del", "--prefix", UNITS]);
    let mut fragments = 1;
    while timeout(LONG, other.message()).await.unwrap().unwrap().unwrap().0.fragment {
        fragments += 1;
    }
    assert!(fragments > 1, "it came in one piece");
    assert_eq!(view.next().await.len(), KEYS, "a commit is told at once");
    assert!(view.held.is_empty());
    assert_eq!(worker.report().restarts, 0);
}

pub(crate) async fn large_values_are_loaded_and_told() {
    let server = Server::start().await;
    let backing = EtcdBacking::<String>::open([server.endpoint()], PREFIX).await.unwrap();
    let large = |letter: &str| letter.repeat(1_400_000);
    for name in ["a", "b", "c", "d", "e"] {
        backing.put(id(name), &large(name)).await.unwrap();
    }
    let worker = Worker::start(backing.clone(), short());
    let reader = worker.watch_all_models().unwrap();
    let first = timeout(LONG, reader.next()).await.unwrap().unwrap();
    assert_eq!(first.deltas().len(), 5);
    // Written while nobody reads, so that several come in one message, larger than clients usually take.
    let position = backing.position().await.unwrap();
    for name in ["a", "b", "c", "d", "e"] {
        backing.put(id(name), &large("z")).await.unwrap();
    }
    let step = backing.changed(position, Vec::new()).await.unwrap();
    assert_eq!(step.entities.len(), 5);
    let mut told = 0;
    while told < 5 {
        let batch = timeout(LONG, reader.next()).await.unwrap().unwrap();
        assert!(batch.deltas().iter().all(|delta| **delta.value() == large("z")));
        told += batch.deltas().len();
    }
    assert_eq!(worker.report().restarts, 0);
}

pub(crate) async fn a_transaction_too_large_for_the_server_says_so_and_commits_nothing() {
    let server = Server::start().await;
    let backing = open(&server).await;
    let names: Vec<_> = (0..200).map(|number| number.to_string()).collect();
    let many = names.iter().fold(backing.transaction(), |transaction, name| transaction.put(id(name), &1));
    let error = many.commit().await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Permanent);
    assert!(error.to_string().ends_with("(the server's --max-txn-ops is the limit)"), "{error}");
    let texts = EtcdBacking::<String>::open([server.endpoint()], PREFIX).await.unwrap();
    let error = texts.put(id("x"), &"x".repeat(2_000_000)).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Permanent);
    assert!(error.to_string().ends_with("(the server's --max-request-bytes is the limit)"), "{error}");
    assert!(contents(&server.endpoint()).await.is_empty());
    // Where the server takes more, so do we.
    let server = Server::start_with(&["--max-txn-ops=1000"]).await;
    let backing = open(&server).await;
    let (_worker, mut view) = follow(&backing).await;
    let many = names.iter().fold(backing.transaction(), |transaction, name| transaction.put(id(name), &1));
    many.commit().await.unwrap();
    assert_eq!(view.next().await.len(), names.len());
}
