//! Keeps a replica of all models, waits for a unit to settle, and prints what a model looks like.
//!
//! `cargo run --features cache --example model_cache`

#![expect(clippy::print_stdout, reason = "an example shows what it is told")]

use std::error::Error;

use multiwatcher::backing::{Json, JsonError, MemoryBacking};
use multiwatcher::cache::entities::EntityKind;
use multiwatcher::cache::status::model_summary;
use multiwatcher::cache::{CachedModel, ModelCache, Of};
use multiwatcher::driver::{Factory, OpenError};
use multiwatcher::machine::{Config, EntityId, Filter, ModelId};

const PROD: ModelId = ModelId::from_u128(1);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let database = MemoryBacking::<Json>::new();
    let opened = database.clone();
    let open = move || {
        let database = opened.clone();
        async move { Ok::<_, OpenError>(database) }
    };
    // From a factory, the cache outlives any worker: when one ends, it serves what it holds and opens another.
    let factory = Factory::new(open, Config::default());
    let cache = ModelCache::start(factory.clone());
    let deployed = tokio::spawn(deploy(database));

    // A snapshot is one moment: however long it is read, nothing in it changes.
    let mut machines = cache.strings(Filter::model(PROD).only_kinds([EntityKind::Machine.into()]));
    let (ids, _) = machines.next().await?;
    println!("machines at first: {}", ids.len());

    let is_up = |model: &CachedModel| {
        let mut units = model.units_of("redis").peekable();
        units.peek().is_some() && units.all(|unit| unit.workload_status.current == "active")
    };
    let model = cache.wait_for(PROD, |model| model.is_some_and(is_up)).await?.ok_or("it was there a moment ago")?;
    deployed.await??;

    for unit in model.units_of("redis") {
        let machine = model.machine_of(unit).map_or("nowhere", |machine| &machine.instance_id);
        println!("{} is {} on {machine}", unit.name, unit.workload_status.current);
    }
    let statuses: Vec<_> = model.counts().statuses(Of::UnitWorkload).collect();
    let summary = model_summary(&model).ok_or("the model says nothing of itself")?;
    println!("units: {statuses:?}");
    println!("summary: {}", serde_json::to_string(&summary.counts)?);
    let report = cache.report();
    println!("caught up: {}; out of reach for: {:?}", report.is_caught_up, report.out_of_reach_for);

    cache.kill();
    println!("{}", cache.wait().await);
    factory.close().await;
    Ok(())
}

/// Somebody deploys an application, one commit after the other.
async fn deploy(database: MemoryBacking<Json>) -> Result<(), JsonError> {
    let id = |kind, id: &str| EntityId::new(kind, PROD, id);
    let uuid = PROD.to_string();
    database.put(id("model", &uuid), r#"{"name": "prod", "owner": "admin"}"#.parse()?);
    database.put(id("application", "redis"), r#"{"charm-url": "ch:redis-7"}"#.parse()?);
    for number in 0..2 {
        let machine = format!(r#"{{"instance-id": "juju-{number}", "hardware-characteristics": {{"cpu-cores": 4}}}}"#);
        database.put(id("machine", &number.to_string()), machine.parse()?);
        for status in ["waiting", "active"] {
            let unit = format!(
                r#"{{"application": "redis", "machine-id": "{number}", "workload-status": {{"current": "{status}"}}}}"#
            );
            database.put(id("unit", &format!("redis/{number}")), unit.parse()?);
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
