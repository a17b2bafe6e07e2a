//! The speed of the etcd backing: `cargo bench --features etcd --bench etcd`, or with `-- --quick` a small run that only shows that it
//! still works. A word after `--` picks sections. Where there is no etcd it says so, and measures nothing.
//!
//! The clock runs from before a put is sent until a reader's call of `next` returns; in turn with that, until a bare watch of the same
//! client has its message. Both watch all the time, each a prefix of its own, at one server that this program starts.

#[path = "../common/mod.rs"]
mod common;
mod server;
mod telling;

use common::table::{Figure, Options, Table};
use multiwatcher::EtcdBacking;
use multiwatcher::backing::Backing;

use common::clock::{Samples, Stopwatch};
use common::world::id;
use server::Server;

/// Puts of each kind.
const ROUNDS: usize = 400;
const ENTITIES: usize = 20_000;
/// How much slower than the bare watch a reader may be told.
const SHARE: f64 = 1.5;

fn main() {
    let options = Options::from_args();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime of two threads can be made");
    let mut table = Table::new(&options, format_args!("etcd: a worker at a server of this program's own"));
    let Some(server) = runtime.block_on(Server::start()) else {
        table.note(format_args!("SKIPPED: no `etcd` is on the PATH, so nobody measured anything"));
        return;
    };
    if options.wants("a put") {
        table.section("a put");
        let (mut bare, mut told) = runtime.block_on(telling::told(&server.endpoint(), options.rounds(ROUNDS)));
        let (watch_took, took) = (bare.median(), told.median());
        table.figure(Figure::nanos("a bare watch", watch_took).p95(bare.p95()));
        table.figure(Figure::nanos("a reader of the worker", took).p95(told.p95()).limit(SHARE * watch_took));
        table.note(format_args!("{:.2} times the bare watch", took / watch_took));
    }
    if options.wants("20,000 entities of 200 B") {
        table.section("20,000 entities of 200 B");
        let mut loads = runtime.block_on(load(&server.endpoint(), options.size(ENTITIES), options.rounds(10)));
        table.figure(Figure::nanos("get_all", loads.median()).p95(loads.p95()));
    }
    table.end();
}

/// How long it takes to load so many entities.
async fn load(endpoint: &str, entities: usize, rounds: usize) -> Samples {
    let backing = EtcdBacking::<String>::open([endpoint], "/load").await.expect("the server runs");
    let numbers: Vec<_> = (0..entities).collect();
    for numbers in numbers.chunks(100) {
        let value = "x".repeat(198);
        let transaction =
            numbers.iter().fold(backing.transaction(), |transaction, &number| transaction.put(id(number), &value));
        transaction.commit().await.expect("the server runs");
    }
    let mut samples = Samples::default();
    for _ in 0..rounds {
        let watch = Stopwatch::start();
        let (mut load, mut loaded) = (backing.get_all(), 0);
        while let Some(page) = std::future::poll_fn(|cx| load.as_mut().poll_next(cx)).await {
            loaded += page.expect("the server runs").len();
        }
        samples.push(watch.nanos());
        assert_eq!(loaded, entities);
    }
    samples
}
