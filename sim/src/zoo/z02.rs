//! Z2, found in Juju's store: a watcher that stops gives back a reference for everything created before its cursor. An entity that was
//! removed, passed by, and re-added in the meantime it never took: the tombstone goes, and the one that does hold it is never told. Once
//! more, and the count is negative.

use super::holders::{Counted, Kept, Rules};

/// What is given back is counted by the revno of creation.
#[derive(Debug, Default)]
pub(super) struct GivesBackTooMuch;

impl Rules for GivesBackTooMuch {
    const STOPPING: Kept = Kept::AsInJuju;
}

/// The bug.
pub(super) type Z2 = Counted<GivesBackTooMuch>;
