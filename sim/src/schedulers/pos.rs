//! Partial-order sampling: Yuan, Yang, Gu, "Partial Order Aware Concurrency Sampling", CAV 2018. The next operation of each party has
//! a random priority and the highest moves; then the party that moved, and every party whose next operation *conflicts* with
//! what it did, get fresh ones. Orders of operations that do not conflict are not told apart, so more of the draws go to
//! those that matter.
//!
//! The paper knows the next operation of each thread. Here it is drawn only when its party moves, so a conflict is one
//! between what was done and all that the other party may do: it errs on the side of a fresh priority, which is the
//! random walk that the paper improves on, never on the side of keeping one it should not. Operations conflict if both touch
//! the same of three things, and one changes it: the backing's log, what is under way between backing and subject, and
//! the subject's store. So readers conflict with what reaches the store, and neither with each other nor with commits.
//!
//! One more thing differs: who never waits for anybody would drown the rest. The priority of such a party, a fraction, is raised to a
//! power: to that of 16 it is highest among `n` others once in `16n + 1` times, as if it weighed a sixteenth of them.

use multiwatcher::testing::{Choices, Operation, Party, Regime, Stream};

use super::draws::one_of;
use super::{Moment, PartySet, Scheduler};

/// How often the priority of time is squared, and of what goes wrong on purpose.
const SQUARINGS_OF_THE_SELDOM: u32 = 4;
/// The same for the writer; drawn for every run.
const SQUARINGS_OF_THE_WRITER: [u32; 4] = [0, 1, 2, 2];

/// Partial-order sampling.
#[derive(Debug, Clone)]
pub struct Pos {
    /// By number of the party; the highest moves.
    priorities: [u32; Party::COUNT],
    /// Who gets a fresh priority before the next pick.
    stale: PartySet,
    /// Those whose move came to nothing, until somebody's does not.
    passed_over: PartySet,
    squarings_of_the_writer: u32,
}

impl Default for Pos {
    fn default() -> Self {
        Self {
            priorities: [0; Party::COUNT],
            stale: PartySet::EMPTY,
            passed_over: PartySet::EMPTY,
            squarings_of_the_writer: 0,
        }
    }
}

impl Scheduler for Pos {
    fn begin(&mut self, regime: &Regime, _: u32, choices: &mut impl Choices) {
        self.squarings_of_the_writer = one_of(&SQUARINGS_OF_THE_WRITER, choices);
        (self.stale, self.passed_over) = (regime.parties().collect(), PartySet::EMPTY);
    }

    #[inline]
    fn pick(&mut self, moment: Moment, choices: &mut impl Choices) -> Party {
        for index in self.stale.indexes() {
            self.priorities[index] = self.fresh(Party::at(index), choices);
        }
        self.stale = PartySet::EMPTY;
        let able = moment.movable.minus(self.passed_over);
        let able = if able.is_empty() { moment.movable } else { able };
        let priority = |index: usize| {
            let hurry =
                if moment.waits_for_time && index == Party::Clock.index() { 1 << SQUARINGS_OF_THE_SELDOM } else { 1 };
            self.priorities[index].saturating_mul(hurry)
        };
        let highest = able.indexes().max_by_key(|index| priority(*index));
        Party::at(highest.expect("a scheduler is asked only while somebody can move"))
    }

    fn came_to_nothing(&mut self, party: Party) {
        self.stale.insert(party);
        self.passed_over.insert(party);
    }

    #[inline]
    fn moved(&mut self, operation: &Operation) {
        self.passed_over = PartySet::EMPTY;
        self.stale = self.stale.or(conflicting(Touched::by(operation)));
        self.stale.insert(operation.party());
    }
}

impl Pos {
    fn fresh(&self, party: Party, choices: &mut impl Choices) -> u32 {
        let squarings = match party {
            Party::Clock | Party::Saboteur | Party::Owner => SQUARINGS_OF_THE_SELDOM,
            Party::Writer => self.squarings_of_the_writer,
            Party::Stream | Party::Caller | Party::Reader(_) | Party::Worker => 0,
        };
        let priority = u64::from(choices.below(Stream::Schedule, u32::MAX));
        let squared = (0..squarings).fold(priority, |priority, _| (priority * priority) >> u32::BITS);
        u32::try_from(squared).expect("the square of a fraction is a smaller one")
    }
}

/// What an operation reads and changes: bits of the three things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Touched {
    reads: u8,
    changes: u8,
}

/// The backing's log, and whether its ids can be read.
const LOG: u8 = 1;
/// What is under way between backing and subject.
const WIRE: u8 = 2;
/// The subject's store, and what it waits for.
const STORE: u8 = 4;

impl Touched {
    const fn new(reads: u8, changes: u8) -> Self {
        Self { reads, changes }
    }

    fn by(operation: &Operation) -> Self {
        match operation {
            Operation::Commit { .. } | Operation::Ail { .. } | Operation::Mend { .. } => Self::new(0, LOG),
            Operation::Accept
            | Operation::ReadUnasked { .. }
            | Operation::ReadLoad { .. }
            | Operation::ReadFetch { .. } => Self::new(LOG, WIRE),
            Operation::Lose { .. } => Self::new(0, WIRE),
            Operation::Notice { .. }
            | Operation::Mark { .. }
            | Operation::Subscribed
            | Operation::LoadDone
            | Operation::Deliver { .. }
            | Operation::Fail { .. }
            | Operation::Die
            | Operation::Close
            | Operation::Silence
            | Operation::Speak
            | Operation::Turn => Self::new(0, WIRE | STORE),
            Operation::Prune { .. } | Operation::Rewind { .. } => Self::new(0, LOG | WIRE | STORE),
            Operation::Timeout
            | Operation::Jump { .. }
            | Operation::Deadline { .. }
            | Operation::Stale { .. }
            | Operation::Kill
            | Operation::Abort => Self::new(0, STORE),
            Operation::Open { .. }
            | Operation::Resume { .. }
            | Operation::Next { .. }
            | Operation::Poll { .. }
            | Operation::TryNext { .. }
            | Operation::Drop { .. }
            | Operation::Progress { .. }
            | Operation::Stop { .. } => Self::new(STORE, 0),
            Operation::Advance { .. } | Operation::PollOver { .. } => Self::new(0, 0),
        }
    }

    /// What anything that a party does may touch.
    const fn at_most_by(party: Party) -> Self {
        match party {
            Party::Writer => Self::new(0, LOG),
            Party::Stream | Party::Caller => Self::new(LOG, WIRE | STORE),
            Party::Clock | Party::Owner => Self::new(0, STORE),
            Party::Saboteur => Self::new(0, LOG | WIRE | STORE),
            Party::Reader(_) => Self::new(STORE, 0),
            Party::Worker => Self::new(0, WIRE | STORE),
        }
    }

    const fn conflicts_with(self, other: Self) -> bool {
        self.changes & (other.reads | other.changes) != 0 || self.reads & other.changes != 0
    }
}

/// The parties that may conflict with what was touched.
#[inline]
fn conflicting(touched: Touched) -> PartySet {
    const PARTIES: [Party; 7] =
        [Party::Writer, Party::Stream, Party::Caller, Party::Clock, Party::Saboteur, Party::Owner, Party::Worker];
    let mut set = PartySet::EMPTY;
    for party in PARTIES {
        if touched.conflicts_with(Touched::at_most_by(party)) {
            set.insert(party);
        }
    }
    if touched.conflicts_with(Touched::at_most_by(Party::Reader(0))) {
        set = set.or(PartySet::READERS);
    }
    set
}

#[cfg(test)]
mod tests {
    use multiwatcher::testing::{Character, FilterIx};

    use super::*;
    use crate::random::Random;

    fn begun(seed: u64) -> (Pos, Random, PartySet) {
        let regime = Regime::calm(1, &[Character::Eager; 3]);
        let (mut random, mut pos) = (Random::new(seed), Pos::default());
        pos.begin(&regime, 100, &mut random);
        (pos, random, regime.parties().collect())
    }

    /// Whose priorities are others after this operation and the next pick.
    fn changed_by(operation: &Operation) -> PartySet {
        let (mut pos, mut random, movable) = begun(5);
        let moment = Moment { step: 0, movable, waits_for_time: false };
        pos.pick(moment, &mut random);
        let before = pos.priorities;
        pos.moved(operation);
        pos.pick(moment, &mut random);
        movable.iter().filter(|party| pos.priorities[party.index()] != before[party.index()]).collect()
    }

    #[test]
    fn without_a_conflict_all_but_the_mover_keep_their_priorities() {
        for reader in 0..3 {
            let changed = changed_by(&Operation::PollOver { reader });
            assert_eq!(changed.iter().collect::<Vec<_>>(), [Party::Reader(reader)]);
        }
        assert_eq!(changed_by(&Operation::Advance { micros: 1 }).iter().collect::<Vec<_>>(), [Party::Clock]);
    }

    #[test]
    fn a_commit_conflicts_with_whoever_reads_the_log_and_with_no_reader() {
        let commit = Operation::Commit { changes: "0=1".parse().unwrap(), skip: 0 };
        let changed: Vec<Party> = changed_by(&commit).iter().collect();
        assert_eq!(changed, [Party::Writer, Party::Stream, Party::Caller, Party::Saboteur]);
    }

    #[test]
    fn what_reaches_the_store_conflicts_with_readers_and_readers_not_with_one_another() {
        let changed = changed_by(&Operation::Deliver { flight: 0, keep: false });
        assert!((0..3).all(|reader| changed.has(Party::Reader(reader))) && !changed.has(Party::Writer), "{changed:?}");
        let changed = changed_by(&Operation::Open { reader: 1, filter: FilterIx(0) });
        assert!(
            changed.has(Party::Reader(1)) && changed.has(Party::Caller) && changed.has(Party::Worker),
            "{changed:?}"
        );
        assert!(!changed.has(Party::Reader(0)) && !changed.has(Party::Writer), "{changed:?}");
    }

    #[test]
    fn the_highest_priority_moves_and_the_same_again_until_something_happens() {
        for seed in 0..50 {
            let (mut pos, mut random, movable) = begun(seed);
            let moment = Moment { step: 0, movable, waits_for_time: false };
            let first = pos.pick(moment, &mut random);
            assert!(movable.iter().all(|party| pos.priorities[party.index()] <= pos.priorities[first.index()]));
            assert_eq!(pos.pick(moment, &mut random), first);
            pos.came_to_nothing(first);
            assert_ne!(pos.pick(moment, &mut random), first, "seed {seed}");
        }
    }

    #[test]
    fn an_operation_touches_no_more_than_its_party_may() {
        let within = |operation: &Operation| {
            let (one, all) = (Touched::by(operation), Touched::at_most_by(operation.party()));
            one.changes & !all.changes == 0 && one.reads & !(all.reads | all.changes) == 0
        };
        let (mut runner, mut seen) = (crate::runner::Runner::<multiwatcher::machine::StoreManager<_>>::new(), 0);
        for seed in 0..200 {
            for operation in runner.told(seed).operations {
                seen += 1;
                assert!(within(&operation), "{operation:?}");
            }
        }
        assert!(seen > 10_000, "{seen} operations");
    }

    #[test]
    fn time_moves_seldom_unless_it_is_waited_for() {
        let (mut pos, mut random, movable) = begun(1);
        let mut moves = [0; 2];
        for step in 0..2000 {
            let waits_for_time = step % 2 == 1;
            let party = pos.pick(Moment { step, movable, waits_for_time }, &mut random);
            moves[usize::from(waits_for_time)] += u32::from(party == Party::Clock);
            pos.stale = movable;
        }
        assert!(moves[0] < 60 && moves[1] > 2 * moves[0], "{moves:?} of 1000 each");
    }
}
