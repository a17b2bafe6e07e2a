//! Delay-bounded scheduling: Emmi, Qadeer, Rakamaric, "Delay-Bounded Scheduling", POPL 2011. A deterministic scheduler says who moves,
//! and at a few steps, drawn beforehand, whoever's turn it is loses it. Many bugs need one or two such delays, and with
//! few delays there are few schedules. The bound is relative to the deterministic scheduler; here it is round robin, in
//! an order and with turns of a length that are drawn for the run, so that no order of ours is blind to a bug for ever.
//! What a party does in its turn is drawn as always.

use multiwatcher::testing::{Choices, Party, Regime, Stream};

use super::draws::one_of;
use super::round_robin::RoundRobin;
use super::{Moment, Scheduler};

/// The most delays there are.
const MOST: usize = 8;
/// How many moves a turn may have; drawn for every run.
const QUANTA: [u32; 4] = [1, 1, 3, 12];

/// Round robin with a number of delays.
#[derive(Debug, Clone, Default)]
pub struct Delay {
    delays: usize,
    robin: RoundRobin,
    /// The steps at which a turn is lost, ascending.
    at: [u32; MOST],
    lost: usize,
}

impl Delay {
    /// Chooses how many delays there are, at most 8.
    pub fn set_delays(&mut self, delays: u8) {
        self.delays = usize::from(delays).min(MOST);
    }
}

impl Scheduler for Delay {
    fn begin(&mut self, regime: &Regime, steps: u32, choices: &mut impl Choices) {
        self.robin.begin(regime, one_of(&QUANTA, choices), choices);
        self.lost = 0;
        for at in &mut self.at[..self.delays] {
            *at = choices.below(Stream::Schedule, steps.max(1));
        }
        self.at[..self.delays].sort_unstable();
    }

    #[inline]
    fn pick(&mut self, moment: Moment, _: &mut impl Choices) -> Party {
        let mut party = self.robin.pick(moment);
        while self.lost < self.delays && self.at[self.lost] <= moment.step {
            self.lost += 1;
            self.robin.pass();
            party = self.robin.pick(moment);
        }
        party
    }

    fn came_to_nothing(&mut self, party: Party) {
        self.robin.came_to_nothing(party);
    }
}

#[cfg(test)]
mod tests {
    use multiwatcher::testing::Character;

    use super::super::PartySet;
    use super::*;
    use crate::random::Random;

    const STEPS: u32 = 120;

    /// Who moves in a run, and who would if no turn was lost.
    fn run(seed: u64, delays: u8) -> (Vec<Party>, Vec<Party>) {
        let regime = Regime::calm(1, &[Character::Eager; 3]);
        // Those who have a turn in every round.
        let movable: PartySet =
            [Party::Stream, Party::Caller, Party::Reader(0), Party::Reader(2), Party::Worker].into_iter().collect();
        let moments = (0..STEPS).map(|step| Moment { step, movable, waits_for_time: false });
        let (mut random, mut delay) = (Random::new(seed), Delay::default());
        delay.set_delays(delays);
        delay.begin(&regime, STEPS, &mut random);
        let mut robin = delay.robin.clone();
        (
            moments.clone().map(|moment| delay.pick(moment, &mut random)).collect(),
            moments.map(|m| robin.pick(m)).collect(),
        )
    }

    /// How often the one who moves is not the one whose turn follows, in runs whose turns have one move.
    fn departures(picked: &[Party], robin: &[Party]) -> usize {
        let mut ahead = 0;
        let parties = robin.iter().copied().collect::<PartySet>().len() as usize;
        let mut count = 0;
        for (step, party) in picked.iter().enumerate() {
            while robin[(step + ahead) % parties] != *party {
                (ahead, count) = (ahead + 1, count + 1);
            }
        }
        count
    }

    #[test]
    fn without_delays_it_is_round_robin() {
        for seed in 0..100 {
            let (picked, robin) = run(seed, 0);
            assert_eq!(picked, robin, "seed {seed}");
        }
    }

    #[test]
    fn every_delay_is_one_turn_lost() {
        let mut runs = 0;
        for seed in 0..200 {
            let (picked, robin) = run(seed, 3);
            assert_ne!(picked, robin, "seed {seed}");
            if robin.windows(2).all(|pair| pair[0] != pair[1]) {
                runs += 1;
                assert_eq!(departures(&picked, &robin), 3, "seed {seed}");
            }
        }
        assert!(runs > 50, "{runs} runs had turns of one move");
    }

    #[test]
    fn delays_come_at_any_step() {
        let mut halves = [0; 2];
        for seed in 0..100 {
            let (picked, robin) = run(seed, 1);
            let parts = picked.iter().zip(&robin).position(|(one, other)| one != other).unwrap();
            halves[usize::from(parts >= STEPS as usize / 2)] += 1;
        }
        assert!(halves[0] > 25 && halves[1] > 25, "{halves:?}");
    }
}
