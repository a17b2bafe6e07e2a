//! The wakers of pending calls, and of whoever waits for an end.

use core::hash::{BuildHasher, Hasher};
use core::task::Waker;
use std::collections::BTreeMap;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::machine::CallId;

/// From pending call to waker. Looked up and never walked, except when everything is over.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    by_call: HashMap<CallId, Waker, ByAge>,
}

impl Wakers {
    /// Remembers who is to be woken. A waker that this replaces is returned, to be dropped without the lock.
    #[must_use]
    pub(super) fn set(&mut self, call: CallId, waker: &Waker) -> Option<Waker> {
        match self.by_call.entry(call) {
            Entry::Occupied(known) if known.get().will_wake(waker) => None,
            Entry::Occupied(mut other) => Some(other.insert(waker.clone())),
            Entry::Vacant(empty) => {
                empty.insert(waker.clone());
                None
            }
        }
    }

    /// Forgets a call.
    #[must_use]
    pub(super) fn remove(&mut self, call: CallId) -> Option<Waker> {
        self.by_call.remove(&call)
    }

    #[cfg(feature = "testing")]
    pub(super) fn has(&self, call: CallId) -> bool {
        self.by_call.contains_key(&call)
    }

    /// All of them, by age of the call.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Waker> {
        let mut all: Vec<_> = self.by_call.drain().collect();
        all.sort_unstable_by_key(|(call, _)| *call);
        all.into_iter().map(|(_, waker)| waker)
    }

    #[cfg(feature = "testing")]
    pub(super) fn len(&self) -> usize {
        self.by_call.len()
    }
}

/// Puts calls beside each other that began after each other: they are mostly woken, and wait again, together.
#[derive(Debug, Default, Clone, Copy)]
struct ByAge;

/// Hashes one call.
struct Age(u64);

impl BuildHasher for ByAge {
    type Hasher = Age;

    fn build_hasher(&self) -> Age {
        Age(0)
    }
}

impl Hasher for Age {
    fn write(&mut self, _: &[u8]) {
        unreachable!("a call's id is one number");
    }

    fn write_u64(&mut self, call: u64) {
        self.0 = call;
    }

    /// The table takes the place from the low bits, and from the highest seven a mark that tells neighbours apart.
    fn finish(&self) -> u64 {
        const MARK: u64 = 0x7f << 57;
        let mixed = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed & MARK) | (self.0 & !MARK)
    }
}

/// Who waits for an end: whose, and for each by the order of first polls.
#[derive(Debug)]
pub(super) struct Waits<K> {
    wakers: BTreeMap<(K, u64), Waker>,
    last: u64,
}

impl<K: Copy + Ord> Waits<K> {
    /// Remembers a waker under a key, which is drawn at the first poll. A waker that this replaces is returned.
    #[must_use]
    pub(super) fn set(&mut self, whose: K, key: &mut Option<u64>, waker: &Waker) -> Option<Waker> {
        let key = *key.get_or_insert_with(|| {
            self.last += 1;
            self.last
        });
        self.wakers.insert((whose, key), waker.clone())
    }

    /// Forgets one that waits no more.
    #[must_use]
    pub(super) fn remove(&mut self, whose: K, key: u64) -> Option<Waker> {
        self.wakers.remove(&(whose, key))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }

    /// Those who wait for this end.
    pub(super) fn take(&mut self, whose: K) -> impl Iterator<Item = Waker> {
        self.wakers.extract_if((whose, 0)..=(whose, u64::MAX), |_, _| true).map(|(_, waker)| waker)
    }

    /// Those who wait for this end, or for one before it.
    pub(super) fn take_to(&mut self, last: K) -> impl Iterator<Item = Waker> {
        self.wakers.extract_if(..=(last, u64::MAX), |_, _| true).map(|(_, waker)| waker)
    }

    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Waker> {
        core::mem::take(&mut self.wakers).into_values()
    }
}

impl<K> Default for Waits<K> {
    fn default() -> Self {
        Self { wakers: BTreeMap::new(), last: 0 }
    }
}
