//! The command `multiwatcher` seen from outside: what it prints, how it ends, and that nothing is lost when it is killed.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what the tests share fails as a test does")]

#[cfg(feature = "service")]
mod browser;
#[cfg(feature = "service")]
#[path = "../service/client.rs"]
#[expect(dead_code, reason = "the tests of the service use more of it")]
mod client;
mod common;
mod demo;
mod entities;
mod import;
mod killed;
mod pages;
mod resume;
#[cfg(feature = "service")]
#[path = "../service/secure.rs"]
mod secure;
#[cfg(feature = "service")]
mod serve;
#[cfg(feature = "service")]
mod serving;
mod status;
mod terminal;
#[cfg(feature = "service")]
mod user;
mod watch;
