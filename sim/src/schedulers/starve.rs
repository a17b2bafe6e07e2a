//! One party starves: it does not move as long as another can, for a stretch of the run or for ever, and the others move at random.
//! No paper is followed. A fair schedule hides what happens when somebody is slow for very long, and random ones are fair nearly
//! always; so unfairness is drawn on purpose, and to one party only, because a run in which many starve is a short run.

use multiwatcher::testing::{Choices, Party, Regime, Stream};

use super::{Moment, PartySet, Scheduler, Weighted};

/// In one of so many runs the party starves from a step on for ever.
const FOR_EVER: u32 = 4;

/// One party starves.
#[derive(Debug, Clone)]
pub struct Starve {
    weighted: Weighted,
    starved: Party,
    /// The steps from and to which it starves; the last one is excluded.
    stretch: (u32, u32),
}

impl Default for Starve {
    fn default() -> Self {
        Self { weighted: Weighted::default(), starved: Party::Writer, stretch: (0, 0) }
    }
}

impl Scheduler for Starve {
    fn begin(&mut self, regime: &Regime, steps: u32, choices: &mut impl Choices) {
        self.weighted.begin(regime, steps, choices);
        let parties: PartySet = regime.parties().collect();
        self.starved = parties.nth(choices.below(Stream::Schedule, parties.len()));
        let from = choices.below(Stream::Schedule, steps);
        let to = match choices.below(Stream::Schedule, FOR_EVER) {
            0 => u32::MAX,
            _ => from + 1 + choices.below(Stream::Schedule, steps),
        };
        self.stretch = (from, to);
    }

    #[inline]
    fn pick(&mut self, moment: Moment, choices: &mut impl Choices) -> Party {
        let mut others = moment.movable;
        if (self.stretch.0..self.stretch.1).contains(&moment.step) {
            others.remove(self.starved);
        }
        // Time always can move; whoever starves while nothing but time moves has only waited.
        let but_time = if self.starved == Party::Clock { others } else { others.minus(CLOCK) };
        let movable = if but_time.is_empty() { moment.movable } else { others };
        self.weighted.pick(Moment { movable, ..moment }, choices)
    }

    fn came_to_nothing(&mut self, _: Party) {}
}

/// Time alone.
const CLOCK: PartySet = PartySet::just(3);

#[cfg(test)]
mod tests {
    use multiwatcher::testing::Character;

    use super::*;
    use crate::random::Random;

    const STEPS: u32 = 100;

    fn begun(seed: u64) -> (Starve, Random, PartySet) {
        let mut regime = Regime::calm(1, &[Character::Eager; 3]);
        // All alike, so that nobody is seldom picked by chance.
        let one = multiwatcher::testing::Weights {
            writer: 1,
            stream: 1,
            caller: 1,
            clock: 1,
            saboteur: 1,
            owner: 1,
            reader: 1,
        };
        regime.weights = one;
        let (mut random, mut starve) = (Random::new(seed), Starve::default());
        starve.begin(&regime, STEPS, &mut random);
        (starve, random, regime.parties().collect())
    }

    #[test]
    fn the_clock_has_its_number() {
        assert_eq!(CLOCK.iter().collect::<Vec<_>>(), [Party::Clock]);
    }

    #[test]
    fn whoever_starves_does_not_move_in_the_stretch_and_does_before_and_after() {
        let mut moves = [0; 2];
        for seed in 0..200 {
            let (mut starve, mut random, movable) = begun(seed);
            let (from, to) = starve.stretch;
            for step in 0..2 * STEPS {
                let starved =
                    starve.pick(Moment { step, movable, waits_for_time: false }, &mut random) == starve.starved;
                assert!(!(starved && (from..to).contains(&step)), "seed {seed}, step {step}: {starve:?}");
                moves[usize::from(step >= from)] += usize::from(starved);
            }
        }
        assert!(moves[0] > 500 && moves[1] > 500, "before and after: {moves:?}");
    }

    #[test]
    fn whoever_starves_moves_if_nobody_else_can_or_nobody_but_time() {
        for seed in 0..100 {
            let (mut starve, mut random, _) = begun(seed);
            starve.stretch = (0, u32::MAX);
            let alone: PartySet = [starve.starved].into_iter().collect();
            let mut with_time = alone;
            with_time.insert(Party::Clock);
            for movable in [alone, with_time] {
                let moment = Moment { step: 9, movable, waits_for_time: false };
                assert!((0..50).any(|_| starve.pick(moment, &mut random) == starve.starved), "{starve:?}");
            }
        }
    }

    #[test]
    fn everybody_starves_in_some_run_for_a_stretch_or_for_ever() {
        let runs: Vec<Starve> = (0..400).map(|seed| begun(seed).0).collect();
        assert_eq!(runs.iter().map(|run| run.starved).collect::<PartySet>(), begun(0).2);
        let for_ever = runs.iter().filter(|run| run.stretch.1 == u32::MAX).count();
        assert!((60..140).contains(&for_ever), "{for_ever} of 400");
    }
}
