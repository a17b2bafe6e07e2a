//! The reference model: what the promises demand of a run, from its observations alone.
//!
//! It keeps the backing's commits itself and the whole history of the store by revno. It is told which hand-over arrived,
//! decides by its own copy of the rules whether that counts, and then takes the state from its own commits, never from the
//! values handed over. A watcher is computed from that history and from its own calls. Nothing is coalesced, shared or forgotten,
//! so there is little to get wrong: no tombstones, no orders by revno, no cohorts.

mod connection;
mod fingerprint;
mod history;
mod places;
mod report;
mod rules;
mod watchers;

use super::observation::{DeltaSeen, How};
use super::party::Party;
use super::promise::{Broken, Promise};
use super::regime::Regime;
use super::state::{IdSet, State};
use super::universe::{FilterIx, Universe};
use crate::machine::{Cause, Config, Dropped, Identity, Phase, Position, Revno, Time, Watchers};
pub use connection::Stage as ConnectionStage;
use connection::{Connection, Stage};
use history::History;
use places::Places;
pub use watchers::{Expected, Watcher, WatcherStage};

/// The reference model. [`see`](Self::see) it everything in order, then [`settle`](Self::settle) after each operation.
#[derive(Debug, Clone)]
pub struct Reference {
    config: Config,
    passing: Vec<IdSet>,
    /// B at every entry of the backing's log.
    log: Vec<State>,
    /// The position of its latest entry.
    top: Position,
    history: History,
    places: Places,
    connection: Connection,
    watchers: Vec<Watcher>,
    loaded: bool,
    ended: Option<Cause>,
    now: Time,
    owed: Owed,
}

/// What the subject must still ask for in this operation.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "five requests, each owed or not, in any combination")]
struct Owed {
    unsubscribe: bool,
    subscribe: bool,
    load: bool,
    ended: bool,
    /// Something happened after which a fetch that can be made must be made.
    asks: bool,
    wakes: Vec<u32>,
}

impl Reference {
    /// The model of a run, before anything was seen of it.
    pub fn new(regime: &Regime, universe: &Universe) -> Self {
        let mut reference = Self {
            config: regime.config.clone(),
            passing: Vec::new(),
            log: Vec::with_capacity(256),
            top: Position(0),
            history: History::new(),
            places: Places::new(),
            connection: Connection::new(regime.config.clone()),
            watchers: (0..Party::READERS).map(|_| Watcher::new()).collect(),
            loaded: false,
            ended: None,
            now: Time::ZERO,
            owed: Owed::default(),
        };
        reference.reset(regime, universe);
        reference
    }

    /// The model of another run, with the same buffers.
    pub fn reset(&mut self, regime: &Regime, universe: &Universe) {
        self.config.clone_from(&regime.config);
        self.passing.clear();
        self.passing.extend((0..universe.filters()).map(|filter| universe.passing(FilterIx(filter))));
        self.log.clear();
        self.log.push(State::EMPTY);
        self.top = Position(0);
        self.history.reset();
        self.places.reset();
        self.connection = Connection::new(regime.config.clone());
        self.watchers.iter_mut().for_each(Watcher::reset);
        (self.loaded, self.ended, self.now) = (false, None, Time::ZERO);
        self.owed.wakes.clear();
        self.connection.open(Time::ZERO);
        self.owed = Owed { subscribe: true, wakes: core::mem::take(&mut self.owed.wakes), ..Owed::default() };
    }

    /// The store's latest revno.
    pub fn latest(&self) -> Revno {
        Revno(self.history.latest())
    }

    /// The oldest revno to resume from.
    pub fn oldest(&self) -> Revno {
        Revno(self.history.latest().saturating_sub(self.config.window))
    }

    /// Where the store stands.
    pub fn position(&self) -> Position {
        self.history.position
    }

    /// Which backing it follows, and which past of it.
    pub fn followed(&self) -> Option<Identity> {
        self.places.backing
    }

    /// What the store holds.
    pub fn store(&self) -> State {
        self.history.now()
    }

    /// S(r), for any revno there has been.
    pub fn state(&self, revno: Revno) -> State {
        self.history.at(revno.0)
    }

    /// B at the latest entry of the backing's log.
    pub fn backing(&self) -> State {
        *self.log.last().expect("the beginning is an entry")
    }

    /// The ids in quarantine.
    pub fn quarantined(&self) -> IdSet {
        self.connection.quarantine
    }

    /// Ids queued for the next fetch.
    pub fn queued(&self) -> IdSet {
        self.connection.queue
    }

    /// What the connection is doing.
    pub fn connection(&self) -> ConnectionStage {
        self.connection.stage
    }

    /// The same, as a report puts it.
    pub fn phase(&self) -> Phase {
        match self.connection.stage {
            Stage::Waiting { .. } => Phase::Waiting,
            Stage::Subscribing { .. } => Phase::Subscribing,
            Stage::Loading { .. } => Phase::Loading,
            Stage::Completing { .. } => Phase::Completing,
            Stage::Following { .. } => Phase::Following,
            Stage::Ended => Phase::Ended,
        }
    }

    /// Whether a load or a fetch is under way.
    pub fn is_asking(&self) -> bool {
        matches!(self.connection.stage, Stage::Loading { .. }) || self.connection.asked.is_some()
    }

    /// The newest generation.
    pub fn generation(&self) -> u32 {
        self.connection.generation
    }

    /// Since when the backing has been out of reach.
    pub fn out_of_reach_since(&self) -> Option<Time> {
        self.connection.out_of_reach_since
    }

    /// Failures of the backing.
    pub fn failures(&self) -> u64 {
        self.connection.failures
    }

    /// What was sent and must not have been taken. Of repeats, those that held nothing of use.
    pub fn dropped(&self) -> Dropped {
        self.connection.dropped
    }

    /// Why the machine has ended, if it has.
    pub fn ended(&self) -> Option<Cause> {
        self.ended
    }

    /// Whether a first load has finished.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// This reader's watcher.
    pub fn watcher(&self, reader: u8) -> &Watcher {
        &self.watchers[usize::from(reader)]
    }

    /// What a poll must come to.
    pub fn expect(&self, reader: u8, how: How) -> Expected {
        self.watchers[usize::from(reader)].expect(how, self.loaded)
    }

    /// The deltas of this reader's next batch, in order; empty if nothing is pending. Written over what `into` held.
    pub fn batch(&self, reader: u8, into: &mut Vec<DeltaSeen>) {
        self.watchers[usize::from(reader)].batch(&self.history, into);
    }

    /// The distinct ids a batch taken now may tell of at most.
    pub fn changed_since_cursor(&self, reader: u8) -> usize {
        let watcher = &self.watchers[usize::from(reader)];
        match watcher.stage {
            WatcherStage::Fresh => self.history.now().alive().and(watcher.ids).len() as usize,
            WatcherStage::Behind { cursor, .. } => self.history.changed_since(watcher.ids, cursor),
            WatcherStage::None | WatcherStage::CaughtUp | WatcherStage::Ended(_) => 0,
        }
    }

    /// How many tombstones there must be: dead ids that some watcher still holds, or that the resume window holds.
    pub fn tombstones(&self) -> u32 {
        let dead = self.history.dead();
        if dead.is_empty() {
            return 0;
        }
        let mut owed = self.history.died_after(self.oldest().0);
        for watcher in &self.watchers {
            if let WatcherStage::Behind { cursor, .. } = watcher.stage {
                owed = owed.or(self.history.at(cursor).alive().and(watcher.ids).and(dead));
            }
        }
        owed.len()
    }

    /// How many watchers there must be in each state.
    pub fn census(&self) -> Watchers {
        // Eight bits for each stage: no branch, which nobody could predict, and no memory in between.
        let packed = self.watchers.iter().fold(0u64, |packed, watcher| packed + (1 << (8 * watcher.stage.number())));
        let [_, fresh, caught_up, behind, ended, ..] = packed.to_le_bytes().map(usize::from);
        Watchers { fresh, caught_up, behind, ended }
    }

    /// How many calls must be pending.
    pub fn calls(&self) -> usize {
        self.watchers.iter().map(|watcher| watcher.line.len()).sum()
    }

    /// How many batches may be kept at most: those that a call in line can still take, so at most one for each watcher with such a
    /// call. A batch of an earlier revno is of no use to anybody.
    pub fn shareable_batches(&self) -> usize {
        self.watchers.iter().filter(|watcher| watcher.shares).count()
    }

    /// After an operation: everything that had to be asked for has been. `is_idle` says that the subject has no task that will
    /// still be polled; while it has one, it owes readers their wake-ups and the backing nothing.
    pub fn settle(&mut self, is_idle: bool) -> Result<(), Broken> {
        let owed = &self.owed;
        if let Some(call) = owed.wakes.first() {
            return Err(Broken::new(Promise::Convergence, format!("call {call} was not woken")));
        }
        if !is_idle {
            return Ok(());
        }
        let stall = |text: &str| Err(Broken::new(Promise::NoSpinNoStall, text));
        if owed.unsubscribe || owed.ended {
            return stall("the backing failed, or the machine was to end, and it went on");
        }
        if owed.subscribe {
            return stall("the back-off was over, and the machine did not subscribe");
        }
        if owed.load {
            return stall("the subscription stood, and the machine did not load");
        }
        if owed.asks && self.connection.may_ask(self.now) {
            return stall("there was reason to fetch, nothing in the way, and no fetch was made");
        }
        self.owed.asks = false;
        Ok(())
    }
}
