//! The results of methods, as they are sent.

use std::collections::BTreeMap;

use serde::Serialize;

use super::reply::{ErrorCode, RpcError};
use crate::backing::Json;

/// Of `Admin.Login`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LoginResult {
    /// Where the controller can be reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<Vec<HostPort>>,
    /// `controller-<uuid>`
    pub controller_tag: String,
    /// `model-<uuid>`; absent on controller connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_tag: Option<String>,
    /// Who has logged in.
    pub user_info: UserInfo,
    /// What can be called.
    pub facades: Vec<FacadeVersions>,
    /// One client refuses any that does not begin with 3.
    pub server_version: &'static str,
}

/// An address with its port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostPort {
    /// The address.
    pub value: String,
    /// `ipv4`, `ipv6` or `hostname`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `local-machine`, `local-cloud` or `public`.
    pub scope: &'static str,
    /// The port.
    pub port: u16,
}

/// Who has logged in.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserInfo {
    /// A name for people.
    pub display_name: String,
    /// `user-<name>`
    pub identity: String,
    /// `login`, `add-model` or `superuser`.
    pub controller_access: &'static str,
    /// `read`, `write` or `admin`; empty if there is none.
    pub model_access: &'static str,
}

/// A facade with the versions of it that can be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FacadeVersions {
    /// Its name.
    pub name: &'static str,
    /// The versions, ascending.
    pub versions: [i64; 1],
}

/// Of `Client.WatchAll` and `Controller.WatchAllModels`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct WatcherId {
    /// What `Next` and `Stop` name it by.
    pub watcher_id: String,
}

/// Of methods that answer for each of some entities.
#[derive(Debug, Clone, Serialize)]
pub struct Results<T> {
    /// In the order of the question.
    pub results: Vec<Outcome<T>>,
}

/// The answer for one of them.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Outcome<T> {
    /// It went well.
    Result {
        /// What was asked for.
        result: T,
    },
    /// It did not.
    Error {
        /// Why.
        error: ItemError,
    },
    /// It went well; what was asked for stands beside no key.
    Bare(T),
}

impl<T> From<Result<T, RpcError>> for Outcome<T> {
    fn from(outcome: Result<T, RpcError>) -> Self {
        match outcome {
            Ok(result) => Self::Result { result },
            Err(error) => Self::Error { error: error.into() },
        }
    }
}

/// Why there is no answer for one of them.
#[derive(Debug, Clone, Serialize)]
pub struct ItemError {
    /// The text.
    pub message: String,
    /// The code, empty if it has none.
    pub code: &'static str,
}

impl From<RpcError> for ItemError {
    fn from(error: RpcError) -> Self {
        Self { message: error.message().to_owned(), code: error.code().map_or("", ErrorCode::as_str) }
    }
}

/// Of `ModelConfig.ModelGet`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ModelConfig<'a> {
    /// By name.
    pub config: BTreeMap<&'a str, ConfigValue<'a>>,
}

/// One setting.
#[derive(Debug, Clone, Serialize)]
pub struct ConfigValue<'a> {
    /// Its value.
    pub value: &'a Json,
    /// `default`, `controller` or `model`.
    pub source: &'static str,
}

/// Of `ModelManager.ListModels`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserModels {
    /// In order of uuid.
    pub user_models: Vec<UserModel>,
}

/// A model that a user may see.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UserModel {
    /// The model.
    pub model: ModelTag,
    /// Not kept: `null`.
    pub last_connection: Option<String>,
}

/// What a model is called.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelTag {
    /// Its name.
    pub name: String,
    /// Its uuid.
    pub uuid: String,
    /// `iaas` or `caas`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `user-<name>`
    pub owner_tag: String,
}

/// Of `Controller.ControllerAPIInfoForModels`, for one model.
#[derive(Debug, Clone, Serialize)]
pub struct ControllerInfo {
    /// `host:port` each.
    pub addresses: Vec<String>,
    /// The certificate to trust, as PEM.
    pub cacert: String,
}
