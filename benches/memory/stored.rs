//! What a worker holds of a database.

use multiwatcher::backing::{Json, sqlite::SqliteBacking};
use multiwatcher::machine::EntityId;
use multiwatcher::{Config, Worker};
use tempfile::TempDir;

use crate::common::world::id;
use crate::{COUNTED, each};

/// How many times the values' own size it may be.
pub(crate) const SHARE: f64 = 1.6;

/// The bytes of an entity's JSON, and what a worker that has loaded so many of them holds for each.
pub(crate) fn per_entity(count: usize) -> (f64, f64) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime of two threads can be made");
    let folder = TempDir::new().expect("a folder can be made");
    runtime.block_on(async {
        let backing = SqliteBacking::open(folder.path().join("entities.db")).await.expect("a database can be made");
        let mut text = 0;
        let all: Vec<_> = (0..count).map(id).collect();
        for ids in all.chunks(5000) {
            text += write(&backing, ids).await;
        }
        drop(all);
        let before = COUNTED.current_usage();
        let worker = Worker::start(backing, Config::default());
        let reader = worker.watch_all_models().expect("it runs");
        assert_eq!(reader.next().await.expect("it runs").deltas().len(), count);
        (ratio(text, count), each(before, count))
    })
}

/// Writes them; how many bytes of JSON that were.
async fn write(backing: &SqliteBacking, ids: &[EntityId]) -> usize {
    let (mut transaction, mut text) = (backing.transaction(), 0);
    for id in ids {
        let value = Json::of(&format!("{}{}", id.id(), "x".repeat(998 - id.id().len()))).expect("text is JSON");
        text += value.as_str().len();
        transaction = transaction.put(id.clone(), &value);
    }
    transaction.commit().await.expect("the disk has room");
    text
}

#[expect(clippy::cast_precision_loss, reason = "far fewer bytes than a float counts exactly")]
fn ratio(bytes: usize, count: usize) -> f64 {
    bytes as f64 / count as f64
}
