//! How many there are of what in a model, counted as entities come and go.

use std::collections::BTreeMap;

use super::entities::{Entity, Life};
use super::held::Held;
use crate::machine::Kind;

/// How many entities of each kind and in which status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    kinds: BTreeMap<Kind, usize>,
    statuses: BTreeMap<Of, BTreeMap<String, usize>>,
    /// Machines and containers that are not dying.
    pub machines: usize,
    /// The cores of these.
    pub cores: u64,
    /// Entities whose JSON is not what their kind says.
    pub broken: usize,
}

/// Whose status is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// What an application says of itself.
    Application,
    /// A machine's agent.
    MachineAgent,
    /// A machine's instance at its provider.
    MachineInstance,
    /// A unit's agent.
    UnitAgent,
    /// What a unit runs.
    UnitWorkload,
}

impl Counts {
    /// Entities of this kind, whether they could be read or not.
    pub fn of(&self, kind: impl Into<Kind>) -> usize {
        self.kinds.get(&kind.into()).copied().unwrap_or_default()
    }

    /// How many are in which status; nothing for a status that nobody is in.
    pub fn statuses(&self, of: Of) -> impl Iterator<Item = (&str, usize)> {
        self.statuses.get(&of).into_iter().flatten().map(|(status, count)| (status.as_str(), *count))
    }

    pub(super) fn add(&mut self, held: &Held) {
        *self.kinds.entry(held.id().kind.clone()).or_default() += 1;
        match held.entity() {
            Err(_) => self.broken += 1,
            Ok(None) => {}
            Ok(Some(entity)) => {
                let (machines, cores) = hardware(entity);
                self.machines += machines;
                self.cores = self.cores.saturating_add(cores);
                for (of, status) in statuses(entity) {
                    *self.statuses.entry(of).or_default().entry(status.to_owned()).or_default() += 1;
                }
            }
        }
    }

    pub(super) fn remove(&mut self, held: &Held) {
        take_one(&mut self.kinds, &held.id().kind);
        match held.entity() {
            Err(_) => self.broken -= 1,
            Ok(None) => {}
            Ok(Some(entity)) => {
                let (machines, cores) = hardware(entity);
                self.machines -= machines;
                self.cores = self.cores.saturating_sub(cores);
                for (of, status) in statuses(entity) {
                    let all = self.statuses.get_mut(&of).expect("it was counted when it came");
                    take_one(all, status);
                    if all.is_empty() {
                        self.statuses.remove(&of);
                    }
                }
            }
        }
    }
}

fn take_one<K: Ord + std::borrow::Borrow<Q>, Q: Ord + ?Sized>(counts: &mut BTreeMap<K, usize>, what: &Q) {
    let count = counts.get_mut(what).expect("it was counted when it came");
    *count -= 1;
    if *count == 0 {
        counts.remove(what);
    }
}

/// One machine with its cores, or none. More cores than the earth has atoms in a grain are a mistake of whoever wrote them.
fn hardware(entity: &Entity) -> (usize, u64) {
    match entity {
        Entity::Machine(machine) if matches!(machine.life, Life::Alive | Life::Unsaid) => {
            let cores = machine.hardware_characteristics.as_ref().map_or(0, |hardware| hardware.cpu_cores);
            (1, cores.min(u64::from(u32::MAX)))
        }
        Entity::Machine(_)
        | Entity::Model(_)
        | Entity::Application(_)
        | Entity::Unit(_)
        | Entity::Relation(_)
        | Entity::Annotation(_)
        | Entity::Action(_)
        | Entity::Charm(_)
        | Entity::RemoteApplication(_)
        | Entity::ApplicationOffer(_)
        | Entity::Block(_)
        | Entity::Branch(_) => (0, 0),
    }
}

fn statuses(entity: &Entity) -> Vec<(Of, &str)> {
    match entity {
        Entity::Machine(machine) => vec![
            (Of::MachineAgent, &machine.agent_status.current),
            (Of::MachineInstance, &machine.instance_status.current),
        ],
        Entity::Application(application) => vec![(Of::Application, &application.status.current)],
        Entity::Unit(unit) => {
            vec![(Of::UnitAgent, &unit.agent_status.current), (Of::UnitWorkload, &unit.workload_status.current)]
        }
        Entity::Model(_)
        | Entity::Relation(_)
        | Entity::Annotation(_)
        | Entity::Action(_)
        | Entity::Charm(_)
        | Entity::RemoteApplication(_)
        | Entity::ApplicationOffer(_)
        | Entity::Block(_)
        | Entity::Branch(_) => Vec::new(),
    }
}
