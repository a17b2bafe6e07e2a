//! How the full status follows from the entities of a model.

use std::collections::BTreeMap;

use super::answers::{
    ApplicationStatus, BranchStatus, EndpointStatus, FullStatus, MachineStatus, ModelStatus, OfferStatus,
    RelationStatus, RemoteApplicationStatus, UnitStatus,
};
use super::parts::{Base, DetailedStatus, MeterStatus, agent_version, model_type, said, unusual};
use super::patterns::{Chosen, Patterns};
use crate::cache::CachedModel;
use crate::cache::entities::{
    Application, Hardware, Life, Machine, Members, Model, PortRange, Relation, Status, Timestamp, Typed, Unit,
};

/// The status of what the patterns find in a model. `now` is told to the client as the server's time.
pub fn full_status(model: &CachedModel, patterns: &Patterns, now: Option<Timestamp>) -> FullStatus {
    let chosen = patterns.choose(model);
    Writer { model, patterns, chosen }.write(now)
}

struct Writer<'a> {
    model: &'a CachedModel,
    patterns: &'a Patterns,
    chosen: Option<Chosen<'a>>,
}

impl Writer<'_> {
    fn write(&self, now: Option<Timestamp>) -> FullStatus {
        let model = self.model;
        let hosts = model.machines().filter(|machine| !machine.id.contains('/') && self.shows_machine(&machine.id));
        let applications = model.applications().filter(|application| self.shows_application(&application.name));
        let ends_here = |relation: &&Relation| {
            let mut ends = relation.endpoints.iter().flatten();
            self.chosen.is_none() || ends.any(|end| self.shows_application(&end.application_name))
        };
        let mut relations: Vec<_> =
            model.relations().filter(ends_here).map(|relation| self.relation(relation)).collect();
        relations.sort_by_key(|relation| relation.id);
        let branches = model.branches().filter(|branch| branch.completed == 0);
        FullStatus {
            model: self.model_status(),
            machines: hosts.map(|machine| (machine.id.clone(), self.machine(machine))).collect(),
            applications: applications.map(|it| (it.name.clone(), self.application(it))).collect(),
            remote_applications: self.remote_applications(),
            offers: self.offers(),
            relations,
            controller_timestamp: now,
            branches: branches
                .map(|branch| {
                    let assigned_units = branch.assigned_units.clone().unwrap_or_default();
                    let (created, created_by) = (branch.created, branch.created_by.clone());
                    (branch.name.clone(), BranchStatus { assigned_units, created, created_by })
                })
                .collect(),
        }
    }

    fn shows_machine(&self, id: &str) -> bool {
        self.chosen.as_ref().is_none_or(|chosen| chosen.machines.contains(id))
    }

    fn shows_application(&self, name: &str) -> bool {
        self.chosen.as_ref().is_none_or(|chosen| chosen.applications.contains(name))
    }

    fn shows_unit(&self, name: &str) -> bool {
        self.chosen.as_ref().is_none_or(|chosen| chosen.units.contains(name))
    }

    fn model_status(&self) -> ModelStatus {
        let none = Model::default();
        let model = self.model.model().unwrap_or(&none);
        ModelStatus {
            name: model.name.clone(),
            kind: model_type(model),
            cloud_tag: said(model, "cloud-tag"),
            region: said(model, "cloud-region"),
            version: agent_version(model),
            available_version: String::new(),
            model_status: DetailedStatus::of(&model.status, model.life),
            meter_status: MeterStatus::default(),
            sla: model.sla.level.clone(),
        }
    }

    fn machine(&self, machine: &Machine) -> MachineStatus {
        let addresses = machine.addresses.as_deref().unwrap_or_default();
        let public = addresses.iter().find(|address| address.scope == "public").or(addresses.first());
        let containers = self.model.containers_of(&machine.id).filter(|it| self.shows_machine(&it.id));
        MachineStatus {
            agent_status: DetailedStatus::of(&machine.agent_status, machine.life),
            instance_status: DetailedStatus::of(&machine.instance_status, Life::Unsaid),
            modification_status: DetailedStatus::of(&Status::default(), Life::Unsaid),
            hostname: machine.hostname.clone(),
            dns_name: public.map(|address| address.value.clone()).unwrap_or_default(),
            ip_addresses: addresses.iter().map(|address| address.value.clone()).collect(),
            instance_id: machine.instance_id.clone(),
            display_name: String::new(),
            base: Base::of(&machine.base),
            id: machine.id.clone(),
            containers: containers.map(|it| (it.id.clone(), self.machine(it))).collect(),
            constraints: String::new(),
            hardware: machine.hardware_characteristics.as_ref().map(Hardware::line).unwrap_or_default(),
            jobs: machine.jobs.clone().unwrap_or_default(),
            has_vote: machine.has_vote,
            wants_vote: machine.wants_vote,
        }
    }

    fn application(&self, application: &Application) -> ApplicationStatus {
        let units: Vec<_> = self.model.units_of(&application.name).collect();
        let mut subordinate_to: Vec<_> = units
            .iter()
            .filter_map(|unit| self.model.principal_of(unit))
            .map(|principal| principal.application.clone())
            .collect();
        subordinate_to.sort_unstable();
        subordinate_to.dedup();
        let status = if application.status.is_unset() { derived(&units) } else { application.status.clone() };
        let shown = units.iter().filter(|unit| !unit.subordinate && self.shows_unit(&unit.name));
        ApplicationStatus {
            charm: application.charm_url.clone(),
            charm_channel: String::new(),
            charm_version: self
                .model
                .charm_of(application)
                .map(|charm| charm.charm_version.clone())
                .unwrap_or_default(),
            charm_profile: String::new(),
            base: units.first().map(|unit| Base::of(&unit.base)).unwrap_or_default(),
            exposed: application.exposed,
            life: unusual(application.life),
            relations: self.related(&application.name),
            can_upgrade_to: String::new(),
            subordinate_to,
            units: shown.map(|unit| (unit.name.clone(), self.unit(unit))).collect(),
            meter_statuses: BTreeMap::new(),
            status: DetailedStatus::of(&status, Life::Unsaid),
            workload_version: application.workload_version.clone(),
            endpoint_bindings: BTreeMap::new(),
            public_address: String::new(),
        }
    }

    fn unit(&self, unit: &Unit) -> UnitStatus {
        let application = self.model.application_of(unit);
        let is_its_own = application.is_none_or(|application| application.charm_url != unit.charm_url);
        // A unit that says it lives beside itself would be shown without end.
        let beside = self.model.subordinates_of(&unit.name).filter(|it| it.subordinate && !unit.subordinate);
        let shown = beside.filter(|it| self.shows_unit(&it.name));
        UnitStatus {
            agent_status: DetailedStatus::of(&unit.agent_status, unit.life),
            workload_status: DetailedStatus::of(&unit.workload_status, Life::Unsaid),
            workload_version: application.map(|it| it.workload_version.clone()).unwrap_or_default(),
            machine: unit.machine_id.clone(),
            opened_ports: unit.port_ranges.iter().flatten().map(ports).collect(),
            public_address: unit.public_address.clone(),
            address: unit.private_address.clone(),
            charm: if is_its_own { unit.charm_url.clone() } else { String::new() },
            subordinates: shown.map(|it| (it.name.clone(), self.unit(it))).collect(),
        }
    }

    /// The other ends of an application's relations, by its own end. A peer relation leads to itself.
    fn related(&self, application: &str) -> BTreeMap<String, Vec<String>> {
        let mut related: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for relation in self.model.relations_of(application) {
            let ends = relation.endpoints.as_deref().unwrap_or_default();
            for own in ends.iter().filter(|end| end.application_name == application) {
                let others = ends.iter().filter(|end| ends.len() == 1 || *end != own);
                let others = others.map(|end| end.application_name.clone());
                related.entry(own.relation.name.clone()).or_default().extend(others);
            }
        }
        related.values_mut().for_each(|names| {
            names.sort_unstable();
            names.dedup();
        });
        related
    }

    fn relation(&self, relation: &Relation) -> RelationStatus {
        let ends = relation.endpoints.as_deref().unwrap_or_default();
        let end = ends.first().map(|end| &end.relation);
        let is_subordinate = |name: &str| self.model.application(name).is_some_and(|it| it.subordinate);
        let endpoints = ends.iter().map(|end| EndpointStatus {
            application: end.application_name.clone(),
            name: end.relation.name.clone(),
            role: end.relation.role.clone(),
            subordinate: is_subordinate(&end.application_name),
        });
        // One end that lives in containers makes the relation do so.
        let in_containers = ends.iter().any(|end| end.relation.scope == "container");
        let scope = end.map(|end| if in_containers { "container" } else { &*end.scope });
        RelationStatus {
            id: relation.id,
            key: relation.key.clone(),
            interface: end.map(|end| end.interface.clone()).unwrap_or_default(),
            scope: scope.unwrap_or_default().to_owned(),
            endpoints: endpoints.collect(),
            status: DetailedStatus::word("joined"),
        }
    }

    fn remote_applications(&self) -> BTreeMap<String, RemoteApplicationStatus> {
        let is_related = |name: &str| {
            let mut ends = self.model.relations_of(name).flat_map(|relation| relation.endpoints.iter().flatten());
            ends.any(|end| self.shows_application(&end.application_name))
        };
        let shown =
            self.model.remote_applications().filter(|it| self.shows_application(&it.name) || is_related(&it.name));
        shown
            .map(|it| {
                let status = RemoteApplicationStatus {
                    offer_url: it.offer_url.clone(),
                    offer_name: it.offer_url.rsplit_once('.').map(|(_, name)| name.to_owned()).unwrap_or_default(),
                    endpoints: Vec::new(),
                    life: unusual(it.life),
                    relations: self.related(&it.name),
                    status: DetailedStatus::of(&it.status, Life::Unsaid),
                };
                (it.name.clone(), status)
            })
            .collect()
    }

    fn offers(&self) -> BTreeMap<String, OfferStatus> {
        let shown = self
            .model
            .offers()
            .filter(|offer| self.shows_application(&offer.application_name) || self.patterns.find(&offer.offer_name));
        shown
            .map(|offer| {
                let application = self.model.application(&offer.application_name);
                let status = OfferStatus {
                    offer_name: offer.offer_name.clone(),
                    application_name: offer.application_name.clone(),
                    charm: application.map_or_else(|| offer.charm_name.clone(), |it| it.charm_url.clone()),
                    endpoints: BTreeMap::new(),
                    active_connected_count: offer.active_connected_count,
                    total_connected_count: offer.total_connected_count,
                };
                (offer.key().into_owned(), status)
            })
            .collect()
    }
}

/// The worst of what the units say, which is what an application says that never said anything.
fn derived(units: &[&Unit]) -> Status {
    const WORST_FIRST: [&str; 7] = ["error", "blocked", "waiting", "maintenance", "active", "terminated", "unknown"];
    let rank = |unit: &&&Unit| {
        let word = &unit.workload_status.current;
        WORST_FIRST.iter().position(|it| it == word).unwrap_or(WORST_FIRST.len())
    };
    let worst = units.iter().min_by_key(rank).map(|unit| unit.workload_status.clone());
    let status = worst.unwrap_or_else(|| Status { current: "unknown".to_owned(), ..Status::default() });
    Status { version: String::new(), data: Members::new(), ..status }
}

fn ports(range: &PortRange) -> String {
    match (range.from_port, range.to_port) {
        (from, to) if from == to => format!("{from}/{}", range.protocol),
        (from, to) => format!("{from}-{to}/{}", range.protocol),
    }
}
