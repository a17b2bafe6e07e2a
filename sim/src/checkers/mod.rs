//! One checker per promise, one file each. A checker looks at observations as they come, with the reference model for
//! facts, and counts how often it had something to decide: one that never had checks nothing.
//!
//! Whatever stands in the machine's place, checkers see only observations and the census. What they do not look at costs
//! nothing: every method has an empty default, and [`Suite`] calls them without indirection.

mod atomic_commit;
mod bounded_tombstones;
mod cancel_safe;
mod coalescing;
mod convergence;
mod deterministic;
mod exact_prefix;
mod failure_isolated;
mod filter_equivalence;
mod fresh_first;
mod load_equals_increments;
mod no_spin_no_stall;
mod no_spurious_delta;
mod ordered;
mod progress;
mod restart_transparent;
mod resume_or_gone;
mod slow_reader_isolated;
mod stop_quiescent;
mod stop_total;
#[cfg(test)]
mod story;
mod suite;
mod truthful_report;

use core::time::Duration;

use multiwatcher::machine::{NextError, Progress, Report, ResumeError, ResumePoint, WatchError, WatcherId};
use multiwatcher::testing::{
    BatchSeen, Broken, CallSeen, DeltaSeen, Expected, How, Observation, Party, Promise, Reference, Regime, State,
    Watcher, WatcherStage,
};

pub use suite::Suite;

/// `Err` says in words what was seen and what it should have been. Two registers wide: twenty are given per observation.
pub type Verdict = Result<(), Box<str>>;

/// What a checker may know, besides what is seen.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What the run is like.
    pub regime: &'a Regime,
    /// What should be so: before what is seen in [`Checker::called`] and the like, after it in [`Checker::settled`].
    pub reference: &'a Reference,
    /// By reader, the fold of the batches it was told, the one being looked at included.
    pub views: &'a [State; Party::READERS],
    /// Tombstones there must be after the operation; 0 while things are seen.
    pub tombstones: u32,
}

/// A poll.
#[derive(Debug, Clone, Copy)]
pub struct Polled {
    /// Whose.
    pub reader: u8,
    /// How, and of which call.
    pub how: How,
    /// What it came to.
    pub seen: CallSeen,
    /// What it had to come to.
    pub expected: Expected,
    /// Where the watcher stands.
    pub stage: WatcherStage,
}

/// A batch that was taken.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'a> {
    /// By whom.
    pub reader: u8,
    /// The batch.
    pub batch: BatchSeen,
    /// What it tells.
    pub deltas: &'a [DeltaSeen],
    /// What it had to tell.
    pub due: &'a [DeltaSeen],
}

/// The subject after an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Census {
    /// What it reports.
    pub report: Report,
    /// What its store holds; `None` if it was not looked at, or cannot be.
    pub store: Option<State>,
}

/// How a healing phase ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Healed {
    /// How long it took.
    pub took: Duration,
    /// How long it may take.
    pub bound: Duration,
    /// How many operations it may take, if it took more.
    pub too_many: Option<u32>,
}

/// Checks one promise.
pub trait Checker: Default {
    /// Which.
    const PROMISE: Promise;

    /// How often it had something to decide, since somebody set it to zero.
    fn decided(&mut self) -> &mut u64;

    /// A run begins.
    fn begin(&mut self) {}

    /// The backing committed or went back, and now has this state.
    fn committed(&mut self, _: Facts<'_>, _: State) {}

    /// Something is put to the subject by its backing, by time, or by its owner.
    fn put(&mut self, _: Facts<'_>, _: &Observation) -> Verdict {
        Ok(())
    }

    /// The subject asks for something else than a wake-up.
    fn asked(&mut self, _: Facts<'_>, _: &Observation) -> Verdict {
        Ok(())
    }

    /// The subject asks for this call to be woken.
    fn woken(&mut self, _: Facts<'_>, _reader: u8, _call: u32) -> Verdict {
        Ok(())
    }

    /// A reader asked for a watcher.
    fn opened(&mut self, _: Facts<'_>, _reader: u8, _result: Result<WatcherId, WatchError>) -> Verdict {
        Ok(())
    }

    /// A reader came back, with the view it had at `from`.
    fn resumed(
        &mut self,
        _: Facts<'_>,
        _reader: u8,
        _from: ResumePoint,
        _result: Result<WatcherId, ResumeError>,
    ) -> Verdict {
        Ok(())
    }

    /// A call was polled.
    fn called(&mut self, _: Facts<'_>, _: Polled) -> Verdict {
        Ok(())
    }

    /// A poll gave a batch.
    fn taken(&mut self, _: Facts<'_>, _: Taken<'_>) -> Verdict {
        Ok(())
    }

    /// A pending call is dropped.
    fn dropped(&mut self, _: Facts<'_>, _reader: u8, _call: u32) -> Verdict {
        Ok(())
    }

    /// A reader asked for its progress.
    fn progressed(&mut self, _: Facts<'_>, _reader: u8, _result: Result<Option<Progress>, NextError>) -> Verdict {
        Ok(())
    }

    /// A reader's watcher was stopped.
    fn stopped(&mut self, _: Facts<'_>, _reader: u8) -> Verdict {
        Ok(())
    }

    /// An answer did not belong to what was put.
    fn misanswered(&mut self) -> Verdict {
        Ok(())
    }

    /// The operation is over. What the reference model says was still owed is in `owed`; whoever needs it to be said under its
    /// own name says so.
    fn settled(&mut self, _: Facts<'_>, _: &Census, _owed: Option<&Broken>) -> Verdict {
        Ok(())
    }

    /// The healing phase is over.
    fn healed(&mut self, _: Facts<'_>, _: Healed) -> Verdict {
        Ok(())
    }
}

impl<'a> Facts<'a> {
    /// This reader's watcher, as it must be.
    pub fn watcher(self, reader: u8) -> &'a Watcher {
        self.reference.watcher(reader)
    }

    /// What this reader holds of what it wants to see.
    pub fn view(self, reader: u8) -> State {
        self.views[usize::from(reader)].only(self.watcher(reader).ids())
    }

    /// What it should hold if it is brought to the latest revno.
    pub fn due_view(self, reader: u8) -> State {
        self.reference.store().only(self.watcher(reader).ids())
    }
}

/// The generation in whose name the backing speaks; `None` for what it does not say.
fn generation_of(observation: &Observation) -> Option<u32> {
    match *observation {
        Observation::Subscribed { generation, .. }
        | Observation::Staged { generation, .. }
        | Observation::LoadDone { generation }
        | Observation::Noticed { generation, .. }
        | Observation::Marked { generation, .. }
        | Observation::Stepped { generation, .. }
        | Observation::Failed { generation, .. } => Some(generation),
        Observation::Committed { .. }
        | Observation::Rewound { .. }
        | Observation::TimedOut
        | Observation::Killed(_)
        | Observation::Now(_)
        | Observation::Unsubscribe { .. }
        | Observation::Subscribe { .. }
        | Observation::Load { .. }
        | Observation::Fetch { .. }
        | Observation::Ended(_)
        | Observation::Woken { .. }
        | Observation::WokenNobody
        | Observation::Opened { .. }
        | Observation::Resumed { .. }
        | Observation::Called { .. }
        | Observation::Dropped { .. }
        | Observation::Progressed { .. }
        | Observation::Stopped { .. }
        | Observation::Misanswered => None,
    }
}

/// `Err` with these words unless it holds; the words are made only then.
macro_rules! ensure {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return $crate::checkers::broken(format_args!($($words)+));
        }
    };
}
pub(crate) use ensure;

/// `Err` with these words, made out of the way of what is not broken.
#[cold]
#[inline(never)]
fn broken(words: core::fmt::Arguments<'_>) -> Verdict {
    Err(words.to_string().into())
}
