//! What a batch has replaced, given up a slice at a time: to free a hundred thousand entities takes a while too.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::applying::ENTITY;
use super::contents::Contents;
use super::replica::Changes;
use super::snapshot::{Moment, Snapshot};
use crate::machine::EntityId;

/// So few are given up at once.
const FEW: usize = 1000;

/// A snapshot that nobody else has, and in what it differs from the one after it: all else the two share.
pub(super) struct Retired {
    moment: Moment,
    changes: Changes,
    open: Option<(Contents, BTreeSet<EntityId>)>,
}

impl Retired {
    /// Nothing, if there is little to give up, or if somebody still reads it and will give it up.
    pub(super) fn new(snapshot: Snapshot, changes: Changes) -> Option<Self> {
        changes.ids().nth(FEW)?;
        Some(Self { moment: snapshot.into_moment()?, changes, open: None })
    }

    /// Gives up about as much as this many bytes of JSON take. Whether that was all.
    pub(super) fn advance(&mut self, bytes: usize) -> bool {
        let mut left = bytes;
        loop {
            let Some((contents, ids)) = &mut self.open else {
                let Some((model, ids)) = self.changes.by_model.pop_first() else { return true };
                let contents = self.moment.models.get(&model).map(Arc::clone);
                self.moment.models.remove_mut(&model);
                self.open = contents.and_then(Arc::into_inner).map(|contents| (contents, ids));
                continue;
            };
            let Some(id) = ids.pop_first() else {
                self.open = None;
                continue;
            };
            let did = ENTITY + contents.get(&id).map_or(0, |held| held.json().as_str().len());
            contents.remove(&id);
            match left.checked_sub(did) {
                Some(more) => left = more,
                None => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::super::replica::{Feed, Replica};
    use super::*;
    use crate::backing::Json;
    use crate::machine::{Batch, Change, Delta, Epoch, ModelId, Position, Revno};

    const MODELS: usize = 2;
    const UNITS: usize = 4 * FEW;

    /// Units `0..UNITS` of two models, and values that can be looked for.
    fn apply(replica: &mut Replica, feed: Feed, revno: u64, status: &str) -> (Changes, Vec<Weak<Json>>) {
        let text = format!(r#"{{"application": "redis", "workload-status": {{"current": "{status}"}}}}"#);
        let delta = |number: usize| {
            let model = ModelId::from_u128((number % MODELS) as u128);
            let id = EntityId::new("unit", model, format!("redis/{number}"));
            Delta::new(id, Revno(revno), Change::Changed, Arc::new(text.parse::<Json>().unwrap()))
        };
        let batch = Batch::new(Revno(revno), Position(revno), (0..UNITS).map(delta).collect());
        let values = batch.deltas().iter().map(|delta| Arc::downgrade(delta.value())).collect();
        (replica.apply(feed, Epoch(1), &batch).unwrap(), values)
    }

    fn alive(values: &[Weak<Json>]) -> usize {
        values.iter().filter(|value| value.strong_count() > 0).count()
    }

    #[test]
    fn what_was_replaced_is_given_up_in_slices_and_what_took_its_place_stands() {
        let mut replica = Replica::new();
        let feed = replica.open();
        let (_, old) = apply(&mut replica, feed, 1, "active");
        let before = replica.snapshot().unwrap().clone();
        let (changes, new) = apply(&mut replica, feed, 2, "blocked");
        let mut retired = Retired::new(before, changes).expect("it is the last handle of much");
        let mut left = alive(&old);
        assert_eq!(left, UNITS);
        while !retired.advance(100 * ENTITY) {
            let now = alive(&old);
            assert!((1..=100).contains(&(left - now)), "{} in one slice", left - now);
            left = now;
        }
        assert!(left <= 100, "{left} at last");
        drop(retired);
        assert_eq!((alive(&old), alive(&new)), (0, UNITS));
        replica.snapshot().unwrap().models().for_each(|model| model.check());
    }

    #[test]
    fn a_snapshot_that_is_read_and_a_small_difference_are_left_alone() {
        let mut replica = Replica::new();
        let feed = replica.open();
        let (_, old) = apply(&mut replica, feed, 1, "active");
        let before = replica.snapshot().unwrap().clone();
        let read = before.clone();
        let (changes, _) = apply(&mut replica, feed, 2, "blocked");
        assert!(Retired::new(before, changes).is_none());
        assert_eq!((alive(&old), read.len()), (UNITS, UNITS));
        assert!(Retired::new(read, Changes::default()).is_none());
    }
}
