//! Random by the weights of the run's regime. Uniform random spends most of a run on whoever always can move; weights drawn per run
//! make some runs busy at the backing, some at the readers, and leave more of a run for what takes many steps.

use multiwatcher::testing::{Choices, Party, Regime, Stream};

use super::{Moment, PartySet, Scheduler};

/// Everybody who can move moves as often as the regime says.
///
/// A party is drawn from a table in which each stands as often as its weight says, and again if it cannot move: that costs two
/// draws on average, where adding up the weights of those who can move would look at each of them twice.
#[derive(Debug, Clone)]
pub struct Weighted {
    table: [u8; TABLE],
    weights: [u32; Party::COUNT],
}

/// Places in the table; a power of two, so that a draw is a few bits.
const TABLE: usize = 128;
/// Draws before the weights are added up after all.
const DRAWS: u32 = 12;
/// How much more often time moves when nothing else is waited for.
const HURRY: u32 = 8;
/// The clock's number.
const CLOCK: usize = 3;

impl Default for Weighted {
    fn default() -> Self {
        Self { table: [0; TABLE], weights: [1; Party::COUNT] }
    }
}

impl Scheduler for Weighted {
    fn begin(&mut self, regime: &Regime, _: u32, _: &mut impl Choices) {
        let weights = &regime.weights;
        self.weights = [0; Party::COUNT];
        for party in regime.parties() {
            self.weights[party.index()] = u32::from(match party {
                Party::Writer => weights.writer,
                Party::Stream => weights.stream,
                Party::Caller => weights.caller,
                Party::Clock => weights.clock,
                Party::Saboteur => weights.saboteur,
                Party::Owner => weights.owner,
                Party::Reader(_) => weights.reader,
            });
        }
        self.fill();
    }

    #[inline]
    fn pick(&mut self, moment: Moment, choices: &mut impl Choices) -> Party {
        let Moment { movable, waits_for_time, .. } = moment;
        if waits_for_time && movable.has(Party::Clock) && self.time_moves(movable, choices) {
            return Party::Clock;
        }
        for _ in 0..DRAWS {
            let party = Party::at(usize::from(self.table[choices.below(Stream::Schedule, TABLE as u32) as usize]));
            if movable.has(party) {
                return party;
            }
        }
        movable.nth(choices.below(Stream::Schedule, movable.len()))
    }

    fn came_to_nothing(&mut self, _: Party) {}
}

impl Weighted {
    /// Each party gets its share of the places, at least one.
    fn fill(&mut self) {
        let total: u32 = self.weights.iter().sum::<u32>().max(1);
        let (mut place, mut sum) = (0, 0);
        for (index, weight) in self.weights.iter().enumerate().filter(|(_, weight)| **weight > 0) {
            sum += weight;
            let end = (sum as usize * TABLE / total as usize).max(place + 1).min(TABLE);
            self.table[place..end].fill(u8::try_from(index).expect("a dozen parties"));
            place = end;
        }
    }

    /// Whether it is time that moves, when nothing else is waited for.
    fn time_moves(&self, movable: PartySet, choices: &mut impl Choices) -> bool {
        let others: u32 = movable.indexes().filter(|index| *index != CLOCK).map(|index| self.weights[index]).sum();
        let clock = self.weights[CLOCK] * HURRY;
        choices.below(Stream::Schedule, clock + others) < clock
    }
}

#[cfg(test)]
mod tests {
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
