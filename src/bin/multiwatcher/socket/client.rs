//! The side that asks.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::folder::{Folder, SocketError};
use super::message::{Answer, Ask, Question, VERSION};
use super::{LONGEST, PATIENCE};

/// What came of asking one process.
#[derive(Debug)]
pub(crate) enum Asked {
    /// It answered.
    Answered(Answer),
    /// It did not, or not so that it could be understood.
    Silent(SocketError),
}

/// Asks every process that watches a backing, or any. Sockets of processes that were killed are removed.
pub(crate) async fn ask_all(locator: Option<&str>, ask: Ask) -> Result<Vec<Asked>, SocketError> {
    let mut answers = Vec::new();
    for path in Folder::open()?.sockets(locator)? {
        match timeout(PATIENCE, ask_one(&path, ask)).await {
            Ok(Ok(answer)) => answers.push(Asked::Answered(answer)),
            Ok(Err(error)) if is_stale(&error) => remove(&path),
            Ok(Err(error)) => answers.push(silent(path, error.to_string())),
            Err(_) => answers.push(silent(path, "the process does not answer".to_owned())),
        }
    }
    Ok(answers)
}

fn silent(path: PathBuf, why: String) -> Asked {
    Asked::Silent(SocketError { path, why })
}

/// Nobody listens any more, or it has gone this moment.
fn is_stale(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound)
}

fn remove(path: &Path) {
    // It may be gone already; one that stays is found again.
    let _ = std::fs::remove_file(path);
}

async fn ask_one(path: &Path, ask: Ask) -> io::Result<Answer> {
    let (reading, mut writing) = UnixStream::connect(path).await?.into_split();
    let mut line = serde_json::to_vec(&Question { version: VERSION, ask }).expect("texts and numbers are JSON");
    line.push(b'\n');
    writing.write_all(&line).await?;
    let mut line = String::new();
    BufReader::new(reading.take(LONGEST as u64)).read_line(&mut line).await?;
    serde_json::from_str(&line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
