//! `--html`: the picture of a run, as a file.

use std::fs;
use std::io::Write;
use std::path::Path;

use multiwatcher::testing::Subject;

use super::UsageError;
use super::replay::verdict;
use crate::decisions::Decisions;
use crate::picture;
use crate::story::Story;
use crate::worlds::Maker;

/// Writes the picture and says what the run came to.
pub(super) fn save<S: Subject>(
    maker: Maker<S>,
    decisions: &Decisions,
    path: &Path,
    out: &mut dyn Write,
) -> Result<u8, UsageError> {
    let story = Story::of(maker, decisions)?;
    write(decisions, &story, path)?;
    writeln!(out, "picture: {}", path.display())?;
    verdict(decisions, &story.replayed, out)
}

/// Writes the picture alone.
pub(super) fn write(decisions: &Decisions, story: &Story, path: &Path) -> Result<(), UsageError> {
    let page = picture::html(decisions, story);
    fs::write(path, page).map_err(|why| UsageError::Picture { path: path.to_owned(), why })
}
