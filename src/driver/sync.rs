//! The lock and the counted pointer of the driver: the standard ones, or loom's where the protocol is model-checked.

#[cfg(multiwatcher_loom)]
pub(super) use loom::sync::{Arc, Mutex, MutexGuard};
#[cfg(not(multiwatcher_loom))]
pub(super) use std::sync::{Arc, Mutex, MutexGuard};
