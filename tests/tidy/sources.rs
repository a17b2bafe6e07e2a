//! The project's own sources, as text.

use std::fs;
use std::path::Path;

#[derive(Debug)]
pub(crate) struct Source {
    /// From the top, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// Whether it belongs to a room of the library.
    pub(crate) fn is_in(&self, room: &str) -> bool {
        self.path
            .strip_prefix("src/")
            .and_then(|path| path.strip_prefix(room))
            .is_some_and(|rest| rest.starts_with(['/', '.']))
    }
}

/// A file that must be there.
pub(crate) fn read(path: &str) -> String {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&full).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Rust file below a folder, in order of path.
pub(crate) fn rust_files(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder));
        for entry in entries.unwrap_or_else(|error| panic!("{folder}: {error}")) {
            let entry = entry.expect("a folder that is read can be read on");
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(path);
            } else if entry.path().extension().is_some_and(|extension| extension == "rs") {
                found.push(Source { text: read(&path), path });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The text without its comments and without what stands in strings, line by line.
pub(crate) fn code_of(text: &str) -> String {
    text.lines().flat_map(|line| [bare(line), "\n".to_owned()]).collect()
}

fn bare(line: &str) -> String {
    let mut code = String::new();
    let mut letters = line.chars().peekable();
    let mut in_string = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if in_string => _ = letters.next(),
            '"' => in_string = !in_string,
            '/' if !in_string && letters.peek() == Some(&'/') => break,
            _ if in_string => {}
            _ => code.push(letter),
        }
    }
    code
}
