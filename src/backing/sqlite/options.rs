//! How a database is opened.

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::identities::Identities;
use super::place::{Place, Way};
use super::writer::Keep;
use super::{Shared, SqliteBacking, inbox, reader, writer};
use crate::backing::{BackingError, Identity, Value};

/// KiB of pages that the connections keep. A reader reads nearly everything once; a writer of many entities comes back to a page again
/// and again, and one that did not fit would be written each time.
const READING: u32 = 2 << 10;
const WRITING: u32 = 32 << 10;

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    busy_timeout: Duration,
    keep: Keep,
    create: bool,
    max_pages: Option<u32>,
}

impl SqliteOptions {
    /// Five seconds for locks; a log of ten thousand rows at least and a million at most; made if it is not there.
    #[must_use]
    pub fn new() -> Self {
        let keep = Keep { at_least: 10_000, at_most: 1_000_000 };
        Self { busy_timeout: Duration::from_secs(5), keep, create: true, max_pages: None }
    }

    /// How long to wait for a lock that another process holds. After that the call fails, and may go another time. Keep it below the
    /// worker's [`call_timeout`](crate::machine::Config::call_timeout).
    #[must_use]
    pub fn busy_timeout(self, busy_timeout: Duration) -> Self {
        Self { busy_timeout, ..self }
    }

    /// How many rows of the log are kept though no reader needs them, and how many at most though a reader would need more: it will
    /// load again. Each program that has the backing open looks after the log when it has committed nothing for five seconds but somebody
    /// reads or it did before, and after each 20,000 changes of its own: until then there may be more.
    #[must_use]
    pub fn keep_log(self, at_least: u64, at_most: u64) -> Self {
        Self { keep: Keep { at_least, at_most: at_most.max(1) }, ..self }
    }

    /// It is an error if there is no such file.
    #[must_use]
    pub fn must_exist(self) -> Self {
        Self { create: false, ..self }
    }

    /// The file shall not grow beyond so many pages of 8 KiB by what this backing commits: a commit that does not fit fails.
    #[must_use]
    pub fn max_pages(self, pages: u32) -> Self {
        Self { max_pages: Some(pages), ..self }
    }

    /// Opens the database in this file.
    pub async fn open<V: Value + DeserializeOwned>(
        self,
        path: impl AsRef<Path>,
    ) -> Result<SqliteBacking<V>, BackingError> {
        self.open_at(Place::File(resolve(path.as_ref()))).await
    }

    /// A database in the memory of this process, gone with the last clone of the backing.
    pub async fn open_in_memory<V: Value + DeserializeOwned>(self) -> Result<SqliteBacking<V>, BackingError> {
        Self { create: true, ..self }.open_at(Place::Memory(format!("multiwatcher-{}", Identity::fresh()))).await
    }

    async fn open_at<V: Value + DeserializeOwned>(self, place: Place) -> Result<SqliteBacking<V>, BackingError> {
        let way = Way { place, busy_timeout: self.busy_timeout, max_pages: self.max_pages, cache: READING };
        let writing = Way { cache: WRITING, ..way.clone() };
        let identities = Identities::new();
        let (reader, messages) = inbox::channel();
        let (writer, written) = writer::Inbox::new();
        let looking = reader.clone();
        // Made first: if the opening is given up, it ends the threads.
        let shared =
            Arc::new(Shared { reader: reader.clone(), writer: writer.clone(), identities: Arc::clone(&identities) });
        let (opened, opening) = oneshot::channel();
        writer::start(writing, self.keep, Arc::clone(&identities), written, move || looking.look())
            .and_then(|()| reader::start((way, self.create), identities, reader, messages, writer, opened))
            .map_err(BackingError::transient)?;
        opening.await.map_err(|_| BackingError::transient("opening the database panicked"))??;
        Ok(SqliteBacking { shared })
    }
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// The path of the file itself: SQLite puts its log beside it, not beside a link to it.
fn resolve(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            std::fs::canonicalize(folder).map_or_else(|_| path.to_owned(), |folder| folder.join(name))
        }
        _ => path.to_owned(),
    })
}
