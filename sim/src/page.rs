//! The failure page: what was promised, what happened instead, the shortest story there is of it, what the run was like, and the
//! one command that shows it again. At most forty lines, narrow enough for a phone.

mod regime;
mod table;

use std::io::{self, Write};

use multiwatcher::testing::Subject;

use crate::course::Broken;
use crate::decisions::Decisions;
use crate::story::Story;
use crate::text::wrap;
use crate::worlds::Maker;

pub use regime::drawn;

/// The most lines of a page.
pub const LINES: usize = 40;
/// The most columns of it.
pub const WIDTH: usize = 64;
/// The most lines for what was seen; the whole of it stands in the replay.
const SEEN_LINES: usize = 5;

/// What is left of the page for the story, however much was drawn: its head, the wrong step at its longest, and that steps are left out.
const STORY_LINES: usize = 3 + table::BLOCK;

/// Writes the page of a failing run. `command` is what replays it.
pub fn write<S: Subject>(
    maker: Maker<S>,
    decisions: &Decisions,
    broken: &Broken,
    command: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let story = Story::of(maker, decisions)?;
    let wrong = story.place(broken);
    let head = head(decisions, broken, story.told.get(wrong).map_or(broken.step, |told| told.step));
    // A line is empty above the story, and one below it.
    let room = LINES.saturating_sub(head.lines().count() + command.lines().count() + 2);
    let drawn = cut(&drawn(&decisions.header, WIDTH), room.saturating_sub(STORY_LINES).max(1));
    let room = room.saturating_sub(drawn.lines().count());
    writeln!(out, "{head}{drawn}")?;
    for line in table::lines(&story.told, wrong, room) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)?;
    writeln!(out, "{command}")
}

/// What was promised, and what was seen.
fn head(decisions: &Decisions, broken: &Broken, step: usize) -> String {
    let (name, seed, steps) = (broken.name(), decisions.header.seed, decisions.operations.len());
    let mut head = format!("BROKEN  {name}\nseed {seed}, step {step} of {steps}\n\n");
    head.push_str(&wrap(broken.promise_in_words(), "  ", WIDTH));
    head.push('\n');
    head.push_str(&cut(&wrap(&broken.text, "  ", WIDTH), SEEN_LINES));
    if !broken.also.is_empty() {
        let also: Vec<_> = broken.also.iter().map(|promise| promise.name()).collect();
        head.push_str(&cut(&wrap(&format!("also broken: {}", also.join(", ")), "  ", WIDTH), 2));
    }
    head.push('\n');
    head
}

/// The first lines of a text, with a sign where more would follow. None is wider than the page.
fn cut(text: &str, most: usize) -> String {
    let all = text.lines().count();
    let mut cut = String::new();
    for (line, number) in text.lines().zip(1..) {
        if number == most && all > most {
            return cut + "  ...\n";
        }
        cut.push_str(&shorten(line, WIDTH));
        cut.push('\n');
    }
    cut
}

/// A line of at most so many columns.
pub(crate) fn shorten(line: &str, columns: usize) -> String {
    if line.chars().count() <= columns {
        line.to_owned()
    } else {
        line.chars().take(columns - 2).chain("..".chars()).collect()
    }
}
