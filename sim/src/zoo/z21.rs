//! Z21, Juju PR 10321: "not found" for one dying entity or model ended the watcher of everything.
//!
//! An error about one entity in the answer to a fetch is put to the machine as the failure of the whole call, and for good.

use multiwatcher::machine::{BackingCall, Cause, CauseClass, Input, Read, Time};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z21;

impl Twist for Z21 {
    fn hear(&mut self, real: &mut Real, now: Time, input: Input<Val>) {
        if let Input::Fetched { generation, fetch, step } = &input {
            let error = step.entities.iter().find_map(|(_, read)| match read {
                Read::Error(cause) => Some(*cause),
                Read::Value(_) | Read::Absent => None,
            });
            if let Some(cause) = error {
                let cause = Cause { class: CauseClass::Permanent, ..cause };
                let (generation, call) = (*generation, BackingCall::Fetch(*fetch));
                return real.hear(now, Input::Failed { generation, call, cause });
            }
        }
        real.hear(now, input);
    }
}
