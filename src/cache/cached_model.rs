//! Typed reads of one model, and what leads from one entity to others.

use core::fmt;
use std::sync::Arc;

use super::contents::Contents;
use super::counts::Counts;
use super::entities::{
    Action, Annotation, Application, ApplicationOffer, Block, Branch, Charm, EntityError, EntityKind, Machine, Model,
    Relation, RemoteApplication, Typed, Unit,
};
use super::held::Held;
use super::links::By;
use crate::machine::{EntityId, Kind, ModelId, Revno};

/// One model at one moment. As cheap to clone as a pointer, and read without a lock.
///
/// A typed read finds what could be read as its kind; what could not is among [`broken`](Self::broken), and
/// [`entity`](Self::entity) finds everything. Lists are ordered by id. No read looks at more than it returns: what leads from one
/// entity to others is kept in indexes.
#[derive(Clone)]
pub struct CachedModel {
    model: ModelId,
    revno: Revno,
    contents: Arc<Contents>,
}

macro_rules! reads {
    ($($(#[$doc:meta])* $one:ident($key:ident) $(#[$list_doc:meta])* $list:ident $name:ident;)*) => {
        impl CachedModel {
            $($(#[$doc])*
            pub fn $one(&self, $key: &str) -> Option<&$name> {
                self.get($key)
            }

            $(#[$list_doc])*
            pub fn $list(&self) -> impl Iterator<Item = &$name> {
                self.all()
            }
            )*
        }
    };
}

reads! {
    /// A machine or container, by its id.
    machine(id)
    /// All machines and containers.
    machines Machine;
    /// An application, by its name.
    application(name)
    /// All applications.
    applications Application;
    /// A unit, by its name.
    unit(name)
    /// All units.
    units Unit;
    /// A relation, by its key.
    relation(key)
    /// All relations.
    relations Relation;
    /// What was noted of the entity with this tag.
    annotation(tag)
    /// All that was noted.
    annotations Annotation;
    /// An action, by its id.
    action(id)
    /// All actions.
    actions Action;
    /// A charm, by its URL.
    charm(url)
    /// All charms.
    charms Charm;
    /// An application of another model, by its name here.
    remote_application(name)
    /// All applications of other models.
    remote_applications RemoteApplication;
    /// An offer, by its name.
    offer(name)
    /// All offers.
    offers ApplicationOffer;
    /// A block, by its id.
    block(id)
    /// All blocks.
    blocks Block;
    /// A branch, by its id.
    branch(id)
    /// All branches.
    branches Branch;
}

impl CachedModel {
    pub(super) fn new(model: ModelId, revno: Revno, contents: Arc<Contents>) -> Self {
        Self { model, revno, contents }
    }

    /// Which model.
    pub fn id(&self) -> ModelId {
        self.model
    }

    /// The revno of the snapshot it was taken from.
    pub fn revno(&self) -> Revno {
        self.revno
    }

    /// What the model says of itself; `None` if there is nothing but other entities of it.
    pub fn model(&self) -> Option<&Model> {
        self.get(&self.model.to_string())
    }

    /// One of a kind, by what names it.
    pub fn get<T: Typed>(&self, key: &str) -> Option<&T> {
        self.entity(T::KIND, key).and_then(typed)
    }

    /// All of a kind.
    pub fn all<T: Typed + 'static>(&self) -> impl Iterator<Item = &T> {
        self.of_kind(T::KIND).filter_map(typed)
    }

    /// An entity of any kind, whether it could be read or not.
    pub fn entity(&self, kind: impl Into<Kind>, id: &str) -> Option<&Held> {
        self.contents.get(&EntityId::new(kind, self.model, id)).map(|held| &**held)
    }

    /// The entities of a kind, whether they could be read or not.
    pub fn of_kind(&self, kind: impl Into<Kind>) -> impl Iterator<Item = &Held> {
        let kind = kind.into();
        self.contents.from(EntityId::new(kind.clone(), self.model, "")).take_while(move |held| held.id().kind == kind)
    }

    /// All entities, by kind, then id.
    pub fn entities(&self) -> impl Iterator<Item = &Held> {
        self.contents.all()
    }

    /// What is wrong with entities whose JSON is not what their kind says.
    pub fn broken(&self) -> impl Iterator<Item = &EntityError> {
        self.contents.broken().filter_map(|held| held.entity().err())
    }

    /// How many entities.
    pub fn len(&self) -> usize {
        self.contents.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.contents.len() == 0
    }

    /// How many of what.
    pub fn counts(&self) -> &Counts {
        self.contents.counts()
    }

    /// The units of an application.
    pub fn units_of<'a>(&'a self, application: &'a str) -> impl Iterator<Item = &'a Unit> {
        self.linked(By::UnitsOfApplication, application)
    }

    /// The units on a machine, subordinate ones included if they name it.
    pub fn units_on<'a>(&'a self, machine: &'a str) -> impl Iterator<Item = &'a Unit> {
        self.linked(By::UnitsOnMachine, machine)
    }

    /// The application of a unit.
    pub fn application_of(&self, unit: &Unit) -> Option<&Application> {
        self.get(&unit.application)
    }

    /// The machine a unit is on; a subordinate one is where its principal is.
    pub fn machine_of(&self, unit: &Unit) -> Option<&Machine> {
        let unit = if unit.machine_id.is_empty() { self.principal_of(unit)? } else { unit };
        self.get(&unit.machine_id)
    }

    /// The unit that a subordinate one lives beside.
    pub fn principal_of(&self, unit: &Unit) -> Option<&Unit> {
        self.get(&unit.principal)
    }

    /// The subordinate units beside a unit.
    pub fn subordinates_of<'a>(&'a self, unit: &'a str) -> impl Iterator<Item = &'a Unit> {
        self.linked(By::SubordinatesOfUnit, unit)
    }

    /// The containers directly on a machine.
    pub fn containers_of<'a>(&'a self, machine: &'a str) -> impl Iterator<Item = &'a Machine> {
        self.linked(By::ContainersOfMachine, machine)
    }

    /// The charm of an application.
    pub fn charm_of(&self, application: &Application) -> Option<&Charm> {
        self.get(&application.charm_url)
    }

    /// The applications that run a charm.
    pub fn applications_of_charm<'a>(&'a self, url: &'a str) -> impl Iterator<Item = &'a Application> {
        self.linked(By::ApplicationsOfCharm, url)
    }

    /// The relations an application is in.
    pub fn relations_of<'a>(&'a self, application: &'a str) -> impl Iterator<Item = &'a Relation> {
        self.linked(By::RelationsOfApplication, application)
    }

    /// A relation, by its number.
    pub fn relation_by_id(&self, id: i64) -> Option<&Relation> {
        let id = id.to_string();
        let key = self.contents.linked(By::RelationsById, &id).next()?.to_owned();
        self.get(&key)
    }

    /// The offers of an application.
    pub fn offers_of<'a>(&'a self, application: &'a str) -> impl Iterator<Item = &'a ApplicationOffer> {
        self.linked(By::OffersOfApplication, application)
    }

    /// The actions of a unit.
    pub fn actions_of<'a>(&'a self, unit: &'a str) -> impl Iterator<Item = &'a Action> {
        self.linked(By::ActionsOfUnit, unit)
    }

    /// What was noted of an entity.
    pub fn annotations_of(&self, kind: EntityKind, id: &str) -> Option<&Annotation> {
        let dashed = id.replace('/', "-");
        self.get(&format!("{}-{dashed}", kind.name()))
    }

    fn linked<'a, T: Typed + 'a>(&'a self, by: By, owner: &'a str) -> impl Iterator<Item = &'a T> {
        self.contents.linked(by, owner).filter_map(|member| self.get(member))
    }

    #[cfg(test)]
    pub(super) fn check(&self) {
        self.contents.check();
    }
}

fn typed<T: Typed>(held: &Held) -> Option<&T> {
    T::of(held.entity().ok()??)
}

impl fmt::Debug for CachedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedModel")
            .field("model", &self.model)
            .field("revno", &self.revno)
            .field("entities", &self.contents.len())
            .finish_non_exhaustive()
    }
}
