//! Going to a moment of a run that was judged before, without judging again, and going on from there with the referee of that moment.

use multiwatcher::testing::{Operation, Regime, Stage, Subject};

use super::Course;
use crate::referee::Referee;

impl<S: Subject> Course<S> {
    /// Another run, of which nothing is judged: the referee is whoever was set last.
    pub fn retrace_from_start(&mut self, regime: &Regime) {
        self.world.reset(regime, self.maker.subject(regime));
        self.steps = 0;
    }

    /// The same without judging: for an operation that was made and judged before, after the same ones.
    pub fn retrace(&mut self, operation: &Operation) {
        self.world.clear_seen();
        self.world.apply(operation);
        self.steps += 1;
    }

    /// Takes back the last operation, in which the subject had no part; `stage` was kept before it.
    pub fn take_back(&mut self, stage: &Stage) {
        self.world.put_back(stage);
        self.steps -= 1;
    }

    /// The referee as it is, to go on with from here another time.
    pub fn referee(&self) -> &Referee {
        &self.referee
    }

    /// Goes on with a referee that was kept when the world was as it is.
    pub fn set_referee(&mut self, referee: &Referee) {
        self.referee.clone_from(referee);
    }

    /// The fingerprint of the subject alone, if it has one.
    pub fn subject_fingerprint(&self) -> Option<u128> {
        self.world.subject().fingerprint(self.stage().now())
    }

    /// The fingerprint of everything that still counts if nothing goes back, for a subject with this one.
    pub fn fingerprint(&self, subject: u128) -> u128 {
        self.world.forward_fingerprint_with(subject, self.referee.reference())
    }
}
