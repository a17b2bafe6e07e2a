//! Z9, found in Juju's worker: the queue of notices survives a restart, its wake-up does not. New notices are queued behind it,
//! and nobody looks; what they tell of is never fetched.
//!
//! Ids that are queued when a generation ends stay queued here. From then on a notice, once the reload is over, is a sign of life
//! to the machine and nothing else; its ids are counted as queued, as Juju would. What is told during the load is found by it.

use std::collections::BTreeSet;

use multiwatcher::machine::{EntityId, Input, Output, Phase, Position, Report, Time};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z9 {
    /// Told of in this generation, and not asked about.
    queue: BTreeSet<EntityId>,
    /// A queue of an earlier generation stands in front, ...
    is_stuck: bool,
    /// ... and this is behind it.
    behind: BTreeSet<EntityId>,
}

impl Twist for Z9 {
    fn hear(&mut self, real: &mut Real, now: Time, input: Input<Val>) {
        if let Input::Notice { generation, ids } = &input
            && *generation == real.machine().generation()
        {
            if self.is_stuck && real.machine().report().phase == Phase::Following {
                self.behind.extend(ids.iter().cloned());
                return real.hear(now, Input::Mark { generation: *generation, position: Position(0) });
            }
            self.queue.extend(ids.iter().cloned());
        }
        real.hear(now, input);
    }

    fn output(&mut self, _: &mut Real, _: Time, output: Output) -> Option<Output> {
        match &output {
            Output::Fetch { ids, .. } => self.queue.retain(|id| !ids.contains(id)),
            Output::Unsubscribe { .. } => {
                self.is_stuck |= !core::mem::take(&mut self.queue).is_empty();
                self.behind.clear();
            }
            Output::Subscribe { .. } | Output::Load { .. } | Output::Wake { .. } | Output::Ended { .. } => {}
        }
        Some(output)
    }

    fn report(&self, report: &mut Report) {
        report.queued += self.behind.len();
    }
}
