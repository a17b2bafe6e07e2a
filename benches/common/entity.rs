//! The entity that every figure is about: 23 fields in the shape of a Juju unit, text as `String`, two statuses, a map of
//! three, lists of two. The Go original of this shape takes about 1.4 KB; this one's size is printed with the memory figures.
//!
//! Equality is derived, so it compares field by field in the order they stand here: a difference in `life` is found early,
//! one in `workload_version` after everything else was found equal.

use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entity {
    model_uuid: String,
    name: String,
    life: String,
    application: String,
    charm_url: String,
    series: String,
    base: String,
    public_address: String,
    private_address: String,
    machine_id: String,
    principal: String,
    subordinate: bool,
    leader: bool,
    ports: Vec<Port>,
    port_ranges: Vec<PortRange>,
    workload_status: Status,
    agent_status: Status,
    annotations: BTreeMap<String, String>,
    tags: Vec<String>,
    hostname: String,
    provider_id: String,
    constraints: String,
    workload_version: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Status {
    current: String,
    message: String,
    version: String,
    /// Since the Unix epoch.
    since: Option<Duration>,
    data: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Port {
    protocol: String,
    number: u16,
}

#[derive(Debug, Clone, PartialEq)]
struct PortRange {
    from: u16,
    to: u16,
    protocol: String,
}

/// Which edition of an entity: how often an early and how often the last field has changed. Equal editions are equal values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Edition {
    pub(crate) early: u32,
    pub(crate) last: u32,
}

impl Entity {
    /// The edition of the entity of this seed; every call allocates all of it anew.
    pub(crate) fn new(seed: usize, edition: Edition) -> Self {
        let (application, unit) = (seed / 8, seed % 8);
        Self {
            model_uuid: format!("4f3c0f7c-7a2b-4a50-8d7c-{:012x}", seed % 100),
            name: format!("application-{application}/{unit}"),
            life: format!("alive {}", edition.early),
            application: format!("application-{application}"),
            charm_url: format!("ch:amd64/jammy/application-{application}-{}", seed % 97),
            series: "jammy".to_owned(),
            base: "ubuntu@22.04".to_owned(),
            public_address: format!("203.0.{}.{}", seed / 256 % 256, seed % 256),
            private_address: format!("10.{}.{}.{}", seed / 65536 % 256, seed / 256 % 256, seed % 256),
            machine_id: format!("{}/lxd/{unit}", seed / 3),
            principal: format!("principal-{application}/0"),
            subordinate: seed.is_multiple_of(5),
            leader: unit == 0,
            ports: [80, 443].into_iter().map(|number| Port { protocol: "tcp".to_owned(), number }).collect(),
            port_ranges: [(80, 80), (443, 445)].into_iter().map(PortRange::new).collect(),
            workload_status: Status::new("active", format!("serving as {seed}"), "8.0.36"),
            agent_status: Status::new("idle", String::new(), "3.6.0"),
            annotations: ["gui-x", "gui-y", "owner"]
                .into_iter()
                .map(|key| (key.to_owned(), format!("{key} {seed}")))
                .collect(),
            tags: ["production", "europe-west"].map(str::to_owned).into(),
            hostname: format!("juju-{seed:06x}-{unit}"),
            provider_id: format!("i-{seed:017x}"),
            constraints: "arch=amd64 cores=4 mem=8192M".to_owned(),
            workload_version: format!("8.0.{}", edition.last),
        }
    }
}

impl Status {
    fn new(current: &str, message: String, version: &str) -> Self {
        Self {
            current: current.to_owned(),
            message,
            version: version.to_owned(),
            since: Some(Duration::from_nanos(1_764_000_000_123_456_789)),
            data: [("hook", "update-status")].map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        }
    }
}

impl PortRange {
    fn new((from, to): (u16, u16)) -> Self {
        Self { from, to, protocol: "tcp".to_owned() }
    }
}
