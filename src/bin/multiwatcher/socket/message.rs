//! What can be asked, and how it is answered. Fields may be added to answers; whoever reads them skips what it does not know.

use core::time::Duration;

use multiwatcher::backing::Identity;
use multiwatcher::driver::Report;
use multiwatcher::machine::Phase;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::locator::Locator;

/// The version of the questions.
pub(super) const VERSION: u32 = 1;

/// A question, as it is sent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question {
    pub(super) version: u32,
    pub(super) ask: Ask,
}

/// What can be asked.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ask {
    /// How the worker fares.
    Report,
}

/// How it is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Answer {
    /// How the worker fares.
    Report(Box<Status>),
    /// The question could not be understood.
    Refused {
        /// What was expected.
        why: String,
    },
}

/// Which process answers.
#[derive(Debug)]
pub(super) struct Process {
    command: &'static str,
    backing: String,
    filter: String,
    began: Instant,
}

impl Process {
    pub(super) fn new(command: &'static str, locator: &Locator, filter: String) -> Self {
        Self { command, backing: locator.to_string(), filter, began: Instant::now() }
    }
}

/// A process and its worker's report: times in milliseconds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Status {
    /// Which subcommand it runs.
    pub(crate) command: String,
    pub(crate) pid: u32,
    /// The locator as it was typed.
    pub(crate) backing: String,
    pub(crate) filter: String,
    pub(crate) running_for: u64,
    /// Names the database and its past.
    pub(crate) identity: String,
    pub(crate) phase: String,
    pub(crate) epoch: String,
    pub(crate) revno: u64,
    pub(crate) position: u64,
    pub(crate) entities: usize,
    pub(crate) tombstones: usize,
    pub(crate) watchers: Watchers,
    pub(crate) calls: usize,
    pub(crate) queued: usize,
    pub(crate) queue_age: Option<u64>,
    pub(crate) out_of_reach_for: Option<u64>,
    pub(crate) restarts: u64,
    pub(crate) failures: u64,
    /// The last ones, newest last.
    pub(crate) last_failures: Vec<LastFailure>,
    pub(crate) quarantined: Vec<Quarantined>,
    pub(crate) is_over: bool,
}

/// The worker's watchers by state.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Watchers {
    pub(crate) fresh: usize,
    pub(crate) caught_up: usize,
    pub(crate) behind: usize,
    pub(crate) ended: usize,
}

/// A failure of the backing.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LastFailure {
    /// How long ago.
    pub(crate) ago: u64,
    pub(crate) error: String,
}

/// An entity that cannot be read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Quarantined {
    pub(crate) kind: String,
    pub(crate) model: String,
    pub(crate) id: String,
    pub(crate) error: String,
}

impl Status {
    pub(super) fn new(process: &Process, identity: Identity, report: &Report) -> Self {
        let census = &report.census;
        let failures = report.last_failures.iter();
        let quarantined = report.quarantined.iter();
        Self {
            command: process.command.to_owned(),
            pid: std::process::id(),
            backing: process.backing.clone(),
            filter: process.filter.clone(),
            running_for: millis(process.began.elapsed()),
            identity: identity.to_string(),
            phase: phase(census.phase).to_owned(),
            epoch: census.epoch.to_string(),
            revno: census.revno.0,
            position: census.position.0,
            entities: census.entities,
            tombstones: census.tombstones,
            watchers: Watchers {
                fresh: census.watchers.fresh,
                caught_up: census.watchers.caught_up,
                behind: census.watchers.behind,
                ended: census.watchers.ended,
            },
            calls: census.calls,
            queued: census.queued,
            queue_age: report.queue_age.map(millis),
            out_of_reach_for: report.out_of_reach_for.map(millis),
            restarts: report.restarts,
            failures: census.failures,
            last_failures: failures
                .map(|(ago, failure)| LastFailure { ago: millis(*ago), error: failure.to_string() })
                .collect(),
            quarantined: quarantined
                .map(|(id, failure)| Quarantined {
                    kind: id.kind.to_string(),
                    model: id.model.to_string(),
                    id: id.id().to_owned(),
                    error: failure.to_string(),
                })
                .collect(),
            is_over: report.is_over,
        }
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Waiting => "waiting",
        Phase::Subscribing => "subscribing",
        Phase::Loading => "loading",
        Phase::Completing => "completing",
        Phase::Following => "following",
        Phase::Ended => "ended",
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
