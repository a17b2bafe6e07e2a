//! What clients of the service cost and how soon they are told: `cargo bench --features service --bench service`, or with
//! `-- --quick` a small run that only shows that it still works. A word after `--` picks sections.
//!
//! Memory is counted over streams in memory, whose own bytes are taken off; times are over loopback TCP. What ships always has TLS: each is
//! measured with it too, against the same limits, and what the clients' ends of it hold is taken off. The
//! clients run in the same process, on the same two threads, and speak websocket frames by hand, so that next to nothing of what is
//! counted is theirs.

mod client;
#[path = "../common/mod.rs"]
mod common;
mod held;
mod place;
mod snapshot;
mod told;

use peak_alloc::PeakAlloc;

use common::table::{Figure, Options, Table, Unit};
use place::Way;

#[global_allocator]
static COUNTED: PeakAlloc = PeakAlloc;

const CLIENTS: usize = 1000;
const ENTITIES: usize = 100_000;
const WAYS: [(&str, Way); 2] = [("loopback TCP", Way::Tcp), ("loopback TCP with TLS", Way::Tls)];
/// Eight clients at once that are sent the same take no longer than so many that are served alone: the text is made once.
const SHARED: f64 = 4.0;

fn main() {
    let options = Options::from_args();
    let mut table = Table::new(&options, format_args!("service: {CLIENTS} clients that watch"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime of two threads can be made");
    let clients = if options.quick { 20 } else { CLIENTS };
    if options.wants("memory") {
        table.section("memory of a client that watches");
        let bytes = runtime.block_on(held::per_client(clients));
        table.figure(Figure::new("in-memory stream", Unit::Bytes, bytes).limit(40e3));
        table.note(format_args!("logged in, first state taken, one Next waits; the stream's"));
        table.note(format_args!("own buffers are taken off, the watcher in the machine is not"));
        let one_thread = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let one_thread = one_thread.expect("a runtime of one thread can be made");
        let bytes = one_thread.block_on(held::per_secure_client(clients));
        table.figure(Figure::new("loopback TCP with TLS", Unit::Bytes, bytes).limit(40e3));
        table.note(format_args!("without what the clients' ends hold"));
    }
    if options.wants("one change") {
        table.section("one change, until the last client has it");
        for (name, way) in WAYS {
            let mut took = runtime.block_on(told::one_change(way, clients, options.rounds(100)));
            table.figure(Figure::nanos(name, took.median()).p95(took.p95()).limit(60e6));
            table.note(format_args!("worst {:.1} ms", took.worst() / 1e6));
        }
    }
    if options.wants("100 changes a second") {
        table.section("100 changes a second");
        let (mut early, mut late) = runtime.block_on(told::steady(clients, if options.quick { 50 } else { 1000 }));
        let first = early.median();
        table.figure(Figure::nanos("told to all, first half", first).p95(early.p95()));
        table.figure(Figure::nanos("told to all, second half", late.median()).p95(late.p95()).limit(2.0 * first));
        table.note(format_args!("a queue that grew would show in the second half"));
    }
    if options.wants("first state") {
        table.section("first state of 100,000 units of 500 B");
        for (name, way) in WAYS {
            let (first, again, bytes) = runtime.block_on(snapshot::streamed(way, options.size(ENTITIES)));
            table.figure(Figure::nanos(name, first).limit(2e9));
            table.figure(Figure::nanos("eight more at once", again).limit(SHARED * first));
            table.figure(Figure::new("bytes of the reply", Unit::Bytes, bytes));
        }
    }
    table.end();
}
