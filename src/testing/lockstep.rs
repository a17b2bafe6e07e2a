//! World and reference model side by side: after every operation, everything the promises demand is compared.

use core::time::Duration;

use super::healing::Healing;
use super::observation::{BatchSeen, CallSeen, DeltaSeen, How, Observation};
use super::operation::Operation;
use super::promise::{Broken, Promise};
use super::readers::Status;
use super::reference::{Expected, Reference, WatcherStage};
use super::regime::Regime;
use super::subject::{Fresh, Subject};
use super::world::World;
use crate::machine::{NextError, Position, Revno, Time, WatcherId};

/// A world whose subject is compared with the reference model.
#[derive(Debug, Clone)]
pub struct Lockstep<S> {
    world: World<S>,
    reference: Reference,
    /// Watchers there have been; ids are never used again.
    known: Vec<WatcherId>,
    /// By reader, the revno of the last batch of its watcher.
    last: [Option<Revno>; super::party::Party::READERS],
    expected: Vec<DeltaSeen>,
    /// The store and its position when they were last compared.
    compared: (Revno, Position, u64),
    /// Whether the subject recounts its invariants after every operation.
    recounts: bool,
}

impl<S: Fresh> Lockstep<S> {
    /// A run of this regime with a new subject.
    pub fn start(regime: Regime) -> Result<Self, Broken> {
        let reference = Reference::new(&regime, &super::universe::Universe::new(regime.shape));
        let world = World::start(regime);
        let mut lockstep = Self::of(world, reference);
        lockstep.compare()?;
        Ok(lockstep)
    }

    /// Another run, with the same buffers.
    pub fn restart(&mut self, regime: &Regime) -> Result<(), Broken> {
        self.world.restart(regime);
        self.reference.reset(regime, self.world.stage().universe());
        self.known.clear();
        self.last = Default::default();
        self.compared = Default::default();
        self.compare()
    }
}

impl<S: Subject> Lockstep<S> {
    fn of(world: World<S>, reference: Reference) -> Self {
        let last = Default::default();
        Self {
            world,
            reference,
            known: Vec::new(),
            last,
            expected: Vec::new(),
            compared: Default::default(),
            recounts: true,
        }
    }

    /// The same without a recount after every operation; whoever asks for it recounts when it suits.
    #[must_use]
    pub fn without_recounts(self) -> Self {
        Self { recounts: false, ..self }
    }

    /// Forgets what was seen, and lets the subject drop what it no longer needs: a copy costs less afterwards.
    pub fn shed(&mut self) {
        self.world.clear_seen();
        self.world.subject_mut().discard();
        self.expected.clear();
    }

    /// Lets the subject recount its invariants.
    pub fn recount(&self) -> Result<(), Broken> {
        self.world.subject().check().map_err(|text| Broken::new(Promise::TruthfulReport, text))
    }

    /// The world.
    pub fn world(&self) -> &World<S> {
        &self.world
    }

    /// The reference model.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Makes one operation happen and compares. `false` if it is not possible at this moment.
    pub fn apply(&mut self, operation: &Operation) -> Result<bool, Broken> {
        self.world.clear_seen();
        let possible = self.world.apply(operation);
        if possible {
            self.compare()?;
        }
        Ok(possible)
    }

    /// Heals the backing and lets everybody move in turn until all is quiet; then every reader that has a watcher must hold
    /// the backing's latest state.
    pub fn heal(&mut self) -> Result<(), Broken> {
        let mut healing = Healing::new();
        let (begun, bound) = (self.world.stage().now(), Healing::bound(self.world.stage().regime()));
        let late = |text: String| Err(Broken::new(Promise::Convergence, text));
        for _ in 0..Healing::most(self.world.stage()) {
            let Some(operation) = healing.next(self.world.stage()) else { return self.converged(begun, bound) };
            if !self.apply(&operation)? {
                return late(format!("{operation:?} was not possible while healing"));
            }
        }
        late(format!("not quiet after {} operations of healing", Healing::most(self.world.stage())))
    }

    fn converged(&self, begun: Time, bound: Duration) -> Result<(), Broken> {
        let (stage, took) = (self.world.stage(), self.world.stage().now().since(begun));
        let late = |text: String| Err(Broken::new(Promise::Convergence, text));
        if stage.ended() {
            return Ok(());
        }
        if took > bound {
            return late(format!("it took {took:?} to be quiet, expected at most {bound:?}"));
        }
        let latest = stage.backing().latest();
        if self.reference.position() != latest.position && self.reference.store() != latest.state {
            return late(format!("quiet at {}, the backing stands at {}", self.reference.position(), latest.position));
        }
        for (number, reader) in (0u8..).zip(stage.readers()) {
            let due = latest.state.only(stage.universe().passing(reader.filter()));
            if reader.status() == Status::Open && reader.view() != due {
                return late(format!("reader {number} holds {:?}, expected {due:?}", reader.view()));
            }
        }
        Ok(())
    }

    fn compare(&mut self) -> Result<(), Broken> {
        for at in 0..self.world.seen().list().len() {
            let observation = self.world.seen().list()[at];
            self.answered(&observation)?;
            self.reference.see(&observation)?;
        }
        self.reference.settle(!self.world.stage().is_runnable())?;
        self.store()?;
        self.census()?;
        if self.recounts { self.recount() } else { Ok(()) }
    }

    /// What readers were answered, before the reference model takes it in.
    fn answered(&mut self, observation: &Observation) -> Result<(), Broken> {
        if let Observation::Called { reader, how, seen } = *observation {
            return self.called(reader, how, seen);
        }
        if let Observation::Opened { reader, result, .. } = *observation {
            let expected = self.reference.expect_watch();
            self.last[usize::from(reader)] = None;
            result.map_or(Ok(()), |watcher| self.is_new(watcher))?;
            return equal(Promise::StopTotal, "opening", &result.map(|_| ()), &expected);
        }
        if let Observation::Resumed { reader, from, result, .. } = *observation {
            let expected = self.reference.expect_resume(from);
            self.last[usize::from(reader)] = self.reference.resumed_cursor(from);
            result.map_or(Ok(()), |watcher| self.is_new(watcher))?;
            return equal(Promise::ResumeOrGone, "resuming", &result.map(|_| ()), &expected);
        }
        if let Observation::Progressed { reader, result } = *observation {
            return equal(Promise::Progress, "progress", &result, &self.reference.expect_progress(reader));
        }
        Ok(())
    }

    fn is_new(&mut self, watcher: WatcherId) -> Result<(), Broken> {
        if self.known.contains(&watcher) {
            return Err(Broken::new(Promise::StopQuiescent, format!("the id {watcher} was given twice")));
        }
        self.known.push(watcher);
        Ok(())
    }

    fn called(&mut self, reader: u8, how: How, seen: CallSeen) -> Result<(), Broken> {
        let expected = self.reference.expect(reader, how);
        match (seen, expected) {
            (CallSeen::Waits, Expected::Waits)
            | (CallSeen::Nothing, Expected::Nothing)
            | (CallSeen::Error(NextError::UnknownCall { .. }), Expected::Unknown) => Ok(()),
            (CallSeen::Error(error), Expected::Error(expected)) if error == expected => Ok(()),
            (CallSeen::Batch(batch), Expected::Batch) => self.batch(reader, batch),
            (CallSeen::Waits | CallSeen::Nothing | CallSeen::Batch(_) | CallSeen::Error(_), _) => {
                let text = format!("reader {reader}, {how:?}: {seen:?}, expected {expected:?}");
                Err(Broken::new(self.wrong_answer(reader, seen), text))
            }
        }
    }

    fn wrong_answer(&self, reader: u8, seen: CallSeen) -> Promise {
        match (self.reference.watcher(reader).stage(), seen) {
            (WatcherStage::None, _) => Promise::StopQuiescent,
            (WatcherStage::Fresh, _) => Promise::FreshFirst,
            (WatcherStage::Ended(NextError::Lagged { .. }), _) | (_, CallSeen::Error(NextError::Lagged { .. })) => {
                Promise::SlowReaderIsolated
            }
            (WatcherStage::Behind { .. }, _) => Promise::Convergence,
            (WatcherStage::CaughtUp, CallSeen::Batch(_)) => Promise::NoSpuriousDelta,
            (WatcherStage::CaughtUp | WatcherStage::Ended(_), _) => Promise::StopTotal,
        }
    }

    fn batch(&mut self, reader: u8, batch: BatchSeen) -> Result<(), Broken> {
        let (latest, position) = (self.reference.latest(), self.reference.position());
        let broken = |promise, text| Err(Broken::new(promise, text));
        if batch.revno != latest {
            return broken(Promise::Ordered, format!("the batch's revno is {}, the store's {latest}", batch.revno));
        }
        if batch.position != position {
            return broken(
                Promise::ExactPrefix,
                format!("the batch stands for {}, the store for {position}", batch.position),
            );
        }
        let last = &mut self.last[usize::from(reader)];
        if last.is_some_and(|last| last >= batch.revno) {
            return broken(Promise::Ordered, format!("two batches in a row up to {}", batch.revno));
        }
        *last = Some(batch.revno);
        self.reference.batch(reader, &mut self.expected);
        let deltas = self.world.seen().deltas(&batch);
        if deltas != self.expected {
            let promise = self.wrong_deltas(reader, deltas);
            return broken(promise, format!("reader {reader} was told {deltas:?}, expected {:?}", self.expected));
        }
        Ok(())
    }

    fn wrong_deltas(&self, reader: u8, deltas: &[DeltaSeen]) -> Promise {
        let same_set = deltas.len() == self.expected.len() && deltas.iter().all(|delta| self.expected.contains(delta));
        if same_set {
            return Promise::Ordered;
        }
        if deltas.len() > self.reference.changed_since_cursor(reader) {
            return Promise::Coalescing;
        }
        if deltas.iter().any(|delta| !self.reference.watcher(reader).ids().has(delta.id)) {
            return Promise::FilterEquivalence;
        }
        if self.expected.iter().all(|delta| deltas.contains(delta)) {
            Promise::NoSpuriousDelta
        } else {
            Promise::ExactPrefix
        }
    }

    fn store(&mut self) -> Result<(), Broken> {
        let reference = &self.reference;
        let now = (reference.latest(), reference.position(), reference.failures());
        if core::mem::replace(&mut self.compared, now) == now {
            return Ok(());
        }
        match self.world.store() {
            Some(store) if store != reference.store() => {
                let text =
                    format!("the store holds {store:?}, expected {:?} at {}", reference.store(), reference.position());
                Err(Broken::new(Promise::ExactPrefix, text))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn census(&self) -> Result<(), Broken> {
        let (report, reference) = (self.world.report(), &self.reference);
        if report.tombstones != reference.tombstones() as usize {
            let text = format!("{} tombstones, expected {}", report.tombstones, reference.tombstones());
            return Err(Broken::new(Promise::BoundedTombstones, text));
        }
        let wrong = reference.misreported(&report, reference.tombstones());
        wrong.map_or(Ok(()), |text| Err(Broken::new(Promise::TruthfulReport, text)))
    }
}

fn equal<T: PartialEq + core::fmt::Debug>(promise: Promise, what: &str, seen: &T, expected: &T) -> Result<(), Broken> {
    if seen == expected {
        return Ok(());
    }
    Err(Broken::new(promise, format!("{what} came to {seen:?}, expected {expected:?}")))
}
