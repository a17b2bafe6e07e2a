//! PCT in the middle of a run. At first everybody moves at random, so that what the priorities meet is no fresh start but a state that
//! took many steps; then the priorities of [`Pct`] rule; at last everybody moves in turn, because a promise that something
//! happens at last can be judged only under a fair schedule: Musuvathi and Qadeer, "Fair Stateless Model Checking", PLDI 2008.
//! When each part begins is drawn for every run. The bound of the paper holds for the part in the middle, from where it begins.

use multiwatcher::testing::{Choices, Party, Regime, Stream};

use super::round_robin::RoundRobin;
use super::{Moment, Pct, Scheduler, Weighted};

/// Random, then PCT, then fair.
#[derive(Debug, Clone, Default)]
pub struct FairPct {
    weighted: Weighted,
    pct: Pct,
    robin: RoundRobin,
    /// The steps at which PCT begins and ends.
    pct_from: u32,
    fair_from: u32,
    /// Who rules in the step that was picked for.
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Random,
    Priorities,
    Fair,
}

impl FairPct {
    /// Chooses the depth of the part in the middle.
    pub fn set_depth(&mut self, depth: u8) {
        self.pct.set_depth(depth);
    }
}

impl Scheduler for FairPct {
    fn begin(&mut self, regime: &Regime, steps: u32, choices: &mut impl Choices) {
        let third = steps / 3;
        self.pct_from = choices.below(Stream::Schedule, third + 1);
        self.fair_from = self.pct_from + third + choices.below(Stream::Schedule, third + 1);
        self.phase = Phase::Random;
        self.weighted.begin(regime, steps, choices);
        self.pct.begin(regime, self.fair_from - self.pct_from, choices);
        self.robin.begin(regime, 1, choices);
    }

    #[inline]
    fn pick(&mut self, moment: Moment, choices: &mut impl Choices) -> Party {
        if moment.step < self.pct_from {
            self.phase = Phase::Random;
            self.weighted.pick(moment, choices)
        } else if moment.step < self.fair_from {
            self.phase = Phase::Priorities;
            self.pct.pick(Moment { step: moment.step - self.pct_from, ..moment }, choices)
        } else {
            self.phase = Phase::Fair;
            self.robin.pick(moment)
        }
    }

    fn came_to_nothing(&mut self, party: Party) {
        match self.phase {
            Phase::Random => (),
            Phase::Priorities => self.pct.came_to_nothing(party),
            Phase::Fair => self.robin.came_to_nothing(party),
        }
    }
}

#[cfg(test)]
mod tests {
    use multiwatcher::testing::Character;

    use super::super::PartySet;
    use super::super::round_robin::{ROUNDS_OF_FAULTS, ROUNDS_OF_THE_CLOCK};
    use super::*;
    use crate::random::Random;

    const STEPS: u32 = 300;

    fn begun(seed: u64) -> (FairPct, Random, PartySet) {
        let regime = Regime::calm(1, &[Character::Eager; 3]);
        let (mut random, mut fair) = (Random::new(seed), FairPct::default());
        fair.set_depth(2);
        fair.begin(&regime, STEPS, &mut random);
        (fair, random, regime.parties().collect())
    }

    #[test]
    fn in_the_last_part_everybody_moves_again_within_few_rounds() {
        for seed in 0..100 {
            let (mut fair, mut random, movable) = begun(seed);
            let mut last = [None; Party::COUNT];
            for step in 0..2 * STEPS {
                let party = fair.pick(Moment { step, movable, waits_for_time: false }, &mut random);
                if step < fair.fair_from {
                    continue;
                }
                last[party.index()] = Some(step);
                let rounds = |party: Party| match party {
                    Party::Clock => ROUNDS_OF_THE_CLOCK,
                    Party::Saboteur | Party::Owner => ROUNDS_OF_FAULTS,
                    Party::Writer => 3,
                    Party::Stream | Party::Caller | Party::Reader(_) | Party::Worker => 1,
                };
                for party in movable.iter() {
                    let since = step - last[party.index()].unwrap_or(fair.fair_from);
                    assert!(since <= rounds(party) * movable.len(), "seed {seed}, step {step}: {party:?} waits");
                }
            }
        }
    }

    #[test]
    fn the_parts_follow_one_another_and_each_has_its_share_of_the_run() {
        let mut earliest_and_latest = (u32::MAX, 0);
        for seed in 0..200 {
            let (fair, ..) = begun(seed);
            assert!(fair.pct_from <= STEPS / 3 && fair.fair_from <= STEPS, "{fair:?}");
            assert!(fair.fair_from - fair.pct_from >= STEPS / 3, "{fair:?}");
            earliest_and_latest.0 = fair.fair_from.min(earliest_and_latest.0);
            earliest_and_latest.1 = fair.fair_from.max(earliest_and_latest.1);
        }
        let (earliest, latest) = earliest_and_latest;
        assert!(earliest < STEPS / 2 && latest > STEPS * 5 / 6, "{earliest} to {latest}");
    }

    #[test]
    fn in_the_part_in_the_middle_priorities_rule() {
        for seed in 0..50 {
            let (mut fair, mut random, movable) = begun(seed);
            for step in 0..fair.fair_from {
                let party = fair.pick(Moment { step, movable, waits_for_time: false }, &mut random);
                let before =
                    |other: Party| fair.pct.priority(other) > fair.pct.priority(party) && !fair.pct.lets_pass(other);
                let overtaken = movable.iter().find(|other| step >= fair.pct_from && before(*other));
                assert_eq!(overtaken, None, "seed {seed}, step {step}: {party:?} moves");
            }
        }
    }
}
