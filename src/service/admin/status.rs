//! The state of the service in a few numbers.

use serde::Serialize;

use super::super::shared::Shared;

/// What the status page shows.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Status {
    connections: usize,
    /// `None` while there is no worker.
    worker: Option<Worker>,
}

#[derive(Debug, Clone, Serialize)]
struct Worker {
    revno: u64,
    position: u64,
    entities: usize,
    tombstones: usize,
    watchers: usize,
    watchers_behind: usize,
    calls_waiting: usize,
    queued: usize,
    quarantined: usize,
    restarts: u64,
    failures: u64,
    phase: String,
    out_of_reach_seconds: Option<u64>,
    is_over: bool,
    last_failure: Option<String>,
}

impl Status {
    pub(super) fn of(shared: &Shared) -> Self {
        let worker = shared.factory.report().map(|report| {
            let census = report.census;
            Worker {
                revno: census.revno.0,
                position: census.position.0,
                entities: census.entities,
                tombstones: census.tombstones,
                watchers: census.watchers.total(),
                watchers_behind: census.watchers.behind,
                calls_waiting: census.calls,
                queued: census.queued,
                quarantined: census.quarantined,
                restarts: report.restarts,
                failures: census.failures,
                phase: format!("{:?}", census.phase).to_lowercase(),
                out_of_reach_seconds: report.out_of_reach_for.map(|time| time.as_secs()),
                is_over: report.is_over,
                last_failure: report.last_failures.last().map(|(_, failure)| failure.to_string()),
            }
        });
        Self { connections: shared.connections.total(), worker }
    }

    /// What keeps clients from being told what changed; `None` if nothing does.
    pub(super) fn trouble(&self) -> Option<String> {
        let Some(worker) = &self.worker else { return Some("the worker has not been started".to_owned()) };
        let failure = worker.last_failure.as_deref().unwrap_or("no failure is known");
        if worker.is_over {
            return Some(format!("the worker has ended: {failure}"));
        }
        worker
            .out_of_reach_seconds
            .map(|seconds| format!("the backing has been out of reach for {seconds} s: {failure}"))
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a status has text keys and plain values")
    }
}
