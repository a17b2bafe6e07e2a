//! Comes back with a token after the reader was gone: told is what changed meanwhile, or that too much has.
//!
//! `cargo run --example resume`

#![expect(clippy::print_stdout, reason = "an example shows what it is told")]

use multiwatcher::backing::MemoryBacking;
use multiwatcher::driver::{Multiwatcher, ResumeError, ResumeToken, Worker};
use multiwatcher::machine::{Change, Config, EntityId, ModelId};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (model, database) = (ModelId::from_u128(1), MemoryBacking::new());
    let unit = |name: &str| EntityId::new("unit", model, name);
    // The last ten changes of the store can be resumed from.
    let worker = Worker::start(database.clone(), Config { window: 10, ..Config::default() });
    database.transaction().put(unit("mysql/0"), 1).put(unit("mysql/1"), 1).commit();

    let reader = worker.watch_model(model)?;
    println!("at first:  {:?}", told(&reader).await?);
    let token = reader.resume_token()?.expect("it has had its first batch").to_string();
    println!("the token: {}...", &token[..24]);
    drop(reader);

    database.remove(unit("mysql/0"));
    database.put(unit("mysql/2"), 1);
    settle(&worker, &database).await;
    let token: ResumeToken = token.parse()?;
    let meanwhile = told(&worker.resume(&token).await?).await?;
    println!("meanwhile: {meanwhile:?}");
    assert_eq!(meanwhile, ["-mysql/0", "mysql/2"]);

    for value in 2..20 {
        database.put(unit("mysql/1"), value);
        settle(&worker, &database).await;
    }
    match worker.resume(&token).await {
        // What a reader does then: open anew, and replace its view by the first batch.
        Err(error @ ResumeError::Gone { .. }) => println!("too late:  {error}"),
        other => panic!("expected that it is gone, got {other:?}"),
    }
    Ok(())
}

async fn told(reader: &Multiwatcher<u32>) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let batch = reader.next().await?;
    let tell = |change| if change == Change::Removed { "-" } else { "" };
    Ok(batch.deltas().iter().map(|delta| format!("{}{}", tell(delta.change()), delta.id().id())).collect())
}

/// Until the worker has seen the latest commit.
async fn settle(worker: &Worker<u32>, database: &MemoryBacking<u32>) {
    while worker.report().census.position != database.position() {
        tokio::task::yield_now().await;
    }
}
