//! What ends: calls and subscriptions that fail, deadlines that pass, generations that close, and the machine itself.

use core::mem;

use super::super::config::RestartPolicy;
use super::super::connection::ConnectionStage;
use super::super::error::{Cause, CauseClass, NextError};
use super::super::input::BackingCall;
use super::super::numbers::{Generation, Time};
use super::super::output::Output;
use super::super::report::Phase;
use super::StoreManager;

impl<V: PartialEq> StoreManager<V> {
    /// A call, or the subscription, failed as a whole.
    pub fn failed(&mut self, now: Time, generation: Generation, call: BackingCall, cause: Cause) {
        self.begin(now);
        if !self.is_current(generation) {
            return;
        }
        let pending = match call {
            BackingCall::Subscription => !matches!(self.connection.stage, ConnectionStage::Waiting { .. }),
            BackingCall::Load => matches!(self.connection.stage, ConnectionStage::Loading { .. }),
            BackingCall::Fetch(fetch) => {
                self.connection.in_flight.as_ref().is_some_and(|in_flight| in_flight.fetch == fetch)
            }
        };
        if !pending {
            self.connection.dropped.stale += 1;
        } else if cause.is_final() {
            self.connection.remember(self.now, cause);
            self.end(cause);
        } else {
            self.fail(cause);
        }
        self.finish();
    }

    /// Does what has become due. Calling it early, or again, does no harm.
    pub fn handle_timeout(&mut self, now: Time) {
        self.begin(now);
        let due = self.connection.deadline(&self.config).filter(|timeout| timeout.at <= now);
        if due.is_some() {
            let silent = self.connection.is_subscribed()
                && self.connection.last_sign.after(self.config.heartbeat.saturating_mul(3)) <= now;
            match self.connection.phase() {
                Phase::Waiting => self.open_generation(),
                Phase::Completing | Phase::Following if !silent => self.fetch_overdue(),
                Phase::Loading | Phase::Completing | Phase::Following if silent => {
                    self.fail(Cause::own(CauseClass::Silent));
                }
                Phase::Subscribing | Phase::Loading | Phase::Completing | Phase::Following => {
                    self.fail(Cause::own(CauseClass::TimedOut));
                }
                Phase::Ended => {}
            }
        }
        self.end_aged();
        self.finish();
    }

    /// Ends the machine: every watcher is told `cause`, the backing is released.
    pub fn kill(&mut self, now: Time, cause: Cause) {
        self.begin(now);
        if self.ended.is_none() {
            self.end(cause);
        }
        self.finish();
    }

    /// Begins the next life of the connection.
    pub(super) fn open_generation(&mut self) {
        self.connection.generation.0 += 1;
        self.connection.stage = ConnectionStage::Subscribing { since: self.now };
        self.outputs.push_back(Output::Subscribe { generation: self.connection.generation });
    }

    /// The generation is over; another follows after the back-off.
    pub(super) fn fail(&mut self, cause: Cause) {
        if cause.class == CauseClass::Rewound {
            self.store.milestones.begin_past();
        }
        self.close();
        self.connection.fail(self.now, cause, &self.config);
        match self.config.restart {
            RestartPolicy::Invisible => {}
            RestartPolicy::EndWatchers => self.end_watchers(cause),
        }
    }

    fn end(&mut self, cause: Cause) {
        self.ended = Some(cause);
        self.close();
        self.connection.end();
        self.end_watchers(cause);
        self.outputs.push_back(Output::Ended { cause });
    }

    /// Drops what the generation has queued, asked and staged.
    fn close(&mut self) {
        if !matches!(self.connection.stage, ConnectionStage::Waiting { .. }) {
            self.outputs.push_back(Output::Unsubscribe { generation: self.connection.generation });
        }
        for slot in mem::take(&mut self.connection.queue) {
            self.store.entry_mut(slot).queued = false;
            self.store.release_unused(slot);
        }
        if let Some(asked) = self.connection.in_flight.take() {
            self.release_asked(&asked.slots);
        }
        if let ConnectionStage::Loading { load, .. } | ConnectionStage::Completing { load, .. } =
            &mut self.connection.stage
        {
            self.garbage.values.extend(mem::take(&mut load.differing).into_values());
        }
    }

    fn end_watchers(&mut self, cause: Cause) {
        for watcher in self.watchers.unended() {
            self.end_watcher(watcher, NextError::Ended(cause));
        }
    }
}
