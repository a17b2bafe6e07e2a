//! The file as records: the entities when it was written, and what was printed since. It is written anew when the second part has
//! become the longer one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use multiwatcher::backing::Identity;
use multiwatcher::{EntityId, Filter};

use super::error::{ResumeFileError, Why};
use super::file::{Held, Opened};
use super::record::{Head, Note, Record, Said, VERSION, Wrong, append, read};
use crate::commands::described;

/// What is held: the digests of values that were printed.
type Digests = BTreeMap<EntityId, Option<u128>>;

/// Whether a process ended while it printed.
type InDoubt = bool;

/// So many bytes of what was printed since are never worth writing the file anew.
const SHORT: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Held,
    backing: Identity,
    filter: Filter,
    /// Of all lines so far.
    check: u64,
    /// Bytes of the entities, and of what was printed since.
    settled: usize,
    grown: usize,
}

impl Journal {
    /// Takes up the file, or makes one.
    pub(super) fn open(
        path: &Path,
        backing: Identity,
        filter: &Filter,
        adopt: bool,
    ) -> Result<(Self, Digests, InDoubt), ResumeFileError> {
        let wrong = |why| ResumeFileError { path: path.to_owned(), why };
        let failed = |doing| move |error| wrong(Why::Failed { doing, error });
        loop {
            match Held::open(path).map_err(failed("it cannot be opened"))? {
                Opened::There(mut file) => {
                    let contents = file.read().map_err(failed("it cannot be read"))?;
                    let (start, held, in_doubt) = parse(&contents).map_err(wrong)?;
                    if start.backing != backing && !adopt {
                        return Err(wrong(Why::OtherBacking { file: start.backing, opened: backing }));
                    }
                    if start.filter != *filter {
                        let (file, asked) = (described(&start.filter), described(filter));
                        return Err(wrong(Why::OtherFilter { file, asked }));
                    }
                    let mut journal = Self::new(path, file, backing, filter);
                    // Half a line may stand at its end.
                    journal.rewrite(&held)?;
                    return Ok((journal, held, in_doubt));
                }
                Opened::InUse => return Err(wrong(Why::InUse)),
                Opened::Missing => {
                    let (contents, _) = settled(backing, filter, &Digests::new());
                    if let Some(file) = Held::make(path, &contents).map_err(failed("it cannot be made"))? {
                        let mut journal = Self::new(path, file, backing, filter);
                        journal.rewrite(&Digests::new())?;
                        return Ok((journal, Digests::new(), false));
                    }
                }
            }
        }
    }

    fn new(path: &Path, file: Held, backing: Identity, filter: &Filter) -> Self {
        Self { path: path.to_owned(), file, backing, filter: filter.clone(), check: 0, settled: 0, grown: 0 }
    }

    /// The backing goes by this identity.
    pub(super) fn is_of(&mut self, backing: Identity) -> Result<(), ResumeFileError> {
        if self.backing == backing {
            return Ok(());
        }
        self.backing = backing;
        self.grow(&Record::Backing(backing))
    }

    /// This is about to be printed.
    pub(super) fn begin(&mut self, notes: &[Note]) -> Result<(), ResumeFileError> {
        self.grow(&Record::Telling(notes.to_vec()))
    }

    /// It was, which leaves this.
    pub(super) fn end(&mut self, held: &Digests) -> Result<(), ResumeFileError> {
        self.grow(&Record::Told)?;
        if self.grown > SHORT.max(2 * self.settled) { self.rewrite(held) } else { Ok(()) }
    }

    /// Writes it anew.
    pub(super) fn rewrite(&mut self, held: &Digests) -> Result<(), ResumeFileError> {
        let (contents, check) = settled(self.backing, &self.filter, held);
        self.file.replace(&contents).map_err(|error| self.failed(error))?;
        (self.check, self.settled, self.grown) = (check, contents.len(), 0);
        Ok(())
    }

    fn grow(&mut self, record: &Record) -> Result<(), ResumeFileError> {
        let mut line = Vec::new();
        append(record, &mut self.check, &mut line);
        self.grown += line.len();
        self.file.append(&line).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: std::io::Error) -> ResumeFileError {
        ResumeFileError { path: self.path.clone(), why: Why::Failed { doing: "it cannot be written", error } }
    }
}

/// The first part of a file, and the check of its last line.
fn settled(backing: Identity, filter: &Filter, held: &Digests) -> (Vec<u8>, u64) {
    let (mut contents, mut check) = (Vec::new(), 0);
    let start = Head { version: VERSION, backing, filter: filter.clone(), entities: held.len() };
    append(&Record::Resume(start), &mut check, &mut contents);
    for (id, digest) in held {
        let said = digest.map_or(Said::Unknown, Said::Value);
        append(&Record::Entity(Note::new(id, said)), &mut check, &mut contents);
    }
    (contents, check)
}

/// What a file says. A line without an end is one that a killed process did not write to its end: as if it were not there.
fn parse(contents: &[u8]) -> Result<(Head, Digests, InDoubt), Why> {
    let whole = contents.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let mut lines = contents[..whole].split_inclusive(|&byte| byte == b'\n').zip(1..);
    let mut check = 0;
    let mut next = || {
        let (line, number) = lines.next()?;
        let record = read(&line[..line.len() - 1], &mut check);
        Some((number, record.map_err(|wrong| Why::Damaged { line: number, expected: wrong.expected() })))
    };
    let first = next().ok_or(Why::Damaged { line: 1, expected: Wrong::Line.expected() })?.1?;
    let Record::Resume(mut start) = first else {
        return Err(Why::Damaged { line: 1, expected: "the record that a file begins with" });
    };
    if start.version > VERSION {
        return Err(Why::Newer { version: start.version });
    }
    let mut held = Digests::new();
    for got in 0..start.entities {
        let (line, record) = next().ok_or(Why::Short { entities: start.entities, got })?;
        let Record::Entity(note) = record? else {
            return Err(Why::Damaged { line, expected: "an entity" });
        };
        note.apply(&mut held);
    }
    let mut telling = Vec::new();
    while let Some((line, record)) = next() {
        match record? {
            Record::Telling(notes) if telling.is_empty() => telling = notes,
            Record::Told => telling.drain(..).for_each(|note: Note| note.apply(&mut held)),
            Record::Backing(backing) => start.backing = backing,
            Record::Telling(_) | Record::Resume(_) | Record::Entity(_) => {
                return Err(Why::Damaged { line, expected: "what was printed" });
            }
        }
    }
    let in_doubt = !telling.is_empty();
    telling.into_iter().for_each(|note| note.apply_in_doubt(&mut held));
    Ok((start, held, in_doubt))
}
