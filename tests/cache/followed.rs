//! A real cache over real workers whose database fails at any point: every snapshot is the state after some commit, whole.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use multiwatcher::backing::FailureKind;
use multiwatcher::cache::{ModelCache, Snapshot, StringsWatcher};
use multiwatcher::driver::{Factory, OpenError};
use multiwatcher::machine::{EntityId, Filter, ModelId};
use proptest::prelude::*;

use super::common::{content, redis, settle, short};
use super::failing::Failing;

#[derive(Debug, Clone)]
enum Act {
    Commit(Vec<(u8, Option<u8>)>),
    /// The worker opens its backing again.
    Restart,
    /// The worker ends, and the factory starts another.
    Replace,
    Down(bool),
    Settle,
    Pass(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let commit = prop::collection::vec((0..6u8, prop::option::weighted(0.7, 0..3u8)), 1..4).prop_map(Act::Commit);
    let act = prop_oneof![
        6 => commit,
        1 => Just(Act::Restart),
        1 => Just(Act::Replace),
        1 => any::<bool>().prop_map(Act::Down),
        3 => Just(Act::Settle),
        2 => (1..600u64).prop_map(Act::Pass),
    ];
    prop::collection::vec(act, 0..40)
}

type State = BTreeMap<EntityId, String>;

struct World {
    failing: Failing,
    cache: ModelCache,
    watcher: StringsWatcher,
    history: Vec<State>,
    /// The fold of what the strings watcher told.
    view: State,
}

impl World {
    fn start() -> Self {
        let failing = Failing::new();
        let opened = failing.clone();
        let open = move || {
            let opened = opened.clone();
            async move { if opened.is_down() { Err(OpenError::failed("down")) } else { Ok(opened) } }
        };
        let cache = ModelCache::start(Factory::new(open, short()));
        let watcher = cache.strings(Filter::all_models());
        Self { failing, cache, watcher, history: vec![State::new()], view: State::new() }
    }

    fn commit(&mut self, changes: Vec<(u8, Option<u8>)>) {
        let mut state = self.history.last().unwrap().clone();
        let mut transaction = self.failing.database.transaction();
        for (number, value) in changes {
            let id = EntityId::new("unit", ModelId::from_u128(u128::from(number / 3)), number.to_string());
            transaction = match value {
                Some(value) => {
                    let json = redis(&value.to_string());
                    state.insert(id.clone(), json.to_string());
                    transaction.put(id, json)
                }
                None => {
                    state.remove(&id);
                    transaction.remove(id)
                }
            };
        }
        let position = transaction.commit();
        self.history.push(state);
        assert_eq!(usize::try_from(position.0).unwrap(), self.history.len() - 1);
    }

    /// What is held is the state after the commit at its position, and what the watcher was told leads there.
    async fn check(&mut self) {
        let next = tokio::time::timeout(Duration::ZERO, self.watcher.next()).await;
        let Some(snapshot) = self.cache.snapshot() else { return };
        self.is_whole(&snapshot);
        if let Ok(told) = next {
            let (ids, snapshot) = told.unwrap();
            let held = content(&snapshot);
            let ids: BTreeSet<_> = ids.into_iter().collect();
            for id in ids {
                match held.get(&id) {
                    Some(value) => self.view.insert(id, value.clone()),
                    None => self.view.remove(&id),
                };
            }
            assert_eq!(self.view, held, "an id changed and was not told");
        }
    }

    fn is_whole(&self, snapshot: &Snapshot) {
        let expected = &self.history[usize::try_from(snapshot.position().0).unwrap()];
        assert_eq!(&content(snapshot), expected, "at {:?}", snapshot.position());
    }
}

async fn run(acts: Vec<Act>) {
    let mut world = World::start();
    for act in acts {
        match act {
            Act::Commit(changes) => world.commit(changes),
            Act::Restart => world.failing.fail(FailureKind::Transient),
            Act::Replace => world.failing.fail(FailureKind::Permanent),
            Act::Down(is_down) => world.failing.down(is_down),
            Act::Settle => settle().await,
            Act::Pass(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        }
        world.check().await;
    }
    // Healed, it comes to hold what is there: within the longest waits of the cache, the factory and the worker.
    world.failing.down(false);
    world.cache.loaded().await.unwrap();
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.check().await;
    }
    let snapshot = world.cache.snapshot().unwrap();
    assert_eq!(&content(&snapshot), world.history.last().unwrap());
    let report = world.cache.report();
    assert!(report.is_caught_up && report.out_of_reach_for.is_none(), "{report:?}");
    world.cache.kill();
    world.cache.wait().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_snapshot_is_the_state_after_a_commit_whatever_fails(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(run(acts));
    }
}
