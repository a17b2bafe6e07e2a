//! The reference model and the checkers together: takes in what is seen, in order, and says what is broken.

use core::ops::Range;

use multiwatcher::machine::Change;
use multiwatcher::testing::{
    Broken, CallSeen, DeltaSeen, Observation, Operation, Party, Promise, Reference, Regime, Seen, State, Universe,
    WatcherStage,
};

use crate::checkers::{Census, Facts, Healed, Suite, Taken};
use crate::counter::Counter;
use crate::trace_hash::TraceHash;

/// Judges one run after the other.
#[derive(Debug, Clone)]
pub struct Referee {
    reference: Reference,
    suite: Suite,
    views: [State; Party::READERS],
    due: Vec<DeltaSeen>,
    reds: Vec<Broken>,
    hash: TraceHash,
    counter: Counter,
    looks_at_store: bool,
    /// If set, no other promise is listened to.
    only: Option<&'static [Promise]>,
}

impl Referee {
    /// The referee of a run of this regime.
    pub fn new(seed: u64, regime: &Regime, universe: &Universe) -> Self {
        let mut referee = Self {
            reference: Reference::new(regime, universe),
            suite: Suite::default(),
            views: [State::EMPTY; Party::READERS],
            due: Vec::with_capacity(16),
            reds: Vec::new(),
            hash: TraceHash::new(seed),
            counter: Counter::default(),
            looks_at_store: true,
            only: None,
        };
        referee.suite.begin();
        referee
    }

    /// The referee of another run, with the same buffers.
    pub fn reset(&mut self, seed: u64, regime: &Regime, universe: &Universe) {
        self.reference.reset(regime, universe);
        self.suite.begin();
        self.views = [State::EMPTY; Party::READERS];
        self.reds.clear();
        self.hash.reset(seed);
        self.counter = Counter::default();
        self.looks_at_store = true;
    }

    /// What should be so.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// From now on only what breaks these promises counts: would they have noticed, had the others not been there?
    pub fn listen_to(&mut self, only: &'static [Promise]) {
        self.only = Some(only);
    }

    /// The checkers, for those that compare runs.
    pub fn suite_mut(&mut self) -> &mut Suite {
        &mut self.suite
    }

    /// The hash of everything seen so far.
    pub fn hash(&self) -> u64 {
        self.hash.value()
    }

    /// What has been counted in this run.
    pub(crate) fn counter(&self) -> &Counter {
        &self.counter
    }

    /// Takes in what was seen of an operation; `None` is the beginning. What is broken is in [`reds`](Self::reds).
    pub fn see(&mut self, regime: &Regime, operation: Option<&Operation>, seen: &Seen) {
        self.begin(operation);
        self.see_part(regime, seen, 0..seen.list().len());
    }

    /// An operation begins; what is seen of it comes in parts.
    pub fn begin(&mut self, operation: Option<&Operation>) {
        if let Some(operation) = operation {
            self.hash.add(operation);
        }
    }

    /// The same for a part of what was seen.
    pub fn see_part(&mut self, regime: &Regime, seen: &Seen, part: Range<usize>) {
        for observation in &seen.list()[part] {
            self.hash.add(observation);
            self.one(regime, observation, seen);
            if !self.reds.is_empty() {
                break;
            }
        }
    }

    /// Whether the store is to be looked at after this operation: whether something may have changed it. Looking costs more than all else.
    pub fn looks_at_store(&self) -> bool {
        self.looks_at_store
    }

    /// The operation is over, and the subject had no part in it.
    pub fn pass(&mut self) {
        self.hash.end_step();
    }

    /// The operation is over, and this is the subject's census. `is_idle` says that no task of it will still be polled.
    pub fn settle(&mut self, regime: &Regime, census: &Census, is_idle: bool) {
        self.hash.end_step();
        self.looks_at_store = false;
        if !self.reds.is_empty() {
            return;
        }
        let owed = self.reference.settle(is_idle).err();
        let tombstones = self.reference.tombstones();
        let facts = Facts { regime, reference: &self.reference, views: &self.views, tombstones };
        self.suite.settle(facts, census, owed.as_ref(), &mut self.reds);
        self.ruled(owed);
        self.overhear();
    }

    /// The healing is over.
    pub fn healed(&mut self, regime: &Regime, healed: Healed) {
        let facts = Facts { regime, reference: &self.reference, views: &self.views, tombstones: 0 };
        self.suite.healed(facts, healed, &mut self.reds);
        self.overhear();
        self.counter.end(&self.reference);
    }

    /// What is broken, narrowest first; empty as long as nothing is.
    pub fn reds(&mut self) -> &mut Vec<Broken> {
        if self.reds.len() > 1 {
            self.reds.sort_by_key(|red| Suite::width(red.promise));
        }
        &mut self.reds
    }

    /// Something was found that can be seen neither in what happened nor in the census.
    #[cold]
    pub fn found(&mut self, promise: Promise, text: String) {
        if self.reds.is_empty() {
            self.reds.push(Broken::new(promise, text));
            self.overhear();
        }
    }

    /// Whether anything is broken.
    pub fn is_red(&self) -> bool {
        !self.reds.is_empty()
    }

    #[inline]
    fn one(&mut self, regime: &Regime, observation: &Observation, seen: &Seen) {
        self.looks_at_store |= may_change_store(observation);
        let taken = self.fold(observation, seen);
        let facts = Facts { regime, reference: &self.reference, views: &self.views, tombstones: 0 };
        let taken = taken.map(|taken| Taken { due: &self.due, ..taken });
        self.counter.see(regime, &self.reference, observation, taken);
        self.suite.see(facts, observation, taken, &mut self.reds);
        let ruled = self.reference.see(observation).err();
        self.ruled(ruled);
        self.overhear();
    }

    #[inline]
    fn overhear(&mut self) {
        if let Some(only) = self.only
            && !self.reds.is_empty()
        {
            self.reds.retain(|red| only.contains(&red.promise));
        }
    }

    /// What the reference model itself found, unless a checker has said so in its own words.
    fn ruled(&mut self, ruled: Option<Broken>) {
        if let Some(broken) = ruled
            && self.reds.is_empty()
        {
            self.reds.push(broken);
        }
    }

    /// Keeps the views; a batch is handed back.
    fn fold<'a>(&mut self, observation: &Observation, seen: &'a Seen) -> Option<Taken<'a>> {
        match *observation {
            Observation::Opened { reader, .. } => {
                self.views[usize::from(reader)] = State::EMPTY;
                None
            }
            Observation::Resumed { reader, view, .. } => {
                self.views[usize::from(reader)] = view;
                None
            }
            Observation::Called { reader, seen: CallSeen::Batch(batch), .. } => {
                let deltas = seen.deltas(&batch);
                deltas.iter().for_each(|delta| self.hash.add(delta));
                let view = &mut self.views[usize::from(reader)];
                for delta in deltas.iter().filter(|delta| delta.id.0 < 16) {
                    view.set(delta.id, (delta.change == Change::Changed).then_some(delta.value));
                }
                self.reference.batch(reader, &mut self.due);
                Some(Taken { reader, batch, deltas, due: &[] })
            }
            Observation::Called { seen: CallSeen::Waits | CallSeen::Nothing | CallSeen::Error(_), .. }
            | Observation::Committed { .. }
            | Observation::Rewound { .. }
            | Observation::Subscribed { .. }
            | Observation::Staged { .. }
            | Observation::LoadDone { .. }
            | Observation::Noticed { .. }
            | Observation::Marked { .. }
            | Observation::Stepped { .. }
            | Observation::Failed { .. }
            | Observation::TimedOut
            | Observation::Killed(_)
            | Observation::Now(_)
            | Observation::Unsubscribe { .. }
            | Observation::Subscribe { .. }
            | Observation::Load { .. }
            | Observation::Fetch { .. }
            | Observation::Ended(_)
            | Observation::Woken { .. }
            | Observation::WokenNobody
            | Observation::Dropped { .. }
            | Observation::Progressed { .. }
            | Observation::Stopped { .. }
            | Observation::Misanswered => None,
        }
    }
}

/// Whether the backing handed something over; nothing else reaches the store.
fn may_change_store(observation: &Observation) -> bool {
    matches!(
        observation,
        Observation::Staged { .. }
            | Observation::LoadDone { .. }
            | Observation::Stepped { .. }
            | Observation::Failed { .. }
    )
}

/// How far a watcher is behind.
pub(crate) fn backlog(reference: &Reference, reader: u8) -> u64 {
    match reference.watcher(reader).stage() {
        WatcherStage::Behind { cursor, .. } => reference.latest().0 - cursor,
        WatcherStage::None | WatcherStage::Fresh | WatcherStage::CaughtUp | WatcherStage::Ended(_) => 0,
    }
}
