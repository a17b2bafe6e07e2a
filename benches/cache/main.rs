//! The speed of the model cache: `cargo bench --features cache --bench cache`, or with `-- --quick` a small run that only shows that it
//! still works.
//!
//! Units of some 600 bytes of JSON in one model. The pure part is measured alone: what a task adds is one lock and one wake-up. Then a
//! cache's own task, over a worker that has everything: how long the whole first batch takes, and how long, at the longest, nothing
//! else on that thread runs.

#[path = "../common/mod.rs"]
mod common;
mod polls;

use std::sync::Arc;

use common::clock::{Samples, time};
use common::table::{Figure, Options, Table};
use multiwatcher::backing::Json;
use multiwatcher::cache::entities::encode_delta;
use multiwatcher::cache::{Feed, Replica};
use multiwatcher::machine::{Batch, Change, Delta, EntityId, Epoch, ModelId, Position, Revno};

const ENTITIES: usize = 100_000;
const MODEL: ModelId = ModelId::from_u128(1);
/// Changes of a small batch.
const CHANGES: usize = 100;

fn main() {
    let options = Options::from_args();
    let mut table = Table::new(&options, format_args!("cache: units of one model, some 600 bytes each"));
    let entities = options.size(ENTITIES);
    let (mut replica, whole) = (Replica::new(), batch(1, 0..entities, "active"));
    let feed = replica.open();

    table.section("100,000 entities");
    let (took, ()) = time(|| apply(&mut replica, feed, &whole));
    table.figure(Figure::nanos("first batch", took).limit(1e9));
    let (other, same) = (replica.open(), batch(1, 0..entities, "active"));
    let (took, ()) = time(|| apply(&mut replica, other, &same));
    table.figure(Figure::nanos("another worker's first", took).limit(1e9));
    let (took, bytes) = time(|| encoded(&whole));
    table.figure(Figure::nanos("encoded as deltas", took).limit(1e9));
    table.note(format_args!("{} MB of deltas", bytes >> 20));

    table.section("the task, 100,000 entities");
    let ran = polls::run(entities, |number| (id(number), unit(number, "active")));
    for (name, took) in [("first batch", ran.first), ("another worker's, all new", ran.other)] {
        table.figure(Figure::nanos(name, took.whole));
        // A batch is taken in one poll, however large; what follows is done in slices.
        table.figure(Figure::nanos("  poll that takes it", took.longest).limit(1e7));
        table.figure(Figure::nanos("  longest other poll", took.slice).limit(3e6));
    }
    table.note(format_args!("polls in processor time"));

    table.section("100 changes");
    let mut kept = Vec::new();
    let (mut alone, mut beside, mut snapshots) = (Samples::default(), Samples::default(), Samples::default());
    for round in 0..options.rounds(200) {
        let changes = batch(round + 2, (0..CHANGES).map(|at| at * (entities / CHANGES)), "blocked");
        // A snapshot is kept of every second one.
        let is_kept = round % 2 == 1;
        if is_kept {
            let (took, snapshot) = time(|| replica.snapshot().cloned());
            snapshots.push(took);
            kept.push(snapshot);
        }
        let (took, ()) = time(|| apply(&mut replica, other, &changes));
        if is_kept { beside.push(took) } else { alone.push(took) }
    }
    table.figure(Figure::nanos("applied", alone.median()).p95(alone.p95()).limit(2e6));
    table.figure(Figure::nanos("  a snapshot being kept", beside.median()).p95(beside.p95()).limit(2e6));
    table.figure(Figure::nanos("a snapshot", snapshots.median()).p95(snapshots.p95()).limit(1e3));
    table.end();
}

fn apply(replica: &mut Replica, feed: Feed, batch: &Batch<Json>) {
    replica.apply(feed, Epoch(1), batch).expect("it is the latest feed");
}

fn encoded(batch: &Batch<Json>) -> usize {
    let encode = |delta: &Delta<Json>| encode_delta(delta.id(), delta.change(), delta.value());
    batch.deltas().iter().map(|delta| encode(delta).expect("it is a unit").as_str().len()).sum()
}

fn batch(revno: usize, numbers: impl Iterator<Item = usize>, status: &str) -> Batch<Json> {
    let revno = u64::try_from(revno).expect("few");
    let delta = |number| Delta::new(id(number), Revno(revno), Change::Changed, Arc::new(unit(number, status)));
    Batch::new(Revno(revno), Position(revno), numbers.map(delta).collect())
}

fn id(number: usize) -> EntityId {
    EntityId::new("unit", MODEL, format!("app-{}/{number}", number % 100))
}

fn unit(number: usize, status: &str) -> Json {
    let (application, machine) = (number % 100, number / 10);
    let text = format!(
        r#"{{"model-uuid":"{MODEL}","name":"app-{application}/{number}","application":"app-{application}","series":"jammy",
"base":"ubuntu@22.04","charm-url":"ch:amd64/jammy/redis-7","life":"alive","public-address":"10.0.0.10","private-address":"10.0.0.10",
"machine-id":"{machine}","ports":[{{"protocol":"tcp","number":6379}}],"port-ranges":[{{"from-port":6379,"to-port":6379,"protocol":"tcp"}}],
"principal":"","subordinate":false,"workload-status":{{"current":"{status}","message":"","since":"2026-11-24T03:19:49.677082Z","version":""}},
"agent-status":{{"current":"idle","message":"","since":"2026-11-24T03:19:48.357304Z","version":"3.6.0"}}}}"#
    );
    text.parse().expect("it is JSON")
}
