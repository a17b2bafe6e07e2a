//! Nothing that lives is evicted and nothing that died stays, whenever a multiwatcher is replaced: the cache's pure part against the
//! commits, and a bent one that marks and sweeps (Z22), which the same property finds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use multiwatcher::backing::Json;
use multiwatcher::cache::{Feed, Replica};
use multiwatcher::machine::{Batch, Change, Delta, EntityId, Epoch, ModelId, Position, Revno};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

type State = BTreeMap<EntityId, String>;

/// A cache that is fed by one multiwatcher after the other.
trait Subject: Default {
    /// Another multiwatcher, the first batch of which will be the whole state.
    fn open(&mut self, epoch: u128);
    /// A batch of the multiwatcher of this epoch.
    fn apply(&mut self, epoch: u128, batch: &Batch<Json>);
    /// What it holds; `None` before there was anything.
    fn content(&self) -> Option<State>;
}

#[derive(Default)]
struct Real {
    replica: Replica,
    feeds: BTreeMap<u128, Feed>,
}

impl Subject for Real {
    fn open(&mut self, epoch: u128) {
        self.feeds.insert(epoch, self.replica.open());
    }

    fn apply(&mut self, epoch: u128, batch: &Batch<Json>) {
        let before = self.content().unwrap_or_default();
        let Some(changes) = self.replica.apply(self.feeds[&epoch], Epoch(epoch), batch) else { return };
        let told: BTreeSet<_> = changes.ids().cloned().collect();
        let after = self.content().unwrap();
        for id in before.keys().chain(after.keys()) {
            assert!(before.get(id) == after.get(id) || told.contains(id), "{id} changed and nobody is told");
        }
        assert_eq!(changes.ids().count(), told.len(), "an id is told once");
        let snapshot = self.replica.snapshot().unwrap();
        assert_eq!((snapshot.revno(), snapshot.epoch()), (batch.revno(), Epoch(epoch)));
        assert_eq!(snapshot.len(), after.len());
    }

    fn content(&self) -> Option<State> {
        let held = self.replica.snapshot()?.entities();
        Some(held.map(|held| (held.id().clone(), held.json().to_string())).collect())
    }
}

/// Marks everything when a multiwatcher is replaced, and sweeps what is still marked at the end of the next batch, whoever's it is.
#[derive(Default)]
struct MarkAndSweep {
    held: BTreeMap<EntityId, (String, bool)>,
    marked: bool,
    began: bool,
}

impl Subject for MarkAndSweep {
    fn open(&mut self, _: u128) {
        self.held.values_mut().for_each(|(_, mark)| *mark = true);
        self.marked = true;
    }

    fn apply(&mut self, _: u128, batch: &Batch<Json>) {
        for delta in batch.deltas() {
            match delta.change() {
                Change::Changed => self.held.insert(delta.id().clone(), (delta.value().to_string(), false)),
                Change::Removed => self.held.remove(delta.id()),
            };
        }
        if std::mem::take(&mut self.marked) {
            self.held.retain(|_, (_, mark)| !*mark);
        }
        self.began = true;
    }

    fn content(&self) -> Option<State> {
        self.began.then(|| self.held.iter().map(|(id, (value, _))| (id.clone(), value.clone())).collect())
    }
}

#[derive(Debug, Clone)]
enum Act {
    /// A commit: to each of these ids a value, or none.
    Commit(Vec<(u8, Option<u8>)>),
    /// The multiwatcher's call is answered; the batch is on its way.
    Take,
    /// The oldest batch that is on its way arrives.
    Arrive,
    /// The worker ends; another multiwatcher is opened. What is on its way still arrives.
    Replace,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let commit = prop::collection::vec((0..6u8, prop::option::weighted(0.7, 0..3u8)), 1..4).prop_map(Act::Commit);
    prop::collection::vec(
        prop_oneof![4 => commit, 3 => Just(Act::Take), 3 => Just(Act::Arrive), 1 => Just(Act::Replace)],
        0..40,
    )
}

fn id(number: u8) -> EntityId {
    EntityId::new(
        ["unit", "machine", "secret"][usize::from(number) % 3],
        ModelId::from_u128(u128::from(number) / 3),
        number.to_string(),
    )
}

/// A worker as its multiwatcher knows it: the commits, and where the multiwatcher's cursor stands. Each commit is a position.
struct World<S> {
    subject: S,
    history: Vec<State>,
    touched: Vec<BTreeSet<EntityId>>,
    epoch: u128,
    /// How many commits there were when the worker started: its revno 0.
    started: usize,
    cursor: Option<usize>,
    under_way: Vec<(u128, Batch<Json>, usize)>,
    /// The commit whose state the subject must hold.
    expected: Option<usize>,
}

impl<S: Subject> World<S> {
    fn new() -> Self {
        let mut subject = S::default();
        subject.open(1);
        Self {
            subject,
            history: vec![State::new()],
            touched: vec![BTreeSet::new()],
            epoch: 1,
            started: 0,
            cursor: None,
            under_way: Vec::new(),
            expected: None,
        }
    }

    fn act(&mut self, act: Act) -> Result<(), String> {
        match act {
            Act::Commit(changes) => self.commit(changes),
            Act::Take => self.take(),
            Act::Replace => {
                self.epoch += 1;
                (self.started, self.cursor) = (self.history.len() - 1, None);
                self.subject.open(self.epoch);
            }
            Act::Arrive if self.under_way.is_empty() => {}
            Act::Arrive => {
                let (epoch, batch, to) = self.under_way.remove(0);
                self.subject.apply(epoch, &batch);
                // What an old one says late is true of the past. The state must be the one before, or all that it brings.
                if epoch == self.epoch {
                    self.expected = Some(to);
                }
            }
        }
        let expected = self.expected.map(|commit| &self.history[commit]);
        let held = self.subject.content();
        if held.as_ref() == expected { Ok(()) } else { Err(format!("holds {held:?}\nexpected {expected:?}")) }
    }

    fn commit(&mut self, changes: Vec<(u8, Option<u8>)>) {
        let mut state = self.history.last().unwrap().clone();
        let mut touched = BTreeSet::new();
        for (number, value) in changes {
            let id = id(number);
            let before = match value {
                // A unit may say nonsense, which is kept as it is.
                Some(value) => state.insert(
                    id.clone(),
                    format!(r#"{{"application":"{value}","life":{}}}"#, ["\"\"", "7", "\"dead\""][usize::from(value)]),
                ),
                None => state.remove(&id),
            };
            if before.as_ref() != state.get(&id) {
                touched.insert(id);
            }
        }
        self.history.push(state);
        self.touched.push(touched);
    }

    fn take(&mut self) {
        let now = self.history.len() - 1;
        let (state, revno) = (&self.history[now], Revno(u64::try_from(now - self.started).unwrap()));
        let changed = |id: &EntityId, value: &String| {
            Delta::new(id.clone(), revno, Change::Changed, Arc::new(value.parse().unwrap()))
        };
        let deltas: Vec<_> = match self.cursor {
            None => state.iter().map(|(id, value)| changed(id, value)).collect(),
            Some(cursor) => {
                let ids: BTreeSet<_> = self.touched[cursor + 1..].iter().flatten().collect();
                let held = &self.history[cursor];
                let delta = |id: &EntityId| match (state.get(id), held.get(id)) {
                    (Some(value), _) => Some(changed(id, value)),
                    (None, Some(last)) => {
                        Some(Delta::new(id.clone(), revno, Change::Removed, Arc::new(last.parse().unwrap())))
                    }
                    (None, None) => None,
                };
                ids.into_iter().filter_map(delta).collect()
            }
        };
        if self.cursor.is_none() || !deltas.is_empty() {
            self.cursor = Some(now);
            let position = Position(u64::try_from(now).unwrap());
            self.under_way.push((self.epoch, Batch::new(revno, position, deltas), now));
        }
    }
}

fn holds<S: Subject>(cases: u32) -> Result<(), TestError<Vec<Act>>> {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, deterministic()).run(&acts(), |acts| {
        let mut world = World::<S>::new();
        for act in acts {
            world.act(act).map_err(TestCaseError::fail)?;
        }
        Ok(())
    })
}

fn deterministic() -> proptest::test_runner::TestRng {
    proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha)
}

#[test]
fn what_is_held_is_what_was_committed_however_multiwatchers_are_replaced() {
    if let Err(error) = holds::<Real>(3000) {
        panic!("{error}");
    }
}

#[test]
fn a_cache_that_sweeps_at_the_end_of_an_old_batch_is_found() {
    let error = holds::<MarkAndSweep>(3000).expect_err("it evicts what lives");
    let TestError::Fail(reason, acts) = error else { panic!("{error}") };
    assert!(reason.to_string().contains("holds"), "{reason}");
    // The shortest story: something is held, the worker is replaced, a batch of the old one arrives.
    assert!(acts.iter().any(|act| matches!(act, Act::Replace)), "{acts:?}");
    assert!(acts.len() <= 7, "{acts:?}");
}
