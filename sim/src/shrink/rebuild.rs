//! Told plainly: the connection stands before anything else happens, and every commit is told at once. What a failing run reached by
//! restarts, repeats and detours is often reached this way too.

use multiwatcher::testing::{Changes, IdSet, Operation, Subject, Telling};

use super::search::Search;
use super::story::Story;

/// How commits become known.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Streamed,
    Noticed,
}

/// Tries to tell the story plainly: streamed or noticed, commits whole or one id at a time, the connection made at any place.
pub(super) fn plainly<S: Subject>(search: &mut Search<S>) {
    for manner in [Manner::Streamed, Manner::Noticed] {
        for splits in [false, true] {
            let mut connects = 0;
            while connects <= search.best().len() {
                let candidate = plain::<S>(search.best(), manner, splits, connects);
                let early = opened_early(&candidate);
                if search.attempt_after_deletion(&candidate) || search.attempt_after_deletion(&early) {
                    break;
                }
                connects += 1;
            }
        }
    }
}

/// The same with every watcher opened, and asked once, before the first commit.
fn opened_early(story: &Story) -> Story {
    let is_commit = |operation: &Operation| matches!(operation, Operation::Commit { .. });
    let mut operations = story.operations.clone();
    let first = operations.iter().position(is_commit).unwrap_or(0);
    let mut early = first;
    for place in first..operations.len() {
        if let Operation::Open { reader, .. } = operations[place] {
            let run = 1 + usize::from(operations.get(place + 1) == Some(&Operation::Next { reader }));
            operations[early..place + run].rotate_right(run);
            early += run;
        }
    }
    story.with(operations)
}

/// The story with nothing but what readers, the writer and the owner do and what ails, and the plainest connection made before
/// the operation at a place.
fn plain<S: Subject>(story: &Story, manner: Manner, splits: bool, connects: usize) -> Story {
    let mut regime = story.regime.clone();
    regime.telling = match manner {
        Manner::Streamed => Telling::Steps,
        Manner::Noticed => Telling::Notices,
    };
    let mut telling = Plain { operations: Vec::new(), manner, has_task: S::HAS_TASK };
    let everything = IdSet::first(regime.shape.ids());
    for (place, operation) in story.operations.iter().enumerate() {
        if place == connects {
            telling.connect(everything);
        }
        match *operation {
            Operation::Commit { changes, .. } if splits => {
                for id in changes.ids.iter() {
                    let ids = IdSet::one(id);
                    telling.commit(Changes { ids, values: changes.values.only(ids) });
                }
            }
            Operation::Commit { changes, .. } => telling.commit(changes),
            Operation::Ail { .. }
            | Operation::Mend { .. }
            | Operation::Kill
            | Operation::Abort
            | Operation::Open { .. }
            | Operation::Resume { .. }
            | Operation::Next { .. }
            | Operation::Poll { .. }
            | Operation::PollOver { .. }
            | Operation::TryNext { .. }
            | Operation::Drop { .. }
            | Operation::Progress { .. }
            | Operation::Stop { .. } => telling.operations.push(*operation),
            Operation::Notice { .. }
            | Operation::Mark { .. }
            | Operation::ReadUnasked { .. }
            | Operation::Accept
            | Operation::Subscribed
            | Operation::ReadLoad { .. }
            | Operation::LoadDone
            | Operation::ReadFetch { .. }
            | Operation::Deliver { .. }
            | Operation::Lose { .. }
            | Operation::Fail { .. }
            | Operation::Advance { .. }
            | Operation::Timeout
            | Operation::Deadline { .. }
            | Operation::Die
            | Operation::Close
            | Operation::Jump { .. }
            | Operation::Silence
            | Operation::Speak
            | Operation::Prune { .. }
            | Operation::Rewind { .. }
            | Operation::Stale { .. }
            | Operation::Turn => {}
        }
    }
    Story { regime, operations: telling.operations, heals: story.heals }
}

/// A list that is written plainly.
struct Plain {
    operations: Vec<Operation>,
    manner: Manner,
    has_task: bool,
}

impl Plain {
    /// One operation after the other, the worker polled after each.
    fn each(&mut self, operations: &[Operation]) {
        for operation in operations {
            self.operations.push(*operation);
            if self.has_task {
                self.operations.push(Operation::Turn);
            }
        }
    }

    fn fetch(&mut self) {
        self.operations.push(Operation::ReadFetch { fetch: 0, skip: 0, omit: IdSet::EMPTY, behind: 0 });
        self.each(&[Operation::Deliver { flight: 0, keep: false }]);
    }

    fn connect(&mut self, everything: IdSet) {
        if self.has_task {
            self.operations.push(Operation::Turn);
        }
        self.each(&[Operation::Subscribed]);
        self.operations.push(Operation::ReadLoad { ids: everything, absent: false });
        self.each(&[Operation::Deliver { flight: 0, keep: false }, Operation::LoadDone]);
        self.fetch();
    }

    fn commit(&mut self, changes: Changes) {
        self.operations.push(Operation::Commit { changes, skip: 0 });
        match self.manner {
            Manner::Streamed => {
                self.operations.push(Operation::ReadUnasked { skip: 0 });
                self.each(&[Operation::Deliver { flight: 0, keep: false }]);
            }
            Manner::Noticed => {
                self.each(&[Operation::Notice { ids: changes.ids, twice: false }]);
                self.fetch();
            }
        }
    }
}
