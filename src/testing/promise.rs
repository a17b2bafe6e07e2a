//! The promises by name, and what is said when one is broken.

use core::fmt;

use serde::{Deserialize, Serialize};

macro_rules! promises {
    ($($variant:ident, $name:literal, $words:literal;)*) => {
        /// What the store manager promises. The names are used everywhere: in the crate's docs, in checkers, in reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Promise {
            $(#[doc = $words] $variant,)*
        }

        impl Promise {
            /// Every promise, in the order of the design.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it says, in one sentence.
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$variant => $words,)*
                }
            }
        }
    };
}

promises! {
    ExactPrefix, "exact-prefix", "The store equals the backing at its position, and after every batch a view equals the filtered store.";
    NoSpuriousDelta, "no-spurious-delta", "A batch tells of an id at most once, and only what is news to this watcher.";
    Ordered, "ordered", "Deltas ascend by the revno of their change, ties by id; revnos ascend from batch to batch.";
    FreshFirst, "fresh-first", "The first batch is the whole filtered state, and waits for nothing but the very first load.";
    Convergence, "convergence", "Once the backing is quiet and healed, every watcher that keeps calling reaches its latest state in time.";
    Coalescing, "coalescing", "A batch never holds more deltas than distinct ids changed since the cursor.";
    FilterEquivalence, "filter-equivalence", "A filtered watcher sees exactly the projection of an unfiltered one, and is woken by nothing else.";
    AtomicCommit, "atomic-commit", "Every revno stands between two commits of the backing.";
    ResumeOrGone, "resume-or-gone", "A resumed watcher has the view of an unbroken one, or is told that it cannot be had.";
    Progress, "progress", "Progress tells how far the view reaches, and never waits.";
    RestartTransparent, "restart-transparent", "A reload is one more revno, and nothing of an old generation touches the store.";
    StopQuiescent, "stop-quiescent", "Once a watcher is stopped it yields nothing, its calls are decided, and nothing of it stays.";
    StopTotal, "stop-total", "Any order of calls is fine, and stop waits for nothing.";
    BoundedTombstones, "bounded-tombstones", "A tombstone exists only while some watcher's cursor, or the resume window, lies inside the entity's life.";
    SlowReaderIsolated, "slow-reader-isolated", "A slow reader changes nothing for others; past the lag limit it is told so.";
    FailureIsolated, "failure-isolated", "An error about one entity delays that entity alone.";
    NoSpinNoStall, "no-spin-no-stall", "Retries obey their back-off, work that is due is asked for, and calls are answered in line.";
    CancelSafe, "cancel-safe", "Dropping a call loses and repeats nothing.";
    LoadEqualsIncrements, "load-equals-increments", "Loading a state gives the same store as following the changes that lead to it.";
    TruthfulReport, "truthful-report", "The report equals the census.";
    Deterministic, "deterministic", "The same decisions give the same trace.";
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A promise that was seen broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub promise: Promise,
    /// What was seen, and what it should have been.
    pub text: String,
}

impl Broken {
    /// This promise, and what was seen.
    pub fn new(promise: Promise, text: impl Into<String>) -> Self {
        Self { promise, text: text.into() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is broken: {}", self.promise, self.text)
    }
}

impl core::error::Error for Broken {}
