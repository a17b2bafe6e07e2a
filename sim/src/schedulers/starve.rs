//! One party starves: it does not move as long as another can, for a stretch of the run or for ever, and the others move at random.
//! No paper is followed. A fair schedule hides what happens when somebody is slow for very long, and random ones are fair nearly
//! always; so unfairness is drawn on purpose, and to one party only, because a run in which many starve is a short run. Mostly it is a
//! reader, and from soon after its first batch on: one that is far behind, and holds what others saw go, is what most bugs take. A
//! stretch mostly ends before the run does, so that the reader catches up while the others go on.

use multiwatcher::testing::{Choices, Operation, Party, Regime, Stream};

use super::{Moment, PartySet, Scheduler, Weighted};

/// In one of so many runs the party is any of them; in the others it is a reader, ...
const ANYBODY: u32 = 4;
/// ... which starves from one of so many of its first calls on.
const FIRST_CALLS: u32 = 3;
/// In one of so many runs the party starves for ever.
const FOR_EVER: u32 = 8;

/// One party starves.
#[derive(Debug, Clone)]
pub struct Starve {
    weighted: Weighted,
    starved: Party,
    /// The steps from and to which it starves; the last one is excluded.
    stretch: (u32, u32),
    /// If it is a reader: the calls it still polls before it starves, and for how long it then does.
    calls: Option<(u32, u32)>,
}

impl Default for Starve {
    fn default() -> Self {
        Self { weighted: Weighted::default(), starved: Party::Writer, stretch: (0, 0), calls: None }
    }
}

impl Scheduler for Starve {
    fn begin(&mut self, regime: &Regime, steps: u32, choices: &mut impl Choices) {
        self.weighted.begin(regime, steps, choices);
        let parties: PartySet = regime.parties().collect();
        let readers = parties.not_below(Party::Reader(0).index()).minus(WORKER);
        let any = readers.is_empty() || choices.below(Stream::Schedule, ANYBODY) == 0;
        let among = if any { parties } else { readers };
        self.starved = among.nth(choices.below(Stream::Schedule, among.len()));
        let length = match choices.below(Stream::Schedule, FOR_EVER) {
            0 => u32::MAX,
            _ => 1 + choices.below(Stream::Schedule, steps),
        };
        (self.stretch, self.calls) = match self.starved {
            Party::Reader(_) => ((0, 0), Some((1 + choices.below(Stream::Schedule, FIRST_CALLS), length))),
            Party::Writer
            | Party::Stream
            | Party::Caller
            | Party::Clock
            | Party::Saboteur
            | Party::Owner
            | Party::Worker => {
                let from = choices.below(Stream::Schedule, steps);
                ((from, from.saturating_add(length)), None)
            }
        };
    }

    #[inline]
    fn pick(&mut self, moment: Moment, choices: &mut impl Choices) -> Party {
        if let Some((0, length)) = self.calls {
            (self.stretch, self.calls) = ((moment.step, moment.step.saturating_add(length)), None);
        }
        let mut others = moment.movable;
        if (self.stretch.0..self.stretch.1).contains(&moment.step) {
            others.remove(self.starved);
        }
        // Time always can move; whoever starves while nothing but time moves has only waited.
        let but_time = if self.starved == Party::Clock { others } else { others.minus(CLOCK) };
        let movable = if but_time.is_empty() { moment.movable } else { others };
        self.weighted.pick(Moment { movable, ..moment }, choices)
    }

    fn moved(&mut self, operation: &Operation) {
        let (Operation::Next { reader } | Operation::Poll { reader, .. }) = *operation else { return };
        if let Some((left, _)) = &mut self.calls
            && self.starved == Party::Reader(reader)
        {
            *left = left.saturating_sub(1);
        }
    }

    fn came_to_nothing(&mut self, _: Party) {}
}

/// The worker alone.
const WORKER: PartySet = PartySet::just(6 + Party::READERS);
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

    /// Who moves in this step. A reader that does polls a call.
    fn step(starve: &mut Starve, step: u32, movable: PartySet, random: &mut Random) -> Party {
        let party = starve.pick(Moment { step, movable, waits_for_time: false }, random);
        if let Party::Reader(reader) = party {
            starve.moved(&Operation::Poll { reader, call: 0 });
        }
        party
    }

    #[test]
    fn whoever_starves_does_not_move_in_the_stretch_and_does_before_and_after() {
        let mut moves = [0; 2];
        for seed in 0..200 {
            let (mut starve, mut random, movable) = begun(seed);
            for at in 0..2 * STEPS {
                let starved = step(&mut starve, at, movable, &mut random) == starve.starved;
                let (from, to) = starve.stretch;
                assert!(!(starved && (from..to).contains(&at)), "seed {seed}, step {at}: {starve:?}");
                moves[usize::from(starve.calls.is_none() && at >= from)] += usize::from(starved);
            }
        }
        assert!(moves[0] > 250 && moves[1] > 500, "before and after: {moves:?}");
    }

    #[test]
    fn a_reader_starves_once_it_has_polled_one_to_three_calls() {
        let mut runs = [0; 3];
        for seed in 0..400 {
            let (mut starve, mut random, movable) = begun(seed);
            let Some((due, _)) = starve.calls else { continue };
            let mut polled = 0;
            for at in 0..9 * STEPS {
                let party = step(&mut starve, at, movable, &mut random);
                if starve.calls.is_none() {
                    break;
                }
                polled += u32::from(party == starve.starved);
            }
            assert_eq!(polled, due, "seed {seed}: {starve:?}");
            runs[due as usize - 1] += 1;
        }
        assert!(runs.iter().all(|runs| (70..180).contains(runs)), "by polls: {runs:?} of 400");
    }

    #[test]
    fn whoever_starves_moves_if_nobody_else_can_or_nobody_but_time() {
        for seed in 0..100 {
            let (mut starve, mut random, _) = begun(seed);
            (starve.stretch, starve.calls) = ((0, u32::MAX), None);
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
        let readers = runs.iter().filter(|run| matches!(run.starved, Party::Reader(_))).count();
        assert!((290..350).contains(&readers), "{readers} of 400: three of four, and some of the rest");
        let for_ever =
            |run: &&Starve| run.stretch.1 == u32::MAX || run.calls.is_some_and(|(_, length)| length == u32::MAX);
        let for_ever = runs.iter().filter(for_ever).count();
        assert!((30..75).contains(&for_ever), "{for_ever} of 400");
    }
}
