//! The model cache seen from outside: over real workers whose backing fails, and its pure part against the commits it was fed from.
#![cfg(feature = "cache")]
#![expect(clippy::unwrap_used, reason = "what the tests share fails as a test does")]

mod common;
mod evicting;
mod failing;
mod followed;
mod lifecycle;
mod reading;
mod slices;
mod watching;
