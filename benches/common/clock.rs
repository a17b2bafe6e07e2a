//! Wall time, and what a run of measurements comes to. The clock's own cost is measured and taken off.

#![expect(clippy::disallowed_types, reason = "a benchmark is about wall time")]

use std::time::Instant;

/// Runs it and says how many nanoseconds it took.
#[inline]
pub(crate) fn time<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = core::hint::black_box(run());
    (nanos(start), result)
}

#[inline]
fn nanos(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e9
}

/// Wall time across awaits.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn nanos(&self) -> f64 {
        nanos(self.0)
    }
}

/// What the clock says between two looks at it: half of them say less.
pub(crate) fn floor() -> f64 {
    let mut looks: Samples = (0..1001).map(|_| time(|| ()).0).collect();
    looks.median()
}

/// A load of memory whose address another load must bring first, none of them in a cache: what dominates a random update.
pub(crate) fn cold_load() -> f64 {
    const WORDS: usize = 32 << 20;
    const LOADS: u32 = 300_000;
    let mut next: Vec<u32> = (0..).take(WORDS).collect();
    let mut dice = crate::common::dice::Dice::new(7);
    for at in (1..WORDS).rev() {
        next.swap(at, dice.below(at));
    }
    let (took, _) = time(|| (0..LOADS).fold(0, |at, _| next[at as usize]));
    took / f64::from(LOADS)
}

/// Measurements of one thing, in nanoseconds or bytes.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn push(&mut self, sample: f64) {
        self.0.push(sample);
    }

    pub(crate) fn append(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    pub(crate) fn median(&mut self) -> f64 {
        self.at(0.5)
    }

    pub(crate) fn p95(&mut self) -> f64 {
        self.at(0.95)
    }

    pub(crate) fn worst(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    #[expect(clippy::cast_precision_loss, reason = "far fewer samples than a float counts exactly")]
    pub(crate) fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into few samples"
    )]
    fn at(&mut self, share: f64) -> f64 {
        self.0.sort_unstable_by(f64::total_cmp);
        self.0[(share * (self.0.len() - 1) as f64).round() as usize]
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(samples: I) -> Self {
        Self(samples.into_iter().collect())
    }
}
