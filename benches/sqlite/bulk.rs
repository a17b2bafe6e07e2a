//! Many entities at once: written while a worker watches, and loaded.

use std::path::Path;

use multiwatcher::backing::Backing;
use multiwatcher::backing::{Json, sqlite::SqliteBacking};
use multiwatcher::{Config, Worker};

use crate::common::clock::{Samples, Stopwatch, time};
use crate::common::world::id;

/// Entities of one transaction.
const BATCH: usize = 5000;

/// How long it took to write them, until a reader had been told all, and to load them.
pub(crate) async fn entities(database: &Path, count: usize, bytes: usize, loads: usize) -> (f64, f64, Samples) {
    let backing: SqliteBacking = SqliteBacking::open(database).await.expect("a database can be made");
    let values: Vec<_> = (0..count).map(|number| value(number, bytes)).collect();
    let worker = Worker::start(backing.clone(), Config::default());
    let reader = worker.watch_all_models().expect("it runs");
    reader.next().await.expect("it is told the whole state first");
    let reading = tokio::spawn(async move {
        let mut told = 0;
        while told < count {
            told += reader.next().await.expect("it runs").deltas().len();
        }
    });
    let watch = Stopwatch::start();
    for (batch, values) in values.chunks(BATCH).enumerate() {
        let mut transaction = backing.transaction();
        for (number, value) in values.iter().enumerate() {
            transaction = transaction.put(id(batch * BATCH + number), value);
        }
        transaction.commit().await.expect("the disk has room");
    }
    let imported = watch.nanos();
    reading.await.expect("a benchmark does not panic");
    let told = watch.nanos();
    worker.kill();
    worker.wait().await;
    let mut samples = Samples::default();
    for _ in 0..loads {
        let watch = Stopwatch::start();
        let mut load = backing.get_all();
        let mut pages = Vec::new();
        while let Some(page) = std::future::poll_fn(|cx| load.as_mut().poll_next(cx)).await {
            pages.push(page.expect("it can be read"));
        }
        samples.push(watch.nanos());
        assert_eq!(pages.iter().map(Vec::len).sum::<usize>(), count);
        // Freeing them is not the load's affair.
        time(|| drop(pages));
    }
    (imported, told, samples)
}

/// JSON of about so many bytes, as an agent would tell of itself.
pub(crate) fn value(number: usize, bytes: usize) -> Json {
    let status = serde_json::json!({
        "name": format!("application-{}/{}", number / 8, number % 8), "status": "active", "agent": "idle", "ports": [80, 443],
        "leader": number.is_multiple_of(8), "since": 1_700_000_000 + number,
    });
    let length = status.to_string().len();
    let mut status = status;
    status["message"] = "x".repeat(bytes.saturating_sub(length + 13)).into();
    Json::of(&status).expect("it is JSON")
}
