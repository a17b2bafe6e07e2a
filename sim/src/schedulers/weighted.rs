//! Random by the weights of the run's regime. Uniform random spends most of a run on whoever always can move; weights drawn per run
//! make some runs busy at the backing, some at the readers, and leave more of a run for what takes many steps.

use multiwatcher::testing::{Choices, Party, Regime, Stream};

use super::{Moment, Scheduler};

/// Everybody who can move moves as often as the regime says.
#[derive(Debug, Clone)]
pub struct Weighted {
    weights: [u32; PLACES],
}

/// A place for every party, and some more that stay empty: loops over sixteen are done in a few instructions.
const PLACES: usize = 16;
/// How much more often time moves when nothing else is waited for.
const HURRY: u32 = 8;
/// The clock's number.
const CLOCK: usize = 3;

impl Default for Weighted {
    fn default() -> Self {
        Self { weights: [1; PLACES] }
    }
}

impl Scheduler for Weighted {
    fn begin(&mut self, regime: &Regime, _: u32, _: &mut impl Choices) {
        let weights = &regime.weights;
        self.weights = [0; PLACES];
        for party in regime.parties() {
            self.weights[party.index()] = u32::from(match party {
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
    }

    /// Adds the weights up and counts the sums that the draw reaches: no branch depends on who can move, which nobody could
    /// predict.
    #[inline]
    fn pick(&mut self, moment: Moment, choices: &mut impl Choices) -> Party {
        let mut weights = self.weights;
        if moment.waits_for_time {
            weights[CLOCK] *= HURRY;
        }
        let mut sums = [0; PLACES];
        let mut sum = 0u32;
        for index in 0..PLACES {
            sum = sum.wrapping_add(weights[index].wrapping_mul(moment.movable.bit(index)));
            sums[index] = sum;
        }
        let draw = choices.below(Stream::Schedule, sum);
        let mut passed = 0;
        for sum in sums {
            passed += usize::from(sum <= draw);
        }
        Party::at(passed)
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
}
