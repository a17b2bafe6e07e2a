//! The search: breadth first, a block of states at a time, on any number of workers with one outcome.

use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use multiwatcher::testing::exhaustive::Fingerprints;
use multiwatcher::testing::{Operation, Subject};

use super::left::left;
use super::moves::Move;
use super::scope::Scope;
use super::walker::{Came, Grown, State, Walker};
use crate::course::Broken;
use crate::worlds::Maker;

/// How to search.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Workers.
    pub jobs: NonZeroUsize,
    /// Whether runs are merged by fingerprint.
    pub merge: bool,
    /// Whether two operations that can be made in either order are tried in one.
    pub skip: bool,
    /// The longest run; `None` until no run reaches a new state.
    pub depth: Option<usize>,
}

/// What a search came to.
#[derive(Debug)]
pub struct Outcome {
    /// States, the first included; without merging, runs.
    pub states: u64,
    /// Operations tried.
    pub transitions: u64,
    /// The most operations that the way to a state takes.
    pub depth: usize,
    /// By the length of the way, how many states.
    pub levels: Vec<u64>,
    /// States in which nothing more can happen.
    pub ends: u64,
    /// Whether no state was left to go on from.
    pub closed: bool,
    /// By the name of what is broken, a shortest run that breaks it. The search goes no deeper once there is one.
    pub found: BTreeMap<&'static str, Found>,
    /// The fingerprints seen.
    pub prints: Fingerprints,
}

/// A run that broke a promise.
#[derive(Debug)]
pub struct Found {
    /// What was done, in order.
    pub operations: Vec<Operation>,
    /// How many of them before the healing; `None` if it did not come to that.
    pub healing: Option<usize>,
    /// What it broke.
    pub broken: Broken,
}

/// How far a search is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// States found.
    pub states: u64,
    /// States found and not yet expanded.
    pub waiting: u64,
    /// Operations tried.
    pub transitions: u64,
    /// The length of the ways that are being tried.
    pub depth: usize,
    /// An estimate of the states that follow the levels that are whole; `None` as long as nothing can be said.
    pub left: Option<u64>,
}

/// States that are expanded between two looks at the fingerprints.
const BLOCK: usize = 4096;
/// States a worker takes at a time.
const SHARE: usize = 16;
/// The parent of the first state.
const ROOT: u32 = u32::MAX;

/// Searches. `show` is told how far it is, now and then.
pub fn search<S: Subject + Send>(
    maker: Maker<S>,
    scope: &Scope,
    limits: Limits,
    show: &mut dyn FnMut(Progress),
) -> Outcome {
    let mut workers: Vec<Walker<'_, S>> =
        (0..limits.jobs.get()).map(|_| Walker::new(maker, scope, limits.skip)).collect();
    let mut outcome = Outcome::new();
    let (prelude, print, first) = match workers[0].first() {
        Ok(first) => first,
        Err((operations, broken)) => {
            outcome.found.insert(broken.name(), Found { operations, healing: None, broken });
            return outcome;
        }
    };
    outcome.prints.insert(print);
    let mut tree = Tree { prelude, nodes: Vec::new() };
    let mut frontier = vec![(ROOT, first)];
    while !frontier.is_empty() && outcome.found.is_empty() && limits.depth.is_none_or(|most| outcome.depth < most) {
        let mut next = Vec::new();
        let mut rest = frontier.into_iter();
        loop {
            let block: Vec<(u32, State)> = rest.by_ref().take(BLOCK).collect();
            if block.is_empty() {
                break;
            }
            let grown = expand(&mut workers, &tree, &block, limits.merge.then_some(&outcome.prints));
            for ((node, _), grown) in block.iter().zip(grown) {
                outcome.take(*node, grown, limits.merge, &mut tree, &mut next);
            }
            show(outcome.progress(rest.len(), next.len()));
        }
        if !next.is_empty() {
            outcome.depth += 1;
            outcome.levels.push(next.len() as u64);
        }
        frontier = next;
    }
    outcome.closed = frontier.is_empty();
    outcome
}

/// How each state was reached first.
struct Tree {
    /// The operations before the first state.
    prelude: Vec<Operation>,
    nodes: Vec<(u32, Operation)>,
}

impl Tree {
    /// The node of what a move leads to; where it arrives at once, there is one between.
    fn add(&mut self, parent: u32, it: Move) -> u32 {
        let node = self.add_one(parent, it.operation);
        it.arrives.map_or(node, |arrives| self.add_one(node, arrives))
    }

    fn add_one(&mut self, parent: u32, operation: Operation) -> u32 {
        let node = u32::try_from(self.nodes.len()).expect("fewer than 2^32 states fit into memory");
        self.nodes.push((parent, operation));
        node
    }

    /// The operations that lead to a state.
    fn path(&self, mut node: u32, into: &mut Vec<Operation>) {
        into.clear();
        while let Some((parent, operation)) = self.nodes.get(node as usize) {
            into.push(*operation);
            node = *parent;
        }
        into.extend(self.prelude.iter().rev());
        into.reverse();
    }
}

/// Expands these states on all workers; what comes of them stands in their order.
fn expand<S: Subject + Send>(
    workers: &mut [Walker<'_, S>],
    tree: &Tree,
    block: &[(u32, State)],
    known: Option<&Fingerprints>,
) -> Vec<Grown> {
    let taken = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Vec<Grown>)>> = Mutex::new(Vec::new());
    let work = |walker: &mut Walker<'_, S>| {
        let mut path = Vec::new();
        loop {
            let from = taken.fetch_add(SHARE, Ordering::Relaxed);
            if from >= block.len() {
                return;
            }
            let share = &block[from..block.len().min(from + SHARE)];
            let grown: Vec<Grown> = share
                .iter()
                .map(|(node, state)| {
                    tree.path(*node, &mut path);
                    walker.expand(&path, state, |print| known.is_some_and(|known| known.contains(print)))
                })
                .collect();
            done.lock().expect("no worker panics with it").push((from, grown));
        }
    };
    if let [walker] = workers {
        work(walker);
    } else {
        std::thread::scope(|threads| {
            workers.iter_mut().for_each(|walker| {
                threads.spawn(|| work(walker));
            });
        });
    }
    let mut done = done.into_inner().expect("no worker panics with it");
    done.sort_unstable_by_key(|(from, _)| *from);
    done.into_iter().flat_map(|(_, grown)| grown).collect()
}

impl Outcome {
    fn new() -> Self {
        Self {
            states: 1,
            transitions: 0,
            depth: 0,
            levels: vec![1],
            ends: 0,
            closed: false,
            found: BTreeMap::new(),
            prints: Fingerprints::default(),
        }
    }

    /// Takes in what came of a state.
    fn take(&mut self, node: u32, grown: Grown, merge: bool, tree: &mut Tree, next: &mut Vec<(u32, State)>) {
        self.transitions += grown.tried;
        self.ends += u64::from(grown.is_end);
        for (it, came) in grown.children {
            match came {
                Came::New(print, state) => {
                    if self.prints.insert(print) || !merge {
                        self.states += 1;
                        next.push((tree.add(node, it), state));
                    }
                }
                Came::Broken(mut broken) => {
                    let mut operations = Vec::new();
                    tree.path(node, &mut operations);
                    // What a panic interrupted says no step.
                    let step = if broken.step == 0 { operations.len() + 1 } else { broken.step };
                    operations.push(it.operation);
                    operations.extend(it.arrives);
                    operations.truncate(step);
                    broken.step = step;
                    self.note(Found { operations, healing: None, broken });
                }
            }
        }
        if let Some((healing, broken)) = grown.ends_wrong {
            let mut operations = Vec::new();
            tree.path(node, &mut operations);
            let from = operations.len();
            operations.extend(healing);
            self.note(Found { operations, healing: Some(from), broken });
        }
    }

    fn note(&mut self, found: Found) {
        let name = found.broken.name();
        if self.found.get(name).is_none_or(|other| found.operations.len() < other.operations.len()) {
            self.found.insert(name, found);
        }
    }

    /// The shortest run that broke something.
    pub fn shortest(&self) -> Option<&Found> {
        self.found.values().min_by_key(|found| found.operations.len())
    }

    /// What is broken, in words that do not depend on the order in which it was found.
    pub fn verdicts(&self) -> BTreeSet<&'static str> {
        self.found.keys().copied().collect()
    }

    fn progress(&self, waiting: usize, next: usize) -> Progress {
        let waiting = (waiting + next) as u64;
        let left = left(&self.levels);
        Progress { states: self.states, waiting, transitions: self.transitions, depth: self.depth, left }
    }
}
