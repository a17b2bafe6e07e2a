//! The conformance kit, and the backings that ship held against it; and backings that are wrong on purpose, each of which it must catch.

mod sqlite;
mod wrong;

use std::time::Duration;

use multiwatcher::testing::conformance::{Database, Databases, Error, Failure, Options, check};
use multiwatcher::{EntityId, MemoryBacking};
use wrong::{Bug, Wrong};

/// Databases in memory; how they tell of commits, and how many of them they keep.
struct InMemory {
    hands_over_steps: bool,
    kept: usize,
}

impl Databases for InMemory {
    type Database = Memory;

    async fn create(&self) -> Result<Memory, Error> {
        let backing = MemoryBacking::new().keep_commits(self.kept);
        Ok(Memory(if self.hands_over_steps { backing } else { backing.tell_ids_only() }))
    }
}

struct Memory(MemoryBacking<u8>);

impl Database for Memory {
    type Backing = MemoryBacking<u8>;

    fn value(number: u8) -> u8 {
        number
    }

    async fn open(&mut self) -> Result<MemoryBacking<u8>, Error> {
        Ok(self.0.clone())
    }

    async fn commit(&mut self, writes: Vec<(EntityId, Option<u8>)>) -> Result<(), Error> {
        let transaction = writes.into_iter().fold(self.0.transaction(), |transaction, (id, value)| match value {
            Some(value) => transaction.put(id, value),
            None => transaction.remove(id),
        });
        transaction.commit();
        Ok(())
    }
}

#[test]
fn a_memory_backing_conforms_however_it_tells_and_however_short_its_log_is() {
    for (hands_over_steps, kept) in [(true, 1000), (false, 1000), (true, 1), (false, 1)] {
        let report = check(&InMemory { hands_over_steps, kept }, &Options::default())
            .unwrap_or_else(|failure| panic!("{failure}"));
        // Something happened in these cases.
        assert!(
            report.cases == 64
                && report.batches > 400
                && report.resumed > 10
                && report.taken_over > 10
                && report.workers > 20,
            "{report}"
        );
    }
}

#[test]
fn the_same_seed_does_the_same() {
    let options = Options { cases: 8, seed: 7, ..Options::default() };
    let in_memory = InMemory { hands_over_steps: true, kept: 1000 };
    let (one, other) = (check(&in_memory, &options).unwrap(), check(&in_memory, &options).unwrap());
    assert_eq!((one.operations, one.workers), (other.operations, other.workers));
}

/// What is said of a backing with this bug.
fn found(bug: Bug) -> (String, usize) {
    let options = Options { patience: Duration::from_secs(1), ..Options::default() };
    match check(&bug, &options) {
        Err(Failure::Broken { operations, text }) => (text, operations.len()),
        Err(failure @ Failure::Database(_)) => panic!("{failure}"),
        Ok(report) => panic!("{bug:?} was not found in {report}"),
    }
}

#[test]
fn positions_that_become_visible_out_of_order_are_caught() {
    let (text, operations) = found(Bug::OutOfOrder);
    assert!(text.starts_with("convergence: ") || text.starts_with("exact-prefix: "), "{text}");
    assert!(operations <= 4, "{operations} operations are not the shortest story");
}

#[test]
fn half_a_commit_is_caught() {
    let (text, operations) = found(Bug::HalfCommit);
    assert!(text.starts_with("atomic-commit: "), "{text}");
    assert!(operations <= 5, "{operations} operations are not the shortest story");
}

#[test]
fn a_lost_notice_is_caught() {
    let (text, operations) = found(Bug::LostNotice);
    assert!(text.starts_with("convergence: "), "{text}");
    assert!(operations <= 5, "{operations} operations are not the shortest story");
}

#[test]
fn a_load_older_than_its_subscription_is_caught() {
    let (text, operations) = found(Bug::OldLoad);
    assert!(text.starts_with("exact-prefix: ") || text.starts_with("convergence: "), "{text}");
    assert!(operations <= 4, "{operations} operations are not the shortest story");
}

#[test]
fn a_removal_that_is_not_told_is_caught() {
    let (text, operations) = found(Bug::NoAbsence);
    assert!(text.starts_with("convergence: ") || text.starts_with("exact-prefix: "), "{text}");
    assert!(operations <= 5, "{operations} operations are not the shortest story");
}

#[test]
fn a_database_that_cannot_be_created_is_an_error_of_its_own() {
    struct Nowhere;
    impl Databases for Nowhere {
        type Database = Wrong;

        async fn create(&self) -> Result<Wrong, Error> {
            Err("the disk is full".into())
        }
    }
    match check(&Nowhere, &Options::default()) {
        Err(failure @ Failure::Database(_)) => {
            assert_eq!(failure.to_string(), "the database cannot do what the kit asks of it: the disk is full");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_same_backing_without_a_bug_conforms() {
    check(&Bug::None, &Options::default()).unwrap_or_else(|failure| panic!("{failure}"));
}
