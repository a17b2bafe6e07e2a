//! Watches every model from several readers, through a factory that opens the database when it is first asked.
//!
//! `cargo run --example watch_all`

#![expect(clippy::print_stdout, reason = "an example shows what it is told")]

use std::collections::BTreeMap;

use multiwatcher::backing::MemoryBacking;
use multiwatcher::driver::{Factory, Multiwatcher, NextError, OpenError};
use multiwatcher::machine::{Change, Config, EntityId, Filter, Kind, ModelId};

type View = BTreeMap<EntityId, u32>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = MemoryBacking::new();
    let opened = database.clone();
    let factory = Factory::new(
        move || {
            let database = opened.clone();
            async move { Ok::<_, OpenError>(database) }
        },
        Config::default(),
    );

    // One worker for all of them, however they differ in what they see and how fast they are.
    let everything = tokio::spawn(follow(factory.watch_all_models().await?));
    let machines = Filter::all_models().only_kinds([Kind::new("machine")]);
    let machines = tokio::spawn(follow(factory.watch(machines).await?));

    for number in 0..1000u32 {
        let model = ModelId::from_u128(u128::from(number % 3));
        let kind = if number % 2 == 0 { "machine" } else { "unit" };
        let id = EntityId::new(kind, model, (number % 12).to_string());
        if number % 7 == 0 {
            database.remove(id);
        } else {
            database.put(id, number);
        }
        tokio::task::yield_now().await;
    }

    while factory.report().is_some_and(|report| report.census.position != database.position()) {
        tokio::task::yield_now().await;
    }
    // A reader that comes now sees what all others come to.
    let mut now = View::new();
    fold(&mut now, &factory.watch_all_models().await?).await?;
    while factory.report().is_some_and(|report| report.census.watchers.behind > 0) {
        tokio::task::yield_now().await;
    }
    factory.close().await;
    let ((everything, batches), (machines, _)) = (everything.await?, machines.await?);
    println!("1000 commits reached a reader in {batches} batches; {} entities are alive", everything.len());
    assert_eq!(everything, now);
    now.retain(|id, _| id.kind.as_str() == "machine");
    assert_eq!(machines, now);
    Ok(())
}

/// Keeps a view current until the reader's end, and counts the batches.
async fn follow(reader: Multiwatcher<u32>) -> (View, u32) {
    let (mut view, mut batches) = (View::new(), 0);
    while fold(&mut view, &reader).await.is_ok() {
        batches += 1;
    }
    (view, batches)
}

async fn fold(view: &mut View, reader: &Multiwatcher<u32>) -> Result<(), NextError> {
    for delta in reader.next().await?.deltas() {
        match delta.change() {
            Change::Changed => view.insert(delta.id().clone(), **delta.value()),
            Change::Removed => view.remove(delta.id()),
        };
    }
    Ok(())
}
