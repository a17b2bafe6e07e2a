//! A reader of a worker, told of another process's commits.

use std::path::Path;

use multiwatcher::{Config, SqliteBacking, Worker};

use crate::common::clock::Samples;
use crate::other::{Other, since};

/// How long it took until a call of `next` had returned with the value of each commit.
pub(crate) async fn told(database: &Path, rounds: usize) -> Samples {
    let backing = SqliteBacking::<u64>::open(database).await.expect("a database can be made");
    let worker = Worker::start(backing, Config::default());
    let reader = worker.watch_all_models().expect("it runs");
    reader.next().await.expect("it is told the whole state first");
    let _other = Other::start(database);
    // The calls are made in a task, as they are in a program.
    let reading = tokio::spawn(async move {
        let mut samples = Samples::default();
        for round in 0..rounds + rounds / 10 {
            let batch = reader.next().await.expect("it runs");
            let took = since(**batch.deltas()[0].value());
            if round >= rounds / 10 {
                samples.push(took);
            }
        }
        samples
    });
    let samples = reading.await.expect("a benchmark does not panic");
    worker.kill();
    worker.wait().await;
    samples
}
