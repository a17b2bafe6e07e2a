//! The source of every choice: `ChaCha8`, whose output never changes between releases of its crate, with a stream of its
//! own per concern, so that one concern drawing more does not shift what another draws.

use core::fmt;

use multiwatcher::testing::{Choices, Stream};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Choices that follow from a seed.
pub struct Random {
    key: [u8; 32],
    streams: [Option<ChaCha8Rng>; Stream::ALL.len()],
}

impl Random {
    /// The choices of this seed.
    pub fn new(seed: u64) -> Self {
        Self { key: key(seed), streams: [const { None }; Stream::ALL.len()] }
    }

    /// Begins anew with another seed. Streams are opened when first drawn from.
    pub fn reset(&mut self, seed: u64) {
        self.key = key(seed);
        self.streams = [const { None }; Stream::ALL.len()];
    }
}

impl Choices for Random {
    /// Lemire's multiplication without the rejection: off by at most `n / 2^32`, and every draw costs one word, so that
    /// the number of words drawn does not depend on their values.
    #[inline]
    fn below(&mut self, stream: Stream, n: u32) -> u32 {
        if n <= 1 {
            return 0;
        }
        let word = self.streams[stream as usize].get_or_insert_with(|| open(self.key, stream)).next_u32();
        ((u64::from(word) * u64::from(n)) >> 32) as u32
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Random").finish_non_exhaustive()
    }
}

/// The seed and a name: another simulator with the same seed draws other numbers.
fn key(seed: u64) -> [u8; 32] {
    let mut key = *b"--------multiwatcher simulator 1";
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key
}

#[cold]
fn open(key: [u8; 32], stream: Stream) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(stream as u64);
    rng
}
