//! Golden files of a small model, whole and through patterns.

use std::sync::Arc;

use serde::Serialize;

use super::{Patterns, full_status, model_info, model_summary};
use crate::backing::Json;
use crate::cache::{CachedModel, Replica};
use crate::machine::{Batch, Change, Delta, EntityId, Epoch, ModelId, Position, Revno};

const MODEL: ModelId = ModelId::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0002);

/// A wiki with a subordinate logger on a host and in a container of it, a database of another model, an offer.
const ENTITIES: &[(&str, &str, &str)] = &[
    (
        "model",
        "a0000000-0000-4000-8000-000000000002",
        r#"{"name": "prod", "owner": "admin", "life": "alive", "controller-uuid":
        "c0000000-0000-4000-8000-00000000000c", "config": {"agent-version": "3.6.0", "type": "lxd"}, "cloud-tag": "cloud-lxd",
        "cloud-region": "east", "status": {"current": "available", "since": "2026-11-24T03:19:49Z"}, "sla": {"level": "standard"}}"#,
    ),
    (
        "machine",
        "0",
        r#"{"instance-id": "juju-0", "life": "alive", "base": "ubuntu@22.04", "agent-status": {"current": "started",
        "version": "3.6.0"}, "instance-status": {"current": "running"}, "hostname": "juju-0", "jobs": ["JobHostUnits"],
        "hardware-characteristics": {"arch": "amd64", "cpu-cores": 4, "mem": 8192}, "addresses": [{"value": "10.0.0.5", "type": "ipv4",
        "scope": "local-cloud"}, {"value": "203.0.113.5", "type": "ipv4", "scope": "public"}]}"#,
    ),
    (
        "machine",
        "0/lxd/0",
        r#"{"instance-id": "juju-0-lxd-0", "life": "alive", "base": "ubuntu@22.04", "container-type": "lxd",
        "agent-status": {"current": "started"}, "instance-status": {"current": "running"}, "hardware-characteristics": {"cpu-cores": 1}}"#,
    ),
    (
        "machine",
        "1",
        r#"{"life": "dying", "agent-status": {"current": "down"}, "instance-status": {"current": "error", "message": "quota"}}"#,
    ),
    ("charm", "ch:wiki-3", r#"{"charm-version": "2026-1"}"#),
    (
        "application",
        "wiki",
        r#"{"charm-url": "ch:wiki-3", "exposed": true, "life": "alive", "workload-version": "1.42"}"#,
    ),
    (
        "application",
        "logger",
        r#"{"charm-url": "ch:logger-1", "subordinate": true, "life": "dying", "status": {"current": "active"}}"#,
    ),
    ("application", "idle", r#"{"charm-url": "ch:idle-1"}"#),
    (
        "unit",
        "wiki/0",
        r#"{"application": "wiki", "machine-id": "0", "charm-url": "ch:wiki-3", "base": "ubuntu@22.04", "public-address":
        "203.0.113.5", "private-address": "10.0.0.5", "workload-status": {"current": "active", "message": "ready", "since": "2026-11-24T03:19:49.5Z"},
        "agent-status": {"current": "idle", "version": "3.6.0"}, "port-ranges": [{"from-port": 80, "to-port": 80, "protocol": "tcp"},
        {"from-port": 8000, "to-port": 8010, "protocol": "tcp"}]}"#,
    ),
    (
        "unit",
        "wiki/1",
        r#"{"application": "wiki", "machine-id": "0/lxd/0", "charm-url": "ch:wiki-2", "base": "ubuntu@22.04", "workload-status":
        {"current": "blocked", "message": "no database"}, "agent-status": {"current": "executing"}}"#,
    ),
    (
        "unit",
        "logger/0",
        r#"{"application": "logger", "principal": "wiki/0", "subordinate": true, "charm-url": "ch:logger-1",
        "workload-status": {"current": "active"}, "agent-status": {"current": "idle"}}"#,
    ),
    (
        "relation",
        "wiki:log logger:log",
        r#"{"id": 2, "endpoints": [{"application-name": "wiki", "relation": {"name": "log", "role": "provider",
        "interface": "log", "scope": "global"}}, {"application-name": "logger", "relation": {"name": "log", "role": "requirer", "interface": "log",
        "scope": "container"}}]}"#,
    ),
    (
        "relation",
        "wiki:db mysql:db",
        r#"{"id": 1, "endpoints": [{"application-name": "wiki", "relation": {"name": "db", "role": "requirer",
        "interface": "mysql", "scope": "global"}}, {"application-name": "mysql", "relation": {"name": "db", "role": "provider", "interface": "mysql",
        "scope": "global"}}]}"#,
    ),
    (
        "relation",
        "wiki:peers",
        r#"{"id": 0, "endpoints": [{"application-name": "wiki", "relation": {"name": "peers", "role": "peer",
        "interface": "peers", "scope": "global"}}]}"#,
    ),
    (
        "remoteApplication",
        "mysql",
        r#"{"offer-url": "other:admin/db.mysql", "life": "alive", "status": {"current": "active"}}"#,
    ),
    (
        "applicationOffer",
        "wiki-page",
        r#"{"application-name": "wiki", "charm-name": "wiki", "total-connected-count": 3}"#,
    ),
    (
        "branch",
        "3",
        r#"{"name": "trial", "created": 1795489189, "created-by": "admin", "assigned-units": {"wiki": ["wiki/0"]}}"#,
    ),
    ("branch", "2", r#"{"name": "old", "created": 1, "completed": 2}"#),
];

fn model() -> CachedModel {
    let delta = |&(kind, id, json): &(&str, &str, &str)| {
        let json: Json = json.parse().unwrap();
        Delta::new(EntityId::new(kind, MODEL, id), Revno(1), Change::Changed, Arc::new(json))
    };
    let mut replica = Replica::new();
    let feed = replica.open();
    let batch = Batch::new(Revno(1), Position(1), ENTITIES.iter().map(delta).collect());
    replica.apply(feed, Epoch(1), &batch).unwrap();
    let model = replica.snapshot().unwrap().model(MODEL).unwrap();
    model.check();
    assert_eq!(model.broken().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    model
}

fn pretty(answer: &impl Serialize) -> String {
    serde_json::to_string_pretty(answer).unwrap()
}

fn status(patterns: &[&str]) -> super::FullStatus {
    let now = Some("2026-11-24T03:20:00Z".parse().unwrap());
    full_status(&model(), &Patterns::new(patterns).unwrap(), now)
}

#[test]
fn the_full_status_of_a_model() {
    insta::assert_snapshot!(pretty(&status(&[])));
}

#[test]
fn a_models_info() {
    insta::assert_snapshot!(pretty(&model_info(&model()).unwrap()));
}

#[test]
fn a_models_summary() {
    insta::assert_snapshot!(pretty(&model_summary(&model()).unwrap()));
}

/// What a status shows, in short.
fn shown(patterns: &[&str]) -> String {
    let status = status(patterns);
    let mut shown = Vec::new();
    for (id, machine) in &status.machines {
        shown.push(id.clone());
        shown.extend(machine.containers.keys().cloned());
    }
    for (name, application) in &status.applications {
        shown.push(name.clone());
        for (unit, status) in &application.units {
            shown.push(unit.clone());
            shown.extend(status.subordinates.keys().cloned());
        }
    }
    shown.extend(status.relations.iter().map(|relation| format!("r{}", relation.id)));
    shown.extend(status.remote_applications.keys().map(|name| format!("@{name}")));
    shown.extend(status.offers.keys().map(|name| format!("offer {name}")));
    shown.join(" ")
}

#[test]
fn patterns_find_what_belongs_together() {
    let found: Vec<_> = [
        &["wiki"][..],
        &["wiki/1"],
        &["logger"],
        &["WIKI/*"],
        &["0"],
        &["0/lxd/*"],
        &["1"],
        &["blocked"],
        &["down", "idle"],
        &["nothing"],
        &["w*"],
        &["*"],
    ]
    .into_iter()
    .map(|patterns| format!("{}: {}", patterns.join(" "), shown(patterns)))
    .collect();
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn a_bad_pattern_is_refused() {
    let error = Patterns::new(["web", "[a"]).unwrap_err();
    assert!(error.to_string().starts_with("expected a pattern such as web*, got \"[a\": "), "{error}");
}

#[test]
fn patterns_are_bounded_in_number_and_length() {
    let text = |patterns: &[String]| Patterns::new(patterns).unwrap_err().to_string();
    let long = "x".repeat(Patterns::LONGEST);
    assert_eq!(Patterns::new(vec![&long; Patterns::MOST]).unwrap().len(), Patterns::MOST);
    assert_eq!(text(&[long.clone() + "x"]), "expected a pattern of at most 128 bytes, got one of 129");
    assert_eq!(text(&vec![long; Patterns::MOST + 1]), "expected at most 32 patterns");
}
