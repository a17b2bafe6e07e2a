//! A value of each kind that says something in every field, and something that nobody knows.

use super::super::EntityKind;

/// The id and the value.
pub(super) fn of(kind: EntityKind) -> (&'static str, &'static str) {
    match kind {
        EntityKind::Machine => ("0/lxd/1", MACHINE),
        EntityKind::Application => ("wiki", APPLICATION),
        EntityKind::Unit => ("wiki/0", UNIT),
        EntityKind::Relation => ("wiki:db redis:db", RELATION),
        EntityKind::Model => ("a0000000-0000-4000-8000-000000000002", MODEL),
        EntityKind::Annotation => ("application-wiki", ANNOTATION),
        EntityKind::Action => ("7", ACTION),
        EntityKind::Charm => ("ch:amd64/jammy/wiki-3", CHARM),
        EntityKind::RemoteApplication => ("mysql", REMOTE_APPLICATION),
        EntityKind::ApplicationOffer => ("wiki-page", APPLICATION_OFFER),
        EntityKind::Block => ("1", BLOCK),
        EntityKind::Branch => ("3", BRANCH),
    }
}

const MACHINE: &str = r#"{
    "x-rack": {"row": 7, "exact": 0.10000000000000000001}, "model-uuid": "a0000000-0000-4000-8000-000000000002",
    "id": "0/lxd/1", "instance-id": "juju-1", "agent-status": {"current": "started", "message": "up",
        "since": "2026-11-24T03:19:49.677082Z", "version": "3.6.0", "data": {"tries": 18446744073709551617}, "err": {"code": "x"}},
    "instance-status": {"current": "running", "message": "ACTIVE", "since": "2026-11-24T03:19:40Z", "version": "1", "x-zone": "b"},
    "life": "alive", "config": {"keep": null}, "series": "jammy", "base": "ubuntu@22.04", "container-type": "lxd",
    "supported-containers": ["lxd", "kvm"], "supported-containers-known": true,
    "hardware-characteristics": {"arch": "amd64", "mem": 18446744073709551615, "root-disk": 8192, "cpu-cores": 4, "cpu-power": 100,
        "root-disk-source": "ssd", "availability-zone": "b", "virt-type": "container", "tags": ["fast"], "x-gpu": 2},
    "charm-profiles": ["juju-default-wiki-1"], "jobs": ["JobHostUnits"],
    "addresses": [{"value": "10.0.0.7", "cidr": "10.0.0.0/24", "type": "ipv4", "scope": "local-cloud", "space-name": "alpha",
        "space-id": "0", "config-type": "dhcp", "is-secondary": true, "x-mac": "00:16:3e:00:00:01"}],
    "has-vote": true, "wants-vote": true, "hostname": "juju-1"
}"#;

const APPLICATION: &str = r#"{
    "model-uuid": "a0000000-0000-4000-8000-000000000002", "name": "wiki", "exposed": true, "charm-url": "ch:amd64/jammy/wiki-3",
    "owner-tag": "user-admin", "life": "dying", "min-units": 2,
    "constraints": {"arch": "amd64", "container": "lxd", "cores": 2, "cpu-power": 50, "mem": 4096, "root-disk": 8192,
        "root-disk-source": "ssd", "tags": ["fast"], "instance-role": "auto", "instance-type": "m1.large", "spaces": ["alpha", "^beta"],
        "virt-type": "virtual-machine", "zones": ["b"], "allocate-public-ip": true, "x-image": "id-1"},
    "config": {"title": "Wiki", "limit": 9007199254740993}, "subordinate": true,
    "status": {"current": "active", "message": "ready", "since": "2026-11-24T03:19:49.1Z", "version": ""}, "workload-version": "1.42",
    "x-team": "docs"
}"#;

const UNIT: &str = r#"{
    "model-uuid": "a0000000-0000-4000-8000-000000000002", "name": "wiki/0", "application": "wiki", "series": "jammy",
    "base": "ubuntu@22.04", "charm-url": "ch:amd64/jammy/wiki-3", "life": "alive", "public-address": "203.0.113.9",
    "private-address": "10.0.0.9", "machine-id": "0", "ports": [{"protocol": "tcp", "number": 80, "x-why": "http"}],
    "port-ranges": [{"from-port": 80, "to-port": 80, "protocol": "tcp", "x-why": "http"}], "principal": "redis/0",
    "subordinate": true, "workload-status": {"current": "active", "message": "", "since": "2026-11-24T03:19:49.677082001Z", "version": ""},
    "agent-status": {"current": "idle", "message": "", "since": "2026-11-24T03:19:48.357304Z", "version": "3.6.0"}, "x-pid": 42
}"#;

const RELATION: &str = r#"{
    "model-uuid": "a0000000-0000-4000-8000-000000000002", "key": "wiki:db redis:db", "id": 1, "x-cross": false,
    "endpoints": [
        {"application-name": "wiki", "x-side": 1, "relation": {"name": "db", "role": "requirer", "interface": "redis", "optional": true,
            "limit": 1, "scope": "global", "x-note": null}},
        {"application-name": "redis", "relation": {"name": "db", "role": "provider", "interface": "redis", "optional": false,
            "limit": 0, "scope": "global"}}
    ]
}"#;

const MODEL: &str = r#"{
    "model-uuid": "a0000000-0000-4000-8000-000000000002", "name": "prod", "life": "alive", "owner": "admin",
    "controller-uuid": "c0000000-0000-4000-8000-00000000000c", "is-controller": true,
    "config": {"agent-version": "3.6.0", "type": "lxd", "development": false}, "status": {"current": "available", "message": "",
        "since": "2026-11-24T03:19:49Z", "version": ""}, "constraints": {"mem": 1024}, "sla": {"level": "standard", "owner": "ops", "x-until": 2027},
    "x-region": "east"
}"#;

const ANNOTATION: &str = r#"{
    "model-uuid": "a0000000-0000-4000-8000-000000000002", "tag": "application-wiki", "annotations": {"gui-x": "10", "gui-y": ""},
    "x-by": "admin"
}"#;

const ACTION: &str = r#"{
    "model-uuid": "a0000000-0000-4000-8000-000000000002", "id": "7", "receiver": "wiki/0", "name": "backup",
    "parameters": {"target": "s3"}, "status": "completed", "message": "done", "enqueued": "2026-11-24T03:19:49.000000001Z",
    "started": "2026-11-24T03:19:50Z", "completed": "2026-11-24T03:19:51Z", "results": {"size": "10G"}, "x-log": []
}"#;

const CHARM: &str = r#"{
    "model-uuid": "a0000000-0000-4000-8000-000000000002", "charm-url": "ch:amd64/jammy/wiki-3", "charm-version": "2026-1",
    "life": "alive", "profile": {"config": {"security.nesting": "true"}, "description": "nested", "devices": {"tun": {"path": "/dev/net/tun"}},
        "x-p": 1}, "config": {"title": "Untitled"}, "x-channel": "stable"
}"#;

const REMOTE_APPLICATION: &str = r#"{
    "model-uuid": "a0000000-0000-4000-8000-000000000002", "name": "mysql", "offer-uuid": "f0000000-0000-4000-8000-000000000001",
    "offer-url": "other:admin/db.mysql", "life": "alive", "status": {"current": "active", "message": "", "version": ""}, "x-macaroon": "m"
}"#;

const APPLICATION_OFFER: &str = r#"{
    "model-uuid": "a0000000-0000-4000-8000-000000000002", "offer-name": "wiki-page", "offer-uuid": "f0000000-0000-4000-8000-000000000002",
    "application-name": "wiki", "charm-name": "wiki", "total-connected-count": 3, "active-connected-count": 2, "x-endpoints": ["website"]
}"#;

const BLOCK: &str = r#"{
    "model-uuid": "a0000000-0000-4000-8000-000000000002", "id": "1", "type": "BlockChange", "message": "frozen", "tag": "model-a0000000",
    "x-since": 1
}"#;

const BRANCH: &str = r#"{
    "model-uuid": "a0000000-0000-4000-8000-000000000002", "id": "3", "name": "trial", "assigned-units": {"wiki": ["wiki/0"]},
    "charm-config": {"wiki": [{"type": 1, "key": "title", "old": "Wiki", "new": 9007199254740993, "x-c": 1}]}, "created": 1795489189,
    "created-by": "admin", "completed": 1795489200, "completed-by": "ops", "generation-id": 5, "x-b": true
}"#;
