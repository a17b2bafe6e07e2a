//! The parameters of the methods that take some. What is absent or `null` is empty; what is unknown is skipped.

use core::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

/// Parameters that are not what the method takes.
#[derive(Debug)]
pub struct ParamsError(serde_json::Error);

impl fmt::Display for ParamsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the parameters are not what the method takes: {}", self.0)
    }
}

impl core::error::Error for ParamsError {}

/// Of `Admin.Login`.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Login {
    /// `user-<name>`
    #[serde(deserialize_with = "or_empty")]
    pub auth_tag: String,
    /// The password.
    #[serde(deserialize_with = "or_empty")]
    pub credentials: String,
    /// What the client says it is. Nothing follows from it.
    #[serde(deserialize_with = "or_empty")]
    pub client_version: String,
}

/// The password is never printed.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("auth_tag", &self.auth_tag).finish_non_exhaustive()
    }
}

/// Of methods that answer for each of some entities.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Entities {
    /// Their tags.
    #[serde(deserialize_with = "or_empty")]
    pub entities: Vec<Entity>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Entity {
    /// `model-<uuid>`
    #[serde(deserialize_with = "or_empty")]
    pub tag: String,
}

/// Of `ModelManager.ListModels`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ListModels {
    /// Whose models.
    #[serde(deserialize_with = "or_empty")]
    pub tag: String,
}

/// Of `ModelManager.ListModelSummaries`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct ListSummaries {
    /// Whose models.
    #[serde(deserialize_with = "or_empty")]
    pub user_tag: String,
    /// Everybody's.
    #[serde(deserialize_with = "or_empty")]
    pub all: bool,
}

/// Of `Client.FullStatus`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Patterns {
    /// Names to show; none means all.
    #[serde(deserialize_with = "or_empty")]
    pub patterns: Vec<String>,
}

/// Reads parameters.
pub(super) fn read<T: DeserializeOwned + Default>(params: Option<&str>) -> Result<T, ParamsError> {
    params.map_or_else(|| Ok(T::default()), |text| serde_json::from_str(text).map_err(ParamsError))
}

fn or_empty<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
