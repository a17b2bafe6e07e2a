//! Watches one model: the state first, then what changes, once per entity.
//!
//! `cargo run --example watch_one_model`

#![expect(clippy::print_stdout, reason = "an example shows what it is told")]

use multiwatcher::backing::MemoryBacking;
use multiwatcher::driver::{NextError, Worker};
use multiwatcher::machine::{Batch, Change, Config, EntityId, ModelId};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model: ModelId = "4f3c0f7c-7a2b-4a50-8d7c-0b3a5f1f6a11".parse()?;
    let mysql = EntityId::new("unit", model, "mysql/0");
    let database = MemoryBacking::new();
    database.put(mysql.clone(), "waiting");

    let worker = Worker::start(database.clone(), Config::default());
    let reader = worker.watch_model(model)?;
    assert_eq!(tell(&reader.next().await?), ["mysql/0 is waiting"]);

    // However often it changes between two batches, it is told once, with its latest value.
    for status in ["installing", "starting", "active"] {
        database.put(mysql.clone(), status);
    }
    database.put(EntityId::new("unit", ModelId::from_u128(9), "other/0"), "of another model");
    assert_eq!(tell(&reader.next().await?), ["mysql/0 is active"]);

    database.remove(mysql);
    assert_eq!(tell(&reader.next().await?), ["mysql/0 is gone"]);

    reader.stop();
    assert!(matches!(reader.next().await, Err(NextError::Stopped)));
    Ok(())
}

fn tell(batch: &Batch<&'static str>) -> Vec<String> {
    let lines: Vec<_> = batch
        .deltas()
        .iter()
        .map(|delta| match delta.change() {
            Change::Changed => format!("{} is {}", delta.id().id(), delta.value()),
            Change::Removed => format!("{} is gone", delta.id().id()),
        })
        .collect();
    println!("{}: {}", batch.revno(), lines.join(", "));
    lines
}
