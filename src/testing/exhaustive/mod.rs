//! Every sequence of a few operations, over a scope so small that all can be tried.
//!
//! A move is a commit of one put or delete (notice, fetch and step are done within it), one poll of a reader's `next` whose call
//! is dropped if it would wait, or a stop. The search goes breadth first, so what it finds first is shortest. Sequences are
//! merged where [`Player::fingerprint`]s are equal; with merging the space closes, and the search can be run until there is no
//! new state.
//!
//! Two players: [`Lockstep`](super::Lockstep) compares the subject with the reference model in everything; [`Told`] looks at
//! what readers are told alone, and so serves subjects that keep no census.

mod moves;
mod told;

use std::collections::BTreeMap;

use hashbrown::HashTable;

pub use moves::{Move, Scope};
pub use told::{Told, Wrong};

/// What the search plays with: a subject and what watches it.
pub trait Player: Clone {
    /// What can be wrong.
    type Wrong;

    /// Makes a move that is legal.
    fn play(&mut self, step: Move) -> Result<(), Self::Wrong>;

    /// Whether a move can be made: a watcher that was stopped neither reads nor stops.
    fn is_legal(&self, step: Move) -> bool;

    /// Lets the readers read until they would wait, in this order, and compares their views with the backing.
    fn read_out(&mut self, readers: &[u8]) -> Result<(), Self::Wrong>;

    /// Equal only for players with equal futures.
    fn fingerprint(&self) -> u128;
}

/// What a search found.
#[derive(Debug)]
pub struct Outcome<W> {
    /// States that are different by their fingerprints, the first included; without merging, sequences.
    pub states: usize,
    /// Sequences tried, each one move longer than one that reached a new state.
    pub tried: u64,
    /// The length of the longest sequence that reached a new state.
    pub depth: usize,
    /// Whether no state was left to go on from.
    pub closed: bool,
    /// The shortest sequences that went wrong, one for each class of wrong.
    pub found: BTreeMap<&'static str, (Vec<Move>, W)>,
    /// The fingerprints seen.
    pub seen: Fingerprints,
}

/// How far to search.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest sequence; `None` until the space closes.
    pub depth: Option<usize>,
    /// Whether sequences are merged by fingerprint.
    pub merge: bool,
}

/// A set of fingerprints, without an order.
#[derive(Debug, Default)]
pub struct Fingerprints(HashTable<u128>);

impl Fingerprints {
    /// Puts one in; whether it is new is returned.
    pub fn insert(&mut self, print: u128) -> bool {
        let new = !self.contains(print);
        if new {
            self.0.insert_unique(low(print), print, |other| low(*other));
        }
        new
    }

    /// Whether it is in the set.
    pub fn contains(&self, print: u128) -> bool {
        self.0.find(low(print), |other| *other == print).is_some()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A fingerprint is a good hash of itself.
#[expect(clippy::cast_possible_truncation, reason = "its lower half is as good as the whole")]
fn low(print: u128) -> u64 {
    print as u64
}

/// Tries every sequence of moves from `start`. `class` sorts what is wrong: one shortest sequence is kept of each class, and a
/// sequence that went wrong while playing is not continued; one whose readers only end up wrong is.
///
/// States are expanded on all cores, a block at a time; what comes of them is taken in order, so the outcome is the same on any
/// number of cores.
pub fn search<P: Player + Send + Sync>(
    start: &P,
    scope: &Scope,
    limits: Limits,
    class: impl Fn(&P, &P::Wrong) -> &'static str + Sync,
) -> Outcome<P::Wrong>
where
    P::Wrong: Send,
{
    let mut seen = Fingerprints::default();
    seen.insert(start.fingerprint());
    let mut outcome = Outcome { states: 1, tried: 0, depth: 0, closed: false, found: BTreeMap::new(), seen };
    let mut paths: Vec<(u32, Move)> = Vec::new();
    let mut frontier = vec![(ROOT, start.clone())];
    while !frontier.is_empty() && limits.depth.is_none_or(|depth| outcome.depth < depth) {
        let mut next = Vec::new();
        let mut rest = frontier.into_iter();
        loop {
            let block: Vec<_> = rest.by_ref().take(BLOCK).collect();
            if block.is_empty() {
                break;
            }
            let known = limits.merge.then_some(&outcome.seen);
            for grown in expand(block, scope, known, &class) {
                outcome.tried += grown.tried;
                for (step, print, result) in grown.children {
                    if result.is_ok() && !outcome.seen.insert(print) && limits.merge {
                        continue;
                    }
                    let here = u32::try_from(paths.len()).expect("fewer than 2^32 states fit into memory");
                    paths.push((grown.path, step));
                    match result {
                        Err((class, wrong)) => outcome.note(class, wrong, || path_to(&paths, here)),
                        Ok(player) => next.push((here, player)),
                    }
                }
                for (class, wrong) in grown.ends_wrong {
                    outcome.note(class, wrong, || path_to(&paths, grown.path));
                }
            }
        }
        outcome.states += next.len();
        outcome.depth += usize::from(!next.is_empty());
        frontier = next;
    }
    outcome.closed = frontier.is_empty();
    for grown in read_out_all(frontier, scope, &class) {
        for (class, wrong) in grown.ends_wrong {
            outcome.note(class, wrong, || path_to(&paths, grown.path));
        }
    }
    outcome
}

/// The parent of the first state.
const ROOT: u32 = u32::MAX;
/// States that are expanded between two looks at the fingerprints.
const BLOCK: usize = 8192;

/// A move from a state, the fingerprint of where it led, and that state or what went wrong.
type Child<P> = (Move, u128, Result<P, (&'static str, <P as Player>::Wrong)>);

/// What came of one state.
struct Grown<P: Player> {
    path: u32,
    tried: u64,
    /// Those that led to a known state are left out.
    children: Vec<Child<P>>,
    /// What is wrong when its readers have read all there is.
    ends_wrong: Vec<(&'static str, P::Wrong)>,
}

impl<W> Outcome<W> {
    fn note(&mut self, class: &'static str, wrong: W, path: impl FnOnce() -> Vec<Move>) {
        let path = path();
        if self.found.get(class).is_none_or(|(shortest, _)| path.len() < shortest.len()) {
            self.found.insert(class, (path, wrong));
        }
    }
}

fn expand<P: Player + Send + Sync>(
    block: Vec<(u32, P)>,
    scope: &Scope,
    known: Option<&Fingerprints>,
    class: &(impl Fn(&P, &P::Wrong) -> &'static str + Sync),
) -> Vec<Grown<P>>
where
    P::Wrong: Send,
{
    on_all_cores(block, |(path, player)| {
        let mut grown = read_out(path, &player, scope, class);
        for step in scope.moves().filter(|step| player.is_legal(*step)) {
            grown.tried += 1;
            let mut child = player.clone();
            let played = child.play(step);
            let print = child.fingerprint();
            match played {
                Err(wrong) => grown.children.push((step, print, Err((class(&child, &wrong), wrong)))),
                Ok(()) if known.is_some_and(|known| known.contains(print)) => {}
                Ok(()) => grown.children.push((step, print, Ok(child))),
            }
        }
        grown
    })
}

/// The last states of a search that did not close are not expanded, but their readers read too.
fn read_out_all<P: Player + Send + Sync>(
    states: Vec<(u32, P)>,
    scope: &Scope,
    class: &(impl Fn(&P, &P::Wrong) -> &'static str + Sync),
) -> Vec<Grown<P>>
where
    P::Wrong: Send,
{
    on_all_cores(states, |(path, player)| read_out(path, &player, scope, class))
}

fn read_out<P: Player>(
    path: u32,
    player: &P,
    scope: &Scope,
    class: &impl Fn(&P, &P::Wrong) -> &'static str,
) -> Grown<P> {
    let mut ends_wrong = Vec::new();
    for order in scope.orders() {
        let mut reading = player.clone();
        if let Err(wrong) = reading.read_out(&order) {
            ends_wrong.push((class(&reading, &wrong), wrong));
        }
    }
    Grown { path, tried: 0, children: Vec::new(), ends_wrong }
}

/// Does the same for each, in parallel; the results stand in the order of what they came from.
fn on_all_cores<T: Send, R: Send>(mut all: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = all.len().div_ceil(cores).max(1);
    let mut shares = Vec::new();
    while !all.is_empty() {
        shares.push(all.drain(..share.min(all.len())).collect::<Vec<T>>());
    }
    std::thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = shares
            .into_iter()
            .map(|share| scope.spawn(move || share.into_iter().map(work).collect::<Vec<R>>()))
            .collect();
        running
            .into_iter()
            .flat_map(|part| part.join().expect("a panic in a worker is a failure of the search"))
            .collect()
    })
}

fn path_to(paths: &[(u32, Move)], mut at: u32) -> Vec<Move> {
    let mut moves = Vec::new();
    while let Some((parent, step)) = paths.get(at as usize) {
        moves.push(*step);
        at = *parent;
    }
    moves.reverse();
    moves
}
