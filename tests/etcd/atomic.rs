//! Several writers that move amounts between entities, each move in one transaction.

use std::collections::BTreeMap;
use std::time::Duration;

use etcd_client::{Client, Compare, CompareOp, GetOptions, Txn, TxnOp};
use multiwatcher::Worker;
use tokio::time::timeout;

use crate::common::{UNITS, View, contents, key, open, roll, short};
use crate::server::Server;

/// All entities always come to this.
const SUM: i64 = 1_000;
const WRITERS: u64 = 3;
const MOVES: usize = 150;

fn check(state: &BTreeMap<String, i64>) {
    assert_eq!(state.values().sum::<i64>(), SUM, "half a commit: {state:?}");
}

/// Moves amounts between five entities; one that has nothing is removed.
async fn write(endpoint: String, seed: u64) {
    let mut client = Client::connect([endpoint], None).await.unwrap();
    let (mut dice, mut moved) = (seed, 0);
    while moved < MOVES {
        let found = client.get(UNITS, Some(GetOptions::new().with_prefix())).await.unwrap();
        let names: Vec<_> = ["a", "b", "c", "d", "e"].map(key).into();
        let of = |name: &str| {
            let found = found.kvs().iter().find(|found| found.key_str().unwrap() == name);
            found.map_or((0, 0), |found| (found.value_str().unwrap().parse::<i64>().unwrap(), found.mod_revision()))
        };
        let mut draw = || &names[usize::try_from(roll(&mut dice) % 5).unwrap()];
        let (from, to) = (draw(), draw());
        let ((has, written), (gets, written_too)) = (of(from), of(to));
        if from == to || has == 0 {
            continue;
        }
        let amount = if roll(&mut dice).is_multiple_of(3) { has } else { 1 + (has - 1) / 2 };
        let taken = if amount == has {
            TxnOp::delete(from.as_str(), None)
        } else {
            TxnOp::put(from.as_str(), (has - amount).to_string(), None)
        };
        let txn = Txn::new()
            .when([
                Compare::mod_revision(from.as_str(), CompareOp::Equal, written),
                Compare::mod_revision(to.as_str(), CompareOp::Equal, written_too),
            ])
            .and_then([taken, TxnOp::put(to.as_str(), (gets + amount).to_string(), None)]);
        moved += usize::from(client.txn(txn).await.unwrap().succeeded());
    }
}

pub(crate) async fn transactions_of_several_writers_are_never_seen_by_halves() {
    let server = Server::start().await;
    let backing = open(&server).await;
    server.etcdctl(&["put", &key("a"), &SUM.to_string()]);
    let worker = Worker::start(backing.clone(), short());
    let mut view = View::open(&worker).await;
    check(&view.held);
    let writers: Vec<_> = (1..=WRITERS).map(|seed| tokio::spawn(write(server.endpoint(), seed * 7919))).collect();
    let mut batches = 0;
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        if timeout(Duration::from_millis(50), view.next()).await.is_ok() {
            check(&view.held);
            batches += 1;
        }
        // A view that begins in the middle, on a worker that loads in the middle.
        if batches % 40 == 0 {
            let other = Worker::start(backing.clone(), short());
            check(&View::open(&other).await.held);
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let wanted = contents(&server.endpoint()).await;
    while view.held != wanted {
        view.next().await;
        check(&view.held);
    }
    assert!(batches > 50, "only {batches} batches while others wrote");
    assert_eq!(worker.report().restarts, 0);
}
