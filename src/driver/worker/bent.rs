//! The worker's task: looks what the machine orders, polls what is open at the backing, tells the machine what came.
//!
//! It decides nothing. It is a future written out by hand, so that what it waits for is a value that can be looked at, and no
//! decision hides in a local across an await.

use core::future::Future;
use core::mem::replace;
use core::panic::AssertUnwindSafe;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::collections::VecDeque;
use std::panic::catch_unwind;
use std::sync::Arc as StdArc;

use super::Doing;
use super::life::{Came, Life, SOURCES};
use crate::backing::{Backing, BackingError, Notice, Read, Step};
use crate::driver::after::{After, By};
use crate::driver::causes::{Failure, Namer};
use crate::driver::foreign::{discard, message};
use crate::driver::machine::Machine;
use crate::driver::meters::What;
use crate::driver::seam::Seam;
use crate::driver::shared::{Shared, panicked};
use crate::driver::sync::Arc;
use crate::machine::{self, BackingCall, CauseClass, EntityId, Generation, Input, Output, Time};

/// So many things are told to the machine before other tasks get their turn.
const TURNS: usize = 64;

pub(super) struct Task<B: Backing, M: Machine<B::Value>, S: Seam> {
    shared: Arc<Shared<B::Value, M, S>>,
    backing: StdArc<B>,
    life: Option<Life<B::Value>>,
    alarm: Option<(Time, S::Sleep)>,
    release: Option<Release<S>>,
    orders: VecDeque<Output>,
    after: After<B::Value>,
    namer: Namer,
    /// What was told in the last turn, and when.
    told: Option<(What, Time)>,
    /// Whether the gauges are to be brought up to date.
    counts: bool,
    span: tracing::Span,
    broke_off: bool,
    finished: bool,
}

struct Release<S: Seam> {
    failure: Failure,
    call: Pin<Box<dyn Future<Output = ()> + Send>>,
    limit: S::Sleep,
}

impl<B: Backing, M: Machine<B::Value>, S: Seam> Task<B, M, S> {
    pub(super) fn new(shared: Arc<Shared<B::Value, M, S>>, backing: StdArc<B>) -> Self {
        // Entered in every poll: whatever the worker or its backing logs, stands under it.
        let span = tracing::info_span!("worker", backing = %shared.identity, epoch = %shared.epoch);
        Self {
            shared,
            backing,
            life: None,
            alarm: None,
            release: None,
            orders: VecDeque::new(),
            after: After::new(By::Worker),
            namer: Namer::default(),
            told: None,
            counts: true,
            span,
            broke_off: false,
            finished: false,
        }
    }

    fn run(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // How often something was told since the deadline has passed.
        let mut spared = 0;
        for _ in 0..TURNS {
            if self.release.is_some() {
                return self.poll_release(cx);
            }
            // The clock is read once a turn: a turn takes less than anything that depends on the time.
            let now = self.shared.seam.now();
            if let Some((what, since)) = self.told.take() {
                self.shared.meters.took(what, now.since(since));
            }
            let counts = replace(&mut self.counts, false);
            let turn = self.shared.turn(cx.waker(), self.doing(), counts, &mut self.orders);
            if let Some(census) = &turn.census {
                self.shared.meters.publish(census, now);
            }
            if let Some(failure) = turn.broken {
                self.orders.clear();
                self.begin_release(failure);
                continue;
            }
            // Whoever has obeyed looks once more: what the worker waits for is then told as it is.
            let obeys = !self.orders.is_empty();
            // Bent from here.
            // Whether it is to end is looked at when the backing has nothing to tell.
            if self.orders.iter().any(|order| matches!(order, Output::Ended { .. })) {
                while self.poll_life(now, cx) {}
            }
            // Bent to here.
            while let Some(order) = self.orders.pop_front() {
                self.obey(order, now);
            }
            let overdue = turn.deadline.filter(|deadline| deadline.at <= now);
            // What has come by now has come in time, so each source may tell it before the machine is told the time; and no more, for a
            // backing that always has something must not keep the time from the machine. What was ordered in this turn begins when it is
            // polled, and the machine takes it for begun: one that answers every call at once is cut short as well, but later.
            let most = if obeys { TURNS / 2 } else { SOURCES };
            let may_tell = overdue.is_none() || spared < most;
            let moved = if self.release.is_some() || (may_tell && self.poll_life(now, cx)) {
                spared += usize::from(overdue.is_some());
                true
            } else if let Some(deadline) = overdue {
                spared = 0;
                self.time_out(deadline, now);
                true
            } else {
                self.poll_alarm(turn.deadline, cx)
            };
            if !moved && !obeys {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn doing(&self) -> Doing {
        let doing = self.life.as_ref().map_or_else(Doing::default, Life::doing);
        Doing { releasing: self.release.is_some(), ..doing }
    }

    fn obey(&mut self, order: Output, now: Time) {
        match order {
            Output::Unsubscribe { generation } => {
                tracing::debug!(%generation, "unwatch");
                self.end_life();
            }
            Output::Subscribe { generation } => {
                tracing::debug!(%generation, "watch");
                self.life = Some(Life::begin(generation, &self.backing));
            }
            Output::Load { generation } => {
                tracing::debug!(%generation, "get_all");
                if let Some(life) = &mut self.life
                    && let Err(error) = life.load(&self.backing)
                {
                    self.take(Came::LoadFailed(error), now);
                }
            }
            Output::Fetch { generation, fetch, since, ids } => {
                tracing::trace!(%generation, %fetch, %since, ids = ids.len(), "changed");
                if let Some(life) = &mut self.life {
                    life.fetch(fetch, since, ids, &self.backing);
                }
            }
            Output::Ended { cause } => self.begin_release(self.shared.failure(cause)),
            Output::Wake { .. } => unreachable!("wake-ups are carried out where they arise"),
        }
    }

    fn end_life(&mut self) {
        if let Some(life) = self.life.take() {
            life.end();
        }
    }

    /// Whether something came.
    fn poll_life(&mut self, now: Time, cx: &mut Context<'_>) -> bool {
        let Some(life) = &mut self.life else { return false };
        match life.poll(cx) {
            Poll::Ready(came) => {
                self.take(came, now);
                true
            }
            Poll::Pending => false,
        }
    }

    /// The deadline has passed.
    fn time_out(&mut self, deadline: machine::Timeout, now: Time) {
        tracing::trace!(why = ?deadline.why, "deadline");
        self.shared.tell(now, &mut self.after, &mut self.namer.named, Input::Timeout);
        self.counts = true;
    }

    /// Whether the time has come to look whether the deadline has passed.
    fn poll_alarm(&mut self, deadline: Option<machine::Timeout>, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = deadline else {
            self.alarm = None;
            return false;
        };
        // One that goes off too early is set again: cheaper than setting it anew whenever the deadline moves away.
        if self.alarm.as_ref().is_none_or(|(at, _)| *at > deadline.at) {
            self.alarm = Some((deadline.at, self.shared.seam.sleep_until(deadline.at)));
        }
        let Some((_, sleep)) = &mut self.alarm else { return false };
        let is_over = Pin::new(sleep).poll(cx).is_ready();
        if is_over {
            self.alarm = None;
        }
        is_over
    }

    /// Tells the machine what came.
    fn take(&mut self, came: Came<B::Value>, now: Time) {
        let Some(life) = &self.life else { return };
        let generation = life.generation;
        let what = What::of(&came);
        let input = match came {
            Came::Subscribed(position, backing) => Input::Subscribed { generation, position, backing },
            Came::Noticed(Notice::Changed(ids)) => Input::Notice { generation, ids },
            Came::Noticed(Notice::Mark(position)) => Input::Mark { generation, position },
            Came::Noticed(Notice::Step(step)) => Input::Step { generation, step: self.name_step(step) },
            Came::Staged(reads) => Input::Staged { generation, reads: self.name_reads(reads) },
            Came::LoadDone => Input::LoadDone { generation },
            Came::Fetched(fetch, step) => Input::Fetched { generation, fetch, step: self.name_step(step) },
            Came::SubscriptionFailed(error) => self.failed(generation, BackingCall::Subscription, error),
            Came::LoadFailed(error) => self.failed(generation, BackingCall::Load, error),
            Came::FetchFailed(fetch, error) => self.failed(generation, BackingCall::Fetch(fetch), error),
        };
        self.shared.tell(now, &mut self.after, &mut self.namer.named, input);
        (self.told, self.counts) = (Some((what, now)), true);
    }

    fn failed(&mut self, generation: Generation, call: BackingCall, error: BackingError) -> Input<B::Value> {
        tracing::warn!(%generation, kind = ?error.kind(), %error, "the backing failed");
        Input::Failed { generation, call, cause: self.namer.name_failure(error.into()) }
    }

    fn name_step(&mut self, step: Step<B::Value>) -> machine::Step<B::Value> {
        let Step { from, to, entities } = step;
        machine::Step { from, to, entities: self.name_reads(entities) }
    }

    /// The machine is told a cause where the backing told an error.
    fn name_reads(&mut self, reads: Vec<(EntityId, Read<B::Value>)>) -> Vec<(EntityId, machine::Read<B::Value>)> {
        let name = |(id, read)| {
            let read = match read {
                Read::Value(value) => machine::Read::Value(value),
                Read::Absent => machine::Read::Absent,
                Read::Error(error) => {
                    tracing::warn!(%id, error = %error, "an entity could not be read");
                    machine::Read::Error(self.namer.name(CauseClass::Transient, error))
                }
            };
            (id, read)
        };
        reads.into_iter().map(name).collect()
    }

    fn begin_release(&mut self, failure: Failure) {
        tracing::info!(%failure, "the worker ends");
        self.end_life();
        self.alarm = None;
        let backing = StdArc::clone(&self.backing);
        let seam = &self.shared.seam;
        let limit = seam.sleep_until(seam.now().after(self.shared.patience));
        self.release = Some(Release { failure, call: Box::pin(async move { backing.release().await }), limit });
        self.shared.show(self.doing());
    }

    /// Releasing that hangs, or panics, keeps nobody waiting.
    fn poll_release(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(release) = &mut self.release else { return Poll::Ready(()) };
        let released = catch_unwind(AssertUnwindSafe(|| release.call.as_mut().poll(cx)));
        match released {
            Ok(Poll::Ready(())) => {}
            Ok(Poll::Pending) => {
                ready!(Pin::new(&mut release.limit).poll(cx));
                tracing::error!("the backing was not released in time");
            }
            Err(panic) => {
                tracing::error!(panic = message(&*panic), "the backing panicked in release");
            }
        }
        if let Some(Release { failure, call, limit: _ }) = self.release.take() {
            discard(call);
            self.finished = true;
            self.shared.finish(failure);
        }
        Poll::Ready(())
    }
}

impl<B: Backing, M: Machine<B::Value>, S: Seam> Future for Task<B, M, S>
where
    Self: Unpin,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let _entered = this.span.clone().entered();
        match catch_unwind(AssertUnwindSafe(|| this.run(cx))) {
            Ok(polled) => polled,
            Err(panic) => {
                let failure = panicked(&*panic);
                tracing::error!(%failure, "the worker breaks off");
                this.shared.break_off(&failure);
                if replace(&mut this.broke_off, true) {
                    // Not even releasing goes.
                    this.finished = true;
                    this.shared.finish(failure);
                    return Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

/// However the task ends, nobody goes on waiting for it.
impl<B: Backing, M: Machine<B::Value>, S: Seam> Drop for Task<B, M, S> {
    fn drop(&mut self) {
        if !self.finished {
            let gone =
                Failure::new(CauseClass::Permanent, "the worker's task was dropped, as when its runtime shuts down");
            // The machine is told, as of any other end, so that its census is true. If it panics, that broke everything off.
            let cause = self.namer.name_failure(gone.clone());
            let told = catch_unwind(AssertUnwindSafe(|| {
                let now = self.shared.seam.now();
                self.shared.tell(now, &mut self.after, &mut self.namer.named, Input::Kill { cause });
            }));
            if told.is_err() {
                self.shared.break_off(&gone);
            }
            self.end_life();
            discard(self.release.take().map(|release| release.call));
            self.shared.finish(gone);
        }
    }
}
