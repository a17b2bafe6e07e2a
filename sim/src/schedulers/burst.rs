//! Bursts: somebody drawn moves many times in a row, then everybody as the weights say for a while, then another. No paper is followed. What needs a full queue, a reader far
//! behind, or many messages under way at once is seldom reached when moves alternate, as they do in a random schedule:
//! there the chance that one of six moves ten times in a row is one in sixty million.

use multiwatcher::testing::{Choices, Party, Regime, Stream};

use super::draws::one_of;
use super::{Moment, Scheduler, Weighted};

/// The most moves a burst may have, and what lies between two; drawn for every run.
const MOST: [u32; 3] = [6, 16, 40];

/// Many moves in a row.
#[derive(Debug, Clone)]
pub struct Burst {
    most: u32,
    party: Party,
    /// Moves left of this burst.
    left: u32,
    /// Moves left until the next.
    between: u32,
    weighted: Weighted,
}

impl Default for Burst {
    fn default() -> Self {
        Self { most: MOST[0], party: Party::Writer, left: 0, between: 0, weighted: Weighted::default() }
    }
}

impl Scheduler for Burst {
    fn begin(&mut self, regime: &Regime, steps: u32, choices: &mut impl Choices) {
        self.weighted.begin(regime, steps, choices);
        (self.most, self.left) = (one_of(&MOST, choices), 0);
        self.between = choices.below(Stream::Schedule, self.most);
    }

    #[inline]
    fn pick(&mut self, moment: Moment, choices: &mut impl Choices) -> Party {
        if self.left == 0 || !moment.movable.has(self.party) {
            self.left = 0;
            if self.between > 0 {
                self.between -= 1;
                return self.weighted.pick(moment, choices);
            }
            self.party = anybody(moment, choices);
            if self.party == Party::Clock && !moment.waits_for_time {
                // Time moves seldom unless it is waited for, or every call would be overdue.
                self.party = anybody(moment, choices);
            }
            self.left = 1 + choices.below(Stream::Schedule, self.most);
            self.between = choices.below(Stream::Schedule, self.most);
        }
        self.left -= 1;
        self.party
    }

    fn came_to_nothing(&mut self, party: Party) {
        if party == self.party {
            self.left = 0;
        }
    }
}

fn anybody(moment: Moment, choices: &mut impl Choices) -> Party {
    moment.movable.nth(choices.below(Stream::Schedule, moment.movable.len()))
}

#[cfg(test)]
mod tests {
    use multiwatcher::testing::Character;

    use super::super::PartySet;
    use super::*;
    use crate::random::Random;

    /// Who moves in a run in which nothing comes to nothing, and the most moves drawn for it.
    fn run(seed: u64) -> (Vec<Party>, u32) {
        let regime = Regime::calm(1, &[Character::Eager; 3]);
        let movable: PartySet = regime.parties().collect();
        let (mut random, mut burst) = (Random::new(seed), Burst::default());
        burst.begin(&regime, 100, &mut random);
        let pick = |step| burst.pick(Moment { step, movable, waits_for_time: false }, &mut random);
        ((0..600).map(pick).collect(), burst.most)
    }

    #[test]
    fn somebody_moves_many_times_in_a_row_and_not_all_the_time() {
        for most in MOST {
            let runs: Vec<_> = (0..200).map(run).filter(|(_, drawn)| *drawn == most).collect();
            assert!(runs.len() > 30, "{} runs have bursts of {most}", runs.len());
            let (mut long, mut short) = (0, 0);
            for (moves, _) in &runs {
                for row in moves.chunk_by(|one, other| one == other) {
                    long += usize::from(row.len() * 2 > most as usize);
                    short += usize::from(row.len() == 1);
                }
            }
            let (long, short) = (long / runs.len(), short / runs.len());
            // A burst and what follows it are as long as the longest burst, on average: half of the bursts are long.
            let bursts = 600 / most as usize;
            assert!((bursts / 4..bursts).contains(&long), "{long} long rows a run, bursts of at most {most}");
            assert!(short > bursts, "{short} single moves a run, bursts of at most {most}");
        }
    }

    #[test]
    fn a_burst_ends_when_a_move_comes_to_nothing_or_the_party_cannot_move() {
        let mut random = Random::new(1);
        let movable: PartySet = [Party::Writer, Party::Stream].into_iter().collect();
        let moment = Moment { step: 0, movable, waits_for_time: false };
        let mut changed = [0; 2];
        for _ in 0..200 {
            let mut burst = Burst { most: 60, left: 40, ..Burst::default() };
            burst.came_to_nothing(Party::Stream);
            assert_eq!(burst.pick(moment, &mut random), Party::Writer, "another's move ends nothing");
            burst.came_to_nothing(Party::Writer);
            changed[0] += u32::from(burst.pick(moment, &mut random) == Party::Stream);
            let mut burst = Burst { most: 60, party: Party::Caller, left: 40, ..Burst::default() };
            changed[1] += u32::from(burst.pick(moment, &mut random) == Party::Stream);
        }
        assert!(changed.iter().all(|changed| (60..140).contains(changed)), "{changed:?} of 200");
    }
}
