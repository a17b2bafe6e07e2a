//! What the cache holds of one model: entities, indexes and counts, in persistent maps: a copy costs nothing, and a change copies
//! the path to what it changes, if somebody holds a copy.

use std::sync::Arc;

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};
use smol_str::SmolStr;

use super::counts::Counts;
use super::held::Held;
use super::links::{self, By, Link, Owner};
use crate::machine::EntityId;

#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    entities: RedBlackTreeMapSync<EntityId, Arc<Held>>,
    /// By owner first: the members of one lie near each other, and a search compares short texts.
    links: RedBlackTreeMapSync<Owner, RedBlackTreeSetSync<SmolStr>>,
    broken: RedBlackTreeSetSync<EntityId>,
    counts: Counts,
}

impl Contents {
    pub(super) fn put(&mut self, held: Held) {
        self.remove(held.id());
        self.counts.add(&held);
        links::of(&held).into_iter().for_each(|link| self.link(link));
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
            self.unlink(&link);
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
    pub(super) fn linked(&self, by: By, owner: &str) -> impl Iterator<Item = &str> {
        let members = self.links.get(&Owner { by, name: owner.into() });
        members.into_iter().flatten().map(SmolStr::as_str)
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

    fn link(&mut self, link: Link) {
        match self.links.get_mut(&link.owner) {
            Some(members) => members.insert_mut(link.member),
            None => self.links.insert_mut(link.owner, [link.member].into_iter().collect()),
        }
    }

    fn unlink(&mut self, link: &Link) {
        let Some(members) = self.links.get_mut(&link.owner) else { return };
        members.remove_mut(&link.member);
        if members.is_empty() {
            self.links.remove_mut(&link.owner);
        }
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
        let of_owner = |(owner, members): (&Owner, &RedBlackTreeSetSync<SmolStr>)| -> Vec<Link> {
            members.iter().map(|member| Link { owner: owner.clone(), member: member.clone() }).collect()
        };
        assert_eq!(links, self.links.iter().flat_map(of_owner).collect::<Vec<_>>());
        assert!(self.links.values().all(|members| !members.is_empty()));
        assert_eq!(broken, self.broken.iter().cloned().collect::<Vec<_>>());
    }
}
