//! The moves of the exhaustive search, the scope they come from, and how the full comparison plays them.

use core::fmt;
use core::hash::{Hash, Hasher};

use xxhash_rust::xxh3::Xxh3;

use super::super::lockstep::Lockstep;
use super::super::observation::DeltaSeen;
use super::super::operation::Operation;
use super::super::promise::{Broken, Promise};
use super::super::readers::Status;
use super::super::regime::{Character, Regime};
use super::super::state::{Changes, IdSet, State};
use super::super::subject::{Fresh, Subject};
use super::super::universe::{FilterIx, IdIx, Shape, Val};
use super::super::world::World;
use super::Player;

/// One move of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// The backing commits this entity with this value; perhaps the one it has.
    Put(IdIx, Val),
    /// The backing commits that this entity is gone; perhaps it was.
    Del(IdIx),
    /// A reader's call is polled once, and dropped if it would wait.
    Next(u8),
    /// A reader stops.
    Stop(u8),
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = |ix: IdIx| char::from(b'x' + ix.0);
        let reader = |reader: u8| char::from(b'A' + reader);
        match *self {
            Self::Put(ix, value) => write!(f, "put {}={value}", id(ix)),
            Self::Del(ix) => write!(f, "del {}", id(ix)),
            Self::Next(number) => write!(f, "{}.next", reader(number)),
            Self::Stop(number) => write!(f, "{}.stop", reader(number)),
        }
    }
}

/// What the sequences are about.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The ids there are.
    pub shape: Shape,
    /// An entity has values 1 up to this one.
    pub values: u8,
    /// The watchers that are open at the start, by their filters.
    pub watchers: Vec<FilterIx>,
}

impl Scope {
    /// Two ids of one model, two values, two watchers of everything.
    pub fn two_by_two() -> Self {
        Self { shape: Shape { models: 1, kinds: 1, names: 2 }, values: 2, watchers: vec![FilterIx(0); 2] }
    }

    /// The same with a third watcher, which sees one of the two ids: they lie in two models.
    pub fn with_a_filtered_watcher() -> Self {
        let shape = Shape { models: 2, kinds: 1, names: 1 };
        Self { shape, values: 2, watchers: vec![FilterIx(0), FilterIx(0), FilterIx(1)] }
    }

    /// Every move, legal or not.
    pub fn moves(&self) -> impl Iterator<Item = Move> {
        let ids = || (0..self.shape.ids()).map(IdIx);
        let puts = ids().flat_map(|id| (1..=Val::from(self.values)).map(move |value| Move::Put(id, value)));
        let readers = 0..u8::try_from(self.watchers.len()).expect("a handful of watchers");
        puts.chain(ids().map(Move::Del)).chain(readers.clone().map(Move::Next)).chain(readers.map(Move::Stop))
    }

    /// The orders in which the readers read at the end: as they were opened, and the other way round.
    pub(super) fn orders(&self) -> [Vec<u8>; 2] {
        let forward: Vec<u8> = (0..u8::try_from(self.watchers.len()).expect("a handful of watchers")).collect();
        let backward = forward.iter().rev().copied().collect();
        [forward, backward]
    }

    /// What brings a new subject to the start: it follows an empty backing, and the watchers are open.
    pub(super) fn opening(&self) -> impl Iterator<Item = Operation> {
        let fetched = Operation::ReadFetch { fetch: 0, skip: 0, omit: IdSet::EMPTY, behind: 0 };
        let delivered = Operation::Deliver { flight: 0, keep: false };
        let following = [Operation::Accept, Operation::Subscribed, Operation::LoadDone, fetched, delivered];
        let opened = self.watchers.iter().zip(0u8..).map(|(&filter, reader)| Operation::Open { reader, filter });
        following.into_iter().chain(opened)
    }

    pub(super) fn regime(&self) -> Regime {
        let readers = vec![Character::Eager; self.watchers.len()];
        Regime { shape: self.shape, values: self.values, ..Regime::calm(1, &readers) }
    }
}

impl Move {
    /// The operations it is made of, those of its commit.
    pub(super) fn operations(self) -> Vec<Operation> {
        let changes = match self {
            Self::Put(ix, value) => change(ix, Some(value)),
            Self::Del(ix) => change(ix, None),
            Self::Next(reader) => return vec![Operation::Next { reader }],
            Self::Stop(reader) => return vec![Operation::Stop { reader }],
        };
        vec![
            Operation::Commit { changes, skip: 0 },
            Operation::Notice { ids: changes.ids, twice: false },
            Operation::ReadFetch { fetch: 0, skip: 0, omit: IdSet::EMPTY, behind: 0 },
            Operation::Deliver { flight: 0, keep: false },
        ]
    }
}

fn change(ix: IdIx, value: Option<Val>) -> Changes {
    let mut values = State::EMPTY;
    values.set(ix, value);
    Changes { ids: IdSet::one(ix), values }
}

/// The full comparison, as a player.
impl<S: Fresh + Clone> Lockstep<S> {
    /// A subject brought to the start of a search.
    pub fn opened(scope: &Scope) -> Result<Self, Broken> {
        let mut lockstep = Self::start(scope.regime())?.without_recounts();
        scope.opening().try_for_each(|operation| must(&mut lockstep, &operation))?;
        Ok(lockstep)
    }
}

impl<S: Subject + Clone> Player for Lockstep<S> {
    type Wrong = Broken;

    fn play(&mut self, step: Move) -> Result<(), Broken> {
        step.operations().iter().try_for_each(|operation| must(self, operation))?;
        drop_waiting(self.world(), step).map_or(Ok(()), |operation| must(self, &operation))?;
        self.shed();
        Ok(())
    }

    fn is_legal(&self, step: Move) -> bool {
        is_legal(self.world(), step)
    }

    fn read_out(&mut self, readers: &[u8]) -> Result<(), Broken> {
        self.recount()?;
        for &reader in readers {
            while is_legal(self.world(), Move::Next(reader)) && self.reads_on(reader)? {}
        }
        self.recount()?;
        let stage = self.world().stage();
        for (reader, number) in stage.readers().iter().zip(0u8..) {
            let due = stage.backing().latest().state.only(stage.universe().passing(reader.filter()));
            if reader.status() == Status::Open && reader.view() != due {
                let text = format!("reader {number} ends with {:?}, the backing has {due:?}", reader.view());
                return Err(Broken::new(Promise::Convergence, text));
            }
        }
        Ok(())
    }

    /// The subject's own, the store as it must be, and for each reader what it holds and what it must be told next. Nothing else
    /// of the history can show in an answer.
    fn fingerprint(&self) -> u128 {
        let mut hasher = Xxh3::new();
        let stage = self.world().stage();
        self.world().subject().fingerprint(stage.now()).hash(&mut hasher);
        self.reference().store().hash(&mut hasher);
        let mut told: Vec<DeltaSeen> = Vec::new();
        let mut revnos: Vec<_> = Vec::new();
        for (reader, number) in stage.readers().iter().zip(0u8..) {
            (reader.status(), reader.is_fresh(), reader.view()).hash(&mut hasher);
            if reader.status() == Status::Open {
                self.reference().batch(number, &mut told);
                for delta in &told {
                    (delta.id, delta.change, delta.value).hash(&mut hasher);
                    revnos.push(delta.revno);
                }
            }
        }
        let mut ranks = revnos.clone();
        ranks.sort_unstable();
        ranks.dedup();
        revnos.iter().for_each(|revno| ranks.partition_point(|other| other < revno).hash(&mut hasher));
        hasher.write_u8(0);
        hasher.digest128()
    }
}

impl<S: Subject + Clone> Lockstep<S> {
    /// Polls once; whether there was a batch is returned.
    fn reads_on(&mut self, reader: u8) -> Result<bool, Broken> {
        let before = self.world().stage().readers()[usize::from(reader)].batches();
        self.play(Move::Next(reader))?;
        Ok(self.world().stage().readers()[usize::from(reader)].batches() > before)
    }
}

/// An operation of a move is always possible; if it is not, something that should have been asked for was not.
fn must<S: Subject>(lockstep: &mut Lockstep<S>, operation: &Operation) -> Result<(), Broken> {
    if lockstep.apply(operation)? {
        return Ok(());
    }
    Err(Broken::new(Promise::NoSpinNoStall, format!("{operation:?} was not possible")))
}

pub(super) fn is_legal<S: Subject>(world: &World<S>, step: Move) -> bool {
    match step {
        Move::Put(..) | Move::Del(_) => true,
        Move::Next(reader) | Move::Stop(reader) => {
            world.stage().readers().get(usize::from(reader)).is_some_and(|reader| reader.status() == Status::Open)
        }
    }
}

/// After a poll that came to nothing: its call is dropped.
pub(super) fn drop_waiting<S: Subject>(world: &World<S>, step: Move) -> Option<Operation> {
    let Move::Next(reader) = step else { return None };
    let waits = !world.stage().readers()[usize::from(reader)].calls().is_empty();
    waits.then_some(Operation::Drop { reader, call: 0 })
}
