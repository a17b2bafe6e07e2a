//! A reader of the worker that is checked: its handle, its view, and what it must never be told.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::collections::BTreeSet;

use super::history::{History, Revnos};
use super::universe::{State, VALUES, filter, place};
use crate::backing::Value;
use crate::driver::{Multiwatcher, Next, NextError};
use crate::machine::{Batch, Change, Progress, Revno, StoreManager};
use crate::testing::{Broken, Promise};

pub(super) type Handle<V> = Multiwatcher<V, StoreManager<V>, crate::driver::Tokio>;

/// A reader that watches.
pub(super) struct Reader<V: Value> {
    handle: Handle<V>,
    filter: usize,
    view: State,
    revno: Option<Revno>,
    /// It was told something, or resumed: it holds `view`.
    is_fresh: bool,
}

impl<V: Value> Reader<V> {
    /// One that was opened just now.
    pub(super) fn opened(handle: Handle<V>, filter: usize) -> Self {
        Self { handle, filter, view: State::default(), revno: None, is_fresh: true }
    }

    /// The same reader with another handle, which goes on where this one stopped.
    pub(super) fn resumed(self, handle: Handle<V>) -> Self {
        Self { handle, ..self }
    }

    /// The same reader at another worker, which counts in its own revnos.
    pub(super) fn moved(self, handle: Handle<V>) -> Self {
        Self { handle, revno: None, ..self }
    }

    pub(super) fn handle(&self) -> &Handle<V> {
        &self.handle
    }

    pub(super) fn filter(&self) -> usize {
        self.filter
    }

    /// Whether nothing is owed to it: it has the latest state.
    pub(super) fn is_up_to_date(&self, history: &History) -> bool {
        !self.is_fresh && self.view == history.latest().through(self.filter)
    }

    /// Takes a batch if there is one.
    pub(super) fn read(&mut self, context: &mut Checked<'_, V>) -> Result<bool, Broken> {
        match self.handle.try_next() {
            Ok(Some(batch)) => self.take(&batch, context).map(|()| true),
            Ok(None) => Ok(false),
            Err(error) => Err(ended(&error)),
        }
    }

    /// Reads until it is up to date; that must come within the patience.
    pub(super) async fn catch_up(&mut self, context: &mut Checked<'_, V>, patience: Duration) -> Result<(), Broken> {
        let all = async {
            while !self.is_up_to_date(context.history) {
                let batch = self.handle.next().await.map_err(|error| ended(&error))?;
                self.take(&batch, context)?;
            }
            Ok(())
        };
        match tokio::time::timeout(patience, all).await {
            Ok(done) => done,
            Err(_) => {
                let (due, view) = (context.history.latest().through(self.filter), self.view);
                let text = format!(
                    "after {patience:?} a reader of {} holds {view}; the latest commit left {due}",
                    self.words()
                );
                Err(Broken::new(Promise::Convergence, text))
            }
        }
    }

    /// A call, to be polled by whoever waits for several.
    pub(super) fn next(&self) -> Next<V, StoreManager<V>, crate::driver::Tokio> {
        self.handle.next()
    }

    /// A call has been answered.
    pub(super) fn answered(
        &mut self,
        answer: Result<Batch<V>, NextError>,
        context: &mut Checked<'_, V>,
    ) -> Result<(), Broken> {
        match answer {
            Ok(batch) => self.take(&batch, context),
            Err(error) => Err(ended(&error)),
        }
    }

    /// Begins a call and drops it. If it was answered at once, that is a batch like any other.
    pub(super) fn drop_call(&mut self, context: &mut Checked<'_, V>) -> Result<(), Broken> {
        let mut call = self.handle.next();
        match Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => self.answered(answer, context),
            Poll::Pending => Ok(()),
        }
    }

    /// Asks how far the view reaches.
    pub(super) fn progress(&mut self, context: &mut Checked<'_, V>) -> Result<(), Broken> {
        match self.handle.progress() {
            Ok(None) if self.is_fresh => Ok(()),
            Ok(Some(_)) if self.is_fresh => {
                Err(Broken::new(Promise::Progress, "there is progress before the first batch"))
            }
            Ok(None) => Err(Broken::new(Promise::Progress, "there is no progress after the first batch")),
            Ok(Some(Progress { revno, position, .. })) => {
                if self.revno.is_some_and(|before| revno < before) {
                    return Err(Broken::new(Promise::Progress, format!("the cursor went back to {revno}")));
                }
                self.revno = Some(revno);
                context.revnos.see(context.history, (revno, position), (self.filter, self.view))
            }
            Err(error) => Err(ended(&error)),
        }
    }

    /// Stops: a call that pends is decided, and nothing comes after.
    pub(super) fn stop(&mut self, context: &mut Checked<'_, V>) -> Result<(), Broken> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut call = self.handle.next();
        let first = match Pin::new(&mut call).poll(&mut cx) {
            Poll::Ready(answer) => {
                self.answered(answer, context)?;
                None
            }
            Poll::Pending => Some(call),
        };
        self.handle.stop();
        for mut call in first.into_iter().chain([self.handle.next()]) {
            match Pin::new(&mut call).poll(&mut cx) {
                Poll::Ready(Err(NextError::Stopped)) => {}
                Poll::Ready(Ok(_)) => return Err(Broken::new(Promise::StopQuiescent, "a batch came after the stop")),
                Poll::Ready(Err(error)) => {
                    return Err(Broken::new(Promise::StopQuiescent, format!("stopped, and then: {error}")));
                }
                Poll::Pending => return Err(Broken::new(Promise::StopQuiescent, "a call waits after the stop")),
            }
        }
        Ok(())
    }

    fn words(&self) -> &'static str {
        super::universe::filter_in_words(self.filter)
    }

    /// Checks a batch and folds it.
    fn take(&mut self, batch: &Batch<V>, context: &mut Checked<'_, V>) -> Result<(), Broken> {
        context.counts.0 += 1;
        context.counts.1 += batch.deltas().len() as u64;
        if !self.is_fresh && batch.deltas().is_empty() {
            return Err(Broken::new(Promise::FreshFirst, "a batch that is not the first is empty"));
        }
        if self.revno.is_some_and(|before| batch.revno() <= before) {
            let text = format!("a batch of {} comes after one of {:?}", batch.revno(), self.revno);
            return Err(Broken::new(Promise::Ordered, text));
        }
        self.deltas_ascend(batch)?;
        let mut told = BTreeSet::new();
        for delta in batch.deltas() {
            let id = delta.id();
            let place = match place(id) {
                Some(place) if filter(self.filter).passes(id) => place,
                Some(_) => {
                    return Err(Broken::new(
                        Promise::FilterEquivalence,
                        format!("{id} does not pass {}", self.words()),
                    ));
                }
                None => return Err(Broken::new(Promise::ExactPrefix, format!("{id} was never written"))),
            };
            if !told.insert(place) {
                return Err(Broken::new(Promise::NoSpuriousDelta, format!("{id} stands twice in a batch")));
            }
            self.view.0[place] = match delta.change() {
                Change::Changed => Some(Self::number(delta.value(), context)?),
                Change::Removed if self.view.0[place].is_none() => {
                    return Err(Broken::new(Promise::NoSpuriousDelta, format!("{id} is removed, and was not held")));
                }
                Change::Removed => None,
            };
        }
        (self.revno, self.is_fresh) = (Some(batch.revno()), false);
        context.revnos.see(context.history, (batch.revno(), batch.position()), (self.filter, self.view))
    }

    fn deltas_ascend(&self, batch: &Batch<V>) -> Result<(), Broken> {
        let order =
            |pair: &[crate::machine::Delta<V>]| (pair[0].revno(), pair[0].id()) < (pair[1].revno(), pair[1].id());
        let in_reach = |revno: Revno| revno <= batch.revno() && self.revno.is_none_or(|before| revno > before);
        if batch.deltas().windows(2).all(order) && batch.deltas().iter().all(|delta| in_reach(delta.revno())) {
            Ok(())
        } else {
            Err(Broken::new(Promise::Ordered, format!("the deltas of the batch of {} are out of order", batch.revno())))
        }
    }

    fn number(value: &V, context: &Checked<'_, V>) -> Result<u8, Broken> {
        let number = (0..VALUES).find(|number| (context.value)(*number) == *value);
        number.ok_or_else(|| Broken::new(Promise::ExactPrefix, "a value was told that was never written"))
    }
}

/// What a reader is checked against.
pub(super) struct Checked<'a, V> {
    pub(super) history: &'a History,
    pub(super) revnos: &'a mut Revnos,
    pub(super) value: fn(u8) -> V,
    /// Batches and deltas seen.
    pub(super) counts: &'a mut (u64, u64),
}

fn ended(error: &NextError) -> Broken {
    Broken::new(Promise::FailureIsolated, format!("a reader ended: {error}"))
}
