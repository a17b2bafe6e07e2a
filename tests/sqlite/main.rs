//! The SQLite backing seen from outside: under a real worker, with other programs that write to the file, and with files that
//! fail, go and come back.
#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "what the tests share fails as a test does")]

mod basics;
mod common;
mod damage;
mod foreign;
mod killed;
mod limits;
mod restored;
mod values;
#[path = "../common/view.rs"]
mod view;
