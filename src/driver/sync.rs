//! The lock and the counted pointer of the driver: the standard ones, or loom's where the protocol is model-checked.

#[cfg(multiwatcher_loom)]
pub(super) use loom::sync::{Arc, Mutex, MutexGuard};
#[cfg(not(multiwatcher_loom))]
pub(super) use std::sync::{Arc, Mutex, MutexGuard};
use std::sync::{PoisonError, TryLockError};

/// How often the lock is tried before the thread goes to sleep, and how long it pauses after the first try; each pause is twice the
/// last one. All that is under the lock lies in the caches of the thread that had it last, so two threads that take turns are slower than
/// one of them alone: whoever comes second keeps away for the time of some rounds. (The lock of the standard library looks again
/// and again, and then sleeps.)
const TRIES: u32 = if cfg!(multiwatcher_loom) { 0 } else { 4 };
const PAUSES: u32 = 30;

/// Takes the lock. What a panic has left behind it is the caller's to judge.
pub(super) fn lock<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    for tried in 0..TRIES {
        match lock.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => (0..PAUSES << tried).for_each(|_| core::hint::spin_loop()),
        }
    }
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
