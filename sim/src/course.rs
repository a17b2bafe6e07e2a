//! One run under the eyes of the referee: operations in, verdict out. Whoever draws or reads the operations stands above.

mod retrace;
mod waits;

use multiwatcher::machine::{CallId, Report, Time};
use multiwatcher::testing::{Healing, Observation, Operation, Promise, Regime, Seen, Stage, State, Subject, World};

use crate::checkers::{Census, Healed, Suite};
use crate::referee::Referee;
use crate::saturation::Recorder;
use crate::tally::Tally;
use crate::worlds::{Maker, Simulated};
use waits::Who;

/// A world and its referee, used for one run after the other.
#[derive(Debug)]
pub struct Course<S> {
    maker: Maker<S>,
    world: World<S>,
    referee: Referee,
    recorder: Recorder,
    steps: usize,
    healing_since: Time,
    /// The subject recounts its invariants: at the end, after every step.
    recounts: (bool, bool),
    recounting: Recounting,
    hashes: Option<Vec<u64>>,
}

/// When the subject recounts its invariants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recounting {
    BySeed,
    Never,
    EveryStep,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// What.
    pub finding: Finding,
    /// What was seen, and what it should have been.
    pub text: String,
    /// At which step, from 1; 0 is the beginning.
    pub step: usize,
    /// What else is broken at the same moment.
    pub also: Vec<Promise>,
}

/// What can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// A promise is broken.
    Promise(Promise),
    /// An assertion failed, in the subject or around it.
    Panic,
}

/// Of so many seeds one has the subject's invariants recounted at its end, ...
const RECOUNTS: u64 = 8;
/// ... and of so many one after every step. The report is compared after every step of every seed.
const RECOUNTS_STEPS: u64 = 128;

impl<S: Simulated> Course<S> {
    /// A course on which nothing has been run.
    pub fn new() -> Self {
        Self::of(Maker::default())
    }
}

impl<S: Subject> Course<S> {
    /// The same with subjects made like this.
    pub fn of(maker: Maker<S>) -> Self {
        let world = maker.start(Regime::calm(1, &[]));
        let stage = world.stage();
        let referee = Referee::new(0, stage.regime(), stage.universe());
        let mut course = Self {
            maker,
            world,
            referee,
            recorder: Recorder::new(),
            steps: 0,
            healing_since: Time::ZERO,
            recounts: (false, false),
            recounting: Recounting::BySeed,
            hashes: None,
        };
        if S::PROMISES.len() < Promise::ALL.len() {
            course.listen_to(S::PROMISES);
        }
        course
    }

    /// Another run.
    pub fn begin(&mut self, seed: u64, regime: &Regime) -> Result<(), Box<Broken>> {
        self.world.reset(regime, self.maker.subject(regime));
        self.referee.reset(seed, regime, self.world.stage().universe());
        self.recorder.begin(seed);
        self.steps = 0;
        self.recounts = match self.recounting {
            Recounting::BySeed => (seed.is_multiple_of(RECOUNTS), seed.is_multiple_of(RECOUNTS_STEPS)),
            Recounting::Never => (false, false),
            Recounting::EveryStep => (true, true),
        };
        self.judge(None)
    }

    /// One operation. `false` if it is not possible at this moment.
    #[inline]
    pub fn step(&mut self, operation: &Operation) -> Result<bool, Box<Broken>> {
        self.world.clear_seen();
        let look = self.recorder.look(self.world.stage(), self.referee.reference(), operation);
        if !self.world.apply(operation) {
            return Ok(false);
        }
        self.recorder.keep(look);
        self.steps += 1;
        self.judge(Some(operation))?;
        Ok(true)
    }

    /// The healing begins here.
    pub fn begin_healing(&mut self) {
        self.healing_since = self.world.stage().now();
    }

    /// The healing is over: all is quiet.
    pub fn finish(&mut self) -> Result<(), Box<Broken>> {
        self.healed(None)?;
        if self.recounts.0 { self.recount() } else { Ok(()) }
    }

    /// The healing came to no end within so many operations.
    pub fn not_healed(&mut self, operations: u32) -> Result<(), Box<Broken>> {
        self.healed(Some(operations))
    }

    /// Everything but the subject.
    pub fn stage(&self) -> &Stage {
        self.world.stage()
    }

    /// What was seen of the last operation.
    pub fn seen(&self) -> &[Observation] {
        self.world.seen().list()
    }

    /// The same, with the deltas.
    pub fn world_seen(&self) -> &Seen {
        self.world.seen()
    }

    /// What the store holds, if it can be looked into.
    pub fn store(&self) -> Option<State> {
        self.world.store()
    }

    /// The subject's census.
    pub fn report(&self) -> Report {
        self.world.report()
    }

    /// Whether somebody will be woken when a pending call is; `None` if that is not known.
    pub fn has_waker(&self, call: CallId) -> Option<bool> {
        self.world.subject().has_waker(call)
    }

    /// From now on only what breaks these promises counts.
    pub fn listen_to(&mut self, only: &'static [Promise]) {
        self.referee.listen_to(only);
        if !only.contains(&Promise::TruthfulReport) {
            self.recounting = Recounting::Never;
        }
    }

    /// From now on the subject recounts its invariants after every step, or never; no run's seed says so.
    pub fn recount_every_step(&mut self, does: bool) {
        self.recounting = if does { Recounting::EveryStep } else { Recounting::Never };
    }

    /// The checkers, for those that compare runs.
    pub fn suite_mut(&mut self) -> &mut Suite {
        self.referee.suite_mut()
    }

    /// The hash of the trace so far.
    pub fn hash(&self) -> u64 {
        self.referee.hash()
    }

    /// From now on the hash after each step is kept.
    pub fn keep_hashes(&mut self) {
        self.hashes = Some(Vec::new());
    }

    /// Those kept; none is from now on.
    pub fn take_hashes(&mut self) -> Vec<u64> {
        self.hashes.take().unwrap_or_default()
    }

    /// Adds what the run exercised to a tally.
    pub fn count(&mut self, tally: &mut Tally) {
        self.referee.counter().add_to(tally);
        self.recorder.add_to(&mut tally.saturation, &mut tally.faults);
        self.referee.suite_mut().take_decided(&mut tally.decided);
    }

    #[inline]
    fn judge(&mut self, operation: Option<&Operation>) -> Result<(), Box<Broken>> {
        if !self.world.cuts().is_empty() {
            return self.judge_parts(operation);
        }
        let regime = self.world.stage().regime();
        self.referee.see(regime, operation, self.world.seen());
        if operation.is_some() && self.world.seen().list().iter().all(is_behind_the_scenes) {
            // Nothing was put to the subject, so there is nothing new to judge.
            self.referee.pass();
            self.look_for_sleepers(operation);
            self.keep_hash();
            return self.verdict();
        }
        let store = if self.referee.looks_at_store() { self.world.store() } else { None };
        let census = Census { report: self.world.report(), store };
        self.referee.settle(regime, &census, !self.world.stage().is_runnable());
        self.look_for_sleepers(operation);
        self.keep_hash();
        if self.recounts.1 && !self.referee.is_red() {
            self.recount()?;
        }
        self.verdict()
    }

    /// The subject took several things in one operation: each is judged by the census at its end.
    #[cold]
    fn judge_parts(&mut self, operation: Option<&Operation>) -> Result<(), Box<Broken>> {
        let (regime, seen) = (self.world.stage().regime(), self.world.seen());
        self.referee.begin(operation);
        let mut from = 0;
        for cut in self.world.cuts() {
            self.referee.see_part(regime, seen, from..cut.before);
            from = cut.before;
            let store = cut.store.filter(|_| self.referee.looks_at_store());
            self.referee.settle(regime, &Census { report: cut.report, store }, true);
            if self.referee.is_red() {
                return self.verdict();
            }
        }
        self.referee.see_part(regime, seen, from..seen.list().len());
        let store = if self.referee.looks_at_store() { self.world.store() } else { None };
        let census = Census { report: self.world.report(), store };
        self.referee.settle(regime, &census, !self.world.stage().is_runnable());
        self.look_for_sleepers(operation);
        self.keep_hash();
        self.verdict()
    }

    /// A deadline that passed, and nobody noticed.
    #[inline]
    fn look_for_sleepers(&mut self, operation: Option<&Operation>) {
        if let Some(overslept) = waits::overslept(&self.world, operation) {
            self.referee.found(Promise::NoSpinNoStall, overslept);
        }
    }

    #[inline]
    fn keep_hash(&mut self) {
        if let Some(hashes) = &mut self.hashes {
            hashes.push(self.referee.hash());
        }
    }

    fn recount(&mut self) -> Result<(), Box<Broken>> {
        self.world.subject().check().map_err(|text| {
            let finding = Finding::Promise(Promise::TruthfulReport);
            Box::new(Broken { finding, text: format!("a recount found: {text}"), step: self.steps, also: Vec::new() })
        })
    }

    fn healed(&mut self, too_many: Option<u32>) -> Result<(), Box<Broken>> {
        let stage = self.world.stage();
        let healed =
            Healed { took: stage.now().since(self.healing_since), bound: Healing::bound(stage.regime()), too_many };
        self.referee.healed(stage.regime(), healed);
        if self.referee.is_red() { Err(Box::new(self.broken(Who::All))) } else { Ok(()) }
    }

    #[inline]
    fn verdict(&mut self) -> Result<(), Box<Broken>> {
        if self.referee.is_red() { Err(Box::new(self.broken(Who::Owed))) } else { Ok(()) }
    }

    #[cold]
    fn broken(&mut self, who: Who) -> Broken {
        let mut reds = self.referee.reds().drain(..);
        let first = reds.next().expect("something is red");
        let mut also: Vec<Promise> = reds.map(|red| red.promise).filter(|promise| *promise != first.promise).collect();
        also.dedup();
        let mut text = first.text;
        text.push_str(&waits::told(&self.world, self.referee.reference(), first.promise, who));
        Broken { finding: Finding::Promise(first.promise), text, step: self.steps, also }
    }
}

/// Whether the subject had no part in it.
fn is_behind_the_scenes(observation: &Observation) -> bool {
    matches!(observation, Observation::Committed { .. } | Observation::Rewound { .. } | Observation::Now(_))
}

impl<S: Simulated> Default for Course<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl Broken {
    /// An assertion that failed.
    pub fn panicked(said: String, step: usize) -> Self {
        Self { finding: Finding::Panic, text: said, step, also: Vec::new() }
    }

    /// A promise that is broken, seen at this step.
    pub fn of(promise: Promise, text: String, step: usize) -> Self {
        Self { finding: Finding::Promise(promise), text, step, also: Vec::new() }
    }

    /// Whether an assertion failed.
    pub fn is_panic(&self) -> bool {
        self.finding == Finding::Panic
    }

    /// The name of what is broken, in file names too.
    pub fn name(&self) -> &'static str {
        match self.finding {
            Finding::Promise(promise) => promise.name(),
            Finding::Panic => "panic",
        }
    }

    /// What was promised.
    pub fn promise_in_words(&self) -> &'static str {
        match self.finding {
            Finding::Promise(promise) => promise.words(),
            Finding::Panic => "No assertion fails, whatever happens.",
        }
    }

    /// A number that is equal for equal findings.
    pub fn fold(&self) -> u64 {
        xxhash_rust::xxh3::xxh3_64_with_seed(self.text.as_bytes(), self.step as u64)
    }
}
