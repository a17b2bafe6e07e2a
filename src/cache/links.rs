//! What leads from one entity to others: the indexes of a model, kept as entities come and go.

use smol_str::{SmolStr, format_smolstr};

use super::entities::Entity;
use super::held::Held;

/// An index: from whom it leads to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum By {
    ApplicationsOfCharm,
    ActionsOfUnit,
    ContainersOfMachine,
    OffersOfApplication,
    RelationsOfApplication,
    RelationsById,
    SubordinatesOfUnit,
    UnitsOfApplication,
    UnitsOnMachine,
}

/// The entries of an index that have one owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    pub(super) by: By,
    pub(super) name: SmolStr,
}

/// One entry of an index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    pub(super) owner: Owner,
    pub(super) member: SmolStr,
}

/// The entries that an entity stands in, each once. They follow from the entity alone.
pub(super) fn of(held: &Held) -> Vec<Link> {
    let Ok(Some(entity)) = held.entity() else { return Vec::new() };
    let member = SmolStr::new(held.id().id());
    let mut links = Vec::new();
    let mut link = |by, owner: &str| {
        if !owner.is_empty() {
            links.push(Link { owner: Owner { by, name: owner.into() }, member: member.clone() });
        }
    };
    match entity {
        Entity::Unit(unit) => {
            link(By::UnitsOfApplication, &unit.application);
            link(By::UnitsOnMachine, &unit.machine_id);
            link(By::SubordinatesOfUnit, &unit.principal);
        }
        Entity::Machine(machine) => {
            let mut parts = machine.id.rsplitn(3, '/');
            if let (Some(_), Some(_), Some(host)) = (parts.next(), parts.next(), parts.next()) {
                link(By::ContainersOfMachine, host);
            }
        }
        Entity::Application(application) => link(By::ApplicationsOfCharm, &application.charm_url),
        Entity::Relation(relation) => {
            link(By::RelationsById, &format_smolstr!("{}", relation.id));
            let ends = relation.endpoints.iter().flatten();
            ends.for_each(|end| link(By::RelationsOfApplication, &end.application_name));
        }
        Entity::Action(action) => link(By::ActionsOfUnit, &action.receiver),
        Entity::ApplicationOffer(offer) => link(By::OffersOfApplication, &offer.application_name),
        Entity::Model(_)
        | Entity::Annotation(_)
        | Entity::Charm(_)
        | Entity::RemoteApplication(_)
        | Entity::Block(_)
        | Entity::Branch(_) => {}
    }
    // The ends of a peer relation, and of one of an application with itself, are one application.
    links.sort_unstable();
    links.dedup();
    links
}
