//! The watch of the folder in which a database lies: it says that somebody wrote to one of its files. What was written is found out
//! elsewhere.

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::place::Place;

/// Lasts as long as it is kept.
#[derive(Debug)]
pub(super) struct FileWatch {
    _watcher: RecommendedWatcher,
}

impl FileWatch {
    /// Watches, if there is a file and the system can. Files that belong to the database begin with its name: the log `-wal` is written by
    /// every commit, the database itself comes and goes.
    pub(super) fn start(place: &Place, look: impl Fn() + Send + 'static) -> Option<Self> {
        let Place::File(path) = place else { return None };
        let (folder, name) = (path.parent()?, path.file_name()?.to_owned());
        let is_ours = move |event: &notify::Event| {
            let begins = |path: &std::path::PathBuf| {
                path.file_name().is_some_and(|file| file.as_encoded_bytes().starts_with(name.as_encoded_bytes()))
            };
            event.need_rescan() || !matches!(event.kind, EventKind::Access(_)) && event.paths.iter().any(begins)
        };
        let heard = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !is_ours(&event)) {
                return;
            }
            look();
        };
        let watcher = notify::recommended_watcher(heard).and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
            Ok(Self { _watcher: watcher })
        });
        watcher
            .inspect_err(|error| {
                tracing::warn!(folder = %folder.display(), %error, "the folder cannot be watched: looking every few milliseconds instead");
            })
            .ok()
    }
}
