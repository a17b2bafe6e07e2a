//! Goes to a state of a search and tries everything that can happen there.

use std::panic::AssertUnwindSafe;

use multiwatcher::testing::{Healing, Operation, Regime, Stage, Subject};

use super::moves::{Move, moves};
use super::order::After;
use super::scope::{Budget, Scope, Start};
use crate::course::{Broken, Course};
use crate::panics::caught;
use crate::referee::Referee;
use crate::worlds::Maker;

/// A seed at which the course recounts the subject's invariants at the end of a run, and not after every step.
const SEED: u64 = 8;

/// One worker of a search.
pub(super) struct Walker<'a, S> {
    maker: Maker<S>,
    scope: &'a Scope,
    regime: Regime,
    course: Course<S>,
    kept: Stage,
    moves: Vec<Move>,
    /// Whether orders that lead to the same state are tried once.
    skips: bool,
}

/// A state, as it is kept until it is expanded.
#[derive(Debug)]
pub(super) struct State {
    /// What is left of the budget.
    pub(super) left: Budget,
    /// The referee as it stands there.
    pub(super) referee: Box<Referee>,
    /// What it was reached by first.
    pub(super) after: After,
}

/// What came of an operation.
#[derive(Debug)]
pub(super) enum Came {
    /// A state that is not known yet, with its fingerprint.
    New(u128, State),
    /// A promise is broken.
    Broken(Broken),
}

/// What can happen in a state.
#[derive(Debug, Default)]
pub(super) struct Grown {
    /// Operations tried.
    pub(super) tried: u64,
    /// Those that led to something new, in order.
    pub(super) children: Vec<(Move, Came)>,
    /// The run ends here.
    pub(super) is_end: bool,
    /// What its healing broke, after these operations.
    pub(super) ends_wrong: Option<Wrong>,
}

/// The operations that were made, and what they broke.
pub(super) type Wrong = (Vec<Operation>, Broken);

impl<'a, S: Subject> Walker<'a, S> {
    pub(super) fn new(maker: Maker<S>, scope: &'a Scope, skips: bool) -> Self {
        let course = Course::of(maker);
        let kept = course.stage().clone();
        Self { maker, scope, regime: scope.regime(), course, kept, moves: Vec::new(), skips }
    }

    /// The first state, and the operations that lead to it.
    pub(super) fn first(&mut self) -> Result<(Vec<Operation>, u128, State), Wrong> {
        let mut made = Vec::new();
        let begun = caught(AssertUnwindSafe(|| {
            self.course.begin(SEED, &self.regime)?;
            if self.scope.start == Start::Following {
                for (reader, filter) in (0..).zip(&self.scope.watchers) {
                    self.make(Operation::Open { reader, filter: *filter }, &mut made)?;
                }
                let mut healing = Healing::new();
                while let Some(operation) = healing.next(self.course.stage()) {
                    self.make(operation, &mut made)?;
                }
            }
            Ok(())
        }));
        match begun.unwrap_or_else(|said| Err(Box::new(Broken::panicked(said, made.len())))) {
            Ok(()) => {
                let referee = Box::new(self.course.referee().clone());
                let state = State { left: self.scope.budget, referee, after: After::Anything };
                Ok((made, self.print(self.subject(), self.scope.budget), state))
            }
            Err(broken) => Err((made, *broken)),
        }
    }

    fn make(&mut self, operation: Operation, made: &mut Vec<Operation>) -> Result<(), Box<Broken>> {
        made.push(operation);
        self.course.step(&operation).map(|_| ())
    }

    /// Tries everything that can happen in a state that these operations lead to.
    pub(super) fn expand(&mut self, path: &[Operation], state: &State, is_known: impl Fn(u128) -> bool) -> Grown {
        let mut grown = Grown::default();
        self.go_to(path);
        let mut moves_here = core::mem::take(&mut self.moves);
        moves(self.course.stage(), self.scope, state.left, &mut moves_here);
        grown.is_end = moves_here.iter().all(|it| it.is_whim);
        let subject = self.subject();
        self.kept.clone_from(self.course.stage());
        // What the subject has no part in is taken back without another walk.
        for it in moves_here.iter().filter(|it| it.is_behind_the_scenes()) {
            self.attempt(it, state, Some(subject), &is_known, &mut grown);
            self.course.take_back(&self.kept);
        }
        let mut is_there = true;
        let after = if self.skips { state.after } else { After::Anything };
        let is_ending = state.referee.reference().ended().is_some();
        let has_task = self.course.stage().has_task();
        let skipped = |it: &Move| after.leaves_out(it, is_ending, has_task);
        for it in moves_here.iter().filter(|it| !it.is_behind_the_scenes() && !skipped(it)) {
            if !core::mem::replace(&mut is_there, false) {
                self.go_to(path);
            }
            self.attempt(it, state, None, &is_known, &mut grown);
        }
        if grown.is_end {
            if !is_there {
                self.go_to(path);
            }
            grown.ends_wrong = self.end(state, path.len());
        }
        self.moves = moves_here;
        grown
    }

    fn go_to(&mut self, path: &[Operation]) {
        self.course.retrace_from_start(&self.regime);
        path.iter().for_each(|operation| self.course.retrace(operation));
    }

    fn attempt(
        &mut self,
        it: &Move,
        from: &State,
        subject: Option<u128>,
        is_known: &impl Fn(u128) -> bool,
        grown: &mut Grown,
    ) {
        self.course.set_referee(&from.referee);
        let made = caught(AssertUnwindSafe(|| {
            let is_made = self.course.step(&it.operation)?;
            it.arrives.map_or(Ok(is_made), |arrives| self.course.step(&arrives))
        }));
        let came = match made {
            Ok(Ok(false)) => return,
            Ok(Ok(true)) => {
                let left = from.left.after(&it.operation);
                let print = self.print(subject.unwrap_or_else(|| self.subject()), left);
                if is_known(print) {
                    grown.tried += 1;
                    return;
                }
                let after = After::of(it, self.course.stage().has_task());
                Came::New(print, State { left, referee: Box::new(self.course.referee().clone()), after })
            }
            Ok(Err(broken)) => Came::Broken(*broken),
            Err(said) => {
                // Whatever panicked may have left anything behind.
                self.course = Course::of(self.maker);
                Came::Broken(Broken::panicked(said, 0))
            }
        };
        grown.tried += 1;
        grown.children.push((*it, came));
    }

    /// Nothing more can happen: all is to be quiet, and everybody to hold what the backing has.
    fn end(&mut self, state: &State, steps: usize) -> Option<Wrong> {
        self.course.set_referee(&state.referee);
        let mut made = Vec::new();
        let healed = caught(AssertUnwindSafe(|| {
            self.course.begin_healing();
            let mut healing = Healing::new();
            let most = Healing::most(self.course.stage());
            for _ in 0..most {
                let Some(operation) = healing.next(self.course.stage()) else { return self.course.finish() };
                self.make(operation, &mut made)?;
            }
            self.course.not_healed(most)
        }));
        match healed {
            Ok(Ok(())) => None,
            Ok(Err(broken)) => Some((made, *broken)),
            Err(said) => {
                self.course = Course::of(self.maker);
                let step = steps + made.len();
                Some((made, Broken::panicked(said, step)))
            }
        }
    }

    fn subject(&self) -> u128 {
        self.course.subject_fingerprint().expect("what is explored has a fingerprint")
    }

    fn print(&self, subject: u128, left: Budget) -> u128 {
        use core::hash::{Hash, Hasher};
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        (self.course.fingerprint(subject), left).hash(&mut hasher);
        hasher.write_u8(0);
        hasher.digest128()
    }
}
