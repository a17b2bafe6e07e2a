//! The twelve kinds: their names, which field names an entity of each, and an entity of any.

use core::fmt;
use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::error::EntityError;
use super::object::{Field, Problem};
use super::{
    Action, Annotation, Application, ApplicationOffer, Block, Branch, Charm, Machine, Model, Relation,
    RemoteApplication, Unit,
};
use crate::backing::Json;
use crate::machine::{EntityId, Kind, ModelId};

/// A struct that stands for one of the kinds.
pub trait Typed: Sized {
    /// Which kind.
    const KIND: EntityKind;

    /// Its model.
    fn model(&self) -> ModelId;

    /// What names it among those of its kind and model: the value of the kind's identity field.
    fn key(&self) -> Cow<'_, str>;

    /// The one in an entity of any kind, if it is of this.
    fn of(entity: &Entity) -> Option<&Self>;

    /// Its id.
    fn id(&self) -> EntityId {
        EntityId::new(Self::KIND, self.model(), self.key())
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $kind:literal $key:literal $field:ident;)*) => {
        /// One of the twelve kinds.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EntityKind {
            $($(#[$doc])* $name,)*
        }

        impl EntityKind {
            /// All of them.
            pub const ALL: [Self; 12] = [$(Self::$name),*];

            /// The kind of this name, if it is one of the twelve.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($kind => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Its name: `unit`, `remoteApplication`, ...
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $kind,)*
                }
            }

            /// The field that names an entity among those of its kind and model.
            pub fn key_field(self) -> &'static str {
                match self {
                    $(Self::$name => $key,)*
                }
            }
        }

        /// An entity of any of the twelve kinds.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Entity {
            $($(#[$doc])* $name(Box<$name>),)*
        }

        impl Entity {
            /// Which kind it is.
            pub fn kind(&self) -> EntityKind {
                match self {
                    $(Self::$name(_) => EntityKind::$name,)*
                }
            }

            /// Its id.
            pub fn id(&self) -> EntityId {
                match self {
                    $(Self::$name(entity) => Typed::id(&**entity),)*
                }
            }

            pub(super) fn read_as(kind: EntityKind, id: &EntityId, text: &str) -> Result<Self, Problem> {
                match kind {
                    $(EntityKind::$name => {
                        let mut entity = $name::read_any(text)?;
                        entity.model_uuid = named_model(entity.model_uuid, id)?;
                        kinds!(@name $name entity id $key $field);
                        Ok(Self::$name(Box::new(entity)))
                    })*
                }
            }
        }

        impl Serialize for Entity {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$name(entity) => entity.serialize(serializer),)*
                }
            }
        }

        $(impl Typed for $name {
            const KIND: EntityKind = EntityKind::$name;

            fn model(&self) -> ModelId {
                self.model_uuid
            }

            fn key(&self) -> Cow<'_, str> {
                kinds!(@key $name self $field)
            }

            fn of(entity: &Entity) -> Option<&Self> {
                match entity {
                    Entity::$name(entity) => Some(entity),
                    _ => None,
                }
            }
        })*
    };
    // A model is named by its uuid, which was looked at already.
    (@name Model $entity:ident $id:ident $key:literal $field:ident) => {
        if $id.id() != $id.model.to_string() {
            let problem = format!("expected a model's id to be its uuid {}, got {:?}", $id.model, $id.id());
            return Err(Problem::new(problem).within($key));
        }
    };
    (@name $name:ident $entity:ident $id:ident $key:literal $field:ident) => {
        $entity.$field = named(&$entity.$field, $id).map_err(|problem| problem.within($key))?;
    };
    (@key Model $self:ident $field:ident) => {
        Cow::Owned($self.$field.to_string())
    };
    (@key $name:ident $self:ident $field:ident) => {
        Cow::Borrowed(&$self.$field)
    };
}

kinds! {
    /// What a model says of itself.
    Model "model" "model-uuid" model_uuid;
    /// A machine.
    Machine "machine" "id" id;
    /// An application.
    Application "application" "name" name;
    /// A unit of an application.
    Unit "unit" "name" name;
    /// A relation between applications.
    Relation "relation" "key" key;
    /// Notes about an entity.
    Annotation "annotation" "tag" tag;
    /// An action of a unit.
    Action "action" "id" id;
    /// A charm.
    Charm "charm" "charm-url" charm_url;
    /// An application of another model.
    RemoteApplication "remoteApplication" "name" name;
    /// An application offered to other models.
    ApplicationOffer "applicationOffer" "offer-name" offer_name;
    /// A lock against commands.
    Block "block" "id" id;
    /// Settings on trial.
    Branch "branch" "id" id;
}

impl EntityKind {
    /// The kind of an id, if it is one of the twelve.
    pub fn of(kind: &Kind) -> Option<Self> {
        Self::from_name(kind.as_str())
    }
}

impl Entity {
    /// Reads what is stored under this id. The kind is the id's; fields that name the entity and its model may be left out, and
    /// may not say something else. A kind that is not one of the twelve is an error, as a wrong field is.
    pub fn read(id: &EntityId, stored: &Json) -> Result<Self, EntityError> {
        let kind = EntityKind::of(&id.kind)
            .ok_or_else(|| EntityError::new(id, Problem::new("expected one of the twelve kinds")))?;
        Self::read_as(kind, id, stored.as_str()).map_err(|problem| EntityError::new(id, problem))
    }
}

impl From<EntityKind> for Kind {
    fn from(kind: EntityKind) -> Self {
        Self::new(kind.name())
    }
}

impl fmt::Display for EntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn named_model(said: ModelId, id: &EntityId) -> Result<ModelId, Problem> {
    if said.is_empty() || said == id.model {
        return Ok(id.model);
    }
    Err(Problem::new(format!("expected {}, the model it is stored in, got {said}", id.model)).within("model-uuid"))
}

fn named(said: &str, id: &EntityId) -> Result<String, Problem> {
    if said.is_empty() || said == id.id() {
        return Ok(id.id().to_owned());
    }
    let problem = format!("expected {:?}, the id it is stored under, got {said:?}", id.id());
    Err(Problem::new(problem))
}
