//! Z16, Juju PR 9123: the loop looked whether it was to stop only when nothing else was there. Under a steady stream of notices it
//! could not be stopped.
//!
//! Kill is kept while ids are queued or a fetch runs, and put to the machine afterwards.

use multiwatcher::machine::{Cause, Time};

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z16 {
    killed: Option<Cause>,
}

impl Twist for Z16 {
    fn kill(&mut self, _: &mut Real, _: Time, cause: Cause) {
        self.killed.get_or_insert(cause);
    }

    fn settle(&mut self, real: &mut Real, now: Time) {
        let is_busy = real.is_fetching() || real.machine().report().queued > 0;
        if let Some(cause) = self.killed.take_if(|_| !is_busy) {
            real.kill(now, cause);
        }
    }
}
