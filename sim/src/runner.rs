//! Runs seeds: draws a plan, lets the scheduler say who moves and the generator what, then heals. Every decision is kept,
//! so that whatever a run comes to can be told again without the seed.

mod tail;
mod terms;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use multiwatcher::testing::{
    CallKind, CallSeen, Choices, Failing, Families, Generator, Healing, Observation, Operation, Party, Promise, Regime,
    Stream, Subject,
};

use crate::campaign::Work;
use crate::course::{Broken, Course};
use crate::decisions::{Decisions, Header};
use crate::exercised::Kind;
use crate::pairs;
use crate::plan::Plan;
use crate::random::Random;
use crate::scenario::{self, Scenario, Sight};
use crate::schedulers::{self, KINDS, Moment, PartySet, Portfolio, Scheduler};
use crate::tally::Tally;
use crate::worlds::{Maker, Simulated};

pub use tail::Tail;
pub use terms::Terms;

/// Runs one seed after the other, with the same buffers.
#[derive(Debug)]
pub struct Runner<S> {
    maker: Maker<S>,
    course: Course<S>,
    portfolio: Portfolio,
    random: Random,
    operations: Vec<Operation>,
    healing: Option<usize>,
    /// If set, no other promise is listened to.
    only: Option<&'static [Promise]>,
    /// If set, plans come from it.
    scenario: Option<Arc<Scenario>>,
    sights: [u64; Sight::COUNT],
    /// Left out of every run, besides what its seed leaves out.
    without: Families,
    /// If set, no other scheduler says who moves.
    scheduler: Option<schedulers::Kind>,
    /// If set, every run is like this.
    regime: Option<Regime>,
}

/// A run that broke a promise.
#[derive(Debug)]
pub struct Failure {
    /// All it takes to tell it again.
    pub decisions: Decisions,
    /// What it broke.
    pub broken: Broken,
}

/// A party that says it can move and then has nothing to do is asked so often in a row before time moves instead.
const PATIENCE: u32 = 16;
/// How it moves then.
const PAUSE: Operation = Operation::Advance { micros: 1000 };

impl<S: Simulated> Runner<S> {
    /// A runner that has run nothing.
    pub fn new() -> Self {
        Self::of(Maker::default())
    }
}

impl<S: Subject> Runner<S> {
    /// The same with subjects made like this.
    pub fn of(maker: Maker<S>) -> Self {
        Self {
            maker,
            course: Course::of(maker),
            portfolio: Portfolio::new(),
            random: Random::new(0),
            operations: Vec::with_capacity(512),
            healing: None,
            only: (S::PROMISES.len() < Promise::ALL.len()).then_some(S::PROMISES),
            scheduler: None,
            regime: None,
            without: Families::NONE,
            scenario: None,
            sights: [0; Sight::COUNT],
        }
    }

    /// From now on only what breaks these promises counts, and runs are not compared.
    #[must_use]
    pub fn listening_to(mut self, only: &'static [Promise]) -> Self {
        self.course.listen_to(only);
        Self { only: Some(only), ..self }
    }

    /// From now on a seed decides only what this scenario leaves open.
    #[must_use]
    pub fn playing(self, scenario: Arc<Scenario>) -> Self {
        let listening = match scenario.promises() {
            Some(only) => self.listening_to(only),
            None => self,
        };
        Self { scenario: Some(scenario), ..listening }
    }

    /// From now on nothing of these families happens in any run.
    #[must_use]
    pub fn without(self, without: Families) -> Self {
        Self { without, ..self }
    }

    /// From now on this scheduler says who moves, whichever the seed would have; everything else stays as the seed has it.
    #[must_use]
    pub fn scheduled_by(self, kind: schedulers::Kind) -> Self {
        Self { scheduler: Some(kind), ..self }
    }

    /// From now on every run is like this, whatever the seed would have: for a subject that cannot do all that the machine can.
    #[must_use]
    pub fn in_regime(self, regime: Regime) -> Self {
        Self { regime: Some(regime), ..self }
    }

    /// Runs a seed; returns the hash of its trace.
    pub fn run(&mut self, seed: u64, tally: &mut Tally) -> Result<u64, Box<Failure>> {
        let plan = self.plan(seed);
        let played = crate::panics::caught(AssertUnwindSafe(|| self.play(seed, &plan)));
        let outcome = played.unwrap_or_else(|panic| Err(Box::new(Broken::panicked(panic, self.operations.len()))));
        let outcome = match outcome {
            Ok(hash) if self.only.is_none() && pairs::chosen(seed) => self.compare(seed, &plan, hash, tally),
            Ok(_) | Err(_) => outcome,
        };
        self.count(&plan, tally);
        outcome.map_err(|broken| {
            let decisions = self.decisions(seed, &plan, Some(&broken));
            if broken.is_panic() {
                // Whatever panicked may have left anything behind.
                *self = self.again();
            }
            Box::new(Failure { decisions, broken: *broken })
        })
    }

    /// Hashes after each step of a seed, for finding where two runs part.
    pub fn hashes(&mut self, seed: u64) -> Vec<u64> {
        let plan = self.plan(seed);
        self.course.keep_hashes();
        // A run that breaks a promise parts from its twin, if at all, at or before its last step; so the hashes are enough.
        let _ = crate::panics::caught(AssertUnwindSafe(|| self.play(seed, &plan)));
        self.course.take_hashes()
    }

    /// The decisions of a run of this seed that keeps its promises, or of one that does not.
    pub fn told(&mut self, seed: u64) -> Decisions {
        match self.run(seed, &mut Tally::default()) {
            Ok(_) => {
                let plan = self.plan(seed);
                self.decisions(seed, &plan, None)
            }
            Err(failure) => failure.decisions,
        }
    }

    /// Begins the choices of a seed: what its run is to be.
    fn plan(&mut self, seed: u64) -> Plan {
        self.random.reset(seed);
        let drawn = match &self.scenario {
            Some(scenario) => scenario.draw(&mut self.random),
            None => Plan::draw(&mut self.random),
        };
        let scheduler = self.scheduler.unwrap_or(drawn.scheduler);
        let regime = self.regime.clone().unwrap_or(drawn.regime).without(self.without);
        Plan { regime, scheduler, ..drawn }
    }

    /// As new, and asked for the same.
    fn again(&self) -> Self {
        let (regime, scenario) = (self.regime.clone(), self.scenario.clone());
        let new = Self { scheduler: self.scheduler, regime, scenario, ..Self::of(self.maker) };
        let new = new.without(self.without);
        if let Some(only) = self.only { new.listening_to(only) } else { new }
    }

    fn decisions(&self, seed: u64, plan: &Plan, broken: Option<&Broken>) -> Decisions {
        let header = Header {
            world: self.maker.world.name().to_owned(),
            seed,
            scheduler: plan.scheduler,
            broken: broken.map(Broken::name).unwrap_or_default().to_owned(),
            regime: plan.regime.clone(),
        };
        Decisions { header, operations: self.operations.clone(), healing: self.healing }
    }

    /// Makes the run in other ways and compares.
    #[cold]
    fn compare(&mut self, seed: u64, plan: &Plan, hash: u64, tally: &mut Tally) -> Result<u64, Box<Broken>> {
        tally.pairs += 1;
        let mut clean = self.again();
        let again = clean.plan(seed);
        let again = clean.play(seed, &again)?;
        let decisions = self.decisions(seed, plan, None);
        let (maker, suite) = (self.maker, self.course.suite_mut());
        let compared =
            crate::panics::caught(AssertUnwindSafe(|| pairs::compare(maker, suite, &decisions, (hash, again), tally)));
        compared.unwrap_or_else(|panic| Err(Box::new(Broken::panicked(panic, decisions.operations.len()))))?;
        Ok(hash)
    }

    fn play(&mut self, seed: u64, plan: &Plan) -> Result<u64, Box<Broken>> {
        self.operations.clear();
        self.healing = None;
        self.sights = [0; Sight::COUNT];
        self.course.begin(seed, &plan.regime)?;
        self.draw_all(plan)?;
        self.heal()?;
        self.course.finish()?;
        Ok(self.course.hash())
    }

    /// As many steps as planned.
    fn draw_all(&mut self, plan: &Plan) -> Result<(), Box<Broken>> {
        self.portfolio.choose(plan.scheduler);
        self.portfolio.begin(&plan.regime, plan.steps, &mut self.random);
        let (mut step, mut in_vain) = (0, 0);
        while step < plan.steps {
            let (party, operation) = if in_vain < PATIENCE { self.draw(step, plan) } else { (Party::Clock, PAUSE) };
            self.operations.push(operation);
            if !self.course.step(&operation)? {
                // The generator draws what is possible nearly always; the rest is drawn again.
                self.operations.pop();
                self.portfolio.came_to_nothing(party);
                in_vain += 1;
                continue;
            }
            (step, in_vain) = (step + 1, 0);
            if self.scenario.is_some() {
                scenario::see(&operation, self.course.seen(), self.course.stage(), &mut self.sights);
            }
            self.portfolio.moved(&operation);
            if came_to_nothing(&operation, self.course.seen()) {
                self.portfolio.came_to_nothing(party);
            }
        }
        Ok(())
    }

    /// Who moves in this step, and what it does.
    #[inline]
    fn draw(&mut self, step: u32, plan: &Plan) -> (Party, Operation) {
        if step == 0 && plan.regime.dead_start {
            return (Party::Owner, self.ending());
        }
        let stage = self.course.stage();
        let mut movable = PartySet::from(stage.movable());
        if step < plan.kill_from {
            movable.remove(Party::Owner);
        } else if movable.has(Party::Owner) && stage.made(Party::Owner) == 0 {
            // Left to the scheduler it would come late or never: the owner is one of many, and weighs the least.
            let operation = Generator::draw(stage, Party::Owner, &mut self.random);
            if let Some(operation) = operation.filter(|operation| !plan.never.has(Kind::of(operation))) {
                return (Party::Owner, operation);
            }
        }
        let moment = Moment { step, movable, waits_for_time: stage.waits_for_time() };
        for _ in 0..PATIENCE {
            if movable.is_empty() {
                break;
            }
            let party = self.portfolio.pick(moment, &mut self.random);
            match Generator::draw(stage, party, &mut self.random) {
                Some(operation) if !plan.never.has(Kind::of(&operation)) => return (party, operation),
                Some(_) | None => self.portfolio.came_to_nothing(party),
            }
        }
        // Nobody has anything to do: the machine has ended, and is watched until the end of the run. Nothing may come of it.
        (Party::Clock, PAUSE)
    }

    /// What ends a machine that has done nothing yet. Not every world can do all of it; then it is drawn again.
    #[cold]
    fn ending(&mut self) -> Operation {
        match self.random.below(Stream::Faults, 3) {
            0 => Operation::Abort,
            1 => Operation::Fail { call: CallKind::Subscribe, why: Failing::ForGood },
            _ => Operation::Kill,
        }
    }

    fn heal(&mut self) -> Result<(), Box<Broken>> {
        self.healing = Some(self.operations.len());
        self.course.begin_healing();
        self.heal_on()
    }

    /// Until all is quiet.
    fn heal_on(&mut self) -> Result<(), Box<Broken>> {
        let mut healing = Healing::new();
        let most = Healing::most(self.course.stage());
        for _ in 0..most {
            let Some(operation) = healing.next(self.course.stage()) else { return Ok(()) };
            self.operations.push(operation);
            self.course.step(&operation)?;
        }
        self.course.not_healed(most)
    }

    /// What the run exercised.
    fn count(&mut self, plan: &Plan, tally: &mut Tally) {
        let steps = self.operations.len() as u64;
        tally.schedules += 1;
        tally.steps += steps;
        tally.fewest_steps = tally.fewest_steps.min(steps);
        tally.healing += self.healing.map_or(0, |from| steps - from as u64);
        let mut kinds = [0; Kind::COUNT];
        for operation in &self.operations {
            kinds[Kind::of(operation) as usize] += 1;
        }
        for (kind, count) in Kind::ALL.iter().zip(kinds) {
            tally.operations[*kind as usize] += count;
        }
        if let Some(place) = KINDS.iter().position(|kind| *kind == plan.scheduler) {
            tally.schedulers[place] += 1;
        }
        for (total, count) in tally.sights.iter_mut().zip(self.sights) {
            *total += count;
        }
        self.course.count(tally);
    }
}

impl<S: Simulated> Default for Runner<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Subject + Send> Work for Runner<S> {
    type Tally = Tally;
    type Failure = Box<Failure>;

    fn run(&mut self, seed: u64, tally: &mut Tally) -> Result<u64, Box<Failure>> {
        Runner::run(self, seed, tally)
    }
}

/// Whether whoever moved would rather have waited.
fn came_to_nothing(operation: &Operation, seen: &[Observation]) -> bool {
    match operation {
        Operation::Next { .. } | Operation::Poll { .. } | Operation::TryNext { .. } => seen
            .iter()
            .any(|seen| matches!(seen, Observation::Called { seen: CallSeen::Waits | CallSeen::Nothing, .. })),
        Operation::Advance { .. }
        | Operation::Timeout
        | Operation::Mark { .. }
        | Operation::Progress { .. }
        | Operation::PollOver { .. } => true,
        Operation::Commit { .. }
        | Operation::Notice { .. }
        | Operation::ReadUnasked { .. }
        | Operation::Accept
        | Operation::Subscribed
        | Operation::ReadLoad { .. }
        | Operation::LoadDone
        | Operation::ReadFetch { .. }
        | Operation::Deliver { .. }
        | Operation::Lose { .. }
        | Operation::Fail { .. }
        | Operation::Deadline { .. }
        | Operation::Die
        | Operation::Close
        | Operation::Silence
        | Operation::Speak
        | Operation::Prune { .. }
        | Operation::Rewind { .. }
        | Operation::Ail { .. }
        | Operation::Mend { .. }
        | Operation::Stale { .. }
        | Operation::Jump { .. }
        | Operation::Kill
        | Operation::Turn
        | Operation::Abort
        | Operation::Open { .. }
        | Operation::Resume { .. }
        | Operation::Drop { .. }
        | Operation::Stop { .. } => false,
    }
}
