//! The sockets by which running processes answer questions: each process opens one, `status` finds and asks them.
//!
//! They lie in a folder of the user's own, and are named by what they watch: `HASH-NAME.sock`, the hash of the backing's locator
//! and a name of their own. So all of one backing are found without opening it. A socket is made under another name, given its
//! rights, and moved to its place: one that is there and does not answer belongs to a process that was killed.
//!
//! A question is one line of JSON, and so is its answer; then the connection is closed. [`message`] says what can be asked.

mod client;
mod folder;
pub(crate) mod message;
mod server;

use core::time::Duration;

use multiwatcher::Filter;
use multiwatcher::driver::Report;

use crate::commands::described;
use crate::database::Database;
pub(crate) use client::{Asked, ask_all};
use folder::Folder;
pub(crate) use folder::SocketError;
use message::{Answer, Ask, Process, Status};
pub(crate) use server::Server;

/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(2);
/// No line is longer.
const LONGEST: usize = 1 << 20;

/// Answers with the reports of a worker, under the name of the command that runs it.
pub(crate) fn serve(
    command: &'static str,
    database: &Database,
    filter: &Filter,
    report: impl Fn() -> Report + Send + Sync + 'static,
) -> Result<Server, SocketError> {
    let folder = Folder::open()?;
    let process = Process::new(command, database.locator(), described(filter));
    let (locator, database) = (database.locator().canonical(), database.clone());
    let answer = move |ask: Ask| match ask {
        Ask::Report => Answer::Report(Box::new(Status::new(&process, database.identity(), &report()))),
    };
    Server::start(&folder, &locator, answer)
}
