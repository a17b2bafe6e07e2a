//! The file itself: made and replaced in one piece, held by one process at a time, and grown at its end.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Result, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// How often a file that is being replaced is opened again.
const ATTEMPTS: usize = 100;

/// A file that this process holds. Nobody else who comes through [`Held::open`] gets it meanwhile.
#[derive(Debug)]
pub(super) struct Held {
    path: PathBuf,
    file: File,
}

/// What came of opening one.
#[derive(Debug)]
pub(super) enum Opened {
    /// It is there.
    There(Held),
    /// There is none.
    Missing,
    /// Another process holds it.
    InUse,
}

impl Held {
    /// Opens what is there.
    pub(super) fn open(path: &Path) -> Result<Opened> {
        for _ in 0..ATTEMPTS {
            let file = match OpenOptions::new().read(true).append(true).open(path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Opened::Missing),
                Err(error) => return Err(error),
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(Opened::InUse),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // Its holder may have put another one in its place in between.
            let (ours, there) = (file.metadata()?, std::fs::metadata(path));
            if there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
                // Through a link, what it leads to is replaced, not the link.
                return Ok(Opened::There(Self { path: std::fs::canonicalize(path)?, file }));
            }
        }
        Ok(Opened::InUse)
    }

    /// Makes one with these contents. `None` if somebody else was faster.
    pub(super) fn make(path: &Path, contents: &[u8]) -> Result<Option<Self>> {
        match written(path, contents)?.persist_noclobber(path) {
            Ok(file) => Ok(Some(Self { path: std::fs::canonicalize(path)?, file })),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error.error),
        }
    }

    /// What it holds.
    pub(super) fn read(&mut self) -> Result<Vec<u8>> {
        std::fs::read(&self.path)
    }

    /// Puts these contents in the place of its own: whoever opens it finds the one or the other.
    pub(super) fn replace(&mut self, contents: &[u8]) -> Result<()> {
        self.file = written(&self.path, contents)?.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Writes at its end.
    pub(super) fn append(&mut self, contents: &[u8]) -> Result<()> {
        self.file.write_all(contents)
    }
}

/// A file beside its place, on the disk and held already.
fn written(path: &Path, contents: &[u8]) -> Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new().prefix(".multiwatcher-").append(true).tempfile_in(folder)?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    file.as_file().lock()?;
    Ok(file)
}
