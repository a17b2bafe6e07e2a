//! What a model's entity of itself says, as far as requests ask for it. What is absent or of another type is empty: a model that somebody
//! wrote carelessly can still be watched.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::protocol::{ConfigValue, ModelTag};
use super::users::ModelAccess;
use crate::backing::Json;
use crate::machine::ModelId;

/// What clients are told to run against, unless the model says otherwise.
const AGENT_VERSION: &str = "3.6.0";

/// The fields that requests ask for.
#[derive(Debug, Default)]
pub(super) struct Record {
    fields: BTreeMap<String, Box<RawValue>>,
}

/// A status, as information about a model has it.
#[derive(Debug, Default, Serialize)]
pub(super) struct EntityStatus {
    status: String,
    info: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StoredStatus {
    current: Option<String>,
    message: Option<String>,
    since: Option<String>,
}

/// What `ModelManager.ModelInfo` and `ListModelSummaries` have in common.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Common {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    uuid: String,
    controller_uuid: String,
    is_controller: bool,
    owner_tag: String,
    life: String,
    status: EntityStatus,
    agent_version: String,
}

/// Of `ModelManager.ModelInfo`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ModelInfo {
    #[serde(flatten)]
    common: Common,
    users: [(); 0],
    machines: [(); 0],
}

/// Of `ModelManager.ListModelSummaries`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Summary {
    #[serde(flatten)]
    common: Common,
    user_access: &'static str,
    counts: [(); 0],
}

impl Record {
    pub(super) fn read(stored: &Json) -> Self {
        Self { fields: stored.parse().unwrap_or_default() }
    }

    /// The settings. `mode` is left out: with `strict` in it, one client refuses kinds that it does not know.
    pub(super) fn settings(&self) -> BTreeMap<&str, ConfigValue<'_>> {
        let config = self.fields.get("config").map(|config| config.get());
        let config: BTreeMap<&str, &RawValue> =
            config.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let settings = config.into_iter().filter(|(name, _)| *name != "mode");
        settings.map(|(name, value)| (name, ConfigValue { value, source: "model" })).collect()
    }

    pub(super) fn tag(&self, model: ModelId) -> ModelTag {
        ModelTag { name: self.text("name"), uuid: model.to_string(), kind: self.kind(), owner_tag: self.owner_tag() }
    }

    pub(super) fn info(&self, model: ModelId, controller: ModelId) -> ModelInfo {
        ModelInfo { common: self.common(model, controller), users: [], machines: [] }
    }

    pub(super) fn summary(&self, model: ModelId, controller: ModelId, access: ModelAccess) -> Summary {
        Summary { common: self.common(model, controller), user_access: access.as_str(), counts: [] }
    }

    fn common(&self, model: ModelId, controller: ModelId) -> Common {
        let status: StoredStatus = self.get("status");
        Common {
            name: self.text("name"),
            kind: self.kind(),
            uuid: model.to_string(),
            controller_uuid: controller.to_string(),
            is_controller: self.get("is-controller"),
            owner_tag: self.owner_tag(),
            life: or(self.text("life"), "alive"),
            status: EntityStatus {
                status: status.current.unwrap_or_default(),
                info: status.message.unwrap_or_default(),
                since: status.since,
            },
            agent_version: or(self.text("agent-version"), AGENT_VERSION),
        }
    }

    fn kind(&self) -> String {
        or(self.text("type"), "iaas")
    }

    fn owner_tag(&self) -> String {
        format!("user-{}", or(self.text("owner"), "admin"))
    }

    fn text(&self, name: &str) -> String {
        self.get(name)
    }

    fn get<T: for<'a> Deserialize<'a> + Default>(&self, name: &str) -> T {
        self.fields.get(name).and_then(|value| serde_json::from_str(value.get()).ok()).unwrap_or_default()
    }
}

fn or(text: String, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text }
}
