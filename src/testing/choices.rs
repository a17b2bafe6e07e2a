//! Where decisions come from: one small trait, and the sources that property tests and fuzzers use.

/// What a draw decides. A source may keep a stream of its own for each, so that drawing one more fault does not shift the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// What a whole run is like.
    Regime,
    /// Who moves next.
    Schedule,
    /// What a party does.
    Workload,
    /// Ids and values.
    Values,
    /// Whether something goes wrong, and what.
    Faults,
}

impl Stream {
    /// Every stream, in order.
    pub const ALL: [Self; 5] = [Self::Regime, Self::Schedule, Self::Workload, Self::Values, Self::Faults];
}

/// A source of choices.
pub trait Choices {
    /// A number below `n`. Zero if `n` is 0 or 1, and then nothing is used up.
    fn below(&mut self, stream: Stream, n: u32) -> u32;

    /// Whether something that happens that often in 256 happens this time. Never, and always from 256 on, use nothing up.
    fn often(&mut self, stream: Stream, in_256: u32) -> bool {
        match in_256 {
            0 => false,
            1..=255 => self.below(stream, 256) < in_256,
            _ => true,
        }
    }

    /// An index, drawn by weight; 0 if all weights are 0.
    fn weighted(&mut self, stream: Stream, weights: &[u16]) -> usize {
        let total: u32 = weights.iter().map(|weight| u32::from(*weight)).sum();
        let mut left = self.below(stream, total);
        for (index, weight) in weights.iter().enumerate() {
            match left.checked_sub(u32::from(*weight)) {
                None => return index,
                Some(rest) => left = rest,
            }
        }
        0
    }
}

/// Choices read off a fuzzer's bytes; all streams share them, and zeros follow the last.
#[derive(Debug, Clone)]
pub struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    /// Reads these.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether all are used up.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

impl Choices for Bytes<'_> {
    fn below(&mut self, _: Stream, n: u32) -> u32 {
        if n <= 1 {
            return 0;
        }
        let mut value: u64 = 0;
        let mut span: u64 = 1;
        while span < u64::from(n) {
            let Some((byte, rest)) = self.rest.split_first() else { break };
            self.rest = rest;
            value = value << 8 | u64::from(*byte);
            span <<= 8;
        }
        #[expect(clippy::cast_possible_truncation, reason = "below n, which has 32 bits")]
        let below = (value % u64::from(n)) as u32;
        below
    }
}

/// Choices spun from one word. A run drawn with one word for each operation shrinks well: leaving out a word leaves out
/// an operation and does not disturb the others.
#[derive(Debug, Clone)]
pub struct Word {
    state: u64,
}

impl Word {
    /// Spins from this one.
    pub fn new(word: u64) -> Self {
        Self { state: word }
    }
}

impl Choices for Word {
    fn below(&mut self, _: Stream, n: u32) -> u32 {
        if n <= 1 {
            return 0;
        }
        // SplitMix64, Steele, Lea and Flood 2014; then the high part of a product instead of a remainder.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (((z >> 32) * u64::from(n)) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_used_as_needed_and_zeros_follow() {
        let mut bytes = Bytes::new(&[7, 1, 2]);
        assert_eq!(bytes.below(Stream::Schedule, 1), 0, "nothing to choose uses nothing up");
        assert_eq!(bytes.below(Stream::Schedule, 5), 2);
        assert_eq!(bytes.below(Stream::Values, 1000), 0x0102);
        assert!(bytes.is_empty());
        assert_eq!(bytes.below(Stream::Values, 1000), 0);
    }

    #[test]
    fn words_reach_every_number_and_no_other() {
        let mut hits = [0; 10];
        let mut word = Word::new(1);
        (0..1000).for_each(|_| hits[word.below(Stream::Regime, 10) as usize] += 1);
        assert!(hits.iter().all(|hits| *hits > 50), "{hits:?}");
    }

    #[test]
    fn weights_decide_how_often() {
        let mut word = Word::new(2);
        let mut hits = [0; 3];
        (0..1000).for_each(|_| hits[word.weighted(Stream::Schedule, &[1, 0, 9])] += 1);
        assert_eq!(hits[1], 0);
        assert!(hits[2] > 5 * hits[0], "{hits:?}");
    }
}
