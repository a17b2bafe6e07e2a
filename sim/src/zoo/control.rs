//! What shows that the harness can be believed, in either way: a canary that is found by every run there is, and a machine
//! rewritten in one part, and right, that no run may find.

use multiwatcher::machine::Report;

use super::holders::{Counted, Rules};
use super::with::Twist;

/// Reports one watcher more than there is, from the first moment on. A campaign that does not see that sees nothing.
#[derive(Debug, Default)]
pub(super) struct Canary;

impl Twist for Canary {
    fn report(&self, report: &mut Report) {
        report.watchers.caught_up += 1;
    }
}

/// The account of Z1 to Z3 with no part of it wrong.
#[derive(Debug, Default)]
pub(super) struct Right;

impl Rules for Right {}

/// Tells removals from an account of its own, and puts the deltas of each batch in order itself.
pub(super) type Equal = Counted<Right>;
