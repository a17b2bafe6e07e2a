//! Stories told by hand, for seeing each checker fail: observations as a subject that keeps its promises would cause them, and
//! then one that does not. No machine is involved, so a story shows what a checker sees, whatever the machine does.

mod readers;

use multiwatcher::machine::{Cause, CauseClass, Change, Dropped, Identity, Position, Report, Revno, Time};
use multiwatcher::testing::{
    Changes, Character, DeltaSeen, EPOCH, IdIx, IdSet, Observation, Promise, Regime, Seen, State, Universe,
    WatcherStage,
};

use super::{Census, Healed};
use crate::referee::Referee;

/// A story under way.
pub(crate) struct Story {
    regime: Regime,
    referee: Referee,
    log: Vec<(Position, State, IdSet)>,
    fetches: u32,
    calls: u32,
    watchers: u64,
    census: Census,
    verdict: Option<Vec<Promise>>,
}

/// A delta that says that an id changed.
pub(crate) fn changed(id: u8, value: u32, revno: u64) -> DeltaSeen {
    DeltaSeen { revno: Revno(revno), value, id: IdIx(id), change: Change::Changed }
}

/// A delta that says that an id is gone.
pub(crate) fn removed(id: u8, value: u32, revno: u64) -> DeltaSeen {
    DeltaSeen { change: Change::Removed, ..changed(id, value, revno) }
}

impl Story {
    /// Four ids and two readers; the machine has subscribed and loads nothing yet.
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    /// The same with another regime.
    pub(crate) fn with(change: impl FnOnce(&mut Regime)) -> Self {
        let mut regime = Regime::calm(4, &[Character::Eager, Character::Eager]);
        change(&mut regime);
        let universe = Universe::new(regime.shape);
        let referee = Referee::new(0, &regime, &universe);
        let report = Report {
            epoch: EPOCH,
            revno: Revno(0),
            position: Position(0),
            backing: None,
            generation: multiwatcher::machine::Generation(1),
            phase: multiwatcher::machine::Phase::Subscribing,
            watchers: multiwatcher::machine::Watchers::default(),
            calls: 0,
            entities: 0,
            tombstones: 0,
            shared_batches: 0,
            queued: 0,
            queued_since: None,
            quarantined: 0,
            failures: 0,
            last_failures: multiwatcher::machine::Failures::new(),
            out_of_reach_since: None,
            dropped: Dropped::default(),
            visited: 0,
        };
        let census = Census { report, store: None };
        let log = vec![(Position(0), State::EMPTY, IdSet::EMPTY)];
        let mut story = Self { regime, referee, log, fetches: 0, calls: 0, watchers: 0, census, verdict: None };
        story.see(Observation::Subscribe { generation: 1 });
        story
    }

    /// A machine that follows and has taken one commit.
    pub(crate) fn following(changes: &str) -> Self {
        Self::new().then_following(changes)
    }

    /// The same with two models of one id each.
    pub(crate) fn of_two_models(changes: &str) -> Self {
        Self::with(|regime| (regime.shape.models, regime.shape.names) = (2, 1)).then_following(changes)
    }

    fn then_following(self, changes: &str) -> Self {
        let mut story = self;
        story.load();
        if !changes.is_empty() {
            story.commit(changes);
            story.follow();
        }
        story
    }

    /// What is broken, narrowest first.
    pub(crate) fn red(&self) -> Vec<Promise> {
        self.verdict.clone().unwrap_or_default()
    }

    /// What would be reported.
    pub(crate) fn verdict(&self) -> Option<Promise> {
        self.red().first().copied()
    }

    /// From now on nothing else counts.
    pub(crate) fn listen_to(&mut self, only: &'static [Promise]) {
        self.referee.listen_to(only);
    }

    /// Sees one thing.
    pub(crate) fn see(&mut self, observation: Observation) {
        self.operation(&[observation], |_, _| ());
    }

    /// The backing commits: `0=1 1=-`.
    pub(crate) fn commit(&mut self, changes: &str) {
        let changes: Changes = changes.parse().expect("changes of a story are well formed");
        let (position, state, _) = self.log[self.log.len() - 1];
        let (position, state) = (Position(position.0 + 1), state.with(changes.ids, changes.values));
        self.log.push((position, state, changes.ids));
        self.see(Observation::Committed { position, changes, state });
    }

    /// The load, from the subscription to its end.
    pub(crate) fn load(&mut self) {
        self.load_with(|_, _| ());
    }

    /// The same, with another census at its end; the census before is given too.
    pub(crate) fn load_with(&mut self, doctor: impl FnOnce(&mut Census, &Census)) {
        let p0 = self.load_to_step();
        self.step(p0, IdSet::EMPTY, doctor);
    }

    /// The load, at whose end nobody is woken.
    pub(crate) fn load_without_wakes(&mut self) {
        let (generation, p0) = (self.referee.reference().generation(), self.load_to_step());
        let stepped = self.stepped(generation, Some(self.fetches), p0, IdSet::EMPTY);
        self.see(stepped);
    }

    /// The subscription stands, and the load begins.
    pub(crate) fn begin_load(&mut self) {
        let (generation, position) = (self.referee.reference().generation(), self.log[0].0);
        let backing = Identity(0);
        self.operation(
            &[Observation::Subscribed { generation, position, backing }, Observation::Load { generation }],
            |_, _| (),
        );
    }

    /// The load without the step that completes it, which begins where is returned.
    fn load_to_step(&mut self) -> Position {
        self.begin_load();
        let (generation, p0) = (self.referee.reference().generation(), self.log[0].0);
        let alive = self.log[self.log.len() - 1].1.alive();
        self.see(Observation::Staged { generation, ids: alive, errors: IdSet::EMPTY });
        let fetch = self.fetch(p0, IdSet::EMPTY);
        self.operation(&[Observation::LoadDone { generation }, fetch], |_, _| ());
        p0
    }

    /// Notices of all commits since the store's position, a fetch, and its answer.
    pub(crate) fn follow(&mut self) {
        self.follow_with(|_, _| ());
    }

    /// The same, with another census at its end.
    pub(crate) fn follow_with(&mut self, doctor: impl FnOnce(&mut Census, &Census)) {
        self.follow_but(IdSet::EMPTY, doctor);
    }

    /// The same, where an id cannot be read.
    pub(crate) fn follow_without(&mut self, id: IdIx, doctor: impl FnOnce(&mut Census, &Census)) {
        self.follow_but(IdSet::one(id), doctor);
    }

    /// The same, and the first call in a reader's line is woken.
    pub(crate) fn follow_without_and_wake(&mut self, id: IdIx, reader: u8) {
        let (generation, since) = (self.referee.reference().generation(), self.ask());
        let stepped = self.stepped(generation, Some(self.fetches), since, IdSet::one(id));
        let call = self.referee.reference().watcher(reader).line()[0];
        self.operation(&[stepped, Observation::Woken { reader, call }], |_, _| ());
    }

    fn follow_but(&mut self, errors: IdSet, doctor: impl FnOnce(&mut Census, &Census)) {
        let since = self.ask();
        self.step(since, errors, doctor);
    }

    /// Notices and the fetch, which begins where is returned.
    fn ask(&mut self) -> Position {
        let since = self.referee.reference().position();
        let ids = self.touched_since(since);
        let generation = self.referee.reference().generation();
        let fetch = self.fetch(since, ids);
        self.operation(&[Observation::Noticed { generation, ids }, fetch], |_, _| ());
        since
    }

    /// A notice after which nothing is asked.
    pub(crate) fn notice_without_fetch(&mut self) {
        let generation = self.referee.reference().generation();
        let ids = self.touched_since(self.referee.reference().position());
        self.see(Observation::Noticed { generation, ids });
    }

    /// The subscription fails.
    pub(crate) fn fail(&mut self) -> Cause {
        let generation = self.referee.reference().generation();
        let cause = Cause::new(CauseClass::Transient, 7);
        let call = multiwatcher::machine::BackingCall::Subscription;
        self.operation(
            &[Observation::Failed { generation, call, cause }, Observation::Unsubscribe { generation }],
            |_, _| (),
        );
        cause
    }

    /// The back-off is over.
    pub(crate) fn reopen(&mut self) {
        self.see(Observation::Now(Time::from_millis(3_600_000)));
        let generation = self.referee.reference().generation() + 1;
        self.operation(&[Observation::TimedOut, Observation::Subscribe { generation }], |_, _| ());
    }

    /// A step of the generation before.
    pub(crate) fn stale_step(&mut self, doctor: impl FnOnce(&mut Census)) {
        let generation = self.referee.reference().generation() - 1;
        let stepped = self.stepped(generation, Some(self.fetches), Position(0), IdSet::EMPTY);
        self.operation(&[stepped], |census, _| doctor(census));
    }

    /// The machine is killed.
    pub(crate) fn kill(&mut self) {
        self.kill_with(|_| ());
    }

    /// The same, with another census afterwards.
    pub(crate) fn kill_with(&mut self, doctor: impl FnOnce(&mut Census)) {
        let (generation, cause) = (self.referee.reference().generation(), Cause::new(CauseClass::Killed, 9));
        let mut seen =
            vec![Observation::Killed(cause), Observation::Unsubscribe { generation }, Observation::Ended(cause)];
        seen.extend((0..2).flat_map(|reader| self.wakes_of_all(reader)));
        self.operation(&seen, |census, _| doctor(census));
    }

    /// The owner kills, and the worker takes something before it looks.
    pub(crate) fn kill_late(&mut self, taken: Observation) {
        let (generation, cause) = (self.referee.reference().generation(), Cause::new(CauseClass::Killed, 9));
        let seen =
            [Observation::Killed(cause), taken, Observation::Unsubscribe { generation }, Observation::Ended(cause)];
        self.operation(&seen, |_, _| ());
    }

    /// The healing ends.
    pub(crate) fn healed(&mut self, healed: Healed) {
        if self.verdict.is_none() {
            self.referee.healed(&self.regime, healed);
            self.judge();
        }
    }

    /// A step from there to the latest commit, with the wake-ups it causes.
    fn step(&mut self, from: Position, errors: IdSet, doctor: impl FnOnce(&mut Census, &Census)) {
        let generation = self.referee.reference().generation();
        let stepped = self.stepped(generation, Some(self.fetches), from, errors);
        let mut after = self.referee.reference().clone();
        after.see(&stepped).expect("a step of a story is in order");
        let mut seen = vec![stepped];
        for reader in 0..2 {
            let (before, now) = (self.referee.reference().watcher(reader), after.watcher(reader));
            let behind = now.stage() != before.stage() && matches!(now.stage(), WatcherStage::Behind { .. });
            let first = now.stage() == WatcherStage::Fresh && !self.referee.reference().is_loaded();
            let lagged = matches!(now.stage(), WatcherStage::Ended(_)) && now.stage() != before.stage();
            if lagged {
                seen.extend(self.wakes_of_all(reader));
            } else if behind || first {
                seen.extend(now.line().first().map(|call| Observation::Woken { reader, call: *call }));
            }
        }
        self.operation(&seen, doctor);
    }

    fn stepped(&self, generation: u32, fetch: Option<u32>, from: Position, errors: IdSet) -> Observation {
        let at = self.log.len() - 1;
        let ids = self.touched_since(from);
        Observation::Stepped {
            generation,
            fetch,
            from,
            to: self.log[at].0,
            at: u32::try_from(at).expect("a story is short"),
            ids,
            errors,
        }
    }

    fn fetch(&mut self, since: Position, ids: IdSet) -> Observation {
        self.fetches += 1;
        Observation::Fetch { generation: self.referee.reference().generation(), fetch: self.fetches, since, ids }
    }

    fn touched_since(&self, since: Position) -> IdSet {
        self.log.iter().filter(|entry| entry.0 > since).fold(IdSet::EMPTY, |touched, entry| touched.or(entry.2))
    }

    fn wakes_of_all(&self, reader: u8) -> Vec<Observation> {
        self.referee
            .reference()
            .watcher(reader)
            .line()
            .iter()
            .map(|call| Observation::Woken { reader, call: *call })
            .collect()
    }

    fn operation(&mut self, list: &[Observation], doctor: impl FnOnce(&mut Census, &Census)) {
        let mut seen = Seen::default();
        list.iter().for_each(|observation| seen.push(*observation));
        self.operation_seen(&seen, doctor);
    }

    /// One operation, settled with a census that is true but for what `doctor` does to it.
    fn operation_seen(&mut self, seen: &Seen, doctor: impl FnOnce(&mut Census, &Census)) {
        assert!(self.verdict.is_none(), "the story went on after {:?} was broken", self.verdict);
        self.referee.see(&self.regime, None, seen);
        let before = self.census;
        self.census = Census {
            report: self.referee.reference().expect_report(&before.report),
            store: Some(self.referee.reference().store()),
        };
        doctor(&mut self.census, &before);
        self.referee.settle(&self.regime, &self.census, true);
        self.judge();
    }

    fn judge(&mut self) {
        if self.referee.is_red() {
            let reds: Vec<_> = self.referee.reds().drain(..).map(|red| red.promise).collect();
            self.verdict = Some(reds);
        }
    }
}
