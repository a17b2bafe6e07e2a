//! Random by the weights of the run's regime. Uniform random spends most of a run on whoever always can move; weights drawn per run
//! make some runs busy at the backing, some at the readers, and leave more of a run for what takes many steps.

use multiwatcher::testing::{Choices, Party, Regime, Stream};

use super::{Moment, Scheduler};

/// Everybody who can move moves as often as the regime says.
#[derive(Debug, Clone)]
pub struct Weighted {
    /// Of those that are no readers, by number.
    weights: [u32; OTHERS],
    /// Of each reader.
    reader: u32,
}

/// Parties before the first reader.
const OTHERS: usize = 6;
/// How much more often time moves when nothing else is waited for.
const HURRY: u32 = 8;
/// The clock's number.
const CLOCK: usize = 3;

impl Default for Weighted {
    fn default() -> Self {
        Self { weights: [1; OTHERS], reader: 1 }
    }
}

impl Scheduler for Weighted {
    fn begin(&mut self, regime: &Regime, _: u32, _: &mut impl Choices) {
        let weights = &regime.weights;
        for (index, weight) in self.weights.iter_mut().enumerate() {
            *weight = u32::from(match Party::at(index) {
                Party::Writer => weights.writer,
                Party::Stream => weights.stream,
                Party::Caller => weights.caller,
                Party::Clock => weights.clock,
                Party::Saboteur => weights.saboteur,
                Party::Owner => weights.owner,
                Party::Reader(_) => weights.reader,
                // Twice as often as a reader: it has several to serve.
                Party::Worker => weights.reader * 2,
            });
        }
        self.reader = u32::from(weights.reader);
    }

    /// Adds the weights up and counts the sums that the draw reaches: no branch depends on who can move, which nobody could
    /// predict. Readers weigh the same, so which of them it is follows from how many can move.
    #[inline]
    fn pick(&mut self, moment: Moment, choices: &mut impl Choices) -> Party {
        let mut weights = self.weights;
        weights[CLOCK] *= if moment.waits_for_time { HURRY } else { 1 };
        let mut sums = [0; OTHERS];
        let mut sum = 0u32;
        for index in 0..OTHERS {
            sum = sum.wrapping_add(weights[index] & moment.movable.mask(index));
            sums[index] = sum;
        }
        let readers = moment.movable.not_below(OTHERS);
        let draw = choices.below(Stream::Schedule, sum.wrapping_add(self.reader.wrapping_mul(readers.len())));
        match draw.checked_sub(sum) {
            Some(draw) if !readers.is_empty() => readers.nth(draw / self.reader.max(1)),
            Some(_) | None => {
                let passed: usize = sums.iter().map(|sum| usize::from(*sum <= draw)).sum();
                Party::at(passed)
            }
        }
    }

    fn came_to_nothing(&mut self, _: Party) {}
}

#[cfg(test)]
mod tests {
    use super::super::PartySet;
    use super::*;
    use crate::random::Random;

    #[test]
    fn the_clock_has_its_number() {
        assert_eq!(Party::Clock.index(), CLOCK);
        assert_eq!(Party::Reader(0).index(), OTHERS);
    }

    #[test]
    fn parties_move_as_often_as_their_weights_say() {
        let mut regime = Regime::calm(1, &[]);
        (regime.weights.writer, regime.weights.clock) = (1, 9);
        let movable: PartySet = [Party::Writer, Party::Clock].into_iter().collect();
        let (mut random, mut weighted) = (Random::new(1), Weighted::default());
        weighted.begin(&regime, 100, &mut random);
        let writes = (0..1000)
            .filter(|step| {
                weighted.pick(Moment { step: *step, movable, waits_for_time: false }, &mut random) == Party::Writer
            })
            .count();
        assert!((70..130).contains(&writes), "{writes} of 1000");
    }

    #[test]
    fn readers_that_can_move_share_what_the_others_leave() {
        let mut regime = Regime::calm(1, &[multiwatcher::testing::Character::Eager; 6]);
        (regime.weights.writer, regime.weights.reader) = (2, 1);
        let movable: PartySet = [Party::Writer, Party::Reader(1), Party::Reader(5)].into_iter().collect();
        let (mut random, mut weighted) = (Random::new(1), Weighted::default());
        weighted.begin(&regime, 100, &mut random);
        let picked: Vec<Party> =
            (0..4000).map(|step| weighted.pick(Moment { step, movable, waits_for_time: false }, &mut random)).collect();
        for (party, most) in [(Party::Writer, 2000), (Party::Reader(1), 1000), (Party::Reader(5), 1000)] {
            let times = picked.iter().filter(|other| **other == party).count();
            assert!(times.abs_diff(most) < 150, "{party:?} {times} times of 4000");
        }
    }
}
