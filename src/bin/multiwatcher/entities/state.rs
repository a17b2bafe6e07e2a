//! The whole state of a backing, as it was between two commits.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use multiwatcher::backing::Json;
use multiwatcher::driver::Report;
use multiwatcher::{Batch, Change, Config, EntityId, Filter};

use crate::database::Database;
use crate::error::CommandError;
use crate::signals::Signals;

/// After so many failures a command that looks once gives up.
const PATIENCE: u64 = 3;
/// How often a command that waits looks how the worker fares.
const PAUSE: Duration = Duration::from_millis(250);

/// What a backing held at one moment.
#[derive(Debug)]
pub(crate) struct State {
    /// Its entities.
    pub(crate) entities: BTreeMap<EntityId, Arc<Json>>,
    /// Those that are there and cannot be read, with the reason.
    pub(crate) unreadable: Vec<(EntityId, String)>,
}

/// Takes the state that a filter lets through.
pub(crate) async fn whole(database: &Database, filter: Filter) -> Result<State, CommandError> {
    let mut signals = Signals::new()?;
    let worker = database.start(Config::default());
    let failed = |why: String| CommandError::Backing { locator: database.locator().clone(), why };
    let reader = worker.watch(filter.clone()).map_err(|error| failed(error.to_string()))?;
    let mut ticks = pause();
    let batch = loop {
        tokio::select! {
            biased;
            batch = reader.next() => break batch.map_err(|error| failed(error.to_string()))?,
            stop = signals.next() => return Err(CommandError::Stopped(stop)),
            _ = ticks.tick() => give_up(&worker.report()).map_or(Ok(()), |why| Err(failed(why)))?,
        }
    };
    let mut entities = BTreeMap::new();
    fold(&mut entities, &batch);
    let quarantined = worker.report().quarantined.into_iter().filter(|(id, _)| filter.passes(id));
    let unreadable: Vec<_> = quarantined.map(|(id, failure)| (id, failure.to_string())).collect();
    // What could be read again before the report was taken has its delta by then.
    while let Some(batch) = reader.try_next().map_err(|error| failed(error.to_string()))? {
        fold(&mut entities, &batch);
    }
    unreadable.iter().for_each(|(id, _)| drop(entities.remove(id)));
    drop(reader);
    database.end(worker).await;
    Ok(State { entities, unreadable })
}

fn fold(entities: &mut BTreeMap<EntityId, Arc<Json>>, batch: &Batch<Json>) {
    for delta in batch.deltas() {
        match delta.change() {
            Change::Changed => entities.insert(delta.id().clone(), Arc::clone(delta.value())),
            Change::Removed => entities.remove(delta.id()),
        };
    }
}

/// Why a command that looks once should not wait any longer.
pub(crate) fn give_up(report: &Report) -> Option<String> {
    let (_, failure) = report.last_failures.last()?;
    (report.census.failures >= PATIENCE).then(|| failure.to_string())
}

/// Ticks between two looks.
pub(crate) fn pause() -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(PAUSE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks
}
