//! A run: the subject between the simulated backing and the simulated readers, one operation at a time.

use super::observation::{EPOCH, Observation, Seen};
use super::operation::Operation;
use super::regime::Regime;
use super::stage::Stage;
use super::state::{IdSet, State};
use super::subject::{Fresh, Happened, Subject};
use super::universe::{IdIx, Val};
use crate::machine::{Answer, Cause, CauseClass, Input, Output, Report, Time};

/// A subject on its stage.
#[derive(Debug, Clone)]
pub struct World<S> {
    pub(super) stage: Stage,
    pub(super) subject: S,
    pub(super) seen: Seen,
    /// What was posted and not yet taken, with the number of each.
    pub(super) posted: Vec<(u32, Observation)>,
    letters: u32,
    cuts: Vec<Cut>,
}

/// The census between two things that the subject took in one operation.
#[derive(Debug, Clone)]
pub struct Cut {
    /// Before this place in what was seen.
    pub before: usize,
    /// The census.
    pub report: Report,
    /// The store, if it can be looked into.
    pub store: Option<State>,
}

impl<S: Fresh> World<S> {
    /// A run of this regime with a new subject.
    pub fn start(regime: Regime) -> Self {
        let subject = S::fresh(regime.config.clone(), EPOCH, Time::ZERO);
        Self::new(regime, subject)
    }

    /// Another run, with the same buffers.
    pub fn restart(&mut self, regime: &Regime) {
        let subject = S::fresh(regime.config.clone(), EPOCH, Time::ZERO);
        self.reset(regime, subject);
    }
}

impl<S: Subject> World<S> {
    /// A run of this regime with a subject made for it at [`Time::ZERO`] and [`EPOCH`]. What the subject asks for at first has
    /// been seen when this returns.
    pub fn new(regime: Regime, subject: S) -> Self {
        let (stage, seen) = (Stage::new(regime), Seen::default());
        let mut world = Self { stage, subject, seen, posted: Vec::new(), letters: 0, cuts: Vec::new() };
        world.stage.has_task = S::HAS_TASK;
        world.subject.meet(&world.stage.universe);
        world.drain();
        world
    }

    /// Another run, with the same buffers.
    pub fn reset(&mut self, regime: &Regime, subject: S) {
        self.stage.reset(regime);
        self.subject = subject;
        self.seen.clear();
        self.posted.clear();
        self.letters = 0;
        self.cuts.clear();
        self.subject.meet(&self.stage.universe);
        self.drain();
    }

    /// Everything but the subject.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The subject.
    pub fn subject(&self) -> &S {
        &self.subject
    }

    /// The subject, for checks that need more than looking.
    pub fn subject_mut(&mut self) -> &mut S {
        &mut self.subject
    }

    /// What has been seen since it was cleared.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Forgets what has been seen.
    pub fn clear_seen(&mut self) {
        self.seen.clear();
        self.cuts.clear();
    }

    /// Where what has been seen falls into parts, each with the census at its end; what follows the last one ends with the
    /// [`report`](Self::report).
    pub fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    /// The subject's census.
    pub fn report(&self) -> Report {
        self.subject.report()
    }

    /// What the subject's store holds, if it can be looked into.
    pub fn store(&self) -> Option<State> {
        self.subject.store(&self.stage.universe)
    }

    /// Makes one operation happen. `false` if it is not possible at this moment; then nothing has happened.
    pub fn apply(&mut self, operation: &Operation) -> bool {
        let possible = match *operation {
            Operation::Commit { changes, skip } => self.commit(changes, skip),
            Operation::Notice { ids, twice } => self.notice(ids, twice),
            Operation::Mark { behind } => self.mark(behind),
            Operation::ReadUnasked { skip } => self.read_unasked(skip),
            Operation::Accept => self.stage.backing.accept(),
            Operation::Subscribed => self.subscribed(),
            Operation::ReadLoad { ids, absent } => self.read_load(ids, absent),
            Operation::LoadDone => self.load_done(),
            Operation::ReadFetch { fetch, skip, omit, behind } => self.read_fetch(fetch, skip, omit, behind),
            Operation::Deliver { flight, keep } => self.deliver(flight, keep),
            Operation::Lose { flight } => self.stage.backing.lose(usize::from(flight)),
            Operation::Fail { call, why } => self.fail(call, why),
            Operation::Advance { micros } => self.advance(micros),
            Operation::Timeout => self.timeout(),
            Operation::Deadline { late } => self.run_out(late),
            Operation::Die => self.die(),
            Operation::Close => self.close(),
            Operation::Silence => self.silence(true),
            Operation::Speak => self.silence(false),
            Operation::Prune { keep } => self.stage.backing.prune(keep),
            Operation::Rewind { back, told } => self.rewind(back, told),
            Operation::Ail { id, once } => self.ail(id, once),
            Operation::Mend { id } => self.mend(id),
            Operation::Stale { kind, age } => self.stale(kind, age),
            Operation::Jump { minutes, told } => self.jump(minutes, told),
            Operation::Kill => self.kill(),
            Operation::Turn => self.turn(),
            Operation::Abort => self.abort(),
            Operation::Open { reader, filter } => self.open(reader, filter),
            Operation::Resume { reader, token } => self.resume(reader, token),
            Operation::Next { reader } => self.next(reader),
            Operation::Poll { reader, call } => self.poll(reader, call),
            Operation::PollOver { reader } => self.poll_over(reader),
            Operation::TryNext { reader } => self.try_next(reader),
            Operation::Drop { reader, call } => self.drop_call(reader, call),
            Operation::Progress { reader } => self.progress(reader),
            Operation::Stop { reader } => self.stop(reader),
        };
        if possible {
            self.stage.count(operation.party());
            if self.stage.total().is_multiple_of(64) {
                self.subject.discard();
            }
        }
        possible
    }

    /// Puts back a stage that was kept before operations in which the subject had no part: then they have not happened.
    pub fn put_back(&mut self, stage: &Stage) {
        self.stage.clone_from(stage);
        self.clear_seen();
    }

    /// Puts one input to the subject; what it asks for is seen by whoever calls [`drain`](Self::drain) next.
    pub(super) fn put(&mut self, input: Input<Val>) -> Answer<Val> {
        self.subject.handle(self.stage.now, input)
    }

    /// Puts one input that is answered with nothing, and sees what the subject asks for.
    pub(super) fn tell(&mut self, input: Input<Val>) -> bool {
        if self.put(input) != Answer::Done {
            self.seen.push(Observation::Misanswered);
        }
        self.drain();
        true
    }

    /// The backing says something. It is seen when the subject takes it, which is at once if the subject has no task.
    pub(super) fn say(&mut self, observation: Observation, input: Input<Val>) -> bool {
        self.said_to_somebody(observation, input);
        true
    }

    /// The same; `false` if there is nobody to say it to: what had asked was dropped.
    pub(super) fn said_to_somebody(&mut self, observation: Observation, input: Input<Val>) -> bool {
        if !S::HAS_TASK {
            self.seen.push(observation);
            return self.tell(input);
        }
        self.letters += 1;
        let listened_to = self.subject.post(self.stage.now, self.letters, input);
        if listened_to {
            self.posted.push((self.letters, observation));
        }
        self.drain();
        listened_to
    }

    /// The subject's task is polled.
    fn turn(&mut self) -> bool {
        if !S::HAS_TASK {
            return false;
        }
        self.subject.turn(self.stage.now);
        self.drain();
        true
    }

    /// The subject's task is dropped.
    fn abort(&mut self) -> bool {
        if !S::HAS_TASK || self.stage.ended {
            return false;
        }
        self.stage.cause += 1;
        let cause = Cause::new(CauseClass::Permanent, self.stage.cause);
        self.seen.push(Observation::Killed(cause));
        self.subject.abort(self.stage.now, cause);
        self.drain();
        true
    }

    /// Sees everything the subject did, and lets backing and readers know.
    pub(super) fn drain(&mut self) {
        while let Some(happened) = self.subject.poll_happened() {
            match happened {
                Happened::Asked(output) => self.obey(output),
                Happened::TimedOut => self.seen.push(Observation::TimedOut),
                Happened::Took(letter) => self.took(letter),
                Happened::Settled(census) => {
                    let (report, store) = *census;
                    self.cuts.push(Cut { before: self.seen.list().len(), report, store });
                }
            }
        }
        self.stage.deadline = self.subject.poll_timeout();
        self.stage.runnable = self.subject.is_runnable();
    }

    fn took(&mut self, letter: u32) {
        match self.posted.iter().position(|(posted, _)| *posted == letter) {
            Some(at) => {
                let (_, observation) = self.posted.remove(at);
                self.seen.push(observation);
            }
            None => self.seen.push(Observation::Misanswered),
        }
    }

    fn obey(&mut self, output: Output) {
        let backing = &mut self.stage.backing;
        let observation = match output {
            Output::Unsubscribe { generation } => {
                let generation = short(generation.0);
                backing.unsubscribe(generation);
                // Nobody will take it any more.
                self.posted.clear();
                Observation::Unsubscribe { generation }
            }
            Output::Subscribe { generation } => {
                let generation = short(generation.0);
                backing.subscribe(generation);
                self.stage.generation = generation;
                self.stage.hear();
                Observation::Subscribe { generation }
            }
            Output::Load { generation } => {
                let generation = short(generation.0);
                backing.load_asked(generation);
                Observation::Load { generation }
            }
            Output::Fetch { generation, fetch, since, ids } => {
                let (generation, fetch) = (short(generation.0), short(fetch.0));
                let universe = &self.stage.universe;
                let mut named = IdSet::EMPTY;
                for id in &ids {
                    match universe.place(id) {
                        IdIx::FOREIGN => self.seen.push(Observation::Misanswered),
                        place => named.insert(place),
                    }
                }
                let ids = named;
                backing.fetch_asked(generation, fetch, since, ids);
                Observation::Fetch { generation, fetch, since, ids }
            }
            Output::Ended { cause } => {
                self.stage.end();
                Observation::Ended(cause)
            }
            Output::Wake { call } => self.wake(call),
        };
        self.seen.push(observation);
    }
}

/// The machine counts in 64 bits; a run does not get that far.
pub(super) fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
