//! Everybody in turn, in an order drawn for the run: the fair schedule that other schedulers end with or depart from. It is no kind of
//! its own.

use multiwatcher::testing::{Choices, Party, Regime};

use super::draws::{one_of, shuffled};
use super::{Moment, PartySet};

/// Time takes its turn in one of so many rounds, unless it is waited for.
pub(super) const ROUNDS_OF_THE_CLOCK: u32 = 4;
/// The same for what goes wrong on purpose: more of it drowns the rest.
pub(super) const ROUNDS_OF_FAULTS: u32 = 4;
/// The same for the writer; drawn for every run.
const ROUNDS_OF_THE_WRITER: [u32; 3] = [1, 2, 3];

/// Whose turn it is.
#[derive(Debug, Clone)]
pub(super) struct RoundRobin {
    order: [u8; Party::COUNT],
    len: usize,
    place: usize,
    /// The most moves of one turn.
    quantum: u32,
    /// Moves made in this turn.
    made: u32,
    rounds: u32,
    /// The writer takes its turn in one of so many.
    rounds_of_the_writer: u32,
}

impl Default for RoundRobin {
    fn default() -> Self {
        Self { order: [0; Party::COUNT], len: 1, place: 0, quantum: 1, made: 0, rounds: 0, rounds_of_the_writer: 1 }
    }
}

impl RoundRobin {
    /// A run begins in which a turn has at most so many moves. It ends early if a move comes to nothing. Those who never have to wait
    /// for anybody (the writer, and what goes wrong on purpose) move once.
    pub(super) fn begin(&mut self, regime: &Regime, quantum: u32, choices: &mut impl Choices) {
        let parties: PartySet = regime.parties().collect();
        *self = Self {
            order: shuffled(parties, choices),
            len: parties.len() as usize,
            quantum,
            rounds_of_the_writer: one_of(&ROUNDS_OF_THE_WRITER, choices),
            ..Self::default()
        };
    }

    /// Who moves now.
    #[inline]
    pub(super) fn pick(&mut self, moment: Moment) -> Party {
        // Within so many rounds everybody is due.
        for _ in 0..=(ROUNDS_OF_THE_CLOCK + 1) as usize * self.len {
            let party = self.current();
            if moment.movable.has(party) && self.may_move_on(party) && self.is_due(party, moment) {
                self.made += 1;
                return party;
            }
            self.pass();
        }
        // Whoever is no party of the run has no turn.
        moment.movable.nth(0)
    }

    /// The turn is over.
    pub(super) fn pass(&mut self) {
        (self.place, self.made) = (self.place + 1, 0);
        if self.place >= self.len {
            (self.place, self.rounds) = (0, self.rounds + 1);
        }
    }

    /// What the party did came to nothing: its turn is over.
    pub(super) fn came_to_nothing(&mut self, party: Party) {
        if self.current() == party {
            self.pass();
        }
    }

    fn current(&self) -> Party {
        Party::at(usize::from(self.order[self.place]))
    }

    fn may_move_on(&self, party: Party) -> bool {
        match party {
            Party::Writer | Party::Saboteur | Party::Owner => self.made == 0,
            Party::Stream | Party::Caller | Party::Clock | Party::Reader(_) | Party::Worker => self.made < self.quantum,
        }
    }

    fn is_due(&self, party: Party, moment: Moment) -> bool {
        match party {
            Party::Clock => moment.waits_for_time || self.rounds.is_multiple_of(ROUNDS_OF_THE_CLOCK),
            Party::Saboteur | Party::Owner => self.rounds.is_multiple_of(ROUNDS_OF_FAULTS),
            Party::Writer => self.rounds.is_multiple_of(self.rounds_of_the_writer),
            Party::Stream | Party::Caller | Party::Reader(_) | Party::Worker => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use multiwatcher::testing::Character;

    use super::*;
    use crate::random::Random;

    fn robin(quantum: u32) -> (RoundRobin, PartySet) {
        let regime = Regime::calm(1, &[Character::Eager; 3]);
        let mut robin = RoundRobin::default();
        robin.begin(&regime, quantum, &mut Random::new(3));
        (robin, regime.parties().collect())
    }

    #[test]
    fn everybody_moves_once_a_round_in_one_order_and_who_waits_for_nobody_in_some_rounds() {
        let (mut robin, movable) = robin(1);
        let moment = Moment { step: 0, movable, waits_for_time: false };
        let mut rounds: Vec<Vec<Party>> = vec![Vec::new(); 13];
        while robin.rounds < 12 {
            let party = robin.pick(moment);
            rounds[robin.rounds as usize].push(party);
        }
        // The last move is the first of a round that has only begun.
        rounds.truncate(12);
        assert_eq!(rounds[0].iter().copied().collect::<PartySet>(), movable);
        let in_turn = |round: &Vec<Party>| {
            let free = |party: &Party| matches!(party, Party::Writer | Party::Clock | Party::Saboteur | Party::Owner);
            round.iter().copied().filter(|party| !free(party)).collect::<Vec<_>>()
        };
        assert!(rounds.iter().all(|round| in_turn(round) == in_turn(&rounds[0])), "{rounds:?}");
        let moves = |party: Party| rounds.iter().flatten().filter(|other| **other == party).count();
        assert_eq!((moves(Party::Clock), moves(Party::Saboteur), moves(Party::Owner)), (3, 3, 3));
        assert_eq!(moves(Party::Writer), 12 / robin.rounds_of_the_writer as usize);
    }

    #[test]
    fn time_is_due_in_every_round_in_which_it_is_waited_for() {
        let (mut robin, _) = robin(1);
        let movable: PartySet = [Party::Stream, Party::Clock].into_iter().collect();
        let mut moves = |waits_for_time| {
            let pick = |_| robin.pick(Moment { step: 0, movable, waits_for_time });
            (0..80).map(pick).filter(|party| *party == Party::Clock).count()
        };
        assert_eq!((moves(false), moves(true)), (16, 40));
    }

    #[test]
    fn a_turn_has_as_many_moves_as_it_may_unless_one_comes_to_nothing() {
        let (mut robin, _) = robin(3);
        let movable: PartySet = [Party::Stream, Party::Reader(0)].into_iter().collect();
        let moment = Moment { step: 0, movable, waits_for_time: false };
        let turns: Vec<Party> = (0..6).map(|_| robin.pick(moment)).collect();
        assert!(turns[..3].iter().all(|party| *party == turns[0]) && turns[3..].iter().all(|party| *party == turns[3]));
        assert_ne!(turns[0], turns[3]);
        assert_eq!(robin.pick(moment), turns[0]);
        robin.came_to_nothing(turns[0]);
        assert_eq!(robin.pick(moment), turns[3]);
    }

    #[test]
    fn time_moves_when_nobody_else_can() {
        let (mut robin, _) = robin(1);
        let moment = Moment { step: 0, movable: [Party::Clock].into_iter().collect(), waits_for_time: false };
        assert!((0..50).all(|_| robin.pick(moment) == Party::Clock));
    }
}
