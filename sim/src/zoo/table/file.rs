//! The table's file: JSON lines, each with what some trials of a cell have come to. A later line stands for an earlier one about
//! the same trial, so lines are only ever added. A line that was cut off, because the hunt was, is no line.

use core::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Cell, Column, Table, Trial, first_seed};
use crate::zoo::Bug;

/// The file, and what stands in it.
#[derive(Debug)]
pub struct Kept {
    file: File,
    table: Table,
    outdated: usize,
}

/// A line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    bug: String,
    world: World,
    scheduler: String,
    /// What the first seeds of the cell come to. If that has changed, the line says nothing about the cell of today.
    generator: String,
    /// The number of the first of the trials.
    first: u32,
    /// Its first seed; the next trial's is [`SPAN`](super::SPAN) further.
    seed: u64,
    trials: Vec<Trial>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum World {
    Machine,
    Driver,
}

/// Why a file cannot be gone on with.
#[derive(Debug)]
pub enum FileError {
    /// It could not be read or written.
    Io(io::Error),
    /// A line is damaged.
    Damaged {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl Kept {
    /// Opens the file, or makes it.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let whole = text.rfind('\n').map_or(0, |last| last + 1);
        if whole < text.len() {
            file.set_len(whole as u64)?;
            file.seek(io::SeekFrom::End(0))?;
        }
        let (table, outdated) = read(&text[..whole])?;
        Ok(Self { file, table, outdated })
    }

    /// What stands in it, as far as it is about the cells of today.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Lines that are not: what is drawn from seeds, what is checked, or the bug has changed since.
    pub fn outdated(&self) -> usize {
        self.outdated
    }

    /// Trials of a cell, the first with this number, have come so far.
    pub fn put(&mut self, cell: Cell, first: u32, trials: Vec<Trial>) -> io::Result<()> {
        for (number, trial) in (first..).zip(&trials) {
            self.table.put(cell, number, *trial);
        }
        let line = Line {
            bug: cell.bug.name().to_owned(),
            world: if cell.driven { World::Driver } else { World::Machine },
            scheduler: cell.scheduler.name(),
            generator: generator(cell),
            first,
            seed: first_seed(first),
            trials,
        };
        // In one piece, so that what is cut off is at most one line.
        let mut text = serde_json::to_string(&line)?;
        text.push('\n');
        self.file.write_all(text.as_bytes())
    }
}

fn generator(cell: Cell) -> String {
    format!("{:016x}", cell.hunt().fingerprint())
}

fn read(text: &str) -> Result<(Table, usize), FileError> {
    let (mut table, mut outdated) = (Table::default(), 0);
    let mut known = std::collections::BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let damaged = |why: String| FileError::Damaged { line: number, why };
        let line: Line = serde_json::from_str(line).map_err(|error| damaged(error.to_string()))?;
        let bug = Bug::ALL.iter().find(|bug| bug.name() == line.bug);
        let bug = *bug.ok_or_else(|| damaged(format!("expected a bug such as z7, got {:?}", line.bug)))?;
        let driven = matches!(line.world, World::Driver);
        // A scheduler that is no more: what it did is of no use, and no damage.
        let Some(scheduler) = Column::named(&line.scheduler) else {
            outdated += 1;
            continue;
        };
        let cell = Cell { bug, driven, scheduler };
        let has_seeds = line.seed == first_seed(line.first);
        if !has_seeds || *known.entry(cell).or_insert_with(|| generator(cell)) != line.generator {
            outdated += 1;
            continue;
        }
        for (number, trial) in (line.first..).zip(line.trials) {
            table.put(cell, number, trial);
        }
    }
    Ok((table, outdated))
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Damaged { line, why } => write!(f, "line {line}: expected some trials of a cell: {why}"),
        }
    }
}

impl core::error::Error for FileError {}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
