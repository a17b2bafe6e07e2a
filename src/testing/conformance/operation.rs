//! What is done to a backing and its readers while it is checked: a list of small operations, which proptest draws and shrinks.

use core::fmt;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy};
use proptest::prop_oneof;

use super::universe::{FILTERS, IDS, VALUES, id};

/// Readers there can be.
pub(super) const READERS: usize = 4;

/// One thing that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// One transaction.
    Commit(Transaction),
    /// Several transactions, one after the other, while every reader reads.
    Burst(Vec<Transaction>),
    /// A reader opens a watcher, in place of the one it has.
    Open {
        /// Which reader.
        reader: usize,
        /// Which filter.
        filter: usize,
    },
    /// A reader takes a batch if there is one.
    Read(usize),
    /// A reader reads until it has seen the latest commit.
    CatchUp(usize),
    /// A reader begins a call and drops it.
    DropCall(usize),
    /// A reader asks how far its view reaches.
    Progress(usize),
    /// A reader stops, and resumes with its token.
    Resume(usize),
    /// A reader stops, and goes on with its token at another worker of the same database.
    Move(usize),
    /// A reader stops.
    Stop(usize),
    /// Whatever makes a subscription to this database fail.
    Disturb,
    /// The worker is killed, and another one started on the same database.
    RestartWorker,
}

impl Operation {
    /// The reader that must watch for this to mean anything.
    pub(super) fn needs(&self) -> Option<usize> {
        match self {
            Self::Read(reader)
            | Self::CatchUp(reader)
            | Self::DropCall(reader)
            | Self::Progress(reader)
            | Self::Resume(reader)
            | Self::Move(reader) => Some(*reader),
            Self::Commit(_)
            | Self::Burst(_)
            | Self::Open { .. }
            | Self::Stop(_)
            | Self::Disturb
            | Self::RestartWorker => None,
        }
    }
}

/// What one transaction writes: by id, the number of a value, or nothing. Each id at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction(pub(super) Vec<(usize, Option<u8>)>);

/// Lists of operations.
pub(super) fn operations(most: usize) -> impl Strategy<Value = Vec<Operation>> {
    vec(operation(), 1..=most.max(1))
}

fn operation() -> impl Strategy<Value = Operation> {
    let reader = || 0..READERS;
    prop_oneof![
        6 => transaction().prop_map(Operation::Commit),
        2 => vec(transaction(), 2..8).prop_map(Operation::Burst),
        4 => (reader(), 0..FILTERS).prop_map(|(reader, filter)| Operation::Open { reader, filter }),
        4 => reader().prop_map(Operation::Read),
        4 => reader().prop_map(Operation::CatchUp),
        2 => reader().prop_map(Operation::DropCall),
        1 => reader().prop_map(Operation::Progress),
        3 => reader().prop_map(Operation::Resume),
        5 => reader().prop_map(Operation::Move),
        1 => reader().prop_map(Operation::Stop),
        1 => Just(Operation::Disturb),
        1 => Just(Operation::RestartWorker),
    ]
}

fn transaction() -> impl Strategy<Value = Transaction> {
    vec((0..IDS, option::weighted(0.7, 0..VALUES)), 1..4).prop_map(|mut writes| {
        // Stable, so that of two writes of one id the first stays.
        writes.sort_by_key(|(id, _)| *id);
        writes.dedup_by_key(|(id, _)| *id);
        Transaction(writes)
    })
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit(transaction) => write!(f, "commit {transaction}"),
            Self::Burst(transactions) => {
                f.write_str("while all read:")?;
                transactions.iter().try_for_each(|transaction| write!(f, " commit {transaction};"))
            }
            Self::Open { reader, filter } => {
                write!(f, "reader {reader} watches {}", super::universe::filter_in_words(*filter))
            }
            Self::Read(reader) => write!(f, "reader {reader} reads"),
            Self::CatchUp(reader) => write!(f, "reader {reader} reads until it has the latest commit"),
            Self::DropCall(reader) => write!(f, "reader {reader} begins a call and drops it"),
            Self::Progress(reader) => write!(f, "reader {reader} asks for its progress"),
            Self::Resume(reader) => write!(f, "reader {reader} stops and resumes"),
            Self::Move(reader) => write!(f, "reader {reader} stops and goes on at the other worker"),
            Self::Stop(reader) => write!(f, "reader {reader} stops"),
            Self::Disturb => f.write_str("the database is disturbed"),
            Self::RestartWorker => f.write_str("the worker is killed and another one started"),
        }
    }
}

impl fmt::Display for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (place, value)) in self.0.iter().enumerate() {
            let (gap, id) = (if number == 0 { "" } else { " " }, id(*place));
            match value {
                Some(value) => write!(f, "{gap}{}/{}={value}", id.kind, id.id())?,
                None => write!(f, "{gap}{}/{}=nothing", id.kind, id.id())?,
            }
        }
        Ok(())
    }
}
