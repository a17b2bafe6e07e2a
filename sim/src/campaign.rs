//! Many seeds on many cores. Seeds are handed out in blocks and results are merged in the order of the seeds, so that
//! the verdict and every count are the same whatever the number of jobs: a failure is always the one with the lowest
//! seed, and nothing beyond it is counted.

use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Mutex;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::clock::{Stopwatch, thread_cpu_time};
use crate::seed::SeedRange;

/// Which seeds a campaign runs, and on how many cores.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The seeds.
    pub seeds: Seeds,
    /// Workers.
    pub jobs: NonZeroUsize,
}

/// Which seeds.
#[derive(Debug, Clone)]
pub enum Seeds {
    /// These.
    Range(SeedRange),
    /// As many as fit, from `first` on.
    For {
        /// The first seed.
        first: u64,
        /// How long.
        time: Duration,
    },
}

impl Seeds {
    /// The first of them.
    pub fn first(&self) -> u64 {
        match self {
            Self::Range(range) => range.first(),
            Self::For { first, .. } => *first,
        }
    }
}

/// What one worker does with one seed. A worker is used for many, so it can keep its memory between them.
pub trait Work: Send {
    /// What is counted.
    type Tally: Tally;
    /// What is known of a run that broke a promise.
    type Failure: Send;

    /// Seeds that are handed out at once: enough that handing out costs nothing, few enough that a timed campaign ends in time.
    const BLOCK: u64 = 128;

    /// Runs one seed; returns the hash of its trace.
    fn run(&mut self, seed: u64, tally: &mut Self::Tally) -> Result<u64, Self::Failure>;
}

/// Counts that can be added up in any order.
pub trait Tally: Default + Send {
    /// Adds another's.
    fn merge(&mut self, other: &Self);
}

/// What came of a campaign.
#[derive(Debug)]
pub struct Outcome<T, F> {
    /// What was counted, up to and including the seed that failed.
    pub tally: T,
    /// How many seeds that were.
    pub seeds: u64,
    /// The first seed.
    pub first: u64,
    /// The hashes of all traces in the order of the seeds, hashed.
    pub hash: u64,
    /// The lowest seed that broke a promise.
    pub failure: Option<(u64, F)>,
    /// How long it took.
    pub elapsed: Duration,
    /// CPU time of all workers, where the operating system tells it.
    pub cpu: Option<Duration>,
}

/// Runs a campaign. `progress` is called now and then, from any worker, with the number of seeds merged so far.
pub fn run<W, M, P>(campaign: &Campaign, make: M, progress: P) -> Outcome<W::Tally, W::Failure>
where
    W: Work,
    M: Fn() -> W + Sync,
    P: Fn(u64) + Sync,
{
    let watch = Stopwatch::start();
    let desk = Desk::new(campaign, watch, W::BLOCK);
    let merger = Mutex::new(Merger::new(desk.first));
    let cpu = std::thread::scope(|scope| {
        let (desk, merger, make, progress) = (&desk, &merger, &make, &progress);
        let workers: Vec<_> =
            (0..campaign.jobs.get()).map(|_| scope.spawn(move || work(desk, merger, make(), progress))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).sum()
    });
    let merger = merger.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Outcome {
        tally: merger.tally,
        seeds: merger.seeds,
        first: desk.first,
        hash: merger.hash,
        failure: merger.failure,
        elapsed: watch.elapsed(),
        cpu,
    }
}

/// One worker until the desk has nothing more. Returns its CPU time.
fn work<W: Work, P: Fn(u64)>(
    desk: &Desk,
    merger: &Mutex<Merger<W::Tally, W::Failure>>,
    mut worker: W,
    progress: &P,
) -> Option<Duration> {
    let before = thread_cpu_time();
    while let Some(block) = desk.next() {
        let mut result = Block { tally: W::Tally::default(), hashes: Vec::new(), failure: None };
        for seed in block.first..block.end {
            match worker.run(seed, &mut result.tally) {
                Ok(hash) => result.hashes.push(hash),
                Err(failure) => {
                    desk.failed_at(seed);
                    result.failure = Some((seed, failure));
                    break;
                }
            }
        }
        let done = merger.lock().unwrap_or_else(std::sync::PoisonError::into_inner).add(block.index, result);
        progress(done);
    }
    Some(thread_cpu_time()?.saturating_sub(before?))
}

/// Hands out blocks of seeds.
struct Desk {
    first: u64,
    end: u64,
    watch: Stopwatch,
    time: Option<Duration>,
    block: u64,
    next: AtomicU64,
    /// No block that begins above this seed is handed out any more.
    failed: AtomicU64,
}

/// Seeds `first..end`, and which block it is.
struct Seedlings {
    index: u64,
    first: u64,
    end: u64,
}

impl Desk {
    fn new(campaign: &Campaign, watch: Stopwatch, block: u64) -> Self {
        let (first, end, time) = match &campaign.seeds {
            Seeds::Range(range) => (range.first(), range.end(), None),
            Seeds::For { first, time } => (*first, u64::MAX, Some(*time)),
        };
        Self { first, end, watch, time, block, next: AtomicU64::new(0), failed: AtomicU64::new(u64::MAX) }
    }

    /// The next block, or `None` if the seeds or the time are used up or a lower seed failed.
    ///
    /// A block that was handed out is always finished, so what has been run is a range without holes.
    fn next(&self) -> Option<Seedlings> {
        if self.time.is_some_and(|time| self.watch.elapsed() >= time) {
            return None;
        }
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let first = self.first.checked_add(index.checked_mul(self.block)?)?;
        if first >= self.end || first > self.failed.load(Ordering::Relaxed) {
            return None;
        }
        Some(Seedlings { index, first, end: first.saturating_add(self.block).min(self.end) })
    }

    fn failed_at(&self, seed: u64) {
        self.failed.fetch_min(seed, Ordering::Relaxed);
    }
}

struct Block<T, F> {
    tally: T,
    hashes: Vec<u64>,
    failure: Option<(u64, F)>,
}

/// Adds blocks up in the order of their seeds, whatever order they are finished in.
struct Merger<T, F> {
    tally: T,
    seeds: u64,
    hash: u64,
    failure: Option<(u64, F)>,
    next: u64,
    early: BTreeMap<u64, Block<T, F>>,
}

impl<T: Tally, F> Merger<T, F> {
    fn new(first: u64) -> Self {
        Self { tally: T::default(), seeds: 0, hash: first, failure: None, next: 0, early: BTreeMap::new() }
    }

    /// Takes a finished block; returns the number of seeds merged.
    fn add(&mut self, index: u64, block: Block<T, F>) -> u64 {
        self.early.insert(index, block);
        while self.failure.is_none()
            && let Some(block) = self.early.remove(&self.next)
        {
            self.next += 1;
            self.tally.merge(&block.tally);
            self.seeds += block.hashes.len() as u64 + u64::from(block.failure.is_some());
            for hash in block.hashes {
                self.hash = xxh3_64_with_seed(&hash.to_le_bytes(), self.hash);
            }
            self.failure = block.failure;
        }
        self.seeds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, Debug, PartialEq)]
    struct Sum(u64);

    impl Tally for Sum {
        fn merge(&mut self, other: &Self) {
            self.0 = self.0.wrapping_add(other.0);
        }
    }

    /// Fails at these seeds.
    struct Fake(&'static [u64]);

    impl Work for Fake {
        type Tally = Sum;
        type Failure = &'static str;

        fn run(&mut self, seed: u64, tally: &mut Sum) -> Result<u64, &'static str> {
            tally.0 = tally.0.wrapping_add(seed);
            if self.0.contains(&seed) { Err("broken") } else { Ok(seed ^ 0xabcd) }
        }
    }

    fn campaign(jobs: usize, failing: &'static [u64]) -> Outcome<Sum, &'static str> {
        let seeds = Seeds::Range(SeedRange::new(3, 5003).unwrap());
        run(&Campaign { seeds, jobs: NonZeroUsize::new(jobs).unwrap() }, || Fake(failing), |_| ())
    }

    #[test]
    fn the_number_of_jobs_changes_nothing() {
        let (one, four) = (campaign(1, &[]), campaign(4, &[]));
        assert_eq!((one.seeds, one.hash, &one.tally), (four.seeds, four.hash, &four.tally));
        assert_eq!(one.seeds, 5000);
    }

    #[test]
    fn the_lowest_failing_seed_is_reported_and_nothing_beyond_is_counted() {
        for jobs in [1, 2, 5] {
            let outcome = campaign(jobs, &[4000, 2222, 2223]);
            assert_eq!(outcome.failure, Some((2222, "broken")));
            assert_eq!(outcome.seeds, 2220);
            assert_eq!(outcome.tally, Sum((3..=2222).sum()));
        }
    }

    #[test]
    fn a_timed_campaign_runs_a_range_without_holes() {
        let seeds = Seeds::For { first: 0, time: Duration::from_millis(5) };
        let outcome = run(&Campaign { seeds, jobs: NonZeroUsize::new(3).unwrap() }, || Fake(&[]), |_| ());
        assert_eq!(outcome.tally, Sum((0..outcome.seeds).sum()));
    }

    #[test]
    fn the_last_seeds_there_are_can_be_run() {
        let seeds = Seeds::Range(SeedRange::new(u64::MAX - 200, u64::MAX).unwrap());
        let outcome = run(&Campaign { seeds, jobs: NonZeroUsize::MIN }, || Fake(&[]), |_| ());
        assert_eq!(outcome.seeds, 200);
    }
}
