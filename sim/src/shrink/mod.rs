//! Shrinking: a failing list of decisions becomes a short one that fails in the same way.
//!
//! Replays are lenient, so anything may be left out or changed: what is no longer possible is passed over, and only what was
//! followed is kept. A candidate is kept if it fails in the same way ([`Identity`]) and is simpler: fewer operations,
//! then fewer readers, parties and ids, fewer switches from party to party, smaller numbers, a calmer regime. Each
//! kind of change is a file of its own; they are tried in turn until none finds anything simpler. Nothing is drawn and no clock is read:
//! the same failure always shrinks to the same list.
//!
//! What only the end of a healing shows stays a list with the mark of the healing at its end. What is found at a step of it is
//! told with the operations of the healing up to there, which are then shrunk like the others.

mod delete;
mod edit;
mod identity;
mod order;
mod rebuild;
mod regimes;
mod rename;
mod rework;
mod search;
mod simplify;
mod story;

use multiwatcher::testing::{Character, Subject};

pub use identity::Identity;
pub use search::Other;
use search::Search;
pub use story::Size;
use story::Story;

use crate::course::Broken;
use crate::decisions::Decisions;
use crate::replay::Replayer;
use crate::worlds::Maker;

/// Replays that are enough for nearly every failure, and take less than a second.
pub const REPLAYS: u64 = 20_000;
/// What a reader is like in a replay makes no difference, so all are of this kind.
const PLAIN: Character = Character::Eager;

/// What shrinking came to.
#[derive(Debug)]
pub struct Shrunk {
    /// The short list, with the operations of its healing if it needs one.
    pub decisions: Decisions,
    /// What it breaks.
    pub broken: Broken,
    /// How long it was when only what was made up to the failure was kept of it.
    pub before: Size,
    /// How long it is.
    pub after: Size,
    /// How many replays that took.
    pub replays: u64,
    /// Whether it ended because there was nothing left to try, and not for want of replays.
    pub is_done: bool,
    /// Other failures that were met on the way, one for each promise.
    pub others: Vec<Other>,
}

/// Shrinks decisions with at most so many replays. `None` if they do not fail when they are replayed.
pub fn shrink<S: Subject>(maker: Maker<S>, decisions: &Decisions, replays: u64) -> Option<Shrunk> {
    shrink_with(Replayer::of(maker), decisions, replays)
}

/// The same with a replayer that may be listening to some promises only.
pub fn shrink_with<S: Subject>(replayer: Replayer<S>, decisions: &Decisions, replays: u64) -> Option<Shrunk> {
    let mut search = Search::begin(replayer, decisions, replays)?;
    let before = Story::of(decisions).size();
    loop {
        let cost = search.cost();
        round(&mut search);
        if search.cost() == cost || search.is_spent() {
            break;
        }
    }
    let (after, replays, is_done) = (search.best().size(), search.replays(), !search.is_spent());
    let (decisions, broken, others) = search.end();
    Some(Shrunk { decisions, broken, before, after, replays, is_done, others })
}

/// Every kind of change once; the ones that leave out most come first.
fn round<S: Subject>(search: &mut Search<S>) {
    regimes::calm(search);
    delete::parties(search);
    delete::chunks(search);
    rename::ids(search);
    rename::readers(search);
    simplify::operations(search);
    delete::pairs(search);
    rebuild::plainly(search);
    rework::all(search);
    order::switches(search);
    rename::values(search);
}
