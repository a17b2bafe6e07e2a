//! How much of what can happen has happened: in how many runs each pair was reached, how many pairs were new in each thousand runs,
//! and an estimate of those that no run has reached.
//!
//! What is counted is in [`pair`], what cannot happen in [`impossible`], what should have been reached and was not in
//! [`misses`], how all of it is told in [`page`].

pub mod impossible;
pub mod misses;
pub mod page;
pub mod pair;
mod recorder;
pub mod state;

pub use impossible::Setting;
pub use misses::{Miss, Misses};
pub use pair::Pair;
pub use recorder::ONE_OF;
pub(crate) use recorder::Recorder;

/// In how many runs each pair was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saturation {
    runs: u64,
    reached: Vec<u32>,
    /// New pairs by thousands of runs.
    new: Vec<u32>,
}

/// New pairs are counted by so many runs.
pub const RUNS: u64 = 1000;

impl Saturation {
    /// Runs looked at.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// In how many runs this pair was reached.
    pub fn count(&self, pair: Pair) -> u32 {
        self.reached[pair.index()]
    }

    /// How many pairs were reached.
    pub fn reached(&self) -> usize {
        self.reached.iter().filter(|count| **count > 0).count()
    }

    /// Pairs that were new, by thousands of runs. Each block of a campaign counts for the thousand it begins in.
    pub fn new_pairs(&self) -> &[u32] {
        &self.new
    }

    /// How many pairs are new in the next thousand runs, as Good and Turing estimate it: each run brings as many new pairs as
    /// pairs were reached in one run only, by the number of runs (Good, "The population frequencies of species", 1953).
    pub fn expected_new(&self) -> f64 {
        if self.runs == 0 {
            return f64::INFINITY;
        }
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let (once, runs) = (self.once_and_twice().0 as f64, self.runs as f64);
        once / runs * 1000.0
    }

    /// At least so many pairs that can be reached were not, as Chao estimates it from those reached in one and in two runs
    /// (Chao, "Estimating the population size for capture-recapture data with unequal catchability", 1987).
    pub fn unseen(&self) -> u64 {
        let (once, twice) = self.once_and_twice();
        once * once.saturating_sub(1) / (2 * (twice + 1))
    }

    fn once_and_twice(&self) -> (u64, u64) {
        let of = |times: u32| self.reached.iter().filter(|count| **count == times).count() as u64;
        (of(1), of(2))
    }

    /// Adds a run that reached these.
    fn add_run(&mut self, reached: &[u16]) {
        let mut new = 0;
        for pair in reached {
            let count = &mut self.reached[usize::from(*pair)];
            new += u32::from(*count == 0);
            *count += 1;
        }
        self.note_new(new);
        self.runs += 1;
    }

    /// Adds the counts of later runs.
    pub fn merge(&mut self, other: &Self) {
        let mut new = 0;
        for (to, from) in self.reached.iter_mut().zip(&other.reached) {
            new += u32::from(*to == 0 && *from > 0);
            *to = to.saturating_add(*from);
        }
        self.note_new(new);
        self.runs += other.runs;
    }

    fn note_new(&mut self, new: u32) {
        let thousand = usize::try_from(self.runs / RUNS).unwrap_or(usize::MAX);
        if self.new.len() <= thousand {
            self.new.resize(thousand + 1, 0);
        }
        self.new[thousand] += new;
    }
}

impl Default for Saturation {
    fn default() -> Self {
        Self { runs: 0, reached: vec![0; Pair::COUNT], new: Vec::new() }
    }
}
