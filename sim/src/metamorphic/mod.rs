//! Metamorphic relations: a run is made again with something changed that must not matter, or must matter in a known way, and what
//! the readers heard is compared. No oracle is asked what a run should come to; two runs are asked whether they agree.
//!
//! One file per relation. Each takes the [`Decisions`] of a run, makes one run or two of them, and says in words where they part.
//! [`pairs`](crate::pairs) checks them, in turn, on the seeds whose runs it compares.

#[cfg(test)]
pub(crate) mod doctored;
mod heard;
mod idle_reader;
mod merged_commits;
mod renamed_ids;
mod reshaped;
mod resumed_reader;
mod split_commits;
mod spurious_polls;
mod swapped_commits;

use multiwatcher::testing::{Promise, Subject};

use crate::decisions::Decisions;
use crate::worlds::Maker;

pub use heard::Heard;

/// A relation between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// One commit is made as two.
    SplitCommits,
    /// Two commits are made as one.
    MergedCommits,
    /// Two commits that have no id in common are made in the other order.
    SwappedCommits,
    /// A reader is added that reads once and never again.
    IdleReader,
    /// Calls are polled that nobody woke, deadlines are looked at too early, and an idle worker is polled.
    SpuriousPolls,
    /// Ids change names with each other.
    RenamedIds,
    /// A reader stops after every batch and comes back with what it kept.
    ResumedReader,
}

/// `None` if the relation says nothing about this run; else whether it holds, or where the runs part.
pub type Compared = Option<Result<(), Box<str>>>;

impl Relation {
    /// Every relation, in the order of a summary.
    pub const ALL: [Self; 7] = [
        Self::SplitCommits,
        Self::MergedCommits,
        Self::SwappedCommits,
        Self::IdleReader,
        Self::SpuriousPolls,
        Self::RenamedIds,
        Self::ResumedReader,
    ];

    /// Its name in a summary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SplitCommits => "commits split",
            Self::MergedCommits => "commits merged",
            Self::SwappedCommits => "commits swapped",
            Self::IdleReader => "idle reader added",
            Self::SpuriousPolls => "spurious polls",
            Self::RenamedIds => "ids renamed",
            Self::ResumedReader => "reader resumed",
        }
    }

    /// The promise that says so.
    pub const fn promise(self) -> Promise {
        match self {
            Self::SplitCommits | Self::MergedCommits => Promise::Coalescing,
            Self::SwappedCommits => Promise::LoadEqualsIncrements,
            Self::IdleReader => Promise::SlowReaderIsolated,
            Self::SpuriousPolls => Promise::CancelSafe,
            Self::RenamedIds => Promise::Ordered,
            Self::ResumedReader => Promise::ResumeOrGone,
        }
    }

    /// Makes the runs and compares them.
    pub fn check<S: Subject>(self, maker: Maker<S>, decisions: &Decisions) -> Compared {
        let compared = match self {
            Self::SplitCommits => split_commits::check(maker, decisions),
            Self::MergedCommits => merged_commits::check(maker, decisions),
            Self::SwappedCommits => swapped_commits::check(maker, decisions),
            Self::IdleReader => idle_reader::check(maker, decisions),
            Self::SpuriousPolls => spurious_polls::check(maker, decisions),
            Self::RenamedIds => renamed_ids::check(maker, decisions),
            Self::ResumedReader => resumed_reader::check(maker, decisions),
        };
        Some(compared?.map_err(|text| format!("{}: {text}", self.name()).into()))
    }
}

#[cfg(test)]
mod tests {
    use multiwatcher::machine::StoreManager;
    use multiwatcher::testing::Val;

    use super::*;
    use crate::driven::Driven;
    use crate::runner::Runner;
    use crate::worlds::Simulated;

    /// Of so many seeds, how many each relation says something about.
    fn holds<S: Simulated>(seeds: u64) -> Vec<u64> {
        let mut runner = Runner::<S>::new();
        let mut applied = vec![0; Relation::ALL.len()];
        for seed in 0..seeds {
            let decisions = runner.told(seed);
            for (relation, applied) in Relation::ALL.iter().zip(&mut applied) {
                let compared = relation.check(Maker::<S>::default(), &decisions);
                if let Some(Err(text)) = &compared {
                    panic!("seed {seed}: {text}");
                }
                *applied += u64::from(compared.is_some());
            }
        }
        applied
    }

    #[test]
    fn every_relation_holds_in_the_machine_world_and_says_something_of_many_runs() {
        let applied = holds::<StoreManager<Val>>(300);
        assert!(applied.iter().all(|applied| *applied >= 40), "{applied:?}");
    }

    #[test]
    fn every_relation_holds_in_the_driver_world_and_says_something_of_many_runs() {
        let applied = holds::<Driven<StoreManager<Val>>>(300);
        assert!(applied.iter().all(|applied| *applied >= 40), "{applied:?}");
    }
}
