//! The API service seen by its clients: over streams in memory, over real TLS, and by those who mean harm.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "what the tests share fails as a test does")]

mod client;
mod common;
mod crowds;
mod errors;
mod harm;
mod limits;
mod logins;
mod models;
mod ports;
mod secure;
mod shutdown;
mod slow;
mod watching;
