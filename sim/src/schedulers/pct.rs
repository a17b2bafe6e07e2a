//! Probabilistic concurrency testing: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A Randomized Scheduler with
//! Probabilistic Guarantees of Finding Bugs", ASPLOS 2010. The parties get random priorities, the highest that can move
//! moves, and at `depth - 1` steps drawn beforehand, over the number of steps the run will have, whoever was about to move falls below
//! everybody else. Priorities and steps are drawn anew for every run.
//!
//! In the paper a bug that needs `d` orderings is found by depth `d` with a probability of at least `1 / (n k^(d-1))`, for `n` threads
//! and `k` steps; with 10 parties and 100 steps that is 1 in 10, in 1,000 and in 100,000 runs for depths 1 to 3. It counts
//! schedules only: what a party does, and whether it does what the bug needs, is drawn besides, and the bound is to be
//! multiplied by the chance of that. And it holds only for orderings inside one round: the paper's threads block and end,
//! while a writer or a restless reader of ours never does and would starve all others. So a party whose move came
//! to nothing steps aside, and so does one that has moved some times in a row, until all have; a bug that needs
//! somebody to wait for longer than a round is the business of other schedulers.

use multiwatcher::testing::{Choices, Party, Regime, Stream};

use super::draws::{one_of, shuffled, small};
use super::round_robin::ROUNDS_OF_THE_CLOCK;
use super::{Moment, PartySet, Scheduler};

/// The deepest there is.
const DEPTH: usize = 3;
/// How long somebody may move alone before the others do; drawn for every run.
const PATIENCE: [u32; 4] = [4, 8, 16, 40];
/// The same for those who would never have to wait for anybody: the writer, and what goes wrong on purpose.
const PATIENCE_OF_THE_FREE: [u32; 5] = [1, 1, 1, 2, 6];

/// PCT of a depth.
#[derive(Debug, Clone)]
pub struct Pct {
    depth: usize,
    /// By number of the party; the highest moves first. Zero is below all.
    priorities: [u8; Party::COUNT],
    /// The steps at which somebody falls, and to which priority, in the order of the steps.
    falls: [(u32, u8); DEPTH - 1],
    fallen: usize,
    /// Those who let the others move first, until everybody does: whoever's move came to nothing, or has moved `patience` times
    /// in a row.
    passed_over: PartySet,
    patience: u32,
    patience_of_the_free: u32,
    last: Option<Party>,
    in_a_row: u32,
    /// How often everybody has stepped aside.
    rounds: u32,
}

impl Pct {
    /// Chooses the depth, at least 1 and at most 3.
    pub fn set_depth(&mut self, depth: u8) {
        self.depth = usize::from(depth).clamp(1, DEPTH);
    }
}

impl Default for Pct {
    fn default() -> Self {
        Self {
            depth: 1,
            priorities: [0; Party::COUNT],
            falls: [(u32::MAX, 0); DEPTH - 1],
            fallen: 0,
            passed_over: PartySet::EMPTY,
            patience: PATIENCE[0],
            patience_of_the_free: PATIENCE_OF_THE_FREE[0],
            last: None,
            in_a_row: 0,
            rounds: 0,
        }
    }
}

impl Scheduler for Pct {
    fn begin(&mut self, regime: &Regime, steps: u32, choices: &mut impl Choices) {
        let parties: PartySet = regime.parties().collect();
        self.passed_over = PartySet::EMPTY;
        self.patience = one_of(&PATIENCE, choices);
        self.patience_of_the_free = one_of(&PATIENCE_OF_THE_FREE, choices);
        (self.fallen, self.last, self.in_a_row, self.rounds) = (0, None, 0, 0);
        let order = shuffled(parties, choices);
        for (place, index) in order.iter().take(parties.len() as usize).enumerate() {
            self.priorities[usize::from(*index)] = small(self.depth + place);
        }
        self.falls = [(u32::MAX, 0); DEPTH - 1];
        for fall in 0..self.depth - 1 {
            self.falls[fall] = (choices.below(Stream::Schedule, steps.max(1)), small(self.depth - 1 - fall));
        }
        // The paper's priorities are those of the change points as drawn; only the order they come up in is by step.
        self.falls.sort_unstable_by_key(|(step, _)| *step);
    }

    #[inline]
    fn pick(&mut self, moment: Moment, _: &mut impl Choices) -> Party {
        let step = moment.step;
        let mut party = self.highest(moment);
        while self.fallen < self.depth - 1 && self.falls[self.fallen].0 <= step {
            self.priorities[party.index()] = self.falls[self.fallen].1;
            self.fallen += 1;
            party = self.highest(moment);
        }
        self.in_a_row = if self.last == Some(party) { self.in_a_row + 1 } else { 1 };
        self.last = Some(party);
        let patience = match party {
            Party::Writer | Party::Saboteur | Party::Owner => self.patience_of_the_free,
            Party::Stream | Party::Caller | Party::Clock | Party::Reader(_) | Party::Worker => self.patience,
        };
        if self.in_a_row >= patience {
            self.passed_over.insert(party);
        }
        party
    }

    fn came_to_nothing(&mut self, party: Party) {
        self.passed_over.insert(party);
    }
}

impl Pct {
    #[inline]
    fn highest(&mut self, moment: Moment) -> Party {
        let Moment { movable, waits_for_time, .. } = moment;
        if waits_for_time {
            self.passed_over.remove(Party::Clock);
        }
        let mut able = movable.minus(self.passed_over);
        if able.is_empty() {
            self.rounds += 1;
            self.passed_over = PartySet::EMPTY;
            if !waits_for_time && !self.rounds.is_multiple_of(ROUNDS_OF_THE_CLOCK) {
                self.passed_over.insert(Party::Clock);
            }
            able = movable.minus(self.passed_over);
        }
        if able.is_empty() {
            able = movable;
        }
        let highest = able.indexes().max_by_key(|index| self.priorities[*index]);
        Party::at(highest.expect("a scheduler is asked only while somebody can move"))
    }
}

#[cfg(test)]
impl Pct {
    /// Its priority; the highest moves first.
    pub(super) fn priority(&self, party: Party) -> u8 {
        self.priorities[party.index()]
    }

    /// Whether it has stepped aside.
    pub(super) fn lets_pass(&self, party: Party) -> bool {
        self.passed_over.has(party)
    }
}

#[cfg(test)]
mod tests {
    use multiwatcher::testing::Character;

    use super::*;
    use crate::random::Random;

    fn regime() -> Regime {
        Regime::calm(1, &[Character::Eager])
    }

    fn parties() -> PartySet {
        regime().parties().collect()
    }

    fn at(step: u32) -> Moment {
        Moment { step, movable: parties(), waits_for_time: false }
    }

    fn run(seed: u64, depth: u8, steps: u32) -> Vec<Party> {
        let mut random = Random::new(seed);
        let mut pct = Pct::default();
        pct.set_depth(depth);
        pct.begin(&regime(), steps, &mut random);
        (pct.patience, pct.patience_of_the_free) = (u32::MAX, u32::MAX);
        (0..steps).map(|step| pct.pick(at(step), &mut random)).collect()
    }

    fn switches(run: &[Party]) -> usize {
        run.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }

    #[test]
    fn the_highest_moves_and_falls_at_most_depth_minus_one_times() {
        for depth in 1..=3 {
            let most = (0..200).map(|seed| switches(&run(seed, depth, 50))).max();
            assert_eq!(most, Some(usize::from(depth) - 1), "depth {depth}");
        }
    }

    #[test]
    fn priorities_change_depth_minus_one_times_at_the_steps_drawn() {
        for (seed, depth) in (0..100).flat_map(|seed| (1..=3).map(move |depth| (seed, depth))) {
            let mut random = Random::new(seed);
            let mut pct = Pct::default();
            pct.set_depth(depth);
            pct.begin(&regime(), 60, &mut random);
            let drawn: Vec<u32> = pct.falls[..usize::from(depth) - 1].iter().map(|(step, _)| *step).collect();
            let (mut changes, mut before) = (Vec::new(), pct.priorities);
            for step in 0..60 {
                let party = pct.pick(at(step), &mut random);
                let fallen = (0..Party::COUNT).filter(|index| pct.priorities[*index] != before[*index]);
                for index in fallen {
                    changes.push(step);
                    let lower = parties().iter().filter(|party| pct.priority(*party) < pct.priorities[index]).count();
                    assert!(lower < usize::from(depth) - 1, "whoever falls falls below all that have not");
                    let before = |other: Party| pct.priority(other) > pct.priority(party) && !pct.lets_pass(other);
                    assert_eq!(parties().iter().find(|other| before(*other)), None, "the highest moves");
                }
                before = pct.priorities;
            }
            assert_eq!(changes, drawn, "seed {seed}, depth {depth}");
        }
    }

    #[test]
    fn every_party_is_first_in_some_run_about_equally_often() {
        for party in parties().iter() {
            let first = (0..700).filter(|seed| run(*seed, 1, 1)[0] == party).count();
            assert!((60..140).contains(&first), "{party:?} was first in {first} of 700 runs");
        }
    }

    #[test]
    fn priorities_are_drawn_anew_for_every_run() {
        let mut random = Random::new(7);
        let mut pct = Pct::default();
        let firsts: PartySet = (0..50)
            .map(|_| {
                pct.begin(&regime(), 10, &mut random);
                pct.pick(at(0), &mut random)
            })
            .collect();
        assert_eq!(firsts, parties());
    }

    #[test]
    fn nobody_moves_alone_for_longer_than_the_patience_drawn() {
        let mut random = Random::new(5);
        let mut pct = Pct::default();
        for _ in 0..50 {
            pct.begin(&regime(), 400, &mut random);
            let moved: PartySet = (0..400).map(|step| pct.pick(at(step), &mut random)).collect();
            assert_eq!(moved, parties());
        }
    }

    #[test]
    fn whoever_has_nothing_to_do_lets_the_others_move() {
        let mut random = Random::new(3);
        let mut pct = Pct::default();
        pct.begin(&regime(), 10, &mut random);
        let mut moved = PartySet::EMPTY;
        for step in 0..parties().len() {
            let party = pct.pick(at(step), &mut random);
            moved.insert(party);
            pct.came_to_nothing(party);
        }
        assert_eq!(moved, parties());
    }
}
