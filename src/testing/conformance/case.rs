//! One case: the operations, one after the other, on a database of its own, with the worker that ships. At the end every reader must
//! have the latest state.

use core::cell::RefCell;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use super::history::{History, Revnos};
use super::operation::{Operation, READERS, Transaction};
use super::reader::{Checked, Reader};
use super::universe::{filter, id};
use super::{Database, Error, Report, ValueOf};
use crate::driver::{ResumeError, Worker};
use crate::machine::{Backoff, Config};
use crate::testing::{Broken, Promise};

/// How many revnos back a reader may resume.
const WINDOW: u64 = 16;

/// What came of a case that did not end well.
#[derive(Debug)]
pub(super) enum Bad {
    /// A promise was broken.
    Broken(Broken),
    /// The database itself could not be opened, written or disturbed: nothing is known of the backing.
    Database(Error),
}

impl From<Broken> for Bad {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

pub(super) struct Case<'a, D: Database> {
    database: &'a mut D,
    patience: Duration,
    history: History,
    revnos: Revnos,
    worker: Worker<ValueOf<D>>,
    readers: [Option<Reader<ValueOf<D>>>; READERS],
    /// Batches and deltas.
    counts: (u64, u64),
    report: Report,
}

impl<'a, D: Database> Case<'a, D> {
    /// Runs the operations on an empty database.
    pub(super) async fn run(database: &'a mut D, operations: &[Operation], patience: Duration) -> Result<Report, Bad> {
        let history = History::new();
        let worker = Self::start(database).await?;
        let revnos = Revnos::new(&history);
        let readers = core::array::from_fn(|_| None);
        let report = Report::default();
        let mut case = Case { database, patience, history, revnos, worker, readers, counts: (0, 0), report };
        let outcome = case.all(operations).await;
        case.worker.kill();
        // What the worker holds of the database is released before the next case.
        case.worker.wait().await;
        outcome?;
        let mut report = case.report;
        (report.batches, report.deltas) = case.counts;
        Ok(report)
    }

    async fn start(database: &mut D) -> Result<Worker<ValueOf<D>>, Bad> {
        let backoff = Backoff { min: Duration::from_millis(5), max: Duration::from_millis(100) };
        let config = Config { backoff, window: WINDOW, ..Config::default() };
        Ok(Worker::start(database.open().await.map_err(Bad::Database)?, config))
    }

    async fn all(&mut self, operations: &[Operation]) -> Result<(), Bad> {
        for operation in operations {
            self.one(operation).await?;
            self.report.operations += 1;
            tokio::task::yield_now().await;
        }
        // A reader that has just opened sees everything, and so do the others.
        self.open(0, 0)?;
        for reader in 0..READERS {
            self.catch_up(reader).await?;
        }
        for reader in 0..READERS {
            self.with(reader, Reader::progress)?;
            self.with(reader, Reader::stop)?;
        }
        self.leaves_nothing()
    }

    async fn one(&mut self, operation: &Operation) -> Result<(), Bad> {
        match operation {
            Operation::Commit(transaction) => self.burst(core::slice::from_ref(transaction), false).await,
            Operation::Burst(transactions) => self.burst(transactions, true).await,
            Operation::Open { reader, filter } => self.open(*reader, *filter),
            Operation::Read(reader) => self.with(*reader, |reader, checked| reader.read(checked).map(|_| ())),
            Operation::CatchUp(reader) => self.catch_up(*reader).await,
            Operation::DropCall(reader) => self.with(*reader, Reader::drop_call),
            Operation::Progress(reader) => self.with(*reader, Reader::progress),
            Operation::Resume(reader) => self.resume(*reader),
            Operation::Stop(reader) => {
                self.with(*reader, Reader::stop)?;
                self.readers[*reader] = None;
                Ok(())
            }
            Operation::Disturb => {
                self.report.disturbed += 1;
                self.database.disturb().await.map_err(Bad::Database)
            }
            Operation::RestartWorker => self.restart().await,
        }
    }

    fn open(&mut self, reader: usize, number: usize) -> Result<(), Bad> {
        let handle = self
            .worker
            .watch(filter(number))
            .map_err(|error| Broken::new(Promise::FailureIsolated, format!("a watcher cannot be opened: {error}")))?;
        self.readers[reader] = Some(Reader::opened(handle, number));
        Ok(())
    }

    fn with(
        &mut self,
        reader: usize,
        act: impl FnOnce(&mut Reader<ValueOf<D>>, &mut Checked<'_, ValueOf<D>>) -> Result<(), Broken>,
    ) -> Result<(), Bad> {
        let Some(reader) = &mut self.readers[reader] else { return Ok(()) };
        let (history, revnos, counts) = (&self.history, &mut self.revnos, &mut self.counts);
        Ok(act(reader, &mut Checked { history, revnos, value: D::value, counts })?)
    }

    async fn catch_up(&mut self, reader: usize) -> Result<(), Bad> {
        let Some(reader) = &mut self.readers[reader] else { return Ok(()) };
        let (history, revnos, counts) = (&self.history, &mut self.revnos, &mut self.counts);
        Ok(reader.catch_up(&mut Checked { history, revnos, value: D::value, counts }, self.patience).await?)
    }

    /// Commits one transaction after the other; meanwhile, if they are to, all readers read.
    async fn burst(&mut self, transactions: &[Transaction], reads: bool) -> Result<(), Bad> {
        let history = RefCell::new(&mut self.history);
        let database = &mut *self.database;
        let writing = async {
            for transaction in transactions {
                history.borrow_mut().begin(transaction);
                let writes = transaction.0.iter().map(|(place, number)| (id(*place), number.map(D::value)));
                database.commit(writes.collect()).await?;
                history.borrow_mut().end();
                tokio::task::yield_now().await;
            }
            Ok(())
        };
        let mut writing = pin!(writing);
        let (readers, revnos, counts) = (&mut self.readers, &mut self.revnos, &mut self.counts);
        let mut calls = readers.each_ref().map(|reader| reader.as_ref().filter(|_| reads).map(Reader::next));
        let written = poll_fn(|cx| {
            if let Poll::Ready(written) = writing.as_mut().poll(cx) {
                return Poll::Ready(written.map_err(Bad::Database));
            }
            for (reader, call) in readers.iter_mut().zip(&mut calls) {
                let (Some(reader), Some(pending)) = (reader, call.as_mut()) else { continue };
                if let Poll::Ready(answer) = core::pin::Pin::new(pending).poll(cx) {
                    let history = &**history.borrow();
                    let mut checked = Checked { history, revnos: &mut *revnos, value: D::value, counts: &mut *counts };
                    if let Err(broken) = reader.answered(answer, &mut checked) {
                        return Poll::Ready(Err(broken.into()));
                    }
                    *call = Some(reader.next());
                    cx.waker().wake_by_ref();
                }
            }
            Poll::Pending
        });
        written.await
    }

    /// A reader goes on elsewhere with its token: with the view it had, or it is told that this cannot be.
    fn resume(&mut self, number: usize) -> Result<(), Bad> {
        let Some(reader) = self.readers[number].take() else { return Ok(()) };
        let token = match reader.handle().resume_token() {
            Ok(token) => token,
            Err(error) => return Err(Broken::new(Promise::FailureIsolated, format!("a reader ended: {error}")).into()),
        };
        let Some(token) = token else {
            // It has been told nothing yet, so there is nothing to go on with.
            self.readers[number] = Some(reader);
            return Ok(());
        };
        reader.handle().stop();
        let latest = self.worker.report().census.revno;
        match self.worker.resume(&token) {
            Ok(handle) => {
                self.report.resumed += 1;
                self.readers[number] = Some(reader.resumed(handle));
                Ok(())
            }
            Err(ResumeError::Gone { .. }) if latest.0 - token.point().revno.0 > WINDOW => {
                let filter = reader.filter();
                self.open(number, filter)
            }
            Err(error) => Err(Broken::new(Promise::ResumeOrGone, format!("a token within the window: {error}")).into()),
        }
    }

    /// The worker is killed, which its readers are told; another one starts, and they open new watchers.
    async fn restart(&mut self) -> Result<(), Bad> {
        self.report.workers += 1;
        self.worker.kill();
        self.worker.wait().await;
        self.worker = Self::start(self.database).await?;
        self.revnos = Revnos::new(&self.history);
        for number in 0..READERS {
            if let Some(reader) = self.readers[number].take() {
                if reader.handle().try_next().is_ok() {
                    let text = "a watcher lives on after its worker was killed";
                    return Err(Broken::new(Promise::StopTotal, text).into());
                }
                self.open(number, reader.filter())?;
            }
        }
        Ok(())
    }

    /// All readers have stopped.
    fn leaves_nothing(&self) -> Result<(), Bad> {
        let report = self.worker.report().census;
        if report.watchers.total() == 0 && report.tombstones as u64 <= WINDOW * super::universe::IDS as u64 {
            Ok(())
        } else {
            let text = format!("{} watchers and {} tombstones are left", report.watchers.total(), report.tombstones);
            Err(Broken::new(Promise::StopQuiescent, text).into())
        }
    }
}
