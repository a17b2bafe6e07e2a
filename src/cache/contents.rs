//! What the cache holds of one model: entities, indexes and counts, in persistent maps: a copy costs nothing, and a change copies
//! the path to what it changes, if somebody holds a copy.

use std::sync::Arc;

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};
use smol_str::SmolStr;

use super::counts::Counts;
use super::held::Held;
use super::links::{self, By, Link};
use crate::machine::EntityId;

#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    entities: RedBlackTreeMapSync<EntityId, Arc<Held>>,
    links: RedBlackTreeSetSync<Link>,
    broken: RedBlackTreeSetSync<EntityId>,
    counts: Counts,
}

impl Contents {
    pub(super) fn put(&mut self, held: Held) {
        self.remove(held.id());
        self.counts.add(&held);
        links::of(&held).into_iter().for_each(|link| self.links.insert_mut(link));
        if held.entity().is_err() {
            self.broken.insert_mut(held.id().clone());
        }
        self.entities.insert_mut(held.id().clone(), Arc::new(held));
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, id: &EntityId) -> bool {
        let Some(held) = self.entities.get(id).map(Arc::clone) else { return false };
        self.entities.remove_mut(id);
        self.counts.remove(&held);
        for link in links::of(&held) {
            self.links.remove_mut(&link);
        }
        self.broken.remove_mut(id);
        true
    }

    pub(super) fn get(&self, id: &EntityId) -> Option<&Arc<Held>> {
        self.entities.get(id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Held> {
        self.entities.values().map(|held| &**held)
    }

    /// The entities from this id on, in order.
    pub(super) fn from(&self, id: EntityId) -> impl Iterator<Item = &Held> {
        self.entities.range(id..).map(|(_, held)| &**held)
    }

    /// Whom an index leads to, in order.
    pub(super) fn linked<'a>(&'a self, by: By, owner: &'a str) -> impl Iterator<Item = &'a str> {
        let first = Link { by, owner: owner.into(), member: SmolStr::default() };
        let of_owner = move |link: &&Link| link.by == by && link.owner == owner;
        self.links.range(first..).take_while(of_owner).map(|link| link.member.as_str())
    }

    pub(super) fn broken(&self) -> impl Iterator<Item = &Held> {
        self.broken.iter().filter_map(|id| self.get(id)).map(|held| &**held)
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn len(&self) -> usize {
        self.entities.size()
    }

    /// Everything that is kept beside the entities, compared with a recount.
    #[cfg(test)]
    pub(super) fn check(&self) {
        let (mut counts, mut links, mut broken) = (Counts::default(), Vec::new(), Vec::new());
        for held in self.all() {
            counts.add(held);
            links.extend(links::of(held));
            broken.extend(held.entity().is_err().then(|| held.id().clone()));
        }
        links.sort_unstable();
        assert_eq!(counts, self.counts);
        assert_eq!(links, self.links.iter().cloned().collect::<Vec<_>>());
        assert_eq!(broken, self.broken.iter().cloned().collect::<Vec<_>>());
    }
}
