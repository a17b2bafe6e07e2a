//! What readers ask: open, resume, next, progress, stop.

use super::super::delta::Batch;
use super::super::error::{NextError, ResumeError, WatchError};
use super::super::filter::Filter;
use super::super::input::{NextPoll, Progress, ResumePoint};
use super::super::numbers::{CallId, Revno, Time, WatcherId};
use super::super::store::Milestone;
use super::super::watchers::{Behind, Left, Placement, Stage};
use super::StoreManager;
use super::taking::find_pending;

impl<V: PartialEq> StoreManager<V> {
    /// Opens a watcher. Its first batch is the whole filtered state.
    pub fn watch(&mut self, now: Time, filter: Filter) -> Result<WatcherId, WatchError> {
        self.begin(now);
        match self.ended {
            Some(cause) => Err(WatchError::Ended(cause)),
            None => Ok(self.watchers.open(filter, Placement::Fresh, &mut self.store)),
        }
    }

    /// Opens a watcher for a reader that had been brought to `from` with the same filter, by this machine or by another one of the same
    /// backing. Its first batch is the difference.
    pub fn resume(&mut self, now: Time, filter: Filter, from: ResumePoint) -> Result<WatcherId, ResumeError> {
        self.begin(now);
        if let Some(cause) = self.ended {
            return Err(ResumeError::Ended(cause));
        }
        let (cursor, at) = self.find_resumed(from)?;
        let id = self.watchers.open(filter, Placement::CaughtUp, &mut self.store);
        let watcher = self.watchers.find(id).expect("it was opened a line above");
        let audience = self.watchers.get(watcher).audience;
        if let Some(witness) = find_pending(&self.store, &self.watchers, audience, cursor) {
            let behind = Behind { cursor, at, since: now, witness };
            self.watchers.move_behind(watcher, behind, &mut self.store, &mut self.garbage);
        }
        Ok(id)
    }

    /// Polls a call of `next`: its first poll names no call, the later ones the id it was told to wait under.
    ///
    /// A pending call is woken by [`Output::Wake`](super::super::Output::Wake) when its turn has come, and must be dropped by
    /// [`drop_call`](Self::drop_call) if nobody waits for it any more.
    pub fn next(&mut self, now: Time, watcher: WatcherId, call: Option<CallId>) -> NextPoll<V> {
        self.begin(now);
        let at = match self.alive(watcher) {
            Ok(at) => at,
            Err(error) => return NextPoll::Ready(Err(error)),
        };
        let line = &self.watchers.get(at).line;
        let is_first = match call {
            None => line.is_empty(),
            Some(call) if line.head() == Some(call) => true,
            Some(call) if line.contains(call) => return NextPoll::Pending(call),
            Some(call) => return NextPoll::Ready(Err(NextError::UnknownCall { watcher, call })),
        };
        if is_first && self.watchers.can_take(at, self.loaded) {
            let batch = self.take(at);
            if let Some(call) = call {
                self.watchers.leave_line(at, call, &mut self.garbage);
            }
            return NextPoll::Ready(Ok(batch));
        }
        NextPoll::Pending(match call {
            None => self.watchers.join_line(at),
            Some(call) => {
                self.watchers.wait_on(at);
                call
            }
        })
    }

    /// A batch if there is one and no call waits for it; never waits.
    pub fn try_next(&mut self, now: Time, watcher: WatcherId) -> Result<Option<Batch<V>>, NextError> {
        self.begin(now);
        let at = self.alive(watcher)?;
        let takes = self.watchers.get(at).line.is_empty() && self.watchers.can_take(at, self.loaded);
        Ok(takes.then(|| self.take(at)))
    }

    /// Nobody waits for a pending call any more. If it had been woken, the next in line is.
    pub fn drop_call(&mut self, now: Time, watcher: WatcherId, call: CallId) {
        self.begin(now);
        if let Ok(at) = self.alive(watcher) {
            let left = self.watchers.leave_line(at, call, &mut self.garbage);
            if left.is_some_and(Left::was_woken) && self.watchers.can_take(at, self.loaded) {
                self.watchers.wake_head(at);
            }
        }
        self.finish();
    }

    /// How far a watcher's view reaches; `None` before its first batch.
    pub fn progress(&mut self, now: Time, watcher: WatcherId) -> Result<Option<Progress>, NextError> {
        self.begin(now);
        let at = self.alive(watcher)?;
        let cohort = self.watchers.cohort(self.watchers.get(at).cohort);
        let (revno, at) = match cohort.stage {
            Stage::Fresh => return Ok(None),
            Stage::CaughtUp => (self.store.latest, self.store.milestones.now()),
            Stage::Behind => (cohort.cursor, cohort.at),
        };
        Ok(Some(Progress {
            revno,
            position: at.position,
            backing: self.backing.expect("a watcher that has had a batch has had it from a backing"),
            exact: self.store.milestones.is_exact(at),
            out_of_reach_since: self.connection.out_of_reach_since,
        }))
    }

    /// Stops a watcher: its pending calls are woken and will read `Stopped`, and nothing of it stays. A second stop does nothing.
    pub fn stop(&mut self, now: Time, watcher: WatcherId) {
        self.begin(now);
        if let Some(at) = self.watchers.find(watcher) {
            let audience = self.watchers.get(at).audience;
            let vacated = self.watchers.forget(at, &mut self.store, &mut self.garbage);
            self.collect(vacated);
            self.watchers.release_unused(audience, &mut self.store);
        }
        self.finish();
    }

    /// The cursor of a reader that comes back, and where it stands.
    fn find_resumed(&self, from: ResumePoint) -> Result<(Revno, Milestone), ResumeError> {
        let (epoch, oldest, latest) = (self.epoch, self.store.oldest(), self.store.latest);
        let gone = ResumeError::Gone { epoch, oldest };
        if self.backing.is_some_and(|backing| backing != from.backing) {
            return Err(gone);
        }
        if from.epoch == epoch {
            return match from.revno {
                // Nobody had a batch before the first load, so nobody comes back from there.
                _ if !self.loaded => Err(gone),
                revno if revno > latest => Err(ResumeError::Future { latest }),
                revno if revno < oldest => Err(gone),
                // Whether the backing has gone back since, nobody knows: the position says nothing to others.
                revno => Ok((revno, Milestone::of_nobody(from.position))),
            };
        }
        let position = self.store.position();
        if from.exact && (!self.loaded || from.position > position) {
            return Err(ResumeError::Ahead { position });
        }
        // Both stores equalled the backing there, so what the reader was told is what this store held.
        let revno = self.store.milestones.revno_at(from.position).filter(|_| from.exact);
        revno.map(|revno| (revno, self.store.milestones.at(from.position))).ok_or(gone)
    }

    fn alive(&self, watcher: WatcherId) -> Result<u32, NextError> {
        let at = self.watchers.find(watcher).ok_or(NextError::Stopped)?;
        match &self.watchers.get(at).ended {
            Some(error) => Err(**error),
            None => Ok(at),
        }
    }
}
