//! `multiwatcher`, the command: it watches a database, reads it and writes to it, serves it, and shows how a running watch or service
//! fares.
//!
//! Each subcommand has a file under `commands`. What they share stands beside: where a backing is, who asks it and how, what is
//! printed and how, signals, the sockets by which a running process answers, and the files of `watch --resume`.

#[cfg(not(unix))]
compile_error!("the command needs the sockets and the signals of Unix");

mod cli;
mod commands;
mod database;
mod entities;
mod error;
#[cfg(feature = "etcd")]
mod etcd;
mod locator;
mod output;
mod resume;
mod screen;
#[cfg(feature = "service")]
mod secret;
mod signals;
mod socket;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cli::from_env())
}
