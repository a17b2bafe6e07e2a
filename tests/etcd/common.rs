//! What the tests share: a runtime, keys, and what a cluster holds.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use etcd_client::{Client, GetOptions};
use multiwatcher::backing::etcd::{EtcdBacking, EtcdOptions};

use crate::server::Server;
pub(crate) use crate::view::{LONG, View, follow, held, id, short, until};

/// Where the tests keep their entities.
pub(crate) const PREFIX: &str = "/test";

/// Where `etcdctl` finds those of `id`.
pub(crate) const UNITS: &str = "/test/entity/unit/00000000-0000-0000-0000-000000000001/";

/// Runs a test on a runtime of its own.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test);
}

/// The key of that entity.
pub(crate) fn key(name: &str) -> String {
    format!("{UNITS}{name}")
}

/// Options that do not wait long.
pub(crate) fn impatient() -> EtcdOptions {
    EtcdOptions::new()
        .connect_timeout(Duration::from_millis(500))
        .call_timeout(Duration::from_secs(1))
        .heartbeat(Duration::from_millis(300))
}

pub(crate) async fn open(server: &Server) -> EtcdBacking<i64> {
    EtcdBacking::open([server.endpoint()], PREFIX).await.unwrap()
}

/// Commits a value for each of these entities, as many at a time as a server takes.
pub(crate) async fn put_all(backing: &EtcdBacking<i64>, names: &[String], value: i64) {
    for names in names.chunks(100) {
        let transaction =
            names.iter().fold(backing.transaction(), |transaction, name| transaction.put(id(name), &value));
        transaction.commit().await.unwrap();
    }
}

/// What the cluster holds, by name.
pub(crate) async fn contents(endpoint: &str) -> BTreeMap<String, i64> {
    let mut client = Client::connect([endpoint], None).await.unwrap();
    let found = client.get(UNITS, Some(GetOptions::new().with_prefix())).await.unwrap();
    let entity = |found: &etcd_client::KeyValue| {
        let name = found.key_str().unwrap().strip_prefix(UNITS).unwrap().to_owned();
        (name, found.value_str().unwrap().parse().unwrap())
    };
    found.kvs().iter().map(entity).collect()
}

/// An xorshift: the same dice for the same seed.
pub(crate) fn roll(dice: &mut u64) -> u64 {
    *dice ^= *dice << 13;
    *dice ^= *dice >> 7;
    *dice ^= *dice << 17;
    *dice
}
