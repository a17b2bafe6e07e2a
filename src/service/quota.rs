//! Counting who holds how much of something, and giving it back when it is dropped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts what is taken, by key and in all.
#[derive(Debug)]
pub(super) struct Quota<K: Ord + Clone> {
    taken: Arc<Mutex<Taken<K>>>,
    per_key: usize,
    in_all: usize,
}

#[derive(Debug)]
struct Taken<K> {
    by_key: BTreeMap<K, usize>,
    total: usize,
}

/// One that was taken; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Ticket<K: Ord + Clone> {
    taken: Arc<Mutex<Taken<K>>>,
    key: K,
}

impl<K: Ord + Clone> Quota<K> {
    pub(super) fn new(per_key: usize, in_all: usize) -> Self {
        let taken = Arc::new(Mutex::new(Taken { by_key: BTreeMap::new(), total: 0 }));
        Self { taken, per_key, in_all }
    }

    /// Takes one, if there is one left for this key.
    pub(super) fn take(&self, key: K) -> Option<Ticket<K>> {
        let mut taken = lock(&self.taken);
        let of_key = taken.by_key.get(&key).copied().unwrap_or(0);
        if of_key >= self.per_key || taken.total >= self.in_all {
            return None;
        }
        taken.by_key.insert(key.clone(), of_key + 1);
        taken.total += 1;
        drop(taken);
        Some(Ticket { taken: Arc::clone(&self.taken), key })
    }

    /// How many are taken.
    pub(super) fn total(&self) -> usize {
        lock(&self.taken).total
    }
}

impl<K: Ord + Clone> Drop for Ticket<K> {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.total -= 1;
        if let Some(count) = taken.by_key.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.by_key.remove(&self.key);
            }
        }
    }
}

fn lock<K>(taken: &Mutex<Taken<K>>) -> MutexGuard<'_, Taken<K>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let quota = Quota::new(2, 3);
        let (a, _b) = (quota.take("x").unwrap(), quota.take("x").unwrap());
        assert!(quota.take("x").is_none(), "of this key");
        let _c = quota.take("y").unwrap();
        assert!(quota.take("z").is_none(), "in all");
        drop(a);
        assert_eq!(quota.total(), 2);
        assert!(quota.take("z").is_some());
        assert_eq!(lock(&quota.taken).by_key.len(), 2, "a key with none is forgotten");
    }
}
