//! What the machine owes its backing, and when: the same rules, over sets of sixteen ids.

use core::hash::{Hash, Hasher};

use super::super::state::IdSet;
use super::super::universe::Shape;
use crate::machine::{BackingCall, Cause, CauseClass, Config, Dropped, Position, Time};

/// What the connection must be doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// In its back-off.
    Waiting {
        /// Until then.
        until: Time,
    },
    /// Asked to subscribe.
    Subscribing {
        /// Then.
        since: Time,
    },
    /// Loading.
    Loading {
        /// Where notices begin.
        p0: Position,
        /// When the load last brought something.
        since: Time,
    },
    /// Waiting for the step that completes the load.
    Completing {
        /// Where that step starts.
        p0: Position,
    },
    /// Following.
    Following {
        /// Since then.
        since: Time,
    },
    /// Over.
    Ended,
}

/// A fetch that must be answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) fetch: u32,
    pub(super) since: Position,
    pub(super) ids: IdSet,
    pub(super) at: Time,
}

/// The connection as it must be.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) config: Config,
    pub(super) stage: Stage,
    pub(super) generation: u32,
    pub(super) asked: Option<Asked>,
    pub(super) queue: IdSet,
    /// A reason to ask besides the queue.
    pub(super) wanted: bool,
    again_at: Time,
    attempts: u32,
    last_sign: Time,
    pub(super) load_errors: IdSet,
    pub(super) quarantine: IdSet,
    errors_in_a_row: [u32; Shape::IDS as usize],
    read_again_at: [Time; Shape::IDS as usize],
    failures_in_a_row: u32,
    pub(super) failures: u64,
    pub(super) out_of_reach_since: Option<Time>,
    pub(super) dropped: Dropped,
}

impl Connection {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            stage: Stage::Waiting { until: Time::ZERO },
            generation: 0,
            asked: None,
            queue: IdSet::EMPTY,
            wanted: false,
            again_at: Time::ZERO,
            attempts: 0,
            last_sign: Time::ZERO,
            load_errors: IdSet::EMPTY,
            quarantine: IdSet::EMPTY,
            errors_in_a_row: [0; Shape::IDS as usize],
            read_again_at: [Time::ZERO; Shape::IDS as usize],
            failures_in_a_row: 0,
            failures: 0,
            out_of_reach_since: None,
            dropped: Dropped::default(),
        }
    }

    /// Whether what is said under this generation counts; it is noted if not.
    pub(super) fn is_current(&mut self, generation: u32) -> bool {
        let living = match self.stage {
            Stage::Waiting { .. } | Stage::Ended => false,
            Stage::Subscribing { .. } | Stage::Loading { .. } | Stage::Completing { .. } | Stage::Following { .. } => {
                true
            }
        };
        let current = living && generation == self.generation;
        self.dropped.stale += u64::from(!current);
        current
    }

    /// The same for what a subscription says: it must stand, and what it says is a sign of life.
    pub(super) fn is_heard(&mut self, generation: u32, now: Time) -> bool {
        let current = self.is_current(generation);
        let stands = self.stands();
        self.dropped.unasked += u64::from(current && !stands);
        if current && stands {
            self.last_sign = now;
        }
        current && stands
    }

    fn stands(&self) -> bool {
        match self.stage {
            Stage::Loading { .. } | Stage::Completing { .. } | Stage::Following { .. } => true,
            Stage::Waiting { .. } | Stage::Subscribing { .. } | Stage::Ended => false,
        }
    }

    /// The subscription stands. Whether a load must be asked for.
    pub(super) fn subscribed(&mut self, generation: u32, p0: Position, now: Time) -> bool {
        let current = self.is_current(generation);
        let awaited = current && matches!(self.stage, Stage::Subscribing { .. });
        self.dropped.unasked += u64::from(current && !awaited);
        if awaited {
            self.stage = Stage::Loading { p0, since: now };
            self.last_sign = now;
            self.load_errors = IdSet::EMPTY;
        }
        awaited
    }

    /// The load brought something; the last word on an id counts.
    pub(super) fn staged(&mut self, generation: u32, ids: IdSet, errors: IdSet, now: Time) {
        if !self.is_current(generation) {
            return;
        }
        match &mut self.stage {
            Stage::Loading { since, .. } => {
                *since = now;
                self.load_errors = self.load_errors.minus(ids).or(errors);
            }
            Stage::Waiting { .. }
            | Stage::Subscribing { .. }
            | Stage::Completing { .. }
            | Stage::Following { .. }
            | Stage::Ended => {
                self.dropped.unasked += 1;
            }
        }
    }

    /// The load has brought everything. Whether that was awaited.
    pub(super) fn load_done(&mut self, generation: u32) -> bool {
        if !self.is_current(generation) {
            return false;
        }
        let Stage::Loading { p0, .. } = self.stage else {
            self.dropped.unasked += 1;
            return false;
        };
        self.stage = Stage::Completing { p0 };
        true
    }

    /// Where a step must start, or before.
    pub(super) fn base(&self, position: Position) -> Position {
        match self.stage {
            Stage::Completing { p0 } => p0,
            Stage::Waiting { .. }
            | Stage::Subscribing { .. }
            | Stage::Loading { .. }
            | Stage::Following { .. }
            | Stage::Ended => position,
        }
    }

    /// Whether a fetch is to be made now.
    pub(super) fn may_ask(&self, now: Time) -> bool {
        let reason = match self.stage {
            Stage::Completing { .. } => true,
            Stage::Following { .. } => self.wanted || !self.queue.is_empty() || !self.due(now).is_empty(),
            Stage::Waiting { .. } | Stage::Subscribing { .. } | Stage::Loading { .. } | Stage::Ended => false,
        };
        reason && self.asked.is_none() && self.again_at <= now
    }

    /// The ids a fetch made now must name.
    pub(super) fn to_name(&self, now: Time) -> IdSet {
        match self.stage {
            Stage::Following { .. } => self.queue.or(self.due(now)),
            Stage::Waiting { .. }
            | Stage::Subscribing { .. }
            | Stage::Loading { .. }
            | Stage::Completing { .. }
            | Stage::Ended => self.queue,
        }
    }

    fn due(&self, now: Time) -> IdSet {
        self.quarantine
            .iter()
            .filter(|ix| self.read_again_at[ix.at()] <= now)
            .map(IdSet::one)
            .fold(IdSet::EMPTY, IdSet::or)
    }

    pub(super) fn ask(&mut self, asked: Asked) {
        self.asked = Some(asked);
        (self.queue, self.wanted) = (IdSet::EMPTY, false);
    }

    /// The fetch was answered with something that could be used.
    pub(super) fn answered(&mut self) {
        (self.attempts, self.again_at) = (0, Time::ZERO);
    }

    /// The fetch came to nothing: its ids go back. Whether that was once too often.
    pub(super) fn in_vain(&mut self, asked: Asked, now: Time) -> bool {
        self.queue = self.queue.or(asked.ids);
        self.wanted = true;
        self.attempts += 1;
        self.again_at = now.after(self.config.backoff.wait(self.attempts));
        self.attempts >= self.config.fetch_attempts
    }

    /// Whether a call that is said to have failed is under way.
    pub(super) fn is_under_way(&self, call: BackingCall) -> bool {
        match call {
            BackingCall::Subscription => true,
            BackingCall::Load => matches!(self.stage, Stage::Loading { .. }),
            BackingCall::Fetch(fetch) => self.asked.is_some_and(|asked| u64::from(asked.fetch) == fetch.0),
        }
    }

    /// These could be read, those could not.
    pub(super) fn judge(&mut self, read: IdSet, errors: IdSet, now: Time) {
        self.quarantine = self.quarantine.minus(read).or(errors);
        for ix in read.iter() {
            self.errors_in_a_row[ix.at()] = 0;
        }
        for ix in errors.iter() {
            let errors = &mut self.errors_in_a_row[ix.at()];
            *errors += 1;
            self.read_again_at[ix.at()] = now.after(self.config.backoff.wait(*errors));
        }
    }

    /// What time alone makes of it: a new subscription, a failure, or a fetch that came to nothing.
    pub(super) fn timed_out(&mut self, now: Time) -> TimeMakes {
        let overdue = |since: Time, wait| since.after(wait) <= now;
        if self.stands() && overdue(self.last_sign, self.config.heartbeat * 3) {
            return TimeMakes::Failure(CauseClass::Silent);
        }
        match self.stage {
            Stage::Waiting { until } if until <= now => TimeMakes::Subscription,
            Stage::Subscribing { since } if overdue(since, self.config.call_timeout) => {
                TimeMakes::Failure(CauseClass::TimedOut)
            }
            Stage::Loading { since, .. } if overdue(since, self.config.load_timeout) => {
                TimeMakes::Failure(CauseClass::TimedOut)
            }
            Stage::Completing { .. } | Stage::Following { .. } => {
                let wait = self.config.call_timeout;
                match self.asked.take_if(|asked| overdue(asked.at, wait)) {
                    Some(asked) if self.in_vain(asked, now) => TimeMakes::Failure(CauseClass::TimedOut),
                    Some(_) | None => TimeMakes::Nothing,
                }
            }
            Stage::Waiting { .. } | Stage::Subscribing { .. } | Stage::Loading { .. } | Stage::Ended => {
                TimeMakes::Nothing
            }
        }
    }

    pub(super) fn open(&mut self, now: Time) {
        self.generation += 1;
        self.stage = Stage::Subscribing { since: now };
    }

    /// It failed: nothing of this generation is left, and the next comes after the back-off.
    pub(super) fn fail(&mut self, now: Time) {
        if let Stage::Following { since } = self.stage
            && now.since(since) >= self.config.backoff.max
        {
            self.failures_in_a_row = 0;
        }
        self.failures_in_a_row += 1;
        self.failures += 1;
        self.out_of_reach_since.get_or_insert(now);
        self.drop_all(Stage::Waiting { until: now.after(self.config.backoff.wait(self.failures_in_a_row)) });
    }

    /// For fingerprints: what decides how long it will wait for what.
    pub(super) fn print_waits(&self, now: Time, hasher: &mut impl Hasher) {
        let ahead = |time: Time| i128::from(time.as_nanos()) - i128::from(now.as_nanos());
        (self.wanted, self.attempts, self.failures_in_a_row).hash(hasher);
        (self.again_at > now).then(|| ahead(self.again_at)).hash(hasher);
        self.stands().then(|| ahead(self.last_sign)).hash(hasher);
        for ix in self.quarantine.iter() {
            (self.errors_in_a_row[ix.at()], ahead(self.read_again_at[ix.at()])).hash(hasher);
        }
    }

    pub(super) fn drop_all(&mut self, stage: Stage) {
        self.stage = stage;
        (self.asked, self.queue, self.wanted) = (None, IdSet::EMPTY, false);
        (self.attempts, self.again_at) = (0, Time::ZERO);
    }
}

/// What a deadline that has passed leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeMakes {
    Nothing,
    Subscription,
    Failure(CauseClass),
}

/// A failure that the machine finds itself.
pub(super) fn own(class: CauseClass) -> Cause {
    Cause::new(class, 0)
}
