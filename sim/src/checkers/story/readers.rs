//! What readers do in a story, each as it must be answered and in ways that must not be.

use multiwatcher::machine::{Identity, NextError, Position, Progress, ResumeError, ResumePoint, Revno, WatcherId};
use multiwatcher::testing::{CallSeen, DeltaSeen, EPOCH, Expected, FilterIx, How, Observation, Seen, State};

use super::super::Census;
use super::Story;

impl Story {
    /// A reader opens a watcher of everything.
    pub(crate) fn open(&mut self, reader: u8) {
        self.watchers += 1;
        self.open_as(reader, WatcherId(self.watchers));
    }

    /// The same, with this id.
    pub(crate) fn open_as(&mut self, reader: u8, watcher: WatcherId) {
        self.see(Observation::Opened { reader, filter: FilterIx(0), result: Ok(watcher) });
    }

    /// A reader opens a watcher of the first model alone.
    pub(crate) fn open_filtered(&mut self, reader: u8) {
        self.watchers += 1;
        self.see(Observation::Opened { reader, filter: FilterIx(1), result: Ok(WatcherId(self.watchers)) });
    }

    /// A reader stops, and its calls are woken.
    pub(crate) fn stop(&mut self, reader: u8) {
        self.stop_with(reader, |_| ());
    }

    /// The same, with another census.
    pub(crate) fn stop_with(&mut self, reader: u8, doctor: impl FnOnce(&mut Census)) {
        let mut seen = vec![Observation::Stopped { reader }];
        seen.extend(self.wakes_of_all(reader));
        self.operation(&seen, |census, _| doctor(census));
    }

    /// A reader stops, and its calls wait on.
    pub(crate) fn stop_without_wake(&mut self, reader: u8) {
        self.see(Observation::Stopped { reader });
    }

    /// A reader comes back from a revno, with the view it would have there.
    pub(crate) fn resume(&mut self, reader: u8, revno: Revno, result: Result<(), ResumeError>) {
        self.watchers += 1;
        let known = revno <= self.referee.reference().latest();
        let view = if known { self.referee.reference().state(revno) } else { State::EMPTY };
        let (position, backing) = (Position(revno.0), Identity(0));
        let from = ResumePoint { epoch: EPOCH, revno, position, backing, exact: true };
        let result = result.map(|()| WatcherId(self.watchers));
        self.see(Observation::Resumed { reader, filter: FilterIx(0), from, view, result });
    }

    /// A first poll, answered as it must be.
    pub(crate) fn next(&mut self, reader: u8) {
        self.next_and(reader, |_| ());
    }

    /// A first poll that gives a batch, whether it should or not, with other deltas.
    pub(crate) fn next_with(&mut self, reader: u8, doctor: impl FnOnce(&mut Vec<DeltaSeen>)) {
        self.poll(reader, Some(doctor), |_| ());
    }

    /// A first poll, with another census afterwards.
    pub(crate) fn next_and(&mut self, reader: u8, doctor: impl FnOnce(&mut Census)) {
        self.poll(reader, None::<fn(&mut Vec<DeltaSeen>)>, doctor);
    }

    /// A first poll that comes to this.
    pub(crate) fn next_sees(&mut self, reader: u8, seen: CallSeen) {
        self.calls += 1;
        self.see(Observation::Called { reader, how: How::First(self.calls), seen });
    }

    /// The first call in line is woken.
    pub(crate) fn wake(&mut self, reader: u8) {
        let call = self.referee.reference().watcher(reader).line()[0];
        self.see(Observation::Woken { reader, call });
    }

    /// The first call in line is dropped, and the next woken if there is one.
    pub(crate) fn drop_call(&mut self, reader: u8) {
        let line = self.referee.reference().watcher(reader).line();
        let next = line.get(1).map(|call| Observation::Woken { reader, call: *call });
        let mut seen = vec![Observation::Dropped { reader, call: line[0] }];
        seen.extend(next);
        self.operation(&seen, |_, _| ());
    }

    /// The first call in line is dropped, and nobody is woken.
    pub(crate) fn drop_without_wake(&mut self, reader: u8) {
        let call = self.referee.reference().watcher(reader).line()[0];
        self.see(Observation::Dropped { reader, call });
    }

    /// A reader asks for its progress and is told this.
    pub(crate) fn progress(&mut self, reader: u8, result: Result<Option<Progress>, NextError>) {
        self.see(Observation::Progressed { reader, result });
    }

    fn poll(&mut self, reader: u8, batch: Option<impl FnOnce(&mut Vec<DeltaSeen>)>, census: impl FnOnce(&mut Census)) {
        self.calls += 1;
        let how = How::First(self.calls);
        let reference = self.referee.reference();
        let mut seen = Seen::default();
        let what = if batch.is_none() && reference.expect(reader, how) == Expected::Waits {
            CallSeen::Waits
        } else {
            let mut deltas = Vec::new();
            reference.batch(reader, &mut deltas);
            if let Some(doctor) = batch {
                doctor(&mut deltas);
            }
            CallSeen::Batch(seen.batch(reference.latest(), reference.position(), deltas.into_iter()))
        };
        seen.push(Observation::Called { reader, how, seen: what });
        self.operation_seen(&seen, |now, _| census(now));
    }
}
