//! Promises that compare runs: on one of 128 seeds the run is made again from a clean start, by a machine that only loads, and as one
//! of the metamorphic relations says, each in its turn.

use multiwatcher::testing::{Healing, Operation, Promise, Subject};

use crate::checkers::{Checker, Suite};
use crate::course::Broken;
use crate::decisions::Decisions;
use crate::metamorphic::Relation;
use crate::tally::Tally;
use crate::worlds::Maker;

/// The share of seeds whose runs are compared.
pub const ONE_OF: u64 = 128;

/// Whether this seed's run is compared.
pub fn chosen(seed: u64) -> bool {
    seed.is_multiple_of(ONE_OF)
}

/// Whose turn it is when this seed's run is compared.
pub fn relation(seed: u64) -> Relation {
    let turn = seed / ONE_OF % Relation::ALL.len() as u64;
    Relation::ALL[usize::try_from(turn).unwrap_or(0)]
}

/// Compares a run that kept its promises with its twins. `again` is the hash of the same seed from a clean start.
pub fn compare<S: Subject>(
    maker: Maker<S>,
    suite: &mut Suite,
    decisions: &Decisions,
    hashes: (u64, u64),
    tally: &mut Tally,
) -> Result<(), Box<Broken>> {
    let (hash, again) = hashes;
    let last = decisions.operations.len();
    let broken = |promise: Promise| move |text: Box<str>| Box::new(Broken::of(promise, text.into(), last));
    suite.deterministic.compare(hash, again).map_err(broken(Promise::Deterministic))?;
    if let Some((followed, loaded)) = followed_and_loaded(maker, decisions) {
        suite.load_equals_increments.compare(followed, loaded).map_err(broken(Promise::LoadEqualsIncrements))?;
    }
    let relation = relation(decisions.header.seed);
    let Some(compared) = relation.check(maker, decisions) else { return Ok(()) };
    tally.relations[relation as usize] += 1;
    if relation == Relation::IdleReader {
        *suite.slow_reader_isolated.decided() += 1;
    }
    compared.map_err(broken(relation.promise()))
}

/// The last store of the run, and that of a machine that only loads what the same commits led to.
fn followed_and_loaded<S: Subject>(
    maker: Maker<S>,
    decisions: &Decisions,
) -> Option<(multiwatcher::testing::State, multiwatcher::testing::State)> {
    let regime = &decisions.header.regime;
    let mut followed = maker.start(regime.clone());
    let mut loaded = maker.start(regime.clone());
    for operation in &decisions.operations {
        let happened = followed.apply(operation);
        if happened && matches!(operation, Operation::Commit { .. } | Operation::Rewind { .. }) {
            loaded.apply(operation);
        }
        followed.clear_seen();
    }
    let mut healing = Healing::new();
    for _ in 0..Healing::most(loaded.stage()) {
        let Some(operation) = healing.next(loaded.stage()) else { break };
        loaded.apply(&operation);
        loaded.clear_seen();
    }
    let comparable = !followed.stage().ended() && !loaded.stage().ended();
    let same_end = followed.stage().backing().latest().state == loaded.stage().backing().latest().state;
    if comparable && same_end { Some((followed.store()?, loaded.store()?)) } else { None }
}

#[cfg(test)]
mod tests {
    use multiwatcher::machine::StoreManager;
    use multiwatcher::testing::Val;

    use super::*;
    use crate::course::Finding;
    use crate::metamorphic::doctored::{Planted, with};
    use crate::runner::Runner;

    #[test]
    fn each_relation_has_its_turn() {
        let chosen: Vec<_> = (0..ONE_OF * 7).filter(|seed| chosen(*seed)).map(relation).collect();
        assert_eq!(chosen, Relation::ALL);
    }

    #[test]
    fn what_a_relation_sees_breaks_its_promise_and_is_counted() {
        let mut runner = Runner::<StoreManager<Val>>::new();
        let (mut suite, mut tally) = (Suite::default(), Tally::default());
        let broken = (0..300).find_map(|seed| {
            let mut decisions = runner.told(seed);
            decisions.header.seed = ONE_OF * 6;
            compare(with(Planted::Forgetful), &mut suite, &decisions, (1, 1), &mut tally).err()
        });
        let broken = broken.expect("who comes back and is taken for somebody new is noticed in one of 300 runs");
        assert_eq!(broken.finding, Finding::Promise(Promise::ResumeOrGone));
        assert!(broken.text.starts_with("reader resumed: reader 0 heard, when it stays: "), "{}", broken.text);
        assert!(tally.relations[Relation::ResumedReader as usize] > 0);
    }
}
