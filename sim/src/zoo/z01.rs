//! Z1, found in Juju's store: an entity that is re-added while its tombstone is kept for one watcher has the revno it was first created
//! at. A second watcher that passed the tombstone by takes it, and is not counted. At the next removal whoever asks first takes the
//! only reference: the other is never told, or one is told that never held it.

use super::holders::{Counted, Kept, Rules};

/// Holders are counted by the revno of creation when a batch is taken.
#[derive(Debug, Default)]
pub(super) struct ByCreation;

impl Rules for ByCreation {
    const TAKING: Kept = Kept::AsInJuju;
}

/// The bug.
pub(super) type Z1 = Counted<ByCreation>;
