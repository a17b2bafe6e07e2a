//! The etcd backing held against the conformance kit: a prefix of its own for every case, written by another client, while the way to
//! the server is cut and its history compacted.

use std::cell::Cell;

use etcd_client::{Client, Txn, TxnOp};
use multiwatcher::EntityId;
use multiwatcher::backing::etcd::EtcdBacking;
use multiwatcher::testing::conformance::{Database, Databases, Error, Options, check};

use crate::common::impatient;
use crate::proxy::Proxy;
use crate::server::Server;

/// One server, and how many prefixes were handed out.
struct Etcd {
    server: Server,
    prefixes: Cell<usize>,
}

struct Prefix {
    name: String,
    proxy: Proxy,
    writer: Client,
    disturbed: usize,
}

impl Databases for Etcd {
    type Database = Prefix;

    async fn create(&self) -> Result<Prefix, Error> {
        let number = self.prefixes.replace(self.prefixes.get() + 1);
        let proxy = Proxy::to(self.server.port).await;
        let writer = Client::connect([self.server.endpoint()], None).await?;
        Ok(Prefix { name: format!("/case/{number}"), proxy, writer, disturbed: number })
    }
}

impl Prefix {
    /// As other programs write it.
    fn key(&self, id: &EntityId) -> String {
        let kind = id.kind.as_str().replace('%', "%25").replace('/', "%2F");
        format!("{}/entity/{kind}/{}/{}", self.name, id.model, id.id())
    }
}

impl Database for Prefix {
    type Backing = EtcdBacking<u8>;

    fn value(number: u8) -> u8 {
        number
    }

    async fn open(&mut self) -> Result<EtcdBacking<u8>, Error> {
        Ok(impatient().page_size(2).open([self.proxy.endpoint()], &self.name).await?)
    }

    async fn commit(&mut self, writes: Vec<(EntityId, Option<u8>)>) -> Result<(), Error> {
        let mut changes = std::collections::BTreeMap::new();
        // etcd takes one change of a key; the last one counts.
        changes.extend(writes);
        let change = |(id, value): (EntityId, Option<u8>)| match value {
            Some(value) => TxnOp::put(self.key(&id), value.to_string(), None),
            None => TxnOp::delete(self.key(&id), None),
        };
        let changes: Vec<_> = changes.into_iter().map(change).collect();
        self.writer.txn(Txn::new().and_then(changes)).await?;
        Ok(())
    }

    /// In turn: the connection is cut, the history is compacted, both.
    async fn disturb(&mut self) -> Result<(), Error> {
        self.disturbed += 1;
        let turn = self.disturbed % 3;
        if turn != 0 {
            self.proxy.cut();
        }
        if turn != 1 {
            let latest = self.writer.get("latest", None).await?.header().ok_or("no header")?.revision();
            // Another case may have compacted to there, if nothing was written since.
            let _ = self.writer.compact(latest, None).await;
        }
        Ok(())
    }
}

pub(crate) fn an_etcd_conforms_while_it_is_cut_off_and_compacted() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start());
    let etcd = Etcd { server, prefixes: Cell::new(0) };
    let report = check(&etcd, &Options::default()).unwrap_or_else(|failure| panic!("{failure}"));
    // A worker that is cut off tells more at once, so there are fewer batches than elsewhere.
    assert!(report.cases == 64 && report.batches > 150 && report.disturbed > 20 && report.workers > 20, "{report}");
    assert!(report.resumed > 10 && report.taken_over > 10, "{report}");
}
