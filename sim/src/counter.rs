//! What a run exercised that its operations do not show: batches, restarts, torn loads, full queues.

use multiwatcher::testing::{Observation, Party, Reference, Regime};

use crate::checkers::Taken;
use crate::fault::Fault;
use crate::referee::backlog;
use crate::tally::Tally;

/// Counts of one run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counter {
    batches: u64,
    deltas: u64,
    restarts: u64,
    quarantines: u64,
    ends: u64,
    deepest_backlog: u64,
    torn_loads: u64,
    full_queues: u64,
    loading: bool,
    torn: bool,
}

impl Counter {
    /// One thing was seen, and the reference model does not know it yet.
    #[inline]
    pub(crate) fn see(
        &mut self,
        regime: &Regime,
        reference: &Reference,
        observation: &Observation,
        taken: Option<Taken<'_>>,
    ) {
        if let Some(taken) = taken {
            self.batches += 1;
            self.deltas += taken.deltas.len() as u64;
            self.deepest_backlog = self.deepest_backlog.max(backlog(reference, taken.reader));
            return;
        }
        match *observation {
            Observation::Committed { .. } => {
                self.torn_loads += u64::from(self.loading && !self.torn);
                self.torn |= self.loading;
            }
            Observation::Subscribe { generation } => self.restarts += u64::from(generation > 1),
            Observation::Load { .. } => (self.loading, self.torn) = (true, false),
            Observation::LoadDone { .. } | Observation::Unsubscribe { .. } => self.loading = false,
            Observation::Stepped { errors, .. } => {
                self.quarantines += u64::from(errors.minus(reference.quarantined()).len());
            }
            Observation::Noticed { generation, ids } => {
                let queued = reference.queued().or(ids).len() as usize;
                let full = generation == reference.generation() && queued > regime.config.queue_limit;
                self.full_queues += u64::from(full);
            }
            Observation::Ended(_) => self.ends += 1,
            Observation::Rewound { .. }
            | Observation::Subscribed { .. }
            | Observation::Staged { .. }
            | Observation::Fetch { .. }
            | Observation::Marked { .. }
            | Observation::Failed { .. }
            | Observation::TimedOut
            | Observation::Killed(_)
            | Observation::Now(_)
            | Observation::Woken { .. }
            | Observation::WokenNobody
            | Observation::Opened { .. }
            | Observation::Resumed { .. }
            | Observation::Called { .. }
            | Observation::Dropped { .. }
            | Observation::Progressed { .. }
            | Observation::Stopped { .. }
            | Observation::Misanswered => (),
        }
    }

    /// The run is over: those that never read are behind still.
    pub(crate) fn end(&mut self, reference: &Reference) {
        let deepest = (0u8..).take(Party::READERS).map(|reader| backlog(reference, reader)).max();
        self.deepest_backlog = self.deepest_backlog.max(deepest.unwrap_or(0));
    }

    /// Adds it all to a tally.
    pub(crate) fn add_to(&self, tally: &mut Tally) {
        tally.batches += self.batches;
        tally.deltas += self.deltas;
        tally.restarts += self.restarts;
        tally.quarantines += self.quarantines;
        tally.ends += self.ends;
        tally.deepest_backlog = tally.deepest_backlog.max(self.deepest_backlog);
        tally.faults[Fault::TornLoad as usize] += self.torn_loads;
        tally.faults[Fault::FullQueue as usize] += self.full_queues;
    }
}
