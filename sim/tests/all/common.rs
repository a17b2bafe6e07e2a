//! Asking the command line within the test's own process, and files to ask about.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// An answer.
pub(crate) struct Asked {
    /// Its exit code.
    pub(crate) code: u8,
    /// What was written on standard output.
    pub(crate) out: String,
    /// And on standard error.
    pub(crate) err: String,
}

/// Asks `mwsim` with these arguments.
pub(crate) fn ask(args: &[&str]) -> Asked {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let all = std::iter::once("mwsim").chain(args.iter().copied()).map(OsString::from);
    let code = multiwatcher_sim::cli::main(all, &mut out, &mut err);
    Asked { code, out: String::from_utf8(out).expect("text"), err: String::from_utf8(err).expect("text") }
}

/// An empty folder of this test's own.
pub(crate) fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

/// Writes a file; returns its path.
pub(crate) fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("the target folder can be written");
    path.to_string_lossy().into_owned()
}
