//! Which database it is, as far as is known, and which it was before.

use std::sync::{Arc, Mutex, PoisonError};

use crate::backing::Identity;

/// What both threads and all handles know of it.
#[derive(Debug)]
pub(super) struct Identities(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    /// The latest one last.
    known: Vec<Identity>,
    /// How often the past came back in the same file, and how many of these times the latest identity is younger than.
    rewinds: u64,
    renewed: u64,
}

impl Identities {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    /// The latest.
    pub(super) fn current(&self) -> Identity {
        self.locked(|inside| inside.known.last().copied()).unwrap_or(Identity(0))
    }

    /// The database that was opened has this one. `renewed` is what [that](Self::renewals) was before: if the other thread has renewed the
    /// identity meanwhile, one that was known is the one before.
    pub(super) fn add(&self, identity: Identity, renewed: u64) {
        self.locked(|inside| {
            if inside.renewed == renewed || !inside.known.contains(&identity) {
                inside.add(identity);
            }
        });
    }

    /// Another number whenever the identity was renewed.
    pub(super) fn renewals(&self) -> u64 {
        self.locked(|inside| inside.renewed)
    }

    /// All of them.
    pub(super) fn are(&self) -> Vec<Identity> {
        self.locked(|inside| inside.known.clone())
    }

    /// The past came back: the database is to be known as another one.
    pub(super) fn outdate(&self) {
        self.locked(|inside| inside.rewinds += 1);
    }

    /// Whether nobody is to subscribe under the latest one.
    pub(super) fn is_outdated(&self) -> bool {
        self.locked(|inside| inside.rewinds > inside.renewed)
    }

    /// How often that was, and which ones the database is no longer to have; nothing if its identity is as it should be.
    pub(super) fn outdated(&self) -> Option<(u64, Vec<Identity>)> {
        self.locked(|inside| (inside.rewinds > inside.renewed).then(|| (inside.rewinds, inside.known.clone())))
    }

    /// After the past had come back so often, the database got this one.
    pub(super) fn renewed(&self, identity: Identity, rewinds: u64) {
        self.locked(|inside| {
            inside.add(identity);
            inside.renewed = rewinds;
        });
    }

    fn locked<R>(&self, work: impl FnOnce(&mut Inside) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inside {
    fn add(&mut self, identity: Identity) {
        self.known.retain(|known| *known != identity);
        self.known.push(identity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_the_identity_was_renewed_does_not_come_after_it() {
        let identities = Identities::new();
        identities.add(Identity(1), identities.renewals());
        let before = identities.renewals();
        identities.outdate();
        let (rewinds, known) = identities.outdated().unwrap();
        assert_eq!(known, [Identity(1)]);
        // It comes back once more while the identity is being renewed.
        identities.outdate();
        identities.renewed(Identity(2), rewinds);
        assert!(identities.is_outdated());
        identities.add(Identity(1), before);
        assert_eq!(identities.current(), Identity(2));
        // A file that was there before may come back.
        identities.add(Identity(1), identities.renewals());
        assert_eq!(identities.current(), Identity(1));
    }
}
