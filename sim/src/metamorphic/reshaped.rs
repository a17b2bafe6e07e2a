//! Runs in which commits are made in another shape, and what the machine needs to hear of them is told before any reader can look.
//! The three relations about commits stand on this.

use multiwatcher::machine::TimeoutReason;
use multiwatcher::testing::{Changes, IdSet, Operation, Stage, Subject};

use super::heard::{self, Listener};
use crate::decisions::Decisions;
use crate::worlds::Maker;

/// One commit of the list, at a moment when the backing has told everything it had to tell.
pub(super) struct Moment {
    /// Its place.
    pub(super) at: usize,
    /// What it does.
    pub(super) changes: Changes,
    /// Positions left out before it, at least one: so there is room for a commit before it, and later ones keep their positions.
    pub(super) skip: u8,
}

/// A run in another shape, and in how many commits it has one.
pub(super) struct Reshaped<S> {
    /// The run.
    pub(super) listener: Listener<S>,
    /// The commits.
    pub(super) commits: usize,
}

/// Whether runs of this regime can be compared. What counts revnos or ids of a notice sees the shape of commits: a lag limit,
/// a short queue.
pub(super) fn is_comparable(decisions: &Decisions) -> bool {
    let config = &decisions.header.regime.config;
    config.lag_limit.is_none() && config.lag_age.is_none() && config.queue_limit >= 64
}

/// Makes a run. `commit` is asked to make each commit that finds the backing quiet; if it returns `true`, it did.
pub(super) fn follow<S: Subject>(
    maker: Maker<S>,
    decisions: &Decisions,
    mut commit: impl FnMut(&mut Listener<S>, &Moment) -> bool,
) -> Reshaped<S> {
    let mut listener = Listener::new(maker, decisions.header.regime.clone());
    let mut commits = 0;
    for (at, operation) in decisions.operations.iter().enumerate() {
        let Some(operation) = shapeless(operation) else { continue };
        let Operation::Commit { changes, skip } = operation else {
            listener.apply(at, &operation);
            continue;
        };
        settle(&mut listener, at);
        let moment = Moment { at, changes, skip: skip.max(1) };
        if is_quiet(listener.stage()) && commit(&mut listener, &moment) {
            commits += 1;
        } else {
            make(&mut listener, at, changes, moment.skip);
        }
    }
    Reshaped { listener, commits }
}

/// Makes a commit, and lets the machine hear all of it.
pub(super) fn make<S: Subject>(listener: &mut Listener<S>, at: usize, changes: Changes, skip: u8) {
    listener.apply(at, &Operation::Commit { changes, skip });
    settle(listener, at);
}

/// The lower and the upper half of the ids a commit touches; `None` if there is but one.
pub(super) fn halves(changes: Changes) -> Option<(Changes, Changes)> {
    let half = usize::try_from(changes.ids.len() / 2).unwrap_or(0);
    let part = |ids: IdSet| Changes { ids, values: changes.values.only(ids) };
    let mut lower = IdSet::EMPTY;
    changes.ids.iter().take(half).for_each(|id| lower.insert(id));
    (half > 0).then(|| (part(lower), part(changes.ids.minus(lower))))
}

/// Compares two of them: the same stores, and readers that heard the same up to the numbers of revnos.
pub(super) fn compare<S: Subject>(
    mut one: Reshaped<S>,
    mut other: Reshaped<S>,
    names: (&str, &str),
) -> super::Compared {
    if one.commits == 0 {
        return None;
    }
    for run in [&mut one, &mut other] {
        run.listener.heard_mut().iter_mut().for_each(heard::blur);
    }
    let (stores, readers) = ((one.listener.store(), other.listener.store()), one.listener.stage().readers().len());
    if stores.0 != stores.1 {
        let text = format!("the store held at the end, {}: {:?}; {}: {:?}", names.0, stores.0, names.1, stores.1);
        return Some(Err(text.into()));
    }
    Some(heard::compare((one.listener.heard(), other.listener.heard()), names, readers))
}

/// The operation as it can be made in both runs: arguments that count commits are 0, and what cannot do without is left out. So is
/// coming back, for the window counts revnos.
#[expect(clippy::wildcard_enum_match_arm, reason = "no other operation counts commits or revnos")]
fn shapeless(operation: &Operation) -> Option<Operation> {
    match *operation {
        Operation::Rewind { .. } | Operation::Prune { .. } | Operation::Resume { .. } => None,
        Operation::Mark { .. } => Some(Operation::Mark { behind: 0 }),
        Operation::ReadUnasked { .. } => Some(Operation::ReadUnasked { skip: 0 }),
        Operation::ReadFetch { fetch, omit, .. } => Some(Operation::ReadFetch { fetch, skip: 0, omit, behind: 0 }),
        other => Some(other),
    }
}

/// Lets the backing tell what it has to tell, if it can; neither time nor readers move.
fn settle<S: Subject>(listener: &mut Listener<S>, at: usize) {
    /// A commit takes a handful: notice, turn, answer, arrival, turn.
    const MOST: usize = 64;
    for _ in 0..MOST {
        let Some(operation) = telling(listener.stage()) else { return };
        listener.apply(at, &operation);
    }
}

fn telling(stage: &Stage) -> Option<Operation> {
    if stage.is_runnable() {
        return Some(Operation::Turn);
    }
    let backing = stage.backing();
    let session = backing.speaking().filter(|session| session.load.is_none() && !session.rewound)?;
    if stage.ended() {
        None
    } else if !backing.flights().is_empty() {
        Some(Operation::Deliver { flight: 0, keep: false })
    } else if backing.streams() && session.streamed < backing.end() {
        Some(Operation::ReadUnasked { skip: 0 })
    } else if !backing.fetches().is_empty() {
        Some(Operation::ReadFetch { fetch: 0, skip: 0, omit: IdSet::EMPTY, behind: 0 })
    } else if !session.owed.is_empty() {
        Some(Operation::Notice { ids: session.owed, twice: false })
    } else {
        None
    }
}

/// Whether the machine follows, has heard everything, and waits for nothing but a sign of life.
fn is_quiet(stage: &Stage) -> bool {
    let backing = stage.backing();
    let follows = backing.speaking().is_some_and(|session| session.load.is_none() && !session.rewound);
    let waits = stage.deadline().is_some_and(|deadline| match deadline.why {
        TimeoutReason::Silence | TimeoutReason::LagAge => true,
        TimeoutReason::Reopen
        | TimeoutReason::SubscribeOverdue
        | TimeoutReason::LoadOverdue
        | TimeoutReason::FetchOverdue
        | TimeoutReason::FetchAgain
        | TimeoutReason::ReadAgain => false,
    });
    follows && waits && !stage.ended() && telling(stage).is_none() && backing.ailing().is_empty()
}
