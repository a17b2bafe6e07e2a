//! The rolling hash of a trace: xxh3 over a compact encoding of each step, chained to the hash of all steps before.
//! Two runs with equal hashes after step n had, as far as anybody will ever see, the same n steps; so the first step
//! where two runs part is found by comparing hashes, without keeping the traces.

use core::fmt;
use core::hash::{Hash, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The hash of a trace so far.
#[derive(Clone)]
pub(crate) struct TraceHash {
    /// Of everything before `bytes`.
    chain: u64,
    bytes: [u8; CAPACITY],
    used: usize,
    /// After the last step that ended.
    ended: u64,
}

impl TraceHash {
    /// The hash of an empty trace of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { chain: seed, bytes: [0; CAPACITY], used: 0, ended: seed }
    }

    /// Begins anew.
    pub(crate) fn reset(&mut self, seed: u64) {
        (self.chain, self.ended, self.used) = (seed, seed, 0);
    }

    /// Adds something that happened in the current step, which is encoded in [`MOST`] bytes at most.
    #[inline]
    pub(crate) fn add(&mut self, what: &impl Hash) {
        if self.used > CAPACITY - MOST {
            self.flush();
        }
        // The encoder is a value of its own, so that where it stands is kept in a register.
        let mut encoder = Encoder { bytes: &mut self.bytes, used: self.used };
        what.hash(&mut encoder);
        self.used = encoder.used;
    }

    /// Ends the step and chains it.
    #[inline]
    pub(crate) fn end_step(&mut self) {
        self.flush();
        self.ended = self.chain;
    }

    /// The hash after the last step that ended.
    pub(crate) fn value(&self) -> u64 {
        self.ended
    }

    fn flush(&mut self) {
        self.chain = xxh3_64_with_seed(&self.bytes[..self.used], self.chain);
        self.used = 0;
    }
}

impl fmt::Debug for TraceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.ended)
    }
}

/// Bytes encoded before they are hashed: a step nearly always fits.
const CAPACITY: usize = 512;
/// The most bytes of one thing.
const MOST: usize = 128;

/// Writes what is hashed as little-endian bytes (inlined into the derived `Hash`, where most sizes are known), `usize` as 64 bits,
/// so that every platform hashes the same.
struct Encoder<'a> {
    bytes: &'a mut [u8; CAPACITY],
    used: usize,
}

#[expect(clippy::inline_always, reason = "a few instructions, millions of times a second; measured")]
impl Encoder<'_> {
    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        let place = self.bytes.get_mut(self.used..).and_then(|rest| rest.first_chunk_mut());
        *place.expect("room for one thing was made before it is written") = bytes;
        self.used = self.used.wrapping_add(N);
    }
}

#[expect(clippy::inline_always, reason = "as above")]
impl Hasher for Encoder<'_> {
    fn finish(&self) -> u64 {
        xxh3_64_with_seed(&self.bytes[..self.used], 0)
    }

    fn write(&mut self, bytes: &[u8]) {
        self.bytes[self.used..self.used + bytes.len()].copy_from_slice(bytes);
        self.used += bytes.len();
    }

    #[inline(always)]
    fn write_u8(&mut self, value: u8) {
        self.put([value]);
    }

    #[inline(always)]
    fn write_u16(&mut self, value: u16) {
        self.put(value.to_le_bytes());
    }

    #[inline(always)]
    fn write_u32(&mut self, value: u32) {
        self.put(value.to_le_bytes());
    }

    #[inline(always)]
    fn write_u64(&mut self, value: u64) {
        self.put(value.to_le_bytes());
    }

    #[inline(always)]
    fn write_u128(&mut self, value: u128) {
        self.put(value.to_le_bytes());
    }

    #[inline(always)]
    fn write_usize(&mut self, value: usize) {
        self.put((value as u64).to_le_bytes());
    }

    /// Enum discriminants come this way; no enum of ours has more than 256 variants.
    #[inline]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a discriminant below 256")]
    fn write_isize(&mut self, value: isize) {
        self.put([value as u8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_step_ends_counts() {
        let mut one = TraceHash::new(1);
        one.add(&1u8);
        one.add(&2u8);
        one.end_step();
        let mut two = TraceHash::new(1);
        two.add(&1u8);
        two.end_step();
        two.add(&2u8);
        two.end_step();
        assert_ne!(one.value(), two.value());
    }

    #[test]
    fn a_step_larger_than_the_buffer_is_hashed_whole() {
        let hash = |last: u64| {
            let mut hash = TraceHash::new(0);
            (0..100u64).chain([last]).for_each(|word| hash.add(&word));
            hash.end_step();
            hash.value()
        };
        assert_ne!(hash(1), hash(2));
        assert_eq!(hash(1), hash(1));
    }

    #[test]
    fn a_reset_hash_forgets_everything() {
        let mut used = TraceHash::new(1);
        used.add(&7u32);
        used.end_step();
        used.reset(2);
        used.add(&7u32);
        used.end_step();
        let mut fresh = TraceHash::new(2);
        fresh.add(&7u32);
        fresh.end_step();
        assert_eq!(used.value(), fresh.value());
    }
}
