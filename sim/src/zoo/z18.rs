//! Z18, Juju PR 16199: subscribing returned before the subscription was registered. A commit right after it was missed.
//!
//! The first notice of a generation that has loaded is lost. (Lost during the load it would harm nobody: the step that completes
//! the load begins where the subscription says it stands, and brings whatever was committed since.)

use std::collections::BTreeSet;

use multiwatcher::machine::{EntityId, Generation, Input, Output, Phase, Position, Report, Time};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z18 {
    registered: Generation,
    /// What the backing has told of, so that it is believed to be queued.
    lost: BTreeSet<EntityId>,
}

impl Twist for Z18 {
    fn hear(&mut self, real: &mut Real, now: Time, input: Input<Val>) {
        let report = real.machine().report();
        if let Input::Notice { generation, ids } = &input
            && (report.generation, report.phase) == (*generation, Phase::Following)
            && self.registered < *generation
        {
            self.registered = *generation;
            self.lost.extend(ids.iter().cloned());
            return real.hear(now, Input::Mark { generation: *generation, position: Position(0) });
        }
        real.hear(now, input);
    }

    fn output(&mut self, _: &mut Real, _: Time, output: Output) -> Option<Output> {
        if let Output::Fetch { .. } | Output::Unsubscribe { .. } = output {
            self.lost.clear();
        }
        Some(output)
    }

    fn report(&self, report: &mut Report) {
        report.queued += self.lost.len();
    }
}
