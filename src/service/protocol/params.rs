//! The parameters of the methods that take some, read as Juju's server reads them: keys match whatever their case, what is absent or
//! `null` is empty, among the members of a list too, what is unknown is skipped, and of a key that is said twice the last one holds.

use core::fmt;

use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Error;
use serde_json::value::RawValue;

/// Parameters that are not what the method takes.
#[derive(Debug)]
pub struct ParamsError(Error);

impl fmt::Display for ParamsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the parameters are not what the method takes: {}", self.0)
    }
}

impl core::error::Error for ParamsError {}

/// Of `Admin.Login`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Login {
    /// `user-<name>`
    pub auth_tag: String,
    /// The password.
    pub credentials: String,
    /// What the client says it is. Nothing follows from it.
    pub client_version: String,
}

/// The password is never printed.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("auth_tag", &self.auth_tag).finish_non_exhaustive()
    }
}

/// Of methods that answer for each of some entities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entities {
    /// Their tags.
    pub entities: Vec<Entity>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entity {
    /// `model-<uuid>`
    pub tag: String,
}

/// Of `ModelManager.ListModels`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListModels {
    /// Whose models.
    pub tag: String,
}

/// Of `ModelManager.ListModelSummaries`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListSummaries {
    /// Whose models.
    pub user_tag: String,
    /// Everybody's.
    pub all: bool,
}

/// Of `Client.FullStatus`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patterns {
    /// Names to show; none means all.
    pub patterns: Vec<String>,
}

/// Reads parameters.
pub(super) fn read<T: FromMembers + Default>(params: Option<&str>) -> Result<T, ParamsError> {
    let Some(text) = params else { return Ok(T::default()) };
    serde_json::from_str(text).and_then(|members: Members<'_>| T::from_members(&members)).map_err(ParamsError)
}

/// What an object is read as.
pub(super) trait FromMembers: Sized {
    /// Takes those that it knows.
    fn from_members(members: &Members<'_>) -> Result<Self, Error>;
}

impl FromMembers for Login {
    fn from_members(members: &Members<'_>) -> Result<Self, Error> {
        Ok(Self {
            auth_tag: members.value("auth-tag")?,
            credentials: members.value("credentials")?,
            client_version: members.value("client-version")?,
        })
    }
}

impl FromMembers for Entities {
    fn from_members(members: &Members<'_>) -> Result<Self, Error> {
        let entities: Vec<Option<Members<'_>>> = members.list("entities")?;
        let entity = |members: &Option<Members<'_>>| {
            members.as_ref().map_or_else(|| Ok(Entity::default()), Entity::from_members)
        };
        Ok(Self { entities: entities.iter().map(entity).collect::<Result<_, _>>()? })
    }
}

impl FromMembers for Entity {
    fn from_members(members: &Members<'_>) -> Result<Self, Error> {
        Ok(Self { tag: members.value("tag")? })
    }
}

impl FromMembers for ListModels {
    fn from_members(members: &Members<'_>) -> Result<Self, Error> {
        Ok(Self { tag: members.value("tag")? })
    }
}

impl FromMembers for ListSummaries {
    fn from_members(members: &Members<'_>) -> Result<Self, Error> {
        Ok(Self { user_tag: members.value("user-tag")?, all: members.value("all")? })
    }
}

impl FromMembers for Patterns {
    fn from_members(members: &Members<'_>) -> Result<Self, Error> {
        let patterns: Vec<Option<String>> = members.list("patterns")?;
        Ok(Self { patterns: patterns.into_iter().map(Option::unwrap_or_default).collect() })
    }
}

/// The members of an object as they stand, in their order. Those that are `null` are left out.
pub(super) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// A text or a flag.
    fn value<T: DeserializeOwned + Default>(&self, key: &str) -> Result<T, Error> {
        self.get(key)
            .map_or_else(|| Ok(T::default()), |text| serde_json::from_str(text).map_err(|error| about(key, &error)))
    }

    fn list<T: Deserialize<'a>>(&self, key: &str) -> Result<Vec<T>, Error> {
        self.get(key)
            .map_or_else(|| Ok(Vec::new()), |text| serde_json::from_str(text).map_err(|error| about(key, &error)))
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(own, _)| own.eq_ignore_ascii_case(key)).map(|(_, value)| value.get())
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    if value.get() != "null" {
                        members.push((key, value));
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// The same with the key. The place within the value is left out: nobody would count from there.
fn about(key: &str, error: &Error) -> Error {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    Error::custom(format_args!("{key:?}: {what}"))
}
