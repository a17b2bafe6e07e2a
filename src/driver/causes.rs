//! The real errors behind the machine's causes, and how an end is told to readers.

use core::error::Error;
use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::backing::{BackingError, SharedError};
use crate::machine::{Cause, CauseClass};

/// Why something ended or failed: what kind of failure, and the real error where there is one. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Failure {
    class: CauseClass,
    error: Option<SharedError>,
}

impl Failure {
    /// One with its error.
    pub(super) fn new(class: CauseClass, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { class, error: Some(Arc::from(error.into())) }
    }

    /// What kind of failure.
    pub fn class(&self) -> CauseClass {
        self.class
    }

    /// The real error, shared by everybody who is told of it; `None` for what the worker found itself.
    pub fn error(&self) -> Option<&SharedError> {
        self.error.as_ref()
    }
}

impl From<BackingError> for Failure {
    fn from(error: BackingError) -> Self {
        Self { class: error.kind().into(), error: Some(error.into_error()) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            Some(error) => write!(f, "{}: {error}", self.class),
            None => write!(f, "{}", self.class),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.as_deref().map(|error| error as _)
    }
}

/// Names failures for the machine. It is the worker's own, so that an error is named without the lock.
#[derive(Debug, Default)]
pub(super) struct Namer {
    last: u64,
    /// Named, and not yet told.
    pub(super) named: Vec<(Cause, SharedError)>,
}

impl Namer {
    /// The cause that stands for this error.
    pub(super) fn name(&mut self, class: CauseClass, error: SharedError) -> Cause {
        self.last += 1;
        let cause = Cause::new(class, self.last);
        self.named.push((cause, error));
        cause
    }

    /// The same for a failure; what the worker found itself needs no name.
    pub(super) fn name_failure(&mut self, failure: Failure) -> Cause {
        match failure.error {
            Some(error) => self.name(failure.class, error),
            None => Cause::new(failure.class, 0),
        }
    }
}

/// The errors that the machine may still name.
#[derive(Debug, Default)]
pub(super) struct Causes {
    errors: BTreeMap<u64, SharedError>,
    /// From so many on, those that nobody can name any more are looked for.
    crowded: usize,
}

/// So few are never worth a look.
const FEW: usize = 64;

impl Causes {
    /// Keeps what was named.
    pub(super) fn keep(&mut self, named: impl IntoIterator<Item = (Cause, SharedError)>) {
        self.errors.extend(named.into_iter().map(|(cause, error)| (cause.id, error)));
    }

    /// What a cause stands for.
    pub(super) fn find(&self, cause: Cause) -> Failure {
        Failure { class: cause.class, error: self.errors.get(&cause.id).cloned() }
    }

    /// Whether there are so many that some can probably be forgotten.
    pub(super) fn is_crowded(&self) -> bool {
        self.errors.len() > self.crowded.max(FEW)
    }

    /// Forgets all but these. The forgotten are returned, to be dropped without the lock.
    pub(super) fn retain(&mut self, named: &[Cause]) -> Vec<SharedError> {
        let mut all = core::mem::take(&mut self.errors);
        self.errors = named.iter().filter_map(|cause| Some((cause.id, all.remove(&cause.id)?))).collect();
        self.crowded = self.errors.len() * 2;
        all.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_kept_and_the_rest_forgotten() {
        let (mut causes, mut namer) = (Causes::default(), Namer::default());
        let kept: Vec<_> = (0..=FEW).map(|n| namer.name(CauseClass::Transient, error(n))).collect();
        causes.keep(namer.named.drain(..));
        assert!(causes.is_crowded());
        let forgotten = causes.retain(&[kept[3], kept[3], kept[7]]);
        assert_eq!(forgotten.len(), FEW - 1);
        assert!(!causes.is_crowded());
        assert_eq!(causes.find(kept[3]).to_string(), "the backing failed: error 3");
        assert_eq!(causes.find(kept[4]).to_string(), "the backing failed");
        assert_ne!(namer.name(CauseClass::Transient, error(0)), kept[0], "a name is never used twice");
    }

    #[test]
    fn they_are_crowded_again_when_there_are_twice_as_many_as_were_kept() {
        let (mut causes, mut namer) = (Causes::default(), Namer::default());
        let kept: Vec<_> = (0..=FEW).map(|n| namer.name(CauseClass::Transient, error(n))).collect();
        causes.keep(namer.named.drain(..));
        causes.retain(&kept);
        for n in 0..=FEW {
            assert!(!causes.is_crowded(), "{n} more than were kept");
            namer.name(CauseClass::Transient, error(n));
            causes.keep(namer.named.drain(..));
        }
        namer.name(CauseClass::Transient, error(0));
        causes.keep(namer.named.drain(..));
        assert!(causes.is_crowded());
    }

    fn error(n: usize) -> SharedError {
        Arc::from(Box::<dyn Error + Send + Sync>::from(format!("error {n}")))
    }
}
