//! The readers' side of a run: what each puts to the subject, and what it makes of the answer.

use super::observation::{CallSeen, DeltaSeen, EPOCH, How, Observation};
use super::operation::Token;
use super::readers::{Call, Held, LINE, Status};
use super::subject::Subject;
use super::universe::{FilterIx, IdIx, Universe, Val};
use super::world::World;
use crate::machine::{
    Answer, Batch, CallId, Change, Delta, Epoch, Input, NextError, NextPoll, ResumeError, ResumePoint, Revno,
    WatchError, WatcherId,
};

impl<S: Subject> World<S> {
    pub(super) fn open(&mut self, reader: u8, filter: FilterIx) -> bool {
        if !self.may_open(reader) || filter.0 >= self.stage.universe.filters() {
            return false;
        }
        let input = Input::Watch { filter: self.stage.universe.filter(filter).clone() };
        let result = match self.put(input) {
            Answer::Watch(result) => result,
            Answer::Resume(_) | Answer::Next(_) | Answer::TryNext(_) | Answer::Progress(_) | Answer::Done => {
                return self.misanswered();
            }
        };
        let state = &mut self.stage.readers[usize::from(reader)];
        state.opens += 1;
        match result {
            Ok(watcher) => state.opened(watcher, filter),
            Err(WatchError::Ended(_)) => state.status = Status::Closed,
        }
        self.stage.note(usize::from(reader));
        self.seen.push(Observation::Opened { reader, filter, result });
        self.drain();
        true
    }

    pub(super) fn resume(&mut self, reader: u8, token: Token) -> bool {
        if !self.may_open(reader) {
            return false;
        }
        let Some(held) = self.token(reader, token) else { return false };
        let from = held.point;
        let input = Input::Resume { filter: self.stage.universe.filter(held.filter).clone(), from };
        let result = match self.put(input) {
            Answer::Resume(result) => result,
            Answer::Watch(_) | Answer::Next(_) | Answer::TryNext(_) | Answer::Progress(_) | Answer::Done => {
                return self.misanswered();
            }
        };
        let state = &mut self.stage.readers[usize::from(reader)];
        state.opens += 1;
        match result {
            Ok(watcher) => state.resumed(watcher, &held),
            Err(
                ResumeError::Ended(_)
                | ResumeError::Gone { .. }
                | ResumeError::Future { .. }
                | ResumeError::Ahead { .. },
            ) => state.status = Status::Closed,
        }
        self.stage.note(usize::from(reader));
        self.seen.push(Observation::Resumed { reader, filter: held.filter, from, view: held.view, result });
        self.drain();
        true
    }

    /// What the reader comes back with; none if it has nothing of the kind.
    fn token(&self, reader: u8, token: Token) -> Option<Held> {
        let reader = &self.stage.readers[usize::from(reader)];
        let kept = |back: u8| reader.kept.iter().rev().nth(usize::from(back)).copied();
        let with = |held: Held, point| Held { point, ..held };
        match token {
            Token::Kept(back) => kept(back),
            Token::Foreign => kept(0).map(|held| {
                with(held, ResumePoint { epoch: Epoch(held.point.epoch.0 + 1), exact: false, ..held.point })
            }),
            Token::Above(above) => kept(0).map(|held| {
                let revno = Revno(self.subject.report().revno.0 + 1 + u64::from(above));
                with(held, ResumePoint { revno, ..held.point })
            }),
            Token::Elsewhere(back) => {
                let (backing, filter) = (&self.stage.backing, reader.filter);
                let at = backing.end().checked_sub(u32::from(back)).filter(|at| *at >= backing.lineage())?;
                let entry = backing.log()[at as usize];
                let (epoch, revno) = (Epoch(EPOCH.0 + 1), Revno(1));
                let point =
                    ResumePoint { epoch, revno, position: entry.position, backing: backing.identity(), exact: true };
                Some(Held { point, view: entry.state.only(self.stage.universe.passing(filter)), filter })
            }
        }
    }

    fn may_open(&self, reader: u8) -> bool {
        self.stage.readers.get(usize::from(reader)).is_some_and(|reader| match reader.status {
            Status::Closed | Status::Stopped => true,
            Status::Open | Status::Ended => false,
        })
    }

    pub(super) fn next(&mut self, reader: u8) -> bool {
        match self.watcher(reader) {
            Some(_) if self.stage.readers[usize::from(reader)].calls.len() == LINE => false,
            Some(watcher) => {
                self.stage.call += 1;
                let number = self.stage.call;
                self.ask(reader, How::First(number), Input::Next { watcher, call: None })
            }
            None => false,
        }
    }

    pub(super) fn poll(&mut self, reader: u8, call: u8) -> bool {
        let Some(watcher) = self.watcher(reader) else { return false };
        let calls = &mut self.stage.readers[usize::from(reader)].calls;
        let Some(call) = calls.get_mut(usize::from(call)) else { return false };
        call.woken = false;
        let (number, id) = (call.number, call.id);
        self.ask(reader, How::Again(number), Input::Next { watcher, call: Some(id) })
    }

    pub(super) fn poll_over(&mut self, reader: u8) -> bool {
        if !self.subject.polls_over() {
            return false;
        }
        let Some(watcher) = self.watcher(reader) else { return false };
        let Some(call) = self.stage.readers[usize::from(reader)].over else { return false };
        self.ask(reader, How::Over(call.number), Input::Next { watcher, call: Some(call.id) })
    }

    pub(super) fn try_next(&mut self, reader: u8) -> bool {
        match self.watcher(reader) {
            Some(watcher) => self.ask(reader, How::Try, Input::TryNext { watcher }),
            None => false,
        }
    }

    fn ask(&mut self, reader: u8, how: How, input: Input<Val>) -> bool {
        let seen = match (self.put(input), how) {
            (Answer::Next(NextPoll::Ready(Ok(batch))), How::First(_) | How::Again(_) | How::Over(_))
            | (Answer::TryNext(Ok(Some(batch))), How::Try) => self.take(reader, &batch),
            (Answer::TryNext(Ok(None)), How::Try) => CallSeen::Nothing,
            (Answer::Next(NextPoll::Ready(Err(error))), How::First(_) | How::Again(_) | How::Over(_))
            | (Answer::TryNext(Err(error)), How::Try) => self.refused(reader, how, error),
            (Answer::Next(NextPoll::Pending(id)), How::First(_) | How::Again(_)) => self.waits(reader, how, id),
            (
                Answer::Watch(_)
                | Answer::Resume(_)
                | Answer::Progress(_)
                | Answer::Done
                | Answer::Next(_)
                | Answer::TryNext(_),
                How::First(_) | How::Again(_) | How::Over(_) | How::Try,
            ) => return self.misanswered(),
        };
        if seen != CallSeen::Waits
            && let How::Again(number) = how
        {
            let state = &mut self.stage.readers[usize::from(reader)];
            if let Some(call) = state.calls.iter().position(|call| call.number == number) {
                state.finish(call);
            }
        }
        self.stage.rest(usize::from(reader), matches!(seen, CallSeen::Batch(_)));
        self.seen.push(Observation::Called { reader, how, seen });
        self.drain();
        true
    }

    fn take(&mut self, reader: u8, batch: &Batch<Val>) -> CallSeen {
        let backing = self.subject.report().backing.unwrap_or(self.stage.backing.identity());
        let (universe, state) = (&self.stage.universe, &mut self.stage.readers[usize::from(reader)]);
        let deltas = batch.deltas().iter().map(|delta| delta_seen(universe, delta));
        let batch = self.seen.batch(batch.revno(), batch.position(), deltas);
        for delta in self.seen.deltas(&batch).iter().filter(|delta| delta.id != IdIx::FOREIGN) {
            state.view.set(delta.id, (delta.change == Change::Changed).then_some(delta.value));
        }
        state.fresh = false;
        state.batches += 1;
        state.keep(batch.revno, batch.position, backing);
        CallSeen::Batch(batch)
    }

    fn refused(&mut self, reader: u8, how: How, error: NextError) -> CallSeen {
        let state = &mut self.stage.readers[usize::from(reader)];
        let over = match how {
            How::Over(_) => matches!(error, NextError::UnknownCall { .. }),
            How::First(_) | How::Again(_) | How::Try => false,
        };
        if state.status == Status::Open && !over {
            state.status = Status::Ended;
        }
        CallSeen::Error(error)
    }

    fn waits(&mut self, reader: u8, how: How, id: CallId) -> CallSeen {
        let calls = &mut self.stage.readers[usize::from(reader)].calls;
        match how {
            How::First(number) => calls.push(Call { number, id, woken: false }),
            How::Again(number) if calls.iter().any(|call| (call.number, call.id) == (number, id)) => {}
            How::Again(_) | How::Over(_) | How::Try => self.seen.push(Observation::Misanswered),
        }
        CallSeen::Waits
    }

    pub(super) fn drop_call(&mut self, reader: u8, call: u8) -> bool {
        let Some(watcher) = self.watcher(reader) else { return false };
        let state = &mut self.stage.readers[usize::from(reader)];
        let Some(&Call { number, id, .. }) = state.calls.get(usize::from(call)) else { return false };
        state.finish(usize::from(call));
        self.stage.rest(usize::from(reader), false);
        self.seen.push(Observation::Dropped { reader, call: number });
        self.tell(Input::DropCall { watcher, call: id })
    }

    pub(super) fn progress(&mut self, reader: u8) -> bool {
        let Some(watcher) = self.watcher(reader) else { return false };
        let result = match self.put(Input::Progress { watcher }) {
            Answer::Progress(result) => result,
            Answer::Watch(_) | Answer::Resume(_) | Answer::Next(_) | Answer::TryNext(_) | Answer::Done => {
                return self.misanswered();
            }
        };
        let state = &mut self.stage.readers[usize::from(reader)];
        match result {
            Ok(Some(progress)) => state.keep(progress.revno, progress.position, progress.backing),
            Err(_) if state.status == Status::Open => state.status = Status::Ended,
            Ok(None) | Err(_) => {}
        }
        self.stage.rest(usize::from(reader), false);
        self.seen.push(Observation::Progressed { reader, result });
        self.drain();
        true
    }

    pub(super) fn stop(&mut self, reader: u8) -> bool {
        let Some(watcher) = self.watcher(reader) else { return false };
        self.stage.readers[usize::from(reader)].status = Status::Stopped;
        self.stage.note(usize::from(reader));
        self.seen.push(Observation::Stopped { reader });
        self.tell(Input::Stop { watcher })
    }

    /// Finds out whose call is to be woken.
    pub(super) fn wake(&mut self, id: CallId) -> Observation {
        for (reader, state) in (0..).zip(&mut self.stage.readers) {
            if let Some(call) = state.calls.iter_mut().find(|call| call.id == id) {
                call.woken = true;
                let call = call.number;
                self.stage.note(usize::from(reader));
                return Observation::Woken { reader, call };
            }
        }
        Observation::WokenNobody
    }

    fn watcher(&self, reader: u8) -> Option<WatcherId> {
        self.stage.readers.get(usize::from(reader))?.watcher()
    }

    fn misanswered(&mut self) -> bool {
        self.seen.push(Observation::Misanswered);
        self.drain();
        true
    }
}

fn delta_seen(universe: &Universe, delta: &Delta<Val>) -> DeltaSeen {
    DeltaSeen { revno: delta.revno(), value: **delta.value(), id: universe.place(delta.id()), change: delta.change() }
}
