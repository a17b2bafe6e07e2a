//! The folder of the sockets: the user's own, so that nobody else can put one there.

use core::fmt;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use multiwatcher::backing::Identity;
use xxhash_rust::xxh3::xxh3_64;

/// A folder of this user that nobody else can look into.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

/// Why a process does not answer, or cannot be asked.
#[derive(Debug)]
pub(crate) struct SocketError {
    pub(super) path: PathBuf,
    pub(super) why: String,
}

impl Folder {
    /// `$XDG_RUNTIME_DIR/multiwatcher`, or a folder named by the user in that for temporary files. It is made if it is not there.
    pub(super) fn open() -> Result<Self, SocketError> {
        let user = rustix::process::geteuid().as_raw();
        let path = match std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty()) {
            Some(folder) => Path::new(&folder).join("multiwatcher"),
            None => std::env::temp_dir().join(format!("multiwatcher-{user}")),
        };
        let wrong = |why: String| SocketError { path: path.clone(), why };
        match std::fs::DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(wrong(error.to_string())),
            Ok(()) | Err(_) => {}
        }
        let about = std::fs::symlink_metadata(&path).map_err(|error| wrong(error.to_string()))?;
        if !about.is_dir() || about.uid() != user || about.mode() & 0o077 != 0 {
            return Err(wrong(format!("expected a folder of user {user} that nobody else can use (mode 0700)")));
        }
        Ok(Self(path))
    }

    /// A socket's place, and the name under which it is made.
    pub(super) fn place(&self, locator: &str) -> (PathBuf, PathBuf) {
        let name = Identity::fresh().to_string();
        (self.0.join(format!("{}-{}.sock", hash(locator), &name[..8])), self.0.join(format!(".{}", &name[..8])))
    }

    /// The sockets that are there, of one backing or of all, in order of their names.
    pub(super) fn sockets(&self, locator: Option<&str>) -> Result<Vec<PathBuf>, SocketError> {
        let wrong = |error: io::Error| SocketError { path: self.0.clone(), why: error.to_string() };
        let begin = locator.map(|locator| format!("{}-", hash(locator)));
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.0).map_err(wrong)? {
            let name = entry.map_err(wrong)?.file_name();
            let is_asked = name.to_str().is_some_and(|name| begin.as_ref().is_none_or(|begin| name.starts_with(begin)));
            // Those that are being made have no extension.
            let is_ours = is_asked && Path::new(&name).extension().is_some_and(|extension| extension == "sock");
            if is_ours {
                found.push(self.0.join(name));
            }
        }
        found.sort();
        Ok(found)
    }
}

fn hash(locator: &str) -> String {
    format!("{:016x}", xxh3_64(locator.as_bytes()))
}

impl fmt::Display for SocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}

impl core::error::Error for SocketError {}
