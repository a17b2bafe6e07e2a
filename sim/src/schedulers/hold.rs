//! Rounds with held readers: a commit is brought all the way into the store, then those read who are not held, then comes the next.
//! After a batch, and after a stop, a reader is held for some commits. No paper is followed. Where everybody moves at random, commits
//! that are not fetched one by one collapse into one step, so what is gone and back again seldom gets into the store as both; and
//! readers are seldom far apart, nor for long. Here each commit is a revno, and readers stand at many of them; and because a reader is
//! let go again and again, one run has several chances and does not wait for its healing.

use multiwatcher::testing::{Choices, Operation, Party, Regime, Stream};

use super::draws::one_of;
use super::{Moment, PartySet, Scheduler};

/// For so many commits a reader is held, each equally often; 0 lets it go on until it waits. Few are long: somebody else has to read
/// meanwhile.
const HOLDS: [u32; 10] = [0, 0, 0, 1, 1, 2, 2, 4, 4, 8];
/// One pick of so many is anybody's who is not held, out of turn.
const OUT_OF_TURN: u32 = 16;
/// One pick of so many is the clock's while nothing else is waited for. Always would be too often: a read that fails again and again would
/// fill the run.
const HURRY: u32 = 2;

/// Rounds with held readers.
#[derive(Debug, Clone)]
pub struct Hold {
    held: PartySet,
    /// By reader: with which commit it is let go.
    until: [u32; Party::READERS],
    commits: u32,
    /// Those whose move came to nothing, until the next commit.
    passed_over: PartySet,
    /// The reader that moved last, if it took a batch or stopped.
    took: Option<u8>,
}

impl Default for Hold {
    fn default() -> Self {
        Self { held: PartySet::EMPTY, until: [0; Party::READERS], commits: 0, passed_over: PartySet::EMPTY, took: None }
    }
}

impl Scheduler for Hold {
    fn begin(&mut self, _: &Regime, _: u32, _: &mut impl Choices) {
        *self = Self::default();
    }

    fn pick(&mut self, moment: Moment, choices: &mut impl Choices) -> Party {
        if let Some(reader) = self.took.take() {
            self.hold(reader, choices);
        }
        let hurries = moment.waits_for_time && moment.movable.has(Party::Clock);
        if hurries && choices.below(Stream::Schedule, HURRY) == 0 {
            return Party::Clock;
        }
        let able = moment.movable.minus(self.passed_over).minus(self.held);
        let is_out_of_turn = choices.below(Stream::Schedule, OUT_OF_TURN) == 0;
        let anybody = if is_out_of_turn { able } else { PartySet::EMPTY };
        let turns = [anybody, able.and(TO_THE_STORE), able.and(PartySet::READERS), able.and(WRITER)];
        let turn = turns.into_iter().find(|turn| !turn.is_empty()).unwrap_or_else(|| {
            // Nothing is left to commit: those who are held are let go as if there were.
            self.begin_round();
            moment.movable
        });
        turn.nth(choices.below(Stream::Schedule, turn.len()))
    }

    fn moved(&mut self, operation: &Operation) {
        match operation.party() {
            Party::Writer => self.begin_round(),
            Party::Reader(reader)
                if matches!(operation, Operation::Next { .. } | Operation::Poll { .. } | Operation::Stop { .. }) =>
            {
                self.took = Some(reader);
            }
            Party::Reader(_)
            | Party::Stream
            | Party::Caller
            | Party::Clock
            | Party::Saboteur
            | Party::Owner
            | Party::Worker => {}
        }
    }

    fn came_to_nothing(&mut self, party: Party) {
        self.took = self.took.filter(|reader| Party::Reader(*reader) != party);
        self.passed_over.insert(party);
    }
}

impl Hold {
    fn begin_round(&mut self) {
        self.commits += 1;
        self.passed_over = PartySet::EMPTY;
        for (reader, until) in (0..).zip(self.until) {
            if until <= self.commits {
                self.held.remove(Party::Reader(reader));
            }
        }
    }

    fn hold(&mut self, reader: u8, choices: &mut impl Choices) {
        let commits = one_of(&HOLDS, choices);
        if commits > 0 {
            self.until[usize::from(reader)] = self.commits.saturating_add(commits);
            self.held.insert(Party::Reader(reader));
        }
    }
}

/// What brings a commit into the store: stream, caller and worker.
const TO_THE_STORE: PartySet = PartySet::just(1).or(PartySet::just(2)).or(PartySet::just(6 + Party::READERS));
/// The writer alone.
const WRITER: PartySet = PartySet::just(0);

#[cfg(test)]
mod tests {
    use multiwatcher::testing::Character;

    use super::*;
    use crate::random::Random;

    const READERS: u8 = 3;

    /// A run in which each commit takes a notice, an answer and two turns, and in which a reader that is not up to date gets a batch.
    struct Run {
        hold: Hold,
        random: Random,
        seen: [u32; READERS as usize],
        commits: u32,
        /// Moves left until the store has the last commit.
        way: u32,
    }

    impl Run {
        fn new(seed: u64) -> Self {
            let (mut hold, mut random) = (Hold::default(), Random::new(seed));
            hold.begin(&Regime::calm(1, &[Character::Eager; READERS as usize]), 100, &mut random);
            Self { hold, random, seen: [0; READERS as usize], commits: 0, way: 0 }
        }

        fn step(&mut self) -> Party {
            let mut movable: PartySet = [Party::Writer, Party::Clock].into_iter().collect();
            (0..READERS).for_each(|reader| movable.insert(Party::Reader(reader)));
            if self.way > 0 {
                movable.insert([Party::Worker, Party::Caller, Party::Worker, Party::Stream][self.way as usize - 1]);
            }
            let moment = Moment { step: 0, movable, waits_for_time: false };
            let party = self.hold.pick(moment, &mut self.random);
            assert!(!self.hold.held.has(party), "{party:?} is held: {:?}", self.hold);
            match party {
                Party::Writer => {
                    (self.commits, self.way) = (self.commits + 1, 4);
                    self.hold.moved(&Operation::Commit { changes: "0=1".parse().unwrap(), skip: 0 });
                }
                Party::Reader(reader) => {
                    self.hold.moved(&Operation::Next { reader });
                    let seen = &mut self.seen[usize::from(reader)];
                    if core::mem::replace(seen, self.commits) == self.commits {
                        self.hold.came_to_nothing(party);
                    }
                }
                Party::Clock => self.hold.came_to_nothing(party),
                Party::Stream | Party::Caller | Party::Worker => self.way -= 1,
                Party::Saboteur | Party::Owner => unreachable!("{party:?} cannot move"),
            }
            party
        }
    }

    #[test]
    fn the_parties_have_their_numbers() {
        assert_eq!(TO_THE_STORE.iter().collect::<Vec<_>>(), [Party::Stream, Party::Caller, Party::Worker]);
        assert_eq!(WRITER.iter().collect::<Vec<_>>(), [Party::Writer]);
    }

    #[test]
    fn nearly_every_commit_is_in_the_store_before_the_next() {
        let (mut commits, mut whole) = (0, 0);
        for seed in 0..100 {
            let mut run = Run::new(seed);
            for _ in 0..100 {
                let way = run.way;
                if run.step() == Party::Writer {
                    commits += 1;
                    whole += u32::from(way == 0);
                }
            }
        }
        assert!(commits > 1000 && whole * 10 > commits * 9, "{whole} of {commits}");
    }

    /// A commit out of turn makes it one more now and then.
    #[test]
    fn a_reader_is_held_after_a_batch_for_as_many_commits_as_were_drawn() {
        let (mut held_for, mut all) = (std::collections::BTreeMap::<u32, u32>::new(), 0);
        for seed in 0..200 {
            let (mut run, mut took) = (Run::new(seed), [None; READERS as usize]);
            for _ in 0..400 {
                let seen = run.seen;
                let Party::Reader(reader) = run.step() else { continue };
                let reader = usize::from(reader);
                // One that waits has been asked in vain, which is no batch to be held after.
                let batch = (seen[reader] < run.seen[reader]).then_some(run.commits);
                if let Some(at) = core::mem::replace(&mut took[reader], batch) {
                    *held_for.entry(run.commits - at).or_default() += 1;
                    all += 1;
                }
            }
        }
        let drawn: u32 = held_for.iter().filter(|(commits, _)| HOLDS.contains(commits)).map(|(_, times)| times).sum();
        assert!(drawn * 10 > all * 8, "{held_for:?}");
        let often = HOLDS.iter().all(|hold| held_for.get(hold).is_some_and(|times| *times * 20 > all));
        assert!(often, "{held_for:?}");
    }

    #[test]
    fn whoever_waits_is_passed_over_until_the_next_commit() {
        let mut random = Random::new(1);
        let mut hold = Hold::default();
        let movable: PartySet = [Party::Reader(0), Party::Reader(1)].into_iter().collect();
        let moment = Moment { step: 0, movable, waits_for_time: false };
        hold.came_to_nothing(Party::Reader(0));
        let picked: PartySet = (0..100).map(|_| hold.pick(moment, &mut random)).collect();
        assert_eq!(picked.iter().collect::<Vec<_>>(), [Party::Reader(1)]);
        hold.moved(&Operation::Commit { changes: "0=1".parse().unwrap(), skip: 0 });
        let picked: PartySet = (0..100).map(|_| hold.pick(moment, &mut random)).collect();
        assert_eq!(picked, movable);
    }

    #[test]
    fn when_nothing_is_left_to_commit_the_held_are_let_go() {
        let mut random = Random::new(1);
        for reader in 0..READERS {
            let mut hold = Hold { held: PartySet::READERS, until: [3; Party::READERS], ..Hold::default() };
            let party = Party::Reader(reader);
            let moment = Moment { step: 0, movable: PartySet::just(party.index()), waits_for_time: false };
            assert_eq!((0..3).map(|_| hold.pick(moment, &mut random)).collect::<Vec<_>>(), [party; 3]);
            assert!(!hold.held.has(party));
        }
    }
}
