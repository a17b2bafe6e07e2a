//! Applications, their units and the charms they run.

use std::collections::BTreeMap;

use super::object::{is_written, object, zero};
use super::{Constraints, Life, Members, Status};
use crate::machine::ModelId;

object! {
    /// An application: a charm, deployed.
    pub struct Application {
        /// Its model.
        "model-uuid" always model_uuid: ModelId,
        /// Its name.
        "name" always name: String,
        /// Whether it can be reached from outside.
        "exposed" always exposed: bool,
        /// The charm it runs.
        "charm-url" always charm_url: String,
        /// The user it belongs to.
        "owner-tag" always owner_tag: String,
        /// Where it is in its life.
        "life" always life: Life,
        /// It is to have at least so many units.
        "min-units" always min_units: i64,
        /// What it asks of machines.
        "constraints" always constraints: Constraints,
        /// The charm's settings.
        "config" omitempty config: Members,
        /// Whether its units live beside those of other applications.
        "subordinate" always subordinate: bool,
        /// How it is, if it ever said so.
        "status" always status: Status = Status::unset(),
        /// The version of what it runs.
        "workload-version" always workload_version: String,
    }
}

object! {
    /// One of an application's units.
    pub struct Unit {
        /// Its model.
        "model-uuid" always model_uuid: ModelId,
        /// Its name: `redis/0`.
        "name" always name: String,
        /// Its application.
        "application" always application: String,
        /// The release by name, which servers of version 3 no longer tell.
        "series" omitempty series: String,
        /// The release: `ubuntu@22.04`.
        "base" always base: String,
        /// The charm it runs.
        "charm-url" always charm_url: String,
        /// Where it is in its life.
        "life" always life: Life,
        /// Its address for the world.
        "public-address" always public_address: String,
        /// Its address in its cloud.
        "private-address" always private_address: String,
        /// The machine it is on.
        "machine-id" always machine_id: String,
        /// Every single port of the ranges.
        "ports" always ports: Option<Vec<Port>>,
        /// What it has opened, by protocol, then port.
        "port-ranges" always port_ranges: Option<Vec<PortRange>>,
        /// The unit it lives beside, if it is a subordinate one.
        "principal" always principal: String,
        /// Whether it is.
        "subordinate" always subordinate: bool,
        /// How what it runs is.
        "workload-status" always workload_status: Status,
        /// How its agent is.
        "agent-status" always agent_status: Status,
    }
}

object! {
    /// A port.
    pub struct Port {
        /// `tcp`, `udp` or `icmp`.
        "protocol" always protocol: String,
        /// Which one.
        "number" always number: i64,
    }
}

object! {
    /// Ports, both ends included.
    pub struct PortRange {
        /// The first.
        "from-port" always from_port: i64,
        /// The last.
        "to-port" always to_port: i64,
        /// `tcp`, `udp` or `icmp`.
        "protocol" always protocol: String,
    }
}

object! {
    /// A charm that something runs.
    pub struct Charm {
        /// The model that uses it.
        "model-uuid" always model_uuid: ModelId,
        /// Its name: `ch:amd64/jammy/redis-7`.
        "charm-url" always charm_url: String,
        /// The version its author gave it.
        "charm-version" always charm_version: String,
        /// Where it is in its life.
        "life" always life: Life,
        /// The profile it asks for.
        "profile" always profile: Option<CharmProfile>,
        /// Its settings where nobody sets them.
        "config" omitempty config: Members,
    }
}

object! {
    /// The profile that a charm asks of its containers.
    pub struct CharmProfile {
        /// Settings.
        "config" omitempty config: BTreeMap<String, String>,
        /// For people.
        "description" omitempty description: String,
        /// Devices by name.
        "devices" omitempty devices: BTreeMap<String, BTreeMap<String, String>>,
    }
}
