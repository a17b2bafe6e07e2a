//! The command `multiwatcher` seen from outside: what it prints, how it ends, and that nothing is lost when it is killed.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what the tests share fails as a test does")]

mod common;
mod demo;
mod entities;
mod import;
mod killed;
mod pages;
mod resume;
mod status;
mod terminal;
mod watch;
