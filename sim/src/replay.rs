//! One run made again from its decisions, quietly: what is not possible at its moment is passed over, and the healing is computed
//! and not read, for it follows from where it begins. Who tells the steps stands in [`trace`](crate::trace).

use std::panic::AssertUnwindSafe;

use multiwatcher::testing::{Healing, Operation, Promise, Subject};

use crate::course::{Broken, Course};
use crate::decisions::{Decisions, Header};
use crate::pairs;
use crate::tally::Tally;
use crate::worlds::Maker;

/// Replays one list of decisions after the other, with the same buffers.
#[derive(Debug)]
pub struct Replayer<S> {
    maker: Maker<S>,
    course: Course<S>,
    made: Vec<Operation>,
    healing: Option<usize>,
    skipped: usize,
    /// If set, no other promise is listened to.
    only: Option<&'static [Promise]>,
}

/// Is shown the course after every step that was made: its number, and the operation; the beginning has none.
pub type Show<'a, S> = &'a mut dyn FnMut(&Course<S>, usize, Option<&Operation>);

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The hash of the trace.
    pub hash: u64,
    /// How many operations of the list were made.
    pub followed: usize,
    /// How many were not possible, and passed over.
    pub skipped: usize,
    /// What it broke.
    pub broken: Option<Broken>,
    /// What it broke was found when the healing was over, so it cannot be seen without.
    pub needs_healing: bool,
}

/// What a replay means for what a capsule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is broken, and everything was followed.
    Clean,
    /// What is broken is what the capsule says.
    AsWritten,
    /// Something is broken, and it is not what the capsule says.
    Otherwise,
    /// Nothing is broken, but not everything was followed: the capsule no longer tells what it was written for. That is no pass.
    Stale,
}

impl Verdict {
    /// Of a replay of a capsule that says this is broken.
    pub fn of(written: &str, broken: Option<&Broken>, skipped: usize) -> Self {
        match broken {
            Some(broken) if broken.name() == written || written.is_empty() => Self::AsWritten,
            Some(_) => Self::Otherwise,
            None if skipped > 0 => Self::Stale,
            None => Self::Clean,
        }
    }
}

/// Promises that compare runs: who breaks one of them shows it to nobody who looks at one run alone.
const OF_PAIRS: [Promise; 3] = [Promise::Deterministic, Promise::LoadEqualsIncrements, Promise::SlowReaderIsolated];

impl<S: Subject> Replayer<S> {
    /// One that has replayed nothing.
    pub fn of(maker: Maker<S>) -> Self {
        Self { maker, course: Course::of(maker), made: Vec::new(), healing: None, skipped: 0, only: None }
    }

    /// From now on only what breaks these promises counts.
    #[must_use]
    pub fn listening_to(mut self, only: &'static [Promise]) -> Self {
        self.course.listen_to(only);
        Self { only: Some(only), ..self }
    }

    /// Replays. Invariants are recounted after every step, and runs compared, if the promise that is said to be broken needs it.
    pub fn replay(&mut self, decisions: &Decisions) -> Replay {
        self.watched(decisions, &mut |_, _, _| ())
    }

    /// The same, showing the course after every step.
    pub fn watched(&mut self, decisions: &Decisions, show: Show<'_, S>) -> Replay {
        let played = crate::panics::caught(AssertUnwindSafe(|| self.play(decisions, show)));
        let end = played.unwrap_or_else(|said| Err((Box::new(Broken::panicked(said, self.made.len())), false)));
        let (hash, before_healing) = (self.course.hash(), self.healing.unwrap_or(self.made.len()));
        let (broken, needs_healing) = match end {
            Ok(()) => (None, false),
            Err((broken, needs_healing)) => (Some(*broken), needs_healing),
        };
        if broken.as_ref().is_some_and(Broken::is_panic) {
            // Whatever panicked may have left anything behind.
            self.course = Course::of(self.maker);
            self.only.into_iter().for_each(|only| self.course.listen_to(only));
        }
        Replay { hash, followed: before_healing, skipped: self.skipped, broken, needs_healing }
    }

    /// The decisions with the operations of their healing, which a capsule does not hold.
    pub fn completed(&mut self, mut decisions: Decisions) -> Decisions {
        if decisions.healing.is_some() {
            self.replay(&decisions);
            let healing = self.healing.map_or(&[][..], |from| &self.made[from..]);
            decisions.operations = [decisions.before_healing(), healing].concat();
        }
        decisions
    }

    /// The operations that were made, those of the healing included.
    pub fn made(&self) -> &[Operation] {
        &self.made
    }

    /// How many of them were made before the healing; `None` if it did not begin.
    pub fn healing(&self) -> Option<usize> {
        self.healing
    }

    fn play(&mut self, decisions: &Decisions, show: Show<'_, S>) -> Result<(), (Box<Broken>, bool)> {
        let Self { course, made, healing, skipped, .. } = self;
        let header = &decisions.header;
        made.clear();
        (*healing, *skipped) = (None, 0);
        course.recount_every_step(header.broken == Promise::TruthfulReport.name());
        let begun = course.begin(header.seed, &header.regime);
        show(course, 0, None);
        begun.map_err(at_a_step)?;
        for operation in decisions.before_healing() {
            made.push(*operation);
            let stepped = course.step(operation);
            if let Ok(false) = stepped {
                made.pop();
                *skipped += 1;
                continue;
            }
            show(course, made.len(), Some(operation));
            stepped.map_err(at_a_step)?;
        }
        if decisions.healing.is_none() {
            return Ok(());
        }
        *healing = Some(made.len());
        course.begin_healing();
        let (mut heals, most) = (Healing::new(), Healing::most(course.stage()));
        for _ in 0..most {
            let Some(operation) = heals.next(course.stage()) else { return self.finish(decisions) };
            made.push(operation);
            let stepped = course.step(&operation);
            show(course, made.len(), Some(&operation));
            stepped.map_err(at_a_step)?;
        }
        course.not_healed(most).map_err(at_the_end)
    }

    fn finish(&mut self, decisions: &Decisions) -> Result<(), (Box<Broken>, bool)> {
        self.course.finish().map_err(at_the_end)?;
        let Self { maker, course, made, healing, .. } = self;
        compare_if_of_pairs(*maker, course, &decisions.header, (made, *healing)).map_err(at_the_end)
    }
}

/// Compares a run that has healed and kept its promises with its twins, if what the header says to be broken may show so alone.
/// `made` are the operations of the run and where its healing began.
pub(crate) fn compare_if_of_pairs<S: Subject>(
    maker: Maker<S>,
    course: &mut Course<S>,
    header: &Header,
    made: (&[Operation], Option<usize>),
) -> Result<(), Box<Broken>> {
    if !is_of_pairs(header) {
        return Ok(());
    }
    let whole = Decisions { header: header.clone(), operations: made.0.to_vec(), healing: made.1 };
    let (hash, again) = (course.hash(), again(maker, &whole)?);
    pairs::compare(maker, course.suite_mut(), &whole, (hash, again), &mut Tally::default())
}

/// The hash of the same run from a clean start.
fn again<S: Subject>(maker: Maker<S>, whole: &Decisions) -> Result<u64, Box<Broken>> {
    let mut course = Course::of(maker);
    course.begin(whole.header.seed, &whole.header.regime)?;
    for operation in &whole.operations {
        course.step(operation)?;
    }
    course.begin_healing();
    course.finish()?;
    Ok(course.hash())
}

/// Whether what a run broke may have shown in a comparison alone. A relation has its turn on few seeds, and only those are compared.
fn is_of_pairs(header: &Header) -> bool {
    let relation = pairs::chosen(header.seed).then(|| pairs::relation(header.seed).promise());
    OF_PAIRS.into_iter().chain(relation).any(|promise| promise.name() == header.broken)
}

fn at_a_step(broken: Box<Broken>) -> (Box<Broken>, bool) {
    (broken, false)
}

fn at_the_end(broken: Box<Broken>) -> (Box<Broken>, bool) {
    (broken, true)
}

#[cfg(test)]
mod tests {
    use multiwatcher::machine::StoreManager;
    use multiwatcher::testing::{Changes, IdIx, IdSet, Regime, Val};

    use super::*;
    use crate::decisions::Header;
    use crate::schedulers::Kind;

    fn decisions(operations: Vec<Operation>, heals: bool) -> Decisions {
        let header = Header {
            world: "machine".to_owned(),
            seed: 0,
            scheduler: Kind::Uniform,
            broken: String::new(),
            regime: Regime::calm(1, &[]),
        };
        let healing = heals.then_some(operations.len());
        Decisions { header, operations, healing }
    }

    fn commit() -> Operation {
        let mut changes = Changes { ids: IdSet::one(IdIx(0)), ..Changes::default() };
        changes.values.set(IdIx(0), Some(1));
        Operation::Commit { changes, skip: 0 }
    }

    #[test]
    fn the_healing_is_computed_and_can_be_had() {
        let mut replayer = Replayer::of(Maker::<StoreManager<Val>>::default());
        let short = decisions(vec![Operation::Subscribed, commit()], true);
        let whole = replayer.completed(short.clone());
        assert_eq!((whole.before_healing(), whole.healing), (short.before_healing(), Some(2)));
        assert_eq!(&whole.operations, replayer.made());
        assert!(whole.operations.contains(&Operation::LoadDone), "{:?}", whole.operations);
        assert_eq!(replayer.replay(&whole), replayer.replay(&short), "what is known of the healing changes nothing");
        assert_eq!(replayer.completed(whole.clone()), whole);
    }

    #[test]
    fn what_is_not_possible_is_counted_and_is_no_pass() {
        let mut replayer = Replayer::of(Maker::<StoreManager<Val>>::default());
        let replay =
            replayer.replay(&decisions(vec![Operation::LoadDone, Operation::Subscribed, Operation::Speak], false));
        assert_eq!((replay.followed, replay.skipped, &replay.broken), (1, 2, &None));
        assert_eq!(Verdict::of("ordered", None, replay.skipped), Verdict::Stale);
        assert_eq!(Verdict::of("", None, replay.skipped), Verdict::Stale);
        assert_eq!(Verdict::of("ordered", None, 0), Verdict::Clean);
    }

    #[test]
    fn what_is_broken_is_held_against_what_is_written() {
        let broken = Broken::of(Promise::Ordered, String::new(), 1);
        assert_eq!(Verdict::of("ordered", Some(&broken), 3), Verdict::AsWritten);
        assert_eq!(Verdict::of("convergence", Some(&broken), 0), Verdict::Otherwise);
    }
}
