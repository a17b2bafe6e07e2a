//! Watch a database once, and tell any number of readers what changed: coalesced, exact, resumable, stoppable.

pub mod machine;
#[cfg(feature = "testing")]
pub mod testing;
