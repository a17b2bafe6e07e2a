//! What the readers of a run hear, kept so that it can be compared with what those of another run hear.

use core::fmt;

use multiwatcher::machine::{Cause, Change, NextError, Position, ResumeError, Revno, Time, WatchError, WatcherId};
use multiwatcher::testing::{CallSeen, DeltaSeen, Observation, Operation, Regime, Stage, State, Subject, World};

use crate::worlds::Maker;

/// Something that a reader heard, with what it was told; what names things in the order they came up (ids of watchers, causes)
/// is left out, for it is not the same in another run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The operation of which it came.
    pub at: usize,
    /// When.
    pub time: Time,
    /// Who heard it.
    pub reader: u8,
    /// What was seen.
    pub observation: Observation,
    /// The deltas, if it is a batch.
    pub deltas: Vec<DeltaSeen>,
}

/// A run whose readers are listened to.
pub(super) struct Listener<S> {
    world: World<S>,
    heard: Vec<Heard>,
}

impl<S: Subject> Listener<S> {
    /// A run of this regime, at its beginning.
    pub(super) fn new(maker: Maker<S>, regime: Regime) -> Self {
        let mut world = maker.start(regime);
        world.clear_seen();
        Self { world, heard: Vec::new() }
    }

    /// Makes an operation, the one at this place of the list or one on its behalf. `false` if it is not possible.
    pub(super) fn apply(&mut self, at: usize, operation: &Operation) -> bool {
        let made = self.world.apply(operation);
        let time = self.world.stage().now();
        let seen = self.world.seen();
        for observation in seen.list() {
            let Some((reader, observation)) = nameless(observation) else { continue };
            let deltas = if let Observation::Called { seen: CallSeen::Batch(batch), .. } = &observation {
                seen.deltas(batch).to_vec()
            } else {
                Vec::new()
            };
            self.heard.push(Heard { at, time, reader, observation: placeless(observation), deltas });
        }
        self.world.clear_seen();
        made
    }

    /// Everything but the subject.
    pub(super) fn stage(&self) -> &Stage {
        self.world.stage()
    }

    /// What the store holds, if it can be looked into.
    pub(super) fn store(&self) -> Option<State> {
        self.world.store()
    }

    /// What has been heard so far.
    pub(super) fn heard(&self) -> &[Heard] {
        &self.heard
    }

    /// The same, to be changed or taken.
    pub(super) fn heard_mut(&mut self) -> &mut Vec<Heard> {
        &mut self.heard
    }
}

/// Where two lists part, reader by reader; `one` and `other` say what the lists are.
pub(super) fn compare(lists: (&[Heard], &[Heard]), names: (&str, &str), readers: usize) -> Result<(), Box<str>> {
    for reader in (0..).take(readers) {
        let of = |list: &'_ [Heard]| list.iter().filter(|heard| heard.reader == reader).cloned().collect::<Vec<_>>();
        let (one, other) = (of(lists.0), of(lists.1));
        let places = 0..one.len().max(other.len());
        if let Some(place) = places.into_iter().find(|place| one.get(*place) != other.get(*place)) {
            let words = |heard: Option<&Heard>| heard.map_or_else(|| "nothing more".to_owned(), ToString::to_string);
            let (one, other) = (words(one.get(place)), words(other.get(place)));
            return Err(format!("reader {reader} heard, {}: {one}; {}: {other}", names.0, names.1).into());
        }
    }
    Ok(())
}

/// The same without the numbers of revnos and positions, for runs in which the same things have others.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else that a reader hears has such a number")]
pub(super) fn blur(heard: &mut Heard) {
    for delta in &mut heard.deltas {
        delta.revno = Revno(0);
    }
    match &mut heard.observation {
        Observation::Called { seen: CallSeen::Batch(batch), .. } => {
            (batch.revno, batch.position) = (Revno(0), Position(0));
        }
        Observation::Called { seen: CallSeen::Error(NextError::Lagged { cursor, latest }), .. }
        | Observation::Progressed { result: Err(NextError::Lagged { cursor, latest }), .. } => {
            (*cursor, *latest) = (Revno(0), Revno(0));
        }
        Observation::Progressed { result: Ok(Some(progress)), .. } => {
            (progress.revno, progress.position) = (Revno(0), Position(0));
        }
        _ => (),
    }
}

/// The observation if a reader can notice it, without what names things in the order they came up.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is between subject and backing")]
fn nameless(observation: &Observation) -> Option<(u8, Observation)> {
    let watcher = |_| WatcherId(0);
    Some(match *observation {
        Observation::Opened { reader, filter, result } => {
            let result = result.map(watcher).map_err(|WatchError::Ended(cause)| WatchError::Ended(class_of(cause)));
            (reader, Observation::Opened { reader, filter, result })
        }
        Observation::Resumed { reader, filter, from, view, result } => {
            let result = result.map(watcher).map_err(|error| match error {
                ResumeError::Ended(cause) => ResumeError::Ended(class_of(cause)),
                ResumeError::Gone { .. } | ResumeError::Future { .. } | ResumeError::Ahead { .. } => error,
            });
            (reader, Observation::Resumed { reader, filter, from, view, result })
        }
        Observation::Called { reader, how, seen: CallSeen::Error(error) } => {
            (reader, Observation::Called { reader, how, seen: CallSeen::Error(nameless_error(error)) })
        }
        Observation::Progressed { reader, result } => {
            (reader, Observation::Progressed { reader, result: result.map_err(nameless_error) })
        }
        Observation::Called { reader, .. }
        | Observation::Woken { reader, .. }
        | Observation::Dropped { reader, .. }
        | Observation::Stopped { reader } => (reader, *observation),
        _ => return None,
    })
}

/// A batch's place in the list of deltas depends on what else was seen in the same operation; they are kept beside it.
fn placeless(mut observation: Observation) -> Observation {
    if let Observation::Called { seen: CallSeen::Batch(batch), .. } = &mut observation {
        batch.start = 0;
    }
    observation
}

fn nameless_error(error: NextError) -> NextError {
    match error {
        NextError::Ended(cause) => NextError::Ended(class_of(cause)),
        NextError::UnknownCall { call, .. } => NextError::UnknownCall { watcher: WatcherId(0), call },
        NextError::Stopped | NextError::Lagged { .. } => error,
    }
}

fn class_of(cause: Cause) -> Cause {
    Cause::new(cause.class, 0)
}

impl fmt::Display for Heard {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is rare, and short as it is")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.observation {
            Observation::Called { seen: CallSeen::Batch(batch), .. } => {
                write!(f, "a batch to r{}:", batch.revno.0)?;
                for DeltaSeen { revno, value, id, change } in &self.deltas {
                    match change {
                        Change::Changed => write!(f, " {}={value}", id.0)?,
                        Change::Removed => write!(f, " {}=- (was {value})", id.0)?,
                    }
                    write!(f, " at r{}", revno.0)?;
                }
                if self.deltas.is_empty() { f.write_str(" empty") } else { Ok(()) }
            }
            Observation::Called { seen: CallSeen::Waits, .. } => f.write_str("a call that waits"),
            Observation::Called { seen: CallSeen::Nothing, .. } => f.write_str("that there is nothing"),
            Observation::Called { seen: CallSeen::Error(error), .. } => write!(f, "the error {error}"),
            Observation::Woken { call, .. } => write!(f, "the waker of call {call}"),
            other => write!(f, "{other:?}"),
        }?;
        write!(f, " (operation {})", self.at + 1)
    }
}
