//! What `watch --resume FILE` has printed before: the ids, and a hash of each value. After an interruption the difference between
//! that and the state is what is to be printed, so neither a log nor a window has to reach back.
//!
//! # What an interruption may cost
//!
//! What is about to be printed is written to the file first, and that it was printed afterwards. A process killed in between
//! leaves ids of which nobody knows whether they were printed. Those are told again, as removed if they are gone: a difference may be
//! repeated, and none is lost. That holds for a crash of the program. Nothing is forced to the disk, so after one of the machine the file
//! may know of less than was printed, or of more than has reached the disk.

mod error;
mod file;
mod journal;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use multiwatcher::backing::{Identity, Json};
use multiwatcher::machine::Revno;
use multiwatcher::{Change, Delta, EntityId, Filter};

pub(crate) use error::ResumeFileError;
use journal::Journal;
use record::{Note, Said};

use crate::commands::Told;

/// What was printed, in memory and in the file.
#[derive(Debug)]
pub(crate) struct Printed {
    /// The digest of the value that was printed last; none if it is not known whether and how the entity was.
    held: BTreeMap<EntityId, Option<u128>>,
    /// Printed by an earlier process, and not seen since: the value cannot be read at the moment.
    unread: BTreeSet<EntityId>,
    is_first: bool,
    in_doubt: bool,
    journal: Journal,
    /// What is being printed.
    notes: Vec<Note>,
}

impl Printed {
    /// Takes up a file, or makes one. `adopt` takes one up that is of another backing.
    pub(crate) fn open(path: &Path, backing: Identity, filter: &Filter, adopt: bool) -> Result<Self, ResumeFileError> {
        let (journal, held, in_doubt) = Journal::open(path, backing, filter, adopt)?;
        Ok(Self { held, unread: BTreeSet::new(), is_first: true, in_doubt, journal, notes: Vec::new() })
    }

    /// Whether the process before this one ended while it printed: its last line may have no end.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// Whether nothing was printed yet by this process.
    pub(crate) fn is_first(&self) -> bool {
        self.is_first
    }

    /// What is to be printed of these deltas, which bring to this revno. At first they are the whole state, and the difference to
    /// what was printed before is to be printed; of the quarantined ids nobody knows whether they are there.
    pub(crate) fn difference(
        &mut self,
        deltas: &[Delta<Json>],
        revno: Revno,
        quarantined: &BTreeSet<EntityId>,
    ) -> Vec<Told> {
        let mut told = Vec::new();
        self.notes.clear();
        for delta in deltas {
            let id = delta.id();
            let is_seen_first = self.unread.remove(id) || self.is_first;
            let (is_known, said) = match delta.change() {
                Change::Changed => {
                    let digest = delta.value().digest();
                    (self.held.get(id) == Some(&Some(digest)), Said::Value(digest))
                }
                Change::Removed => (!self.held.contains_key(id), Said::Removed),
            };
            if !(is_seen_first && is_known) {
                self.notes.push(Note::new(id, said));
                told.push(Told::of(delta));
            }
        }
        if core::mem::take(&mut self.is_first) {
            let there: BTreeSet<_> = deltas.iter().map(Delta::id).collect();
            for id in self.held.keys().filter(|id| !there.contains(id)) {
                if quarantined.contains(id) {
                    self.unread.insert(id.clone());
                } else {
                    self.notes.push(Note::new(id, Said::Removed));
                    told.push(Told::gone(id.clone(), revno));
                }
            }
        }
        told
    }

    /// Whether there are ids of which it is still to be found out whether they are there.
    pub(crate) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Of the ids that could not be read, those that turned out to be gone: the watcher has been brought to a revno at which these
    /// are in quarantine and no others, and has been told nothing of the rest.
    pub(crate) fn gone(&mut self, revno: Revno, quarantined: &BTreeSet<EntityId>) -> Vec<Told> {
        self.notes.clear();
        let gone: Vec<_> = self.unread.difference(quarantined).cloned().collect();
        for id in &gone {
            self.unread.remove(id);
            self.notes.push(Note::new(id, Said::Removed));
        }
        gone.into_iter().map(|id| Told::gone(id, revno)).collect()
    }

    /// The backing goes by this identity: it is another one after an older state was restored to it.
    pub(crate) fn is_of(&mut self, backing: Identity) -> Result<(), ResumeFileError> {
        self.journal.is_of(backing)
    }

    /// Says in the file that what was returned last is about to be printed.
    pub(crate) fn begin(&mut self) -> Result<(), ResumeFileError> {
        if self.notes.is_empty() { Ok(()) } else { self.journal.begin(&self.notes) }
    }

    /// Says in the file that it was printed.
    pub(crate) fn end(&mut self) -> Result<(), ResumeFileError> {
        if self.notes.is_empty() {
            return Ok(());
        }
        self.notes.drain(..).for_each(|note| note.apply(&mut self.held));
        self.journal.end(&self.held)
    }

    /// Writes the file anew, as short as it can be.
    pub(crate) fn close(mut self) -> Result<(), ResumeFileError> {
        // What was begun and not ended is not known to have been printed.
        self.notes.drain(..).for_each(|note| note.apply_in_doubt(&mut self.held));
        self.journal.rewrite(&self.held)
    }
}
