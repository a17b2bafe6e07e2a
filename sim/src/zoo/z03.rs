//! Z3, found in Juju's store: an entity is re-added with the value it had before. It is compared with its tombstone, found equal, and
//! ignored: it is alive in the backing and in no watcher.

use super::holders::{Counted, Kept, Rules};

/// What is read is compared with tombstones too.
#[derive(Debug, Default)]
pub(super) struct EqualsItsTombstone;

impl Rules for EqualsItsTombstone {
    const COMPARING: Kept = Kept::AsInJuju;
}

/// The bug.
pub(super) type Z3 = Counted<EqualsItsTombstone>;
