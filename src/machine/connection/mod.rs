//! The connection to the backing: which life it is in, what is queued, asked and quarantined, and what time will make of it.
//!
//! It holds no entity of the store but those a load has staged, and decides nothing about watchers.

mod load;
mod quarantine;

use derive_where::derive_where;

use super::config::Config;
use super::error::{Cause, CauseClass};
use super::numbers::{FetchId, Generation, Position, Time};
use super::output::{Timeout, TimeoutReason};
use super::report::{Dropped, Failures, Phase};
use super::store::Slot;
pub(super) use load::Load;
pub(super) use quarantine::Quarantine;

#[derive(Debug)]
#[derive_where(Clone)]
pub(super) struct Connection<V> {
    pub(super) generation: Generation,
    pub(super) stage: ConnectionStage<V>,
    /// The last notice, mark or unasked step of this generation.
    pub(super) last_sign: Time,
    /// Ids that notices named and no fetch has asked for yet.
    pub(super) queue: Vec<Slot>,
    pub(super) queued_since: Option<Time>,
    /// Notices of ids that were queued already, since the beginning.
    pub(super) duplicates: u64,
    pub(super) in_flight: Option<InFlight>,
    /// After a fetch that came to nothing: not before this.
    pub(super) fetch_again_at: Option<Time>,
    /// Fetches in a row that came to nothing.
    pub(super) fetch_failures: u32,
    last_fetch: u64,
    /// Whether, besides the queue, there is a reason to ask: a gap was seen, or a fetch came to nothing.
    pub(super) fetch_wanted: bool,
    pub(super) quarantine: Quarantine,
    failures_in_a_row: u32,
    pub(super) failures: u64,
    pub(super) last_failures: Failures,
    pub(super) out_of_reach_since: Option<Time>,
    pub(super) dropped: Dropped,
}

/// What the connection is doing.
#[derive(Debug)]
#[derive_where(Clone)]
pub(super) enum ConnectionStage<V> {
    /// Out of reach; subscribes again at that moment.
    Waiting { until: Time },
    /// Subscribing, since that moment.
    Subscribing { since: Time },
    /// Loading. `since` is when the load last brought something.
    Loading { p0: Position, since: Time, load: Load<V> },
    /// The load is there; the step from p0 is asked for.
    Completing { p0: Position, load: Load<V> },
    /// Following, since that moment.
    Following { since: Time },
    /// Over.
    Ended,
}

/// The fetch that is in flight.
#[derive(Debug, Clone)]
pub(super) struct InFlight {
    pub(super) fetch: FetchId,
    pub(super) since: Position,
    pub(super) asked_at: Time,
    /// Entries of the ids it named, each marked as asked.
    pub(super) slots: Vec<Slot>,
}

impl<V> Connection<V> {
    pub(super) fn new(now: Time) -> Self {
        Self {
            generation: Generation(0),
            stage: ConnectionStage::Waiting { until: now },
            last_sign: now,
            queue: Vec::new(),
            queued_since: None,
            duplicates: 0,
            in_flight: None,
            fetch_again_at: None,
            fetch_failures: 0,
            last_fetch: 0,
            fetch_wanted: false,
            quarantine: Quarantine::new(),
            failures_in_a_row: 0,
            failures: 0,
            last_failures: Failures::new(),
            out_of_reach_since: None,
            dropped: Dropped::default(),
        }
    }

    /// Nothing will happen any more.
    pub(super) fn end(&mut self) {
        self.stage = ConnectionStage::Ended;
    }

    pub(super) fn phase(&self) -> Phase {
        match self.stage {
            ConnectionStage::Waiting { .. } => Phase::Waiting,
            ConnectionStage::Subscribing { .. } => Phase::Subscribing,
            ConnectionStage::Loading { .. } => Phase::Loading,
            ConnectionStage::Completing { .. } => Phase::Completing,
            ConnectionStage::Following { .. } => Phase::Following,
            ConnectionStage::Ended => Phase::Ended,
        }
    }

    /// Where the step must start, or before, that completes the load.
    pub(super) fn base(&self) -> Option<Position> {
        match self.stage {
            ConnectionStage::Completing { p0, .. } => Some(p0),
            ConnectionStage::Waiting { .. }
            | ConnectionStage::Subscribing { .. }
            | ConnectionStage::Loading { .. }
            | ConnectionStage::Following { .. }
            | ConnectionStage::Ended => None,
        }
    }

    /// Whether the subscription stands.
    pub(super) fn is_subscribed(&self) -> bool {
        match self.phase() {
            Phase::Loading | Phase::Completing | Phase::Following => true,
            Phase::Waiting | Phase::Subscribing | Phase::Ended => false,
        }
    }

    pub(super) fn next_fetch(&mut self) -> FetchId {
        self.last_fetch += 1;
        FetchId(self.last_fetch)
    }

    /// A fetch came to nothing. Whether that was once too often is returned.
    pub(super) fn fetch_failed(&mut self, now: Time, config: &Config) -> bool {
        self.fetch_failures += 1;
        self.fetch_again_at = Some(now.after(config.backoff.wait(self.fetch_failures)));
        self.fetch_failures >= config.fetch_attempts
    }

    /// The generation failed: remembers why, and waits for its back-off.
    pub(super) fn fail(&mut self, now: Time, cause: Cause, config: &Config) {
        if let ConnectionStage::Following { since } = self.stage
            && now.since(since) >= config.backoff.max
        {
            self.failures_in_a_row = 0;
        }
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        self.stage = ConnectionStage::Waiting { until: now.after(config.backoff.wait(self.failures_in_a_row)) };
        self.out_of_reach_since.get_or_insert(now);
        self.remember(now, cause);
        self.fetch_again_at = None;
        self.fetch_failures = 0;
        self.fetch_wanted = false;
        self.queued_since = None;
    }

    pub(super) fn remember(&mut self, now: Time, cause: Cause) {
        self.failures += 1;
        self.last_failures.push(now, cause);
    }

    /// The causes of the last failures, of what is in quarantine and of what a load could not read.
    pub(super) fn causes(&self) -> impl Iterator<Item = Cause> {
        let load = match &self.stage {
            ConnectionStage::Loading { load, .. } | ConnectionStage::Completing { load, .. } => Some(load),
            ConnectionStage::Waiting { .. }
            | ConnectionStage::Subscribing { .. }
            | ConnectionStage::Following { .. }
            | ConnectionStage::Ended => None,
        };
        let staged = load.into_iter().flat_map(|load| load.errors.values().copied());
        let remembered = self.last_failures.iter().map(|&(_, cause)| cause);
        remembered.chain(self.quarantine.iter().map(|(_, cause)| cause)).chain(staged)
    }

    /// How many failures in a row the next wait counts from; for fingerprints.
    pub(super) fn failures_in_a_row(&self) -> u32 {
        self.failures_in_a_row
    }

    /// The next moment at which time alone makes something happen.
    pub(super) fn deadline(&self, config: &Config) -> Option<Timeout> {
        let silence = self
            .is_subscribed()
            .then(|| (self.last_sign.after(config.heartbeat.saturating_mul(3)), TimeoutReason::Silence));
        let stage = match &self.stage {
            ConnectionStage::Waiting { until } => Some((*until, TimeoutReason::Reopen)),
            ConnectionStage::Subscribing { since } => {
                Some((since.after(config.call_timeout), TimeoutReason::SubscribeOverdue))
            }
            ConnectionStage::Loading { since, .. } => {
                Some((since.after(config.load_timeout), TimeoutReason::LoadOverdue))
            }
            ConnectionStage::Completing { .. } => self.fetch_deadline(config),
            ConnectionStage::Following { .. } => self.fetch_deadline(config).or_else(|| {
                let read_again = self.quarantine.next_due()?;
                Some((read_again.max(self.fetch_again_at.unwrap_or(Time::ZERO)), TimeoutReason::ReadAgain))
            }),
            ConnectionStage::Ended => None,
        };
        silence.into_iter().chain(stage).map(|(at, why)| Timeout { at, why }).min()
    }

    /// A fetch in flight becomes overdue; one that came to nothing is repeated.
    fn fetch_deadline(&self, config: &Config) -> Option<(Time, TimeoutReason)> {
        match &self.in_flight {
            Some(fetch) => Some((fetch.asked_at.after(config.call_timeout), TimeoutReason::FetchOverdue)),
            None => self.fetch_again_at.map(|at| (at, TimeoutReason::FetchAgain)),
        }
    }
}

impl Cause {
    /// Whether the machine ends with it instead of opening the backing again.
    pub(super) fn is_final(self) -> bool {
        match self.class {
            CauseClass::Permanent | CauseClass::Killed => true,
            CauseClass::Transient
            | CauseClass::Pruned
            | CauseClass::Rewound
            | CauseClass::Silent
            | CauseClass::TimedOut
            | CauseClass::QueueFull
            | CauseClass::Contradiction
            | CauseClass::Unanswered => false,
        }
    }
}
