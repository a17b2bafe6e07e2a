//! What each observation does to the reference model, and which requests of the subject it allows.

use core::mem::take;

use super::super::observation::{How, Observation};
use super::super::promise::{Broken, Promise};
use super::super::state::IdSet;
use super::Reference;
use super::connection::{Asked, Stage, TimeMakes, own};
use super::watchers::{Expected, WatcherStage};
use crate::machine::{
    BackingCall, Cause, CauseClass, Identity, NextError, Position, Progress, RestartPolicy, ResumeError, ResumePoint,
    Revno, WatchError,
};

/// A step that arrived.
struct Arrived {
    generation: u32,
    from: Position,
    to: Position,
    at: u32,
    ids: IdSet,
    errors: IdSet,
}

impl Reference {
    /// Takes one observation in. What readers were answered is not looked at here, only that they asked; ask
    /// [`expect`](Self::expect) and the other questions before. A request that no promise allows is an error.
    pub fn see(&mut self, observation: &Observation) -> Result<(), Broken> {
        match *observation {
            Observation::Committed { position, state, .. } | Observation::Rewound { position, state } => {
                self.log.push(state);
                self.top = position;
            }
            Observation::Now(now) => self.now = now,
            Observation::Subscribed { generation, position, backing } => {
                self.subscribed(generation, position, backing);
            }
            Observation::Staged { generation, ids, errors } => {
                self.connection.staged(generation, ids, errors, self.now);
            }
            Observation::LoadDone { generation } => self.owed.asks = self.connection.load_done(generation),
            Observation::Noticed { generation, ids } => self.noticed(generation, ids),
            Observation::Marked { generation, .. } => {
                self.connection.is_heard(generation, self.now);
            }
            Observation::Stepped { generation, fetch, from, to, at, ids, errors } => {
                let arrived = Arrived { generation, from, to, at, ids, errors };
                match fetch {
                    None => self.unasked(&arrived),
                    Some(fetch) => self.answer(fetch, arrived),
                }
            }
            Observation::Failed { generation, call, cause } => self.failed(generation, call, cause),
            Observation::TimedOut => self.timed_out(),
            Observation::Killed(cause) => {
                if self.ended.is_none() {
                    self.end(cause);
                }
            }
            Observation::Unsubscribe { generation } => {
                let owed = take(&mut self.owed.unsubscribe) && generation == self.connection.generation;
                return allow(owed, Promise::FailureIsolated, observation);
            }
            Observation::Subscribe { generation } => {
                let owed = take(&mut self.owed.subscribe) && generation == self.connection.generation;
                return allow(owed, Promise::NoSpinNoStall, observation);
            }
            Observation::Load { generation } => {
                let owed = take(&mut self.owed.load) && generation == self.connection.generation;
                return allow(owed, Promise::NoSpinNoStall, observation);
            }
            Observation::Fetch { generation, fetch, since, ids } => {
                return self.fetch_requested(generation, fetch, since, ids);
            }
            Observation::Ended(cause) => {
                if take(&mut self.owed.subscribe) {
                    // It ended before its task came to subscribe, so there was nothing to drop.
                    self.owed.unsubscribe = false;
                }
                let owed = take(&mut self.owed.ended) && self.ended == Some(cause);
                return allow(owed, Promise::FailureIsolated, observation);
            }
            Observation::Woken { reader, call } => return self.woken(reader, call, observation),
            Observation::WokenNobody => return allow(false, Promise::StopQuiescent, observation),
            Observation::Opened { reader, filter, result } => {
                let stage = if result.is_ok() { WatcherStage::Fresh } else { WatcherStage::None };
                let ids = self.passing[usize::from(filter.0)];
                self.watchers[usize::from(reader)].open(stage, filter, ids);
            }
            Observation::Resumed { reader, filter, from, result, .. } => {
                let ids = self.passing[usize::from(filter.0)];
                let stage = if result.is_ok() { self.resumed(ids, from) } else { WatcherStage::None };
                self.watchers[usize::from(reader)].open(stage, filter, ids);
            }
            Observation::Called { reader, how, .. } => self.called(reader, how),
            Observation::Dropped { reader, call } => {
                let next = self.watchers[usize::from(reader)].dropped(call, self.loaded);
                self.owed.wakes.extend(next);
            }
            Observation::Progressed { .. } => {}
            Observation::Stopped { reader } => {
                self.watchers[usize::from(reader)].end(WatcherStage::None, &mut self.owed.wakes);
            }
            Observation::Misanswered => {
                return Err(Broken::new(Promise::StopTotal, "an answer does not belong to what was put"));
            }
        }
        Ok(())
    }

    fn subscribed(&mut self, generation: u32, position: Position, backing: Identity) {
        self.owed.load = self.connection.subscribed(generation, position, self.now);
        if self.owed.load {
            self.places.subscribed(backing);
        }
    }

    fn failed(&mut self, generation: u32, call: BackingCall, cause: Cause) {
        if self.connection.is_current(generation) {
            match (self.connection.is_under_way(call), cause.class) {
                (false, _) => self.connection.dropped.stale += 1,
                (true, CauseClass::Permanent | CauseClass::Killed) => {
                    self.connection.failures += 1;
                    self.end(cause);
                }
                (
                    true,
                    CauseClass::Transient
                    | CauseClass::Pruned
                    | CauseClass::Rewound
                    | CauseClass::Silent
                    | CauseClass::TimedOut
                    | CauseClass::QueueFull
                    | CauseClass::Contradiction
                    | CauseClass::Unanswered,
                ) => self.fail(cause),
            }
        }
    }

    /// What opening a watcher must come to.
    pub fn expect_watch(&self) -> Result<(), WatchError> {
        self.ended.map_or(Ok(()), |cause| Err(WatchError::Ended(cause)))
    }

    /// What coming back must come to.
    pub fn expect_resume(&self, from: ResumePoint) -> Result<(), ResumeError> {
        self.find_resumed(from).map(|_| ())
    }

    /// The cursor of whoever comes back, if it can be had. One of this epoch has the one it says, rightly or not.
    pub fn resumed_cursor(&self, from: ResumePoint) -> Option<Revno> {
        let own = (from.epoch == super::super::observation::EPOCH).then_some(from.revno);
        own.or_else(|| self.find_resumed(from).ok().map(|(cursor, _)| Revno(cursor)))
    }

    /// The cursor of whoever comes back, and of which past its position is, if that is known.
    fn find_resumed(&self, from: ResumePoint) -> Result<(u64, Option<u32>), ResumeError> {
        let (epoch, oldest, latest) = (super::super::observation::EPOCH, self.oldest(), self.latest());
        let gone = Err(ResumeError::Gone { epoch, oldest });
        if let Some(cause) = self.ended {
            return Err(ResumeError::Ended(cause));
        }
        if self.places.backing.is_some_and(|backing| backing != from.backing) {
            return gone;
        }
        if from.epoch == epoch {
            return match from.revno {
                _ if !self.loaded => gone,
                revno if revno < oldest => gone,
                revno if revno > latest => Err(ResumeError::Future { latest }),
                Revno(revno) => Ok((revno, None)),
            };
        }
        match self.places.revno_at(from.position) {
            _ if !from.exact => gone,
            _ if !self.loaded || from.position > self.position() => {
                Err(ResumeError::Ahead { position: self.position() })
            }
            Some(revno) if revno >= oldest.0 => Ok((revno, Some(self.places.current()))),
            Some(_) | None => gone,
        }
    }

    /// What a reader that asks for its progress must be told.
    pub fn expect_progress(&self, reader: u8) -> Result<Option<Progress>, NextError> {
        let at = |revno, position, past| Progress {
            revno,
            position,
            backing: self.places.backing.unwrap_or(Identity(0)),
            exact: self.places.is_exact(past),
            out_of_reach_since: self.connection.out_of_reach_since,
        };
        match self.watchers[usize::from(reader)].stage {
            WatcherStage::None => Err(NextError::Stopped),
            WatcherStage::Ended(error) => Err(error),
            WatcherStage::Fresh => Ok(None),
            WatcherStage::CaughtUp => Ok(Some(at(self.latest(), self.position(), self.places.past()))),
            WatcherStage::Behind { cursor, position, past, .. } => Ok(Some(at(Revno(cursor), position, past))),
        }
    }

    fn called(&mut self, reader: u8, how: How) {
        let got_batch = self.expect(reader, how) == Expected::Batch;
        let taker = &mut self.watchers[usize::from(reader)];
        let (filter, stage) = (taker.filter, taker.stage);
        taker.called(how, self.loaded);
        if got_batch {
            self.watchers.iter_mut().filter(|watcher| watcher.filter == filter).for_each(|it| it.others_took(stage));
        }
    }

    fn resumed(&self, ids: IdSet, from: ResumePoint) -> WatcherStage {
        // One that should have been refused is as good as one of the latest revno; that it was not is for a checker to say.
        let (cursor, past) = self.find_resumed(from).unwrap_or((from.revno.0, None));
        if self.history.pending(ids, cursor) {
            WatcherStage::Behind { cursor, position: from.position, past, since: self.now }
        } else {
            WatcherStage::CaughtUp
        }
    }

    fn noticed(&mut self, generation: u32, ids: IdSet) {
        if !self.connection.is_heard(generation, self.now) {
            return;
        }
        self.connection.queue = self.connection.queue.or(ids);
        if self.connection.queue.len() as usize > self.config.queue_limit {
            self.fail(own(CauseClass::QueueFull));
        } else {
            self.owed.asks = true;
        }
    }

    fn unasked(&mut self, step: &Arrived) {
        if !self.connection.is_heard(step.generation, self.now) {
            return;
        }
        self.owed.asks = true;
        let following = matches!(self.connection.stage, Stage::Following { .. });
        if following && step.from <= self.history.position {
            self.follow(step);
        } else {
            self.connection.dropped.gaps += 1;
            self.connection.wanted = true;
        }
    }

    fn answer(&mut self, fetch: u32, mut step: Arrived) {
        if !self.connection.is_current(step.generation) {
            return;
        }
        let Some(asked) = self.connection.asked.take_if(|asked| asked.fetch == fetch) else {
            self.connection.dropped.stale += 1;
            return;
        };
        self.owed.asks = true;
        if step.to < asked.since {
            self.fail(own(CauseClass::Contradiction));
        } else if step.from > self.connection.base(self.history.position) {
            self.connection.dropped.gaps += 1;
            // It is repeated when its back-off is over, even if that takes no time.
            self.owed.asks = false;
            if self.connection.in_vain(asked, self.now) {
                self.fail(own(CauseClass::Contradiction));
            }
        } else {
            self.connection.answered();
            let unanswered = asked.ids.minus(step.ids);
            (step.ids, step.errors) = (step.ids.or(unanswered), step.errors.or(unanswered));
            match self.connection.stage {
                Stage::Completing { .. } => self.complete(&step),
                Stage::Waiting { .. }
                | Stage::Subscribing { .. }
                | Stage::Loading { .. }
                | Stage::Following { .. }
                | Stage::Ended => {
                    self.follow(&step);
                }
            }
        }
    }

    /// Load and step together: the store equals the backing at the step's end, but for ids that could not be read.
    fn complete(&mut self, step: &Arrived) {
        let errors = self.connection.load_errors.minus(step.ids).or(step.errors);
        self.connection.judge(self.connection.quarantine.minus(errors), errors, self.now);
        self.connection.stage = Stage::Following { since: self.now };
        self.connection.out_of_reach_since = None;
        if step.to < self.history.position {
            self.places.begin_past();
        }
        self.advance(step);
        if !self.loaded {
            self.loaded = true;
            self.wake_heads();
        }
    }

    /// The rule of steps, for one that starts at the store's position or before.
    fn follow(&mut self, step: &Arrived) {
        let position = self.history.position;
        if step.to > position {
            self.connection.judge(step.ids.minus(step.errors), step.errors, self.now);
            self.advance(step);
            return;
        }
        let again = step.ids.and(self.connection.quarantine);
        if step.to < position || again.is_empty() {
            self.connection.dropped.repeats += 1;
        } else {
            self.connection.judge(again.minus(step.errors), again.and(step.errors), self.now);
            self.advance(step);
        }
    }

    /// The store is B(to), but for the ids in quarantine, which keep their last value.
    fn advance(&mut self, step: &Arrived) {
        let before = (self.history.position, self.places.past());
        let state = self.log[step.at as usize].with(self.connection.quarantine, self.history.now());
        let is_changed = self.history.advance(state, step.to);
        self.places.reach(step.to, self.history.latest(), self.connection.quarantine.is_empty());
        if !is_changed {
            return;
        }
        let latest = self.history.latest();
        for watcher in &mut self.watchers {
            watcher.advanced(&self.history, before, self.now);
            if let (WatcherStage::Behind { cursor, .. }, Some(limit)) = (watcher.stage, self.config.lag_limit)
                && latest - cursor > limit
            {
                let error = NextError::Lagged { cursor: Revno(cursor), latest: Revno(latest) };
                watcher.end(WatcherStage::Ended(error), &mut self.owed.wakes);
            }
        }
        self.wake_heads();
    }

    fn wake_heads(&mut self) {
        for watcher in &mut self.watchers {
            self.owed.wakes.extend(watcher.wake_head(self.loaded));
        }
    }

    fn timed_out(&mut self) {
        self.owed.asks = true;
        match self.connection.timed_out(self.now) {
            TimeMakes::Nothing => {}
            TimeMakes::Subscription => {
                self.connection.open(self.now);
                self.owed.subscribe = true;
            }
            TimeMakes::Failure(class) => self.fail(own(class)),
        }
        let Some(age) = self.config.lag_age else { return };
        for watcher in &mut self.watchers {
            if let WatcherStage::Behind { cursor, since, .. } = watcher.stage
                && since.after(age) <= self.now
            {
                let error = NextError::Lagged { cursor: Revno(cursor), latest: Revno(self.history.latest()) };
                watcher.end(WatcherStage::Ended(error), &mut self.owed.wakes);
            }
        }
    }

    fn fail(&mut self, cause: Cause) {
        if cause.class == CauseClass::Rewound {
            self.places.begin_past();
        }
        self.connection.fail(self.now);
        self.owed.unsubscribe = true;
        match self.config.restart {
            RestartPolicy::Invisible => {}
            RestartPolicy::EndWatchers => self.end_watchers(cause),
        }
    }

    fn end(&mut self, cause: Cause) {
        self.ended = Some(cause);
        self.owed.unsubscribe = !matches!(self.connection.stage, Stage::Waiting { .. });
        self.owed.ended = true;
        self.connection.drop_all(Stage::Ended);
        self.end_watchers(cause);
    }

    fn end_watchers(&mut self, cause: Cause) {
        for watcher in &mut self.watchers {
            match watcher.stage {
                WatcherStage::Fresh | WatcherStage::CaughtUp | WatcherStage::Behind { .. } => {
                    watcher.end(WatcherStage::Ended(NextError::Ended(cause)), &mut self.owed.wakes);
                }
                WatcherStage::None | WatcherStage::Ended(_) => {}
            }
        }
    }

    fn woken(&mut self, reader: u8, call: u32, observation: &Observation) -> Result<(), Broken> {
        let awaited = self.owed.wakes.iter().position(|other| *other == call);
        if let Some(at) = awaited {
            self.owed.wakes.swap_remove(at);
        }
        let pending = self.watchers[usize::from(reader)].can_take(self.loaded);
        let promise = if pending { Promise::NoSpinNoStall } else { Promise::FilterEquivalence };
        allow(awaited.is_some(), promise, observation)
    }

    fn fetch_requested(&mut self, generation: u32, fetch: u32, since: Position, ids: IdSet) -> Result<(), Broken> {
        let (base, named) = (self.connection.base(self.history.position), self.connection.to_name(self.now));
        let text = if generation != self.connection.generation || !self.connection.may_ask(self.now) {
            "a fetch was made without a reason, during another, or before its back-off was over".to_owned()
        } else if since != base {
            format!("a fetch since {since} was made, expected {base}")
        } else if ids != named {
            format!("a fetch named {ids:?}, expected {named:?}")
        } else {
            self.connection.ask(Asked { fetch, since, ids, at: self.now });
            return Ok(());
        };
        Err(Broken::new(Promise::NoSpinNoStall, text))
    }
}

fn allow(owed: bool, promise: Promise, request: &Observation) -> Result<(), Broken> {
    if owed { Ok(()) } else { Err(Broken::new(promise, format!("{request:?} came without a reason"))) }
}
