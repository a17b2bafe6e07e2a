//! Typed reads, what leads from one entity to others, snapshots, and what cannot be read.

use std::sync::Arc;

use multiwatcher::backing::Json;
use multiwatcher::cache::entities::EntityKind;
use multiwatcher::cache::{CachedModel, Of, Replica};
use multiwatcher::machine::{Batch, Change, Delta, EntityId, Epoch, Position, Revno};

use super::common::{json, model, redis, settle, start, unit};

/// A replica that is told one change after the other.
struct Told {
    replica: Replica,
    feed: multiwatcher::cache::Feed,
    revno: u64,
}

impl Told {
    fn new() -> Self {
        let mut replica = Replica::new();
        let feed = replica.open();
        let mut told = Self { replica, feed, revno: 0 };
        told.apply(Vec::new());
        told
    }

    fn apply(&mut self, deltas: Vec<Delta<Json>>) {
        let batch = Batch::new(Revno(self.revno), Position(self.revno), deltas);
        self.replica.apply(self.feed, Epoch(1), &batch).unwrap();
        self.revno += 1;
    }

    fn put(&mut self, kind: &str, id: &str, text: &str) {
        let id = EntityId::new(kind, model(1), id);
        self.apply(vec![Delta::new(id, Revno(self.revno), Change::Changed, Arc::new(json(text)))]);
    }

    fn remove(&mut self, kind: &str, id: &str) {
        let id = EntityId::new(kind, model(1), id);
        self.apply(vec![Delta::new(id, Revno(self.revno), Change::Removed, Arc::new(json("{}")))]);
    }

    fn model(&self) -> CachedModel {
        self.replica.snapshot().unwrap().model(model(1)).unwrap()
    }
}

fn names<'a, T: multiwatcher::cache::entities::Typed + 'a>(list: impl Iterator<Item = &'a T>) -> Vec<String> {
    list.map(|it| it.key().into_owned()).collect()
}

#[test]
fn entities_lead_to_each_other_and_follow_when_they_change() {
    let mut told = Told::new();
    told.put("unit", "wiki/0", r#"{"application": "wiki", "machine-id": "0"}"#);
    told.put("unit", "wiki/1", r#"{"application": "wiki", "machine-id": "0/lxd/1"}"#);
    told.put("unit", "log/0", r#"{"application": "log", "principal": "wiki/0", "subordinate": true}"#);
    told.put("machine", "0", "{}");
    told.put("machine", "0/lxd/1", "{}");
    told.put("application", "wiki", r#"{"charm-url": "ch:wiki-1"}"#);
    told.put("charm", "ch:wiki-1", "{}");
    told.put(
        "relation",
        "wiki:peers",
        r#"{"id": 3, "endpoints": [{"application-name": "wiki"}, {"application-name": "wiki"}]}"#,
    );
    told.put("applicationOffer", "page", r#"{"application-name": "wiki"}"#);
    told.put("action", "7", r#"{"receiver": "wiki/0"}"#);
    told.put("annotation", "unit-wiki-0", r#"{"annotations": {"x": "1"}}"#);

    let model = told.model();
    assert_eq!(names(model.units_of("wiki")), ["wiki/0", "wiki/1"]);
    assert_eq!(names(model.units_of("wik")), [""; 0]);
    assert_eq!(names(model.units_on("0")), ["wiki/0"]);
    assert_eq!(names(model.containers_of("0")), ["0/lxd/1"]);
    assert_eq!(names(model.subordinates_of("wiki/0")), ["log/0"]);
    assert_eq!(names(model.relations_of("wiki")), ["wiki:peers"], "a relation with itself is one");
    assert_eq!(names(model.offers_of("wiki")), ["page"]);
    assert_eq!(names(model.actions_of("wiki/0")), ["7"]);
    assert_eq!(names(model.applications_of_charm("ch:wiki-1")), ["wiki"]);
    assert_eq!(model.relation_by_id(3).unwrap().key, "wiki:peers");
    let log = model.unit("log/0").unwrap();
    assert_eq!(model.principal_of(log).unwrap().name, "wiki/0");
    assert_eq!(model.machine_of(log).unwrap().id, "0", "it is where its principal is");
    assert!(model.application_of(log).is_none(), "that one is not there");
    let wiki = model.application_of(model.unit("wiki/0").unwrap()).unwrap();
    assert_eq!(model.charm_of(wiki).unwrap().charm_url, "ch:wiki-1");
    assert!(model.annotations_of(EntityKind::Unit, "wiki/0").is_some());

    told.put("unit", "wiki/0", r#"{"application": "wiki", "machine-id": "1"}"#);
    told.remove("unit", "wiki/1");
    let later = told.model();
    assert_eq!(names(later.units_on("0")), [""; 0]);
    assert_eq!(names(later.units_on("1")), ["wiki/0"]);
    assert_eq!(names(later.units_of("wiki")), ["wiki/0"]);
    assert_eq!(names(model.units_on("0")), ["wiki/0"], "the earlier moment is as it was");
}

#[test]
fn what_cannot_be_read_is_kept_with_its_error_and_is_nowhere_stale() {
    let mut told = Told::new();
    told.put("unit", "wiki/0", r#"{"application": "wiki", "workload-status": {"current": "active"}}"#);
    told.put("unit", "wiki/0", r#"{"application": "wiki", "workload-status": 7}"#);
    told.put("secret", "s", "[1, 2]");
    let model = told.model();
    assert!(model.unit("wiki/0").is_none(), "its last good value is no longer true");
    assert_eq!((names(model.units()), names(model.units_of("wiki"))), (vec![], vec![]));
    let held = model.entity("unit", "wiki/0").unwrap();
    assert_eq!(held.json().as_str(), r#"{"application": "wiki", "workload-status": 7}"#);
    assert_eq!(held.entity().unwrap_err().field(), "workload-status");
    assert_eq!(model.broken().count(), 1);
    assert_eq!((model.counts().broken, model.counts().of(EntityKind::Unit)), (1, 1));
    let secret = model.entity("secret", "s").unwrap();
    assert_eq!((secret.entity(), secret.json().as_str()), (Ok(None), "[1, 2]"));

    told.put("unit", "wiki/0", r#"{"application": "wiki"}"#);
    let model = told.model();
    assert_eq!((model.broken().count(), model.counts().broken), (0, 0));
    assert_eq!(names(model.units_of("wiki")), ["wiki/0"]);
}

#[test]
fn counts_follow() {
    let mut told = Told::new();
    told.put(
        "machine",
        "0",
        r#"{"life": "alive", "hardware-characteristics": {"cpu-cores": 4}, "agent-status": {"current": "started"}}"#,
    );
    told.put(
        "machine",
        "1",
        r#"{"life": "dying", "hardware-characteristics": {"cpu-cores": 2}, "agent-status": {"current": "down"}}"#,
    );
    told.put("unit", "a/0", r#"{"workload-status": {"current": "active"}}"#);
    told.put("unit", "a/1", r#"{"workload-status": {"current": "active"}}"#);
    let statuses = |model: &CachedModel, of| {
        model.counts().statuses(of).map(|(status, count)| format!("{status}={count}")).collect::<Vec<_>>()
    };
    let model = told.model();
    assert_eq!((model.counts().machines, model.counts().cores, model.counts().of(EntityKind::Unit)), (1, 4, 2));
    assert_eq!(statuses(&model, Of::UnitWorkload), ["active=2"]);
    assert_eq!(statuses(&model, Of::MachineAgent), ["down=1", "started=1"]);
    told.put("unit", "a/1", r#"{"workload-status": {"current": "error"}}"#);
    told.remove("machine", "0");
    let model = told.model();
    assert_eq!((model.counts().machines, model.counts().cores), (0, 0));
    assert_eq!(statuses(&model, Of::UnitWorkload), ["active=1", "error=1"]);
    assert_eq!(statuses(&model, Of::MachineAgent), ["down=1"]);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_stays_as_it_was_and_holds_no_half_commit() {
    let (database, _worker, cache) = start();
    database.transaction().put(unit("redis/0"), redis("active")).put(unit("redis/1"), redis("active")).commit();
    let before = cache.loaded().await.unwrap();
    database.transaction().put(unit("redis/0"), redis("error")).remove(unit("redis/1")).commit();
    settle().await;
    let after = cache.snapshot().unwrap();
    assert!(before.revno() < after.revno());
    let statuses = |snapshot: &multiwatcher::cache::Snapshot| {
        let model = snapshot.model(model(1)).unwrap();
        model.units().map(|unit| format!("{} {}", unit.name, unit.workload_status.current)).collect::<Vec<_>>()
    };
    assert_eq!(statuses(&before), ["redis/0 active", "redis/1 active"]);
    assert_eq!(statuses(&after), ["redis/0 error"]);
    database.remove(unit("redis/0"));
    settle().await;
    assert!(
        cache.snapshot().unwrap().is_empty() && cache.model(model(1)).is_none(),
        "a model without anything is gone"
    );
}
