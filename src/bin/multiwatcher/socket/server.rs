//! The side that answers.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::folder::{Folder, SocketError};
use super::message::{Answer, Ask, Question, VERSION};
use super::{LONGEST, PATIENCE};

/// Answers until it is dropped, which takes the socket away.
#[derive(Debug)]
pub(crate) struct Server {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Server {
    /// Opens a socket for what watches this backing. The answers are made on the runtime's thread, so they must not wait.
    pub(super) fn start(
        folder: &Folder,
        locator: &str,
        answer: impl Fn(Ask) -> Answer + Send + Sync + 'static,
    ) -> Result<Self, SocketError> {
        let (path, making) = folder.place(locator);
        let listener =
            listen(&making, &path).map_err(|error| SocketError { path: path.clone(), why: error.to_string() })?;
        let task = tokio::spawn(serve(listener, Arc::new(answer)));
        Ok(Self { path, task })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        // One that stays is taken for that of a killed process, and removed by whoever finds it.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Nobody finds it before it has its rights and listens.
fn listen(making: &Path, path: &Path) -> io::Result<UnixListener> {
    let listener = UnixListener::bind(making)?;
    let placed =
        std::fs::set_permissions(making, Permissions::from_mode(0o600)).and_then(|()| std::fs::rename(making, path));
    if placed.is_err() {
        let _ = std::fs::remove_file(making);
    }
    placed.map(|()| listener)
}

async fn serve(listener: UnixListener, answer: Arc<impl Fn(Ask) -> Answer + Send + Sync + 'static>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let answer = Arc::clone(&answer);
                tokio::spawn(async move {
                    // Whoever asks and does not wait for the answer, or never comes to the end of the question, gets none.
                    let _ = timeout(PATIENCE, reply(stream, &*answer)).await;
                });
            }
            // Too many files are open, for example: that passes.
            Err(_) => tokio::time::sleep(PATIENCE).await,
        }
    }
}

async fn reply(stream: UnixStream, answer: &(impl Fn(Ask) -> Answer + Sync)) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    BufReader::new(reading.take(LONGEST as u64)).read_line(&mut line).await?;
    let answer = match serde_json::from_str(&line) {
        Ok(Question { version: VERSION, ask }) => answer(ask),
        Ok(Question { version, .. }) => {
            Answer::Refused { why: format!("expected a question of version {VERSION}, got one of version {version}") }
        }
        Err(error) => Answer::Refused { why: format!("expected a question, got something else: {error}") },
    };
    let mut line = serde_json::to_vec(&answer).expect("texts and numbers are JSON");
    line.push(b'\n');
    writing.write_all(&line).await
}
