//! Z25, etcd 20221: a watch from a revision of the future was told old events.
//!
//! Who comes back with a revno that was never reached gets a watcher that begins at the beginning.

use multiwatcher::machine::{Filter, ResumeError, ResumePoint, Time, WatchError, WatcherId};

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z25;

impl Twist for Z25 {
    fn resume(
        &mut self,
        real: &mut Real,
        now: Time,
        filter: Filter,
        from: ResumePoint,
    ) -> Result<WatcherId, ResumeError> {
        match real.resume(now, filter.clone(), from) {
            Err(ResumeError::Future { .. }) => {
                real.watch(now, filter).map_err(|WatchError::Ended(cause)| ResumeError::Ended(cause))
            }
            Ok(watcher) => Ok(watcher),
            Err(error @ (ResumeError::Ended(_) | ResumeError::Gone { .. } | ResumeError::Ahead { .. })) => Err(error),
        }
    }
}
