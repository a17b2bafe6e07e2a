//! The search for a simpler story: tries candidates, keeps the simplest that fails in the same way, and remembers what else failed.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use multiwatcher::testing::{Operation, Subject};
use xxhash_rust::xxh3::Xxh3Default;

use super::identity::Identity;
use super::story::{Cost, Story};
use crate::course::Broken;
use crate::decisions::{Decisions, Header};
use crate::replay::Replayer;

/// Another failure that was met on the way.
#[derive(Debug, Clone)]
pub struct Other {
    /// What was broken.
    pub broken: Broken,
    /// How often it was met.
    pub count: u64,
    /// The shortest list that shows it.
    pub decisions: Decisions,
}

/// The simplest story so far, and what is needed to try others.
#[derive(Debug)]
pub(super) struct Search<S> {
    replayer: Replayer<S>,
    header: Header,
    identity: Identity,
    best: Story,
    cost: Cost,
    broken: Broken,
    /// Candidates with the best story's regime that were tried and are no better.
    tried: BTreeSet<u64>,
    replays: u64,
    limit: u64,
    others: Vec<Other>,
}

impl<S: Subject> Search<S> {
    /// Begins with a story. `None` if it does not fail.
    pub(super) fn begin(mut replayer: Replayer<S>, decisions: &Decisions, limit: u64) -> Option<Self> {
        let replay = replayer.replay(decisions);
        let broken = replay.broken?;
        let header = Header { broken: broken.name().to_owned(), ..decisions.header.clone() };
        let best = followed(&replayer, &Story::of(decisions), replay.needs_healing);
        Some(Self {
            replayer,
            header,
            identity: Identity::of(&broken),
            cost: best.cost(),
            best,
            broken,
            tried: BTreeSet::new(),
            replays: 1,
            limit,
            others: Vec::new(),
        })
    }

    pub(super) fn best(&self) -> &Story {
        &self.best
    }

    pub(super) fn cost(&self) -> Cost {
        self.cost
    }

    pub(super) fn replays(&self) -> u64 {
        self.replays
    }

    /// Whether no more replays may be made.
    pub(super) fn is_spent(&self) -> bool {
        self.replays >= self.limit
    }

    /// Keeps the candidate if it fails in the same way and is simpler.
    pub(super) fn attempt(&mut self, candidate: &Story) -> bool {
        self.failing(candidate).is_some_and(|story| self.keep(story))
    }

    /// The same with other operations.
    pub(super) fn attempt_operations(&mut self, operations: Vec<Operation>) -> bool {
        let candidate = self.best.with(operations);
        self.attempt(&candidate)
    }

    /// A candidate that fails in the same way and need not be simpler: operations are left out of it one by one, and it is kept
    /// if what is left is simpler.
    pub(super) fn attempt_after_deletion(&mut self, candidate: &Story) -> bool {
        let Some(mut story) = self.failing(candidate) else { return false };
        let mut at = story.len();
        while at > 0 && !self.is_spent() {
            at -= 1;
            let mut operations = story.operations.clone();
            operations.remove(at);
            if let Some(shorter) = self.failing(&story.with(operations)) {
                at = at.min(shorter.len());
                story = shorter;
            }
        }
        self.keep(story)
    }

    fn keep(&mut self, story: Story) -> bool {
        let cost = story.cost();
        let is_simpler = cost < self.cost;
        if is_simpler {
            if story.regime != self.best.regime {
                self.tried.clear();
            }
            (self.best, self.cost) = (story, cost);
        }
        is_simpler
    }

    /// What was followed of the candidate, if it fails in the same way.
    fn failing(&mut self, candidate: &Story) -> Option<Story> {
        if self.is_spent() || candidate.regime == self.best.regime && !self.tried.insert(fingerprint(candidate)) {
            return None;
        }
        self.replays += 1;
        let decisions = candidate.decisions(&self.header);
        let replay = self.replayer.replay(&decisions);
        let broken = replay.broken?;
        let story = followed(&self.replayer, candidate, replay.needs_healing);
        if Identity::of(&broken) == self.identity {
            return Some(story);
        }
        self.met(broken, &story);
        None
    }

    fn met(&mut self, broken: Broken, story: &Story) {
        let mut decisions = story.decisions(&self.header);
        broken.name().clone_into(&mut decisions.header.broken);
        let len = |decisions: &Decisions| decisions.operations.len();
        match self.others.iter_mut().find(|other| other.broken.finding == broken.finding) {
            Some(other) => {
                other.count += 1;
                if len(&decisions) < len(&other.decisions) {
                    (other.decisions, other.broken) = (decisions, broken);
                }
            }
            None => self.others.push(Other { broken, count: 1, decisions }),
        }
    }

    /// The best story as decisions, with the operations of its healing; what it breaks; and what else was met.
    pub(super) fn end(mut self) -> (Decisions, Broken, Vec<Other>) {
        let mut decisions = self.best.decisions(&self.header);
        if let Some(broken) = self.replayer.replay(&decisions).broken {
            self.broken = broken;
        }
        decisions.operations = self.replayer.made().to_vec();
        self.others.sort_by_key(|other| (other.broken.is_panic(), other.broken.name()));
        (decisions, self.broken, self.others)
    }
}

/// What was made of a story until it failed. If that was found at a step of the healing, the healing's operations are told like the others.
fn followed<S: Subject>(replayer: &Replayer<S>, story: &Story, needs_healing: bool) -> Story {
    let made = replayer.made();
    let end = replayer.healing().filter(|_| needs_healing).unwrap_or(made.len());
    Story { regime: story.regime.clone(), operations: made[..end].to_vec(), heals: needs_healing }
}

fn fingerprint(story: &Story) -> u64 {
    let mut hasher = Xxh3Default::new();
    (&story.operations, story.heals).hash(&mut hasher);
    hasher.finish()
}
