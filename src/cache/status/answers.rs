//! The full status of a model, as clients read it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::parts::{Base, DetailedStatus, MeterStatus};
use crate::cache::entities::{Life, Timestamp};

/// What `Client.FullStatus` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FullStatus {
    /// The model.
    pub model: ModelStatus,
    /// Its hosts, by id.
    pub machines: BTreeMap<String, MachineStatus>,
    /// Its applications, by name.
    pub applications: BTreeMap<String, ApplicationStatus>,
    /// Applications of other models, by their names here.
    pub remote_applications: BTreeMap<String, RemoteApplicationStatus>,
    /// Its offers, by name.
    pub offers: BTreeMap<String, OfferStatus>,
    /// Its relations, by number.
    pub relations: Vec<RelationStatus>,
    /// When it was asked, by the server's clock.
    pub controller_timestamp: Option<Timestamp>,
    /// Its branches, by name.
    pub branches: BTreeMap<String, BranchStatus>,
}

macro_rules! answer {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }
    };
}

answer! {
    /// A model in a full status.
    ModelStatus {
        /// Its name.
        name: String,
        /// `iaas` or `caas`.
        #[serde(rename = "type")]
        kind: String,
        /// The cloud it is on.
        cloud_tag: String,
        /// Which region of it.
        #[serde(skip_serializing_if = "String::is_empty")]
        region: String,
        /// The version of its agents.
        version: String,
        /// The version they could have.
        available_version: String,
        /// How it is.
        model_status: DetailedStatus,
        /// What metering says.
        meter_status: MeterStatus,
        /// The level of its support.
        sla: String,
    }
}

answer! {
    /// A machine in a full status.
    MachineStatus {
        /// Its agent.
        agent_status: DetailedStatus,
        /// Its instance at the provider.
        instance_status: DetailedStatus,
        /// Whether changes to it went well; nothing is known of that.
        modification_status: DetailedStatus,
        /// What it calls itself.
        #[serde(skip_serializing_if = "String::is_empty")]
        hostname: String,
        /// The address to reach it by.
        dns_name: String,
        /// All its addresses.
        ip_addresses: Vec<String>,
        /// What the provider calls it.
        instance_id: String,
        /// What people call it.
        display_name: String,
        /// The release.
        base: Base,
        /// Its number.
        id: String,
        /// The containers on it.
        containers: BTreeMap<String, MachineStatus>,
        /// What was asked of it.
        constraints: String,
        /// What it is made of.
        hardware: String,
        /// What it is for.
        jobs: Vec<String>,
        /// Whether it votes among the controllers.
        has_vote: bool,
        /// Whether it is to.
        wants_vote: bool,
    }
}

answer! {
    /// An application in a full status.
    ApplicationStatus {
        /// The charm it runs.
        charm: String,
        /// The channel the charm comes from.
        charm_channel: String,
        /// The version its author gave it.
        charm_version: String,
        /// The profile the charm asks for.
        charm_profile: String,
        /// The release its units run on.
        base: Base,
        /// Whether it can be reached from outside.
        exposed: bool,
        /// Empty while it lives.
        life: Life,
        /// The other ends of its relations, by its own end.
        relations: BTreeMap<String, Vec<String>>,
        /// A newer charm.
        can_upgrade_to: String,
        /// The applications whose units its units live beside.
        subordinate_to: Vec<String>,
        /// Its units, by name; those of a subordinate application stand under their principals.
        units: BTreeMap<String, UnitStatus>,
        /// What metering says.
        meter_statuses: BTreeMap<String, MeterStatus>,
        /// How it is; derived from its units if it never said.
        status: DetailedStatus,
        /// The version of what it runs.
        workload_version: String,
        /// The spaces of its ends.
        endpoint_bindings: BTreeMap<String, String>,
        /// The address to reach all of it by.
        public_address: String,
    }
}

answer! {
    /// A unit in a full status.
    UnitStatus {
        /// Its agent.
        agent_status: DetailedStatus,
        /// What it runs.
        workload_status: DetailedStatus,
        /// The version of that.
        workload_version: String,
        /// The machine it is on.
        machine: String,
        /// What it has opened: `80/tcp`, `8000-8010/tcp`.
        opened_ports: Vec<String>,
        /// Its address for the world.
        public_address: String,
        /// Its address in its cloud.
        #[serde(skip_serializing_if = "String::is_empty")]
        address: String,
        /// The charm, if it is not its application's.
        charm: String,
        /// The subordinate units beside it.
        subordinates: BTreeMap<String, UnitStatus>,
    }
}

answer! {
    /// A relation in a full status.
    RelationStatus {
        /// Its number.
        id: i64,
        /// Its name.
        key: String,
        /// What is spoken.
        interface: String,
        /// `global` or `container`.
        scope: String,
        /// Its ends.
        endpoints: Vec<EndpointStatus>,
        /// How it is.
        status: DetailedStatus,
    }
}

answer! {
    /// An end of a relation in a full status.
    EndpointStatus {
        /// Whose.
        application: String,
        /// Its name.
        name: String,
        /// `provider`, `requirer` or `peer`.
        role: String,
        /// Whether the application is a subordinate one.
        subordinate: bool,
    }
}

answer! {
    /// An application of another model in a full status.
    RemoteApplicationStatus {
        /// Where the offer is.
        offer_url: String,
        /// The offer.
        offer_name: String,
        /// Its ends; no entity tells them.
        endpoints: Vec<EndpointStatus>,
        /// Empty while it lives.
        life: Life,
        /// The other ends of its relations, by its own end.
        relations: BTreeMap<String, Vec<String>>,
        /// How it is.
        status: DetailedStatus,
    }
}

answer! {
    /// An offer in a full status.
    OfferStatus {
        /// Its name.
        offer_name: String,
        /// The application that is offered.
        application_name: String,
        /// The charm that runs.
        charm: String,
        /// Its ends; no entity tells them.
        endpoints: BTreeMap<String, EndpointStatus>,
        /// How many of those connected are active.
        active_connected_count: i64,
        /// How many are connected.
        total_connected_count: i64,
    }
}

answer! {
    /// A branch in a full status.
    BranchStatus {
        /// The units on it, by application.
        assigned_units: BTreeMap<String, Vec<String>>,
        /// When it was made, in seconds since 1970.
        created: i64,
        /// By whom.
        created_by: String,
    }
}
