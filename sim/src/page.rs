//! The failure page: what was promised, what happened instead, the last steps, and the one command that shows it again.
//! At most forty lines, narrow enough for a phone.

use std::collections::VecDeque;
use std::io::{self, Write};

use multiwatcher::testing::Subject;

use crate::course::Broken;
use crate::decisions::{Decisions, Header};
use crate::text::{COLUMNS, wrap};
use crate::trace::{self, Told};
use crate::worlds::Maker;

/// The most lines of a page.
const LINES: usize = 40;

/// Writes the page of a failing run. `command` is what replays it.
pub fn write<S: Subject>(
    maker: Maker<S>,
    decisions: &Decisions,
    broken: &Broken,
    command: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let head = head(decisions, broken);
    let room = LINES.saturating_sub(head.lines().count() + command.lines().count() + 2);
    write!(out, "{head}")?;
    table(maker, decisions, room, out)?;
    writeln!(out)?;
    writeln!(out, "{command}")
}

/// What was promised, what was seen, and what the run was like.
fn head(decisions: &Decisions, broken: &Broken) -> String {
    let header = &decisions.header;
    let (name, seed, steps) = (broken.name(), header.seed, decisions.operations.len());
    let mut head = format!("BROKEN  {name}\nseed {seed}, step {} of {steps}\n\n", broken.step);
    head.push_str(&wrap(broken.promise_in_words(), "  ", COLUMNS));
    head.push('\n');
    head.push_str(&wrap(&broken.text, "  ", COLUMNS));
    if !broken.also.is_empty() {
        let also: Vec<_> = broken.also.iter().map(|promise| promise.name()).collect();
        head.push_str(&wrap(&format!("also broken: {}", also.join(", ")), "  ", COLUMNS));
    }
    head.push('\n');
    head.push_str(&wrap(&regime(header), "", COLUMNS));
    head.push('\n');
    head
}

/// What was drawn for the run, in one sentence.
pub fn regime(header: &Header) -> String {
    let regime = &header.regime;
    let readers: Vec<_> = regime.readers.iter().map(|reader| format!("{reader:?}").to_lowercase()).collect();
    let config = &regime.config;
    let lag = config.lag_limit.map_or("none".to_owned(), |limit| limit.to_string());
    format!(
        "scheduler {}, {} ids in {} models, readers: {}; window {}, lag limit {lag}, queue limit {}, {:?}",
        header.scheduler,
        regime.shape.ids(),
        regime.shape.models,
        readers.join(" "),
        config.window,
        config.queue_limit,
        config.restart,
    )
}

/// The last steps that fit into so many lines, at least one. The one at which the promise was found broken is marked.
fn table<S: Subject>(maker: Maker<S>, decisions: &Decisions, room: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut last: VecDeque<Vec<String>> = VecDeque::new();
    let mut lines = 0;
    trace::replay(maker, decisions, &mut |told: Told| {
        let block = block(&told);
        lines += block.len();
        last.push_back(block);
        while lines + 1 > room && last.len() > 1 {
            lines -= last.pop_front().map_or(0, |block| block.len());
        }
        Ok(())
    })?;
    writeln!(out, "  step      time who      what")?;
    let count = last.len();
    for (index, block) in last.iter().enumerate() {
        for (row, line) in block.iter().enumerate() {
            let mark = if index + 1 == count && row == 0 { '>' } else { ' ' };
            writeln!(out, "{mark} {line}")?;
        }
    }
    Ok(())
}

/// One step as lines that fit.
fn block(told: &Told) -> Vec<String> {
    let mut text = Vec::new();
    if told.write(&mut text).is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&text);
    text.lines().map(|line| shorten(line, COLUMNS - 2)).collect()
}

fn shorten(line: &str, columns: usize) -> String {
    if line.chars().count() <= columns {
        line.to_owned()
    } else {
        line.chars().take(columns - 2).chain("..".chars()).collect()
    }
}
