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
use super::universe::{FILTERS, filter, id};
use super::{Database, Error, Report, ValueOf};
use crate::backing::Value;
use crate::driver::{ResumeError, ResumeToken, Worker};
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
    /// The first is there from the beginning, the other from when a reader moves.
    workers: Vec<Place<ValueOf<D>>>,
    /// With the number of the worker that each is at.
    readers: [Option<(usize, Reader<ValueOf<D>>)>; READERS],
    /// Batches and deltas.
    counts: (u64, u64),
    report: Report,
}

/// A reader that has stopped at this worker, and its token.
type Leaving<V> = (usize, Reader<V>, ResumeToken);

/// A worker, and what its revnos can have been.
struct Place<V: Value> {
    worker: Worker<V>,
    revnos: Revnos,
}

impl<'a, D: Database> Case<'a, D> {
    /// Runs the operations on an empty database.
    pub(super) async fn run(database: &'a mut D, operations: &[Operation], patience: Duration) -> Result<Report, Bad> {
        let history = History::new();
        let workers = vec![Self::start(database, &history).await?];
        let readers = core::array::from_fn(|_| None);
        let report = Report::default();
        let mut case = Case { database, patience, history, workers, readers, counts: (0, 0), report };
        let outcome = case.all(operations).await;
        // What the workers hold of the database is released before the next case.
        for Place { worker, .. } in &case.workers {
            worker.kill();
            worker.wait().await;
        }
        outcome?;
        let mut report = case.report;
        (report.batches, report.deltas) = case.counts;
        Ok(report)
    }

    async fn start(database: &mut D, history: &History) -> Result<Place<ValueOf<D>>, Bad> {
        let backoff = Backoff { min: Duration::from_millis(5), max: Duration::from_millis(100) };
        let config = Config { backoff, window: WINDOW, ..Config::default() };
        let revnos = Revnos::new(history);
        Ok(Place { worker: Worker::start(database.open().await.map_err(Bad::Database)?, config), revnos })
    }

    async fn all(&mut self, operations: &[Operation]) -> Result<(), Bad> {
        for operation in operations {
            self.one(operation).await?;
            self.report.operations += 1;
            tokio::task::yield_now().await;
        }
        // A reader that has just opened sees everything, and so do the others.
        self.open(0, 0, 0)?;
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
        if let Some(reader) = operation.needs()
            && self.readers[reader].is_none()
        {
            self.open(reader, 0, reader % FILTERS)?;
        }
        match operation {
            Operation::Commit(transaction) => self.burst(core::slice::from_ref(transaction), false).await,
            Operation::Burst(transactions) => self.burst(transactions, true).await,
            Operation::Open { reader, filter } => {
                let at = self.readers[*reader].as_ref().map_or(0, |(at, _)| *at);
                self.open(*reader, at, *filter)
            }
            Operation::Read(reader) => self.with(*reader, |reader, checked| reader.read(checked).map(|_| ())),
            Operation::CatchUp(reader) => self.catch_up(*reader).await,
            Operation::DropCall(reader) => self.with(*reader, Reader::drop_call),
            Operation::Progress(reader) => self.with(*reader, Reader::progress),
            Operation::Resume(reader) => self.resume(*reader),
            Operation::Move(reader) => self.move_on(*reader).await,
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

    fn open(&mut self, reader: usize, at: usize, number: usize) -> Result<(), Bad> {
        let handle = self.workers[at]
            .worker
            .watch(filter(number))
            .map_err(|error| Broken::new(Promise::FailureIsolated, format!("a watcher cannot be opened: {error}")))?;
        self.readers[reader] = Some((at, Reader::opened(handle, number)));
        Ok(())
    }

    fn with(
        &mut self,
        reader: usize,
        act: impl FnOnce(&mut Reader<ValueOf<D>>, &mut Checked<'_, ValueOf<D>>) -> Result<(), Broken>,
    ) -> Result<(), Bad> {
        let Some((at, reader)) = &mut self.readers[reader] else { return Ok(()) };
        let (history, revnos, counts) = (&self.history, &mut self.workers[*at].revnos, &mut self.counts);
        Ok(act(reader, &mut Checked { history, revnos, value: D::value, counts })?)
    }

    async fn catch_up(&mut self, reader: usize) -> Result<(), Bad> {
        let Some((at, reader)) = &mut self.readers[reader] else { return Ok(()) };
        let (history, revnos, counts) = (&self.history, &mut self.workers[*at].revnos, &mut self.counts);
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
        let (readers, workers, counts) = (&mut self.readers, &mut self.workers, &mut self.counts);
        let mut calls = readers.each_ref().map(|reader| reader.as_ref().filter(|_| reads).map(|(_, it)| it.next()));
        let written = poll_fn(|cx| {
            if let Poll::Ready(written) = writing.as_mut().poll(cx) {
                return Poll::Ready(written.map_err(Bad::Database));
            }
            for (reader, call) in readers.iter_mut().zip(&mut calls) {
                let (Some((at, reader)), Some(pending)) = (reader, call.as_mut()) else { continue };
                if let Poll::Ready(answer) = core::pin::Pin::new(pending).poll(cx) {
                    let history = &**history.borrow();
                    let revnos = &mut workers[*at].revnos;
                    let mut checked = Checked { history, revnos, value: D::value, counts: &mut *counts };
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

    /// A reader goes on with its token: with the view it had, or it is told that this cannot be.
    fn resume(&mut self, number: usize) -> Result<(), Bad> {
        let Some((at, reader, token)) = self.stop_with_token(number)? else { return Ok(()) };
        let latest = self.workers[at].worker.report().census.revno;
        match self.workers[at].worker.try_resume(&token) {
            Ok(handle) => {
                self.report.resumed += 1;
                self.readers[number] = Some((at, reader.resumed(handle)));
                Ok(())
            }
            Err(ResumeError::Gone { .. }) if latest.0 - token.point().revno.0 > WINDOW => {
                self.open(number, at, reader.filter())
            }
            Err(error) => Err(Broken::new(Promise::ResumeOrGone, format!("a token within the window: {error}")).into()),
        }
    }

    /// A reader goes on at the other worker, which may not know what it held, and then says so.
    async fn move_on(&mut self, number: usize) -> Result<(), Bad> {
        let Some((at, reader, token)) = self.stop_with_token(number)? else { return Ok(()) };
        let to = 1 - at;
        if to == self.workers.len() {
            self.workers.push(Self::start(self.database, &self.history).await?);
        }
        let resumed = tokio::time::timeout(self.patience, self.workers[to].worker.resume(&token)).await;
        match resumed {
            Ok(Ok(handle)) => {
                self.report.taken_over += 1;
                self.readers[number] = Some((to, reader.moved(handle)));
                Ok(())
            }
            Ok(Err(ResumeError::Gone { .. })) => self.open(number, to, reader.filter()),
            Err(_) | Ok(Err(ResumeError::Ahead { .. })) => {
                let position = token.point().position;
                let text = format!("another worker did not get to {position} within {:?}", self.patience);
                Err(Broken::new(Promise::Convergence, text).into())
            }
            Ok(Err(error @ (ResumeError::Future { .. } | ResumeError::Watch(_)))) => {
                Err(Broken::new(Promise::ResumeOrGone, format!("a token of another worker: {error}")).into())
            }
        }
    }

    /// Stops a reader and takes its token; none if it is to stay, for it has been told nothing to go on with.
    fn stop_with_token(&mut self, number: usize) -> Result<Option<Leaving<ValueOf<D>>>, Bad> {
        let Some((at, reader)) = self.readers[number].take() else { return Ok(None) };
        let token = match reader.handle().resume_token() {
            Ok(token) => token,
            Err(error) => return Err(Broken::new(Promise::FailureIsolated, format!("a reader ended: {error}")).into()),
        };
        let Some(token) = token else {
            self.readers[number] = Some((at, reader));
            return Ok(None);
        };
        reader.handle().stop();
        Ok(Some((at, reader, token)))
    }

    /// The first worker is killed, which its readers are told; another one starts, and they open new watchers.
    async fn restart(&mut self) -> Result<(), Bad> {
        self.report.workers += 1;
        self.workers[0].worker.kill();
        self.workers[0].worker.wait().await;
        self.workers[0] = Self::start(self.database, &self.history).await?;
        for number in 0..READERS {
            if let Some((_, reader)) = self.readers[number].take_if(|(at, _)| *at == 0) {
                if reader.handle().try_next().is_ok() {
                    let text = "a watcher lives on after its worker was killed";
                    return Err(Broken::new(Promise::StopTotal, text).into());
                }
                self.open(number, 0, reader.filter())?;
            }
        }
        Ok(())
    }

    /// All readers have stopped.
    fn leaves_nothing(&self) -> Result<(), Bad> {
        for Place { worker, .. } in &self.workers {
            let report = worker.report().census;
            if report.watchers.total() > 0 || report.tombstones as u64 > WINDOW * super::universe::IDS as u64 {
                let text =
                    format!("{} watchers and {} tombstones are left", report.watchers.total(), report.tombstones);
                return Err(Broken::new(Promise::StopQuiescent, text).into());
            }
        }
        Ok(())
    }
}
