//! What the worker logs. One test, and a program of its own: who subscribes to events is a matter of the whole process.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use multiwatcher::backing::MemoryBacking;
use multiwatcher::driver::Worker;
use multiwatcher::machine::{Backoff, Config, EntityId, ModelId};

/// Keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics under it").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn events_stand_under_the_worker_and_use_the_words_of_the_design() {
    let kept = Kept::default();
    let writer = kept.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    // A log of one commit: two at once are one too many, and the backing fails.
    let backing = MemoryBacking::new().tell_ids_only().keep_commits(1);
    let id = EntityId::new("unit", ModelId::from_u128(1), "mysql/0");
    let backoff = Backoff { min: Duration::from_millis(100), max: Duration::from_secs(1) };
    let worker = Worker::start(backing.clone(), Config { backoff, ..Config::default() });
    let reader = worker.watch_all_models().unwrap();
    reader.next().await.unwrap();
    backing.put(id.clone(), 1);
    reader.next().await.unwrap();
    backing.put(id.clone(), 2);
    backing.put(id, 3);
    reader.next().await.unwrap();
    worker.kill();
    worker.wait().await;
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    let span = text.split_once("worker{").and_then(|(_, rest)| rest.split_once('}')).map(|(span, _)| span).unwrap();
    let fields: Vec<_> = span.split(' ').map(|field| field.split('=').next().unwrap()).collect();
    assert_eq!(fields, ["backing", "epoch"]);
    insta::assert_snapshot!(text.replace(span, "..."));
}
