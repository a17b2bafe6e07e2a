//! The conformance kit: does a backing keep its side of the contract, so that the worker keeps its promises?
//!
//! [`check`] is given [`Databases`], a way to make an empty database and to write to it. It draws transactions, readers that open,
//! read, drop their calls, resume, move to another worker and stop, disturbances of the database and restarts of the worker; it runs them with the worker that
//! ships, and holds what every reader is told against the history of what was committed:
//!
//! - *exact-prefix*, *atomic-commit*: after every batch a view is what some one commit left behind, none older than what was seen
//!   before, nor than what was committed before the worker began (an older one would come from a load that reads the past);
//! - *filter-equivalence*: what readers with different filters hold at one revno can be one state;
//! - *ordered*, *no-spurious-delta*, *fresh-first*, *progress*, *stop-quiescent*, *resume-or-gone*, of every batch and every answer;
//! - *convergence*: at the end, and whenever a reader is to catch up, it has the latest commit within
//!   [`patience`](Options::patience).
//!
//! What fails is shrunk to the shortest list of operations that still fails. The operations follow from [`Options::seed`]; when a
//! database answers does not, so one that fails seldom may need more [`cases`](Options::cases).
//!
//! ```
//! use multiwatcher::testing::conformance::{Database, Databases, Error, Options, check};
//! use multiwatcher::{EntityId, MemoryBacking};
//!
//! /// A database, and what makes them.
//! struct Memory(MemoryBacking<u8>);
//! struct InMemory;
//!
//! impl Databases for InMemory {
//!     type Database = Memory;
//!
//!     async fn create(&self) -> Result<Memory, Error> {
//!         Ok(Memory(MemoryBacking::new()))
//!     }
//! }
//!
//! impl Database for Memory {
//!     type Backing = MemoryBacking<u8>;
//!
//!     fn value(number: u8) -> u8 {
//!         number
//!     }
//!
//!     async fn open(&mut self) -> Result<MemoryBacking<u8>, Error> {
//!         Ok(self.0.clone())
//!     }
//!
//!     async fn commit(&mut self, writes: Vec<(EntityId, Option<u8>)>) -> Result<(), Error> {
//!         let transaction = writes.into_iter().fold(self.0.transaction(), |transaction, (id, value)| match value {
//!             Some(value) => transaction.put(id, value),
//!             None => transaction.remove(id),
//!         });
//!         transaction.commit();
//!         Ok(())
//!     }
//! }
//!
//! let report = check(&InMemory, &Options { cases: 8, ..Options::default() }).unwrap_or_else(|failure| panic!("{failure}"));
//! assert_eq!(report.cases, 8);
//! ```

mod case;
mod history;
mod operation;
mod reader;
mod universe;

use core::cell::{Cell, RefCell};
use core::fmt;
use core::future::{Future, ready};
use core::time::Duration;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use self::case::{Bad, Case};
use self::operation::operations;
use super::Promise;
use crate::backing::Backing;
use crate::machine::EntityId;

pub use self::operation::{Operation, Transaction};

/// What a database says when it cannot do what the kit asks of it.
pub type Error = Box<dyn core::error::Error + Send + Sync>;

type ValueOf<D> = <<D as Database>::Backing as Backing>::Value;

/// Makes databases to be checked.
pub trait Databases {
    /// What it makes.
    type Database: Database;

    /// An empty database of its own. Asked for every case; what an earlier case left behind must not be in it.
    fn create(&self) -> impl Future<Output = Result<Self::Database, Error>>;
}

/// A database: the backing that is checked, and a way to write that does not go through it.
pub trait Database {
    /// What is checked.
    type Backing: Backing;

    /// The value of a number. Different numbers are different values.
    fn value(number: u8) -> ValueOf<Self>;

    /// Opens it once more, for a worker. Another one may still have it open.
    fn open(&mut self) -> impl Future<Output = Result<Self::Backing, Error>>;

    /// Commits one transaction: a value for each of these ids, or its removal. Readers of the backing see all of it or nothing once this
    /// has returned.
    fn commit(&mut self, writes: Vec<(EntityId, Option<ValueOf<Self>>)>) -> impl Future<Output = Result<(), Error>>;

    /// Does something that makes a subscription fail: cut a connection, restart a server, prune a log. Nothing, unless it is written.
    fn disturb(&mut self) -> impl Future<Output = Result<(), Error>> {
        ready(Ok(()))
    }
}

/// How much is tried.
#[derive(Debug, Clone)]
pub struct Options {
    /// Lists of operations, each on a database of its own.
    pub cases: u32,
    /// The most operations in one.
    pub operations: usize,
    /// The operations follow from it.
    pub seed: u64,
    /// A reader that has not seen the latest commit after so long will not see it.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { cases: 64, operations: 40, seed: 1, patience: Duration::from_secs(10) }
    }
}

/// What was tried, and found in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Lists of operations.
    pub cases: u32,
    /// Operations of all of them.
    pub operations: u64,
    /// Batches that readers took.
    pub batches: u64,
    /// And the deltas in them.
    pub deltas: u64,
    /// Readers that were resumed.
    pub resumed: u64,
    /// Readers that another worker of the database took over.
    pub taken_over: u64,
    /// Disturbances of the database.
    pub disturbed: u64,
    /// Workers that were killed and replaced.
    pub workers: u64,
}

/// What was found.
#[derive(Debug)]
pub enum Failure {
    /// A promise was broken.
    Broken {
        /// The shortest list of operations known that breaks it.
        operations: Vec<Operation>,
        /// Which promise, and what was seen.
        text: String,
    },
    /// A database could not be created, opened, written or disturbed, so nothing is known about the backing.
    Database(Error),
}

/// Checks that the worker keeps its promises over this backing. Blocks, and runs a tokio runtime of its own: do not call it within one.
///
/// # Errors
///
/// What is broken, by the shortest list of operations that breaks it; or the database's own error.
pub fn check<D: Databases>(databases: &D, options: &Options) -> Result<Report, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Database(error.into()))?;
    let (total, database_error) = (Cell::new(Report::default()), RefCell::new(None));
    let patience = Cell::new(options.patience);
    let one = |operations: &[Operation], patience| {
        runtime.block_on(async {
            let mut database = databases.create().await.map_err(Bad::Database)?;
            Case::run(&mut database, operations, patience).await
        })
    };
    let config =
        Config { cases: options.cases, failure_persistence: None, max_shrink_iters: SHRINKS, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng(options.seed));
    let found = runner.run(&operations(options.operations), |operations| {
        match one(&operations, patience.get()) {
            Ok(report) => {
                total.set(total.get().and(report));
                Ok(())
            }
            Err(Bad::Broken(broken)) => {
                if broken.promise == Promise::Convergence {
                    // Once somebody waited in vain, waiting as long for every shorter story would take hours.
                    patience.set(options.patience / 10);
                }
                Err(TestCaseError::fail(format!("{}: {}", broken.promise, broken.text)))
            }
            Err(Bad::Database(error)) => {
                database_error.borrow_mut().get_or_insert(error);
                Err(TestCaseError::fail("the database"))
            }
        }
    });
    if let Some(error) = database_error.take() {
        return Err(Failure::Database(error));
    }
    match found {
        Ok(()) => Ok(total.get()),
        Err(TestError::Fail(reason, operations)) => {
            Err(Failure::Broken { operations, text: reason.message().to_owned() })
        }
        Err(TestError::Abort(reason)) => Err(Failure::Database(reason.message().into())),
    }
}

/// Lists tried to find a shorter one.
const SHRINKS: u32 = 400;

fn rng(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

impl Report {
    fn and(self, other: Self) -> Self {
        Self {
            cases: self.cases + 1,
            operations: self.operations + other.operations,
            batches: self.batches + other.batches,
            deltas: self.deltas + other.deltas,
            resumed: self.resumed + other.resumed,
            taken_over: self.taken_over + other.taken_over,
            disturbed: self.disturbed + other.disturbed,
            workers: self.workers + other.workers,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} cases, {} operations, {} batches with {} deltas, ",
            self.cases, self.operations, self.batches, self.deltas
        )?;
        write!(
            f,
            "{} resumed, {} taken over, {} disturbances, {} workers replaced",
            self.resumed, self.taken_over, self.disturbed, self.workers
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken { operations, text } => {
                writeln!(f, "broken: {text}")?;
                for (number, operation) in operations.iter().enumerate() {
                    writeln!(f, "{:>4}  {operation}", number + 1)?;
                }
                write!(f, "      then every reader reads until it has the latest commit, and stops")
            }
            Self::Database(error) => write!(f, "the database cannot do what the kit asks of it: {error}"),
        }
    }
}

impl core::error::Error for Failure {}
