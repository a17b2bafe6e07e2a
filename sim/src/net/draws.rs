//! Choices of the net world: `ChaCha8`, a stream for each concern and client, so that one that draws more shifts nothing elsewhere.

use core::ops::Range;
use core::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Concern {
    /// How many of everything, and how the server is configured.
    Shape,
    /// What is committed, and when.
    Commits,
    /// What goes wrong, and when.
    Faults,
    /// The seed of the network: its latencies, and what it loses.
    Network,
    /// The salt of the passwords.
    Salt,
    /// What this client does.
    Client(u32),
}

/// The choices of one concern.
#[derive(Debug)]
pub(super) struct Draws(ChaCha8Rng);

impl Draws {
    /// What this seed draws for this concern.
    pub(super) fn new(seed: u64, concern: Concern) -> Self {
        let mut key = *b"--------multiwatcher net world 1";
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let stream = match concern {
            Concern::Shape => 0,
            Concern::Commits => 1,
            Concern::Faults => 2,
            Concern::Network => 3,
            Concern::Salt => 4,
            Concern::Client(number) => 16 + u64::from(number),
        };
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(stream);
        Self(rng)
    }

    /// 64 bits.
    pub(super) fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `n`, and 0 if there is none.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(n)) >> 32) as u32
    }

    /// A number in this range.
    pub(super) fn within(&mut self, range: Range<u32>) -> u32 {
        range.start + self.below(range.end - range.start)
    }

    /// True in so many cases of a hundred.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// Whole milliseconds in this range.
    pub(super) fn millis(&mut self, range: Range<u32>) -> Duration {
        Duration::from_millis(u64::from(self.within(range)))
    }

    /// One of these; there must be one.
    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let most = u32::try_from(of.len()).expect("lists to draw from are short");
        of[self.below(most) as usize]
    }
}
