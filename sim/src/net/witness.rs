//! The oracle of one watcher at its client's end: what it is told is compared with the commits.
//!
//! # Which commit
//!
//! A reply does not say at which position it was taken. The witness takes the earliest that explains it: what the client holds is the
//! filtered database after that commit, and each delta is about something that a commit since the last reply changed. If any explains all replies of a
//! watcher, then so do the earliest.
//!
//! # Not older than what was told
//!
//! All watchers of a server read one store, which only goes forward, and a batch is taken after it was asked for. So a reply is not
//! older than what *any* client had been told when this one asked, nor than what the database held when the server came up:
//! that is the *floor*.

use core::fmt;
use std::collections::BTreeSet;

use super::history::{History, Scope, Told, View, in_short};

/// A promise that was broken, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub promise: Promise,
    /// What was seen.
    pub what: String,
}

/// What is promised, by the names of the design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// A view is the filtered database after one of its commits, not older than before.
    ExactPrefix,
    /// No delta without a change.
    NoSpuriousDelta,
    /// No more deltas than ids that changed.
    Coalescing,
    /// Only the first batch may be empty.
    FreshFirst,
    /// A stopped watcher never speaks, and nothing is left of it.
    StopQuiescent,
    /// After healing every view becomes the database.
    Convergence,
    /// Each request is answered once, as the protocol says.
    Protocol,
    /// Nothing panics.
    NoPanic,
}

impl Promise {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ExactPrefix,
        Self::NoSpuriousDelta,
        Self::Coalescing,
        Self::FreshFirst,
        Self::StopQuiescent,
        Self::Convergence,
        Self::Protocol,
        Self::NoPanic,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExactPrefix => "exact-prefix",
            Self::NoSpuriousDelta => "no-spurious-delta",
            Self::Coalescing => "coalescing",
            Self::FreshFirst => "fresh-first",
            Self::StopQuiescent => "stop-quiescent",
            Self::Convergence => "convergence",
            Self::Protocol => "protocol",
            Self::NoPanic => "no-panic",
        }
    }

    /// It in words.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::ExactPrefix => {
                "After each reply a client's view is the filtered database after one of its commits, and never an older one than \
                 had been told when it asked."
            }
            Self::NoSpuriousDelta => {
                "A reply tells an entity at most once: changed if it is alive and was changed since the last reply, removed if \
                 it was held and is dead."
            }
            Self::Coalescing => "A reply never holds more deltas than entities changed since the last one.",
            Self::FreshFirst => "The first reply of a watcher is the whole state, and only that one may be empty.",
            Self::StopQuiescent => {
                "Once a watcher is stopped it never speaks again, and a call that waited for it is told so, once. When its \
                 client is gone, the server holds nothing of it."
            }
            Self::Convergence => {
                "When everything is healed and nothing changes, each client's view becomes what the database holds, within a \
                 bound."
            }
            Self::Protocol => "Each request is answered once, in the form that the protocol has for it.",
            Self::NoPanic => "Nothing that a client, a network or a crash does makes the server panic.",
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise.name(), self.what)
    }
}

/// What one watcher was told so far.
#[derive(Debug)]
pub struct Witness {
    scope: Scope,
    /// The earliest position that explains the last reply; none before the first.
    at: Option<u64>,
}

impl Witness {
    /// A watcher of this.
    pub fn new(scope: Scope) -> Self {
        Self { scope, at: None }
    }

    /// Judges a reply: what the client held before it and holds after it. Returns the position.
    pub fn judge(
        &mut self,
        history: &History,
        (before, after): (&View, &View),
        told: &[Told],
        floor: u64,
    ) -> Result<u64, Broken> {
        self.shape(history, told)?;
        let earliest = self.at.unwrap_or(0).max(floor);
        let equal = |position: &u64| history.equals(after, self.scope, *position);
        let mut equals = (earliest..=history.latest()).filter(equal).peekable();
        if equals.peek().is_none() {
            return Err(self.no_position(history, after, earliest));
        }
        let mut why = None;
        for position in equals {
            match told.iter().find_map(|told| self.unjustified(history, before, told, position)) {
                None => {
                    self.at = Some(position);
                    return Ok(position);
                }
                Some(unjustified) => why = why.or(Some(unjustified)),
            }
        }
        Err(Broken { promise: Promise::NoSpuriousDelta, what: why.unwrap_or_default() })
    }

    /// What can be said of a reply alone.
    fn shape(&self, history: &History, told: &[Told]) -> Result<(), Broken> {
        let broken = |promise, what: String| Err(Broken { promise, what });
        let distinct: BTreeSet<_> = told.iter().map(|told| &told.id).collect();
        if distinct.len() < told.len() {
            return broken(Promise::NoSpuriousDelta, "an entity is told twice in one reply".to_owned());
        }
        match self.at {
            Some(_) if told.is_empty() => {
                broken(Promise::FreshFirst, "a reply that is not the first holds nothing".to_owned())
            }
            Some(at) => {
                let most = history.distinct_since(self.scope, at);
                if told.len() > most {
                    let what = format!("{} deltas, but {most} entities changed since position {at}", told.len());
                    return broken(Promise::Coalescing, what);
                }
                Ok(())
            }
            None => match told.iter().find(|told| told.is_removed) {
                Some(told) => broken(Promise::FreshFirst, format!("the first reply removes {}", name(told))),
                None => Ok(()),
            },
        }
    }

    /// Why this delta should not be in a reply taken at that position.
    fn unjustified(&self, history: &History, before: &View, told: &Told, position: u64) -> Option<String> {
        let alive = history.at(&told.id, position);
        if told.is_removed {
            if alive.is_some() {
                return Some(format!("{} is told removed and lives", name(told)));
            }
            if !before.contains_key(&told.id) {
                return Some(format!("{} is told removed and was never told", name(told)));
            }
            let had = history.had(&told.id, &told.mark, position);
            return (!had).then(|| format!("{} is told removed with a value it never had", name(told)));
        }
        if alive.is_none() {
            return Some(format!("{} is told changed and is dead", name(told)));
        }
        let at = self.at?;
        let changed = history.changed(&told.id, at, position);
        (!changed).then(|| format!("{} is told changed, but no commit changed it since position {at}", name(told)))
    }

    fn no_position(&self, history: &History, after: &View, earliest: u64) -> Broken {
        let latest = history.latest();
        let older = (0..earliest).rev().find(|position| history.equals(after, self.scope, *position));
        let what = match older {
            Some(older) => {
                format!(
                    "the view is the database after commit {older}, but commit {earliest} had been told before it was asked for"
                )
            }
            None => {
                let differ = |position: u64| history.differing(after, self.scope, position);
                let nearest = (earliest..=latest).min_by_key(|position| differ(*position).len()).unwrap_or(latest);
                let ids: Vec<_> = differ(nearest).iter().map(in_short).collect();
                format!(
                    "the view is the database after no commit of {earliest}..={latest}; nearest is {nearest}, but for {}",
                    ids.join(", ")
                )
            }
        };
        Broken { promise: Promise::ExactPrefix, what }
    }
}

fn name(told: &Told) -> String {
    in_short(&told.id)
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::super::history::{Mark, ids};
    use super::*;

    fn mark(text: &str) -> Mark {
        Rc::from(text)
    }

    /// Two entities, four commits: both born, one changed, the other removed, and something else.
    fn history() -> History {
        let mut history = History::new(false);
        let [one, other] = [ids(0)[1].clone(), ids(0)[2].clone()];
        history.commit(vec![(one.clone(), Some(mark("v1"))), (other.clone(), Some(mark("v2")))]);
        history.commit(vec![(one, Some(mark("v3")))]);
        history.commit(vec![(other, None)]);
        history.commit(vec![(ids(1)[0].clone(), Some(mark("v4")))]);
        history
    }

    fn told(place: usize, is_removed: bool, text: &str) -> Told {
        Told { id: ids(0)[place].clone(), is_removed, mark: mark(text) }
    }

    fn fold(before: &View, told: &[Told]) -> View {
        let mut view = before.clone();
        for told in told {
            if told.is_removed {
                view.remove(&told.id);
            } else {
                view.insert(told.id.clone(), Rc::clone(&told.mark));
            }
        }
        view
    }

    fn judged(batches: &[&[Told]], floor: u64) -> Result<u64, Promise> {
        let history = history();
        let mut witness = Witness::new(Scope::of(super::super::history::model(0)));
        let (mut before, mut last) = (View::new(), 0);
        for told in batches {
            let after = fold(&before, told);
            last = witness.judge(&history, (&before, &after), told, floor).map_err(|broken| broken.promise)?;
            before = after;
        }
        Ok(last)
    }

    #[test]
    fn what_happened_is_explained_by_the_earliest_commit() {
        let first = [told(1, false, "v1"), told(2, false, "v2")];
        assert_eq!(judged(&[&first], 0), Ok(1));
        assert_eq!(judged(&[&first, &[told(1, false, "v3"), told(2, true, "v2")]], 0), Ok(3));
        assert_eq!(judged(&[&[told(1, false, "v3")]], 4), Ok(4));
    }

    #[test]
    fn half_a_commit_and_a_value_of_the_past_are_no_prefix() {
        assert_eq!(judged(&[&[told(1, false, "v1")]], 0), Err(Promise::ExactPrefix));
        let first = [told(1, false, "v1"), told(2, false, "v2")];
        assert_eq!(judged(&[&first], 2), Err(Promise::ExactPrefix), "older than what was told");
    }

    #[test]
    fn a_delta_needs_a_change_and_a_removal_somebody_who_held_it() {
        let first = [told(1, false, "v1"), told(2, false, "v2")];
        let again = [told(1, false, "v3"), told(2, false, "v2")];
        assert_eq!(judged(&[&first, &again], 0), Err(Promise::NoSpuriousDelta));
        let late = [told(1, false, "v3")];
        assert_eq!(judged(&[&late, &[told(2, true, "v2")]], 4), Err(Promise::Coalescing));
        assert_eq!(judged(&[&late, &[told(2, true, "v2")]], 0), Err(Promise::Coalescing));
        assert_eq!(judged(&[&first, &late, &[told(2, true, "v9")]], 0), Err(Promise::NoSpuriousDelta));
    }

    #[test]
    fn only_the_first_reply_may_be_empty_and_it_removes_nothing() {
        let first = [told(1, false, "v1"), told(2, false, "v2")];
        assert_eq!(judged(&[&first, &[]], 0), Err(Promise::FreshFirst));
        assert_eq!(judged(&[&[told(1, true, "v1")]], 0), Err(Promise::FreshFirst));
        assert_eq!(judged(&[&[]], 0), Ok(0));
    }
}
