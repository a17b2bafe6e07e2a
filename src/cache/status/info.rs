//! A model's info, and its summary.

use serde::Serialize;

use super::parts::{EntityStatus, agent_version, model_type, said, setting};
use crate::cache::CachedModel;
use crate::cache::entities::{Hardware, Life, Model, Sla, Timestamp};
use crate::machine::ModelId;

/// What `ModelManager.ModelInfo` answers for one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelInfo {
    /// Its name.
    pub name: String,
    /// `iaas` or `caas`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which model.
    pub uuid: ModelId,
    /// The controller it is on.
    pub controller_uuid: String,
    /// Whether it is the controller's own.
    pub is_controller: bool,
    /// The kind of cloud.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub provider_type: String,
    /// The cloud.
    pub cloud_tag: String,
    /// Which region of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cloud_region: String,
    /// What it is paid with.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cloud_credential_tag: String,
    /// The user it belongs to.
    pub owner_tag: String,
    /// Where it is in its life.
    pub life: Life,
    /// How it is.
    pub status: EntityStatus,
    /// Who may use it. No entity tells: the server fills it in.
    pub users: Vec<ModelUser>,
    /// Its machines, containers among them.
    pub machines: Vec<ModelMachine>,
    /// Its support.
    pub sla: Sla,
    /// The version of its agents.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent_version: String,
}

/// A user of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelUser {
    /// The name.
    pub user: String,
    /// The name for people.
    pub display_name: String,
    /// When the user was there last.
    pub last_connection: Option<Timestamp>,
    /// `read`, `write` or `admin`.
    pub access: String,
}

/// A machine in a model's info.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelMachine {
    /// Its number.
    pub id: String,
    /// What it is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hardware: Option<Hardware>,
    /// What the provider calls it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub instance_id: String,
    /// Its instance's status.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// A sentence about that.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Whether it votes among the controllers.
    pub has_vote: bool,
    /// Whether it is to.
    pub wants_vote: bool,
}

/// What `ModelManager.ListModelSummaries` answers for one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelSummary {
    /// Its name.
    pub name: String,
    /// Which model.
    pub uuid: ModelId,
    /// `iaas` or `caas`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The controller it is on.
    pub controller_uuid: String,
    /// Whether it is the controller's own.
    pub is_controller: bool,
    /// The kind of cloud.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub provider_type: String,
    /// The cloud.
    pub cloud_tag: String,
    /// Which region of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cloud_region: String,
    /// What it is paid with.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cloud_credential_tag: String,
    /// The user it belongs to.
    pub owner_tag: String,
    /// Where it is in its life.
    pub life: Life,
    /// How it is.
    pub status: EntityStatus,
    /// What whoever asks may do. No entity tells: the server fills it in.
    pub user_access: String,
    /// When whoever asks was there last. No entity tells: the server fills it in.
    pub last_connection: Option<Timestamp>,
    /// Machines that are not dying, their cores, and units.
    pub counts: Vec<EntityCount>,
    /// Its support.
    pub sla: Sla,
    /// The version of its agents.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent_version: String,
}

/// How many there are of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntityCount {
    /// `machines`, `cores` or `units`.
    pub entity: &'static str,
    /// How many.
    pub count: u64,
}

/// The info of a model; `None` if it says nothing of itself, or nothing that can be read.
pub fn model_info(cached: &CachedModel) -> Option<ModelInfo> {
    let model = cached.model()?;
    let machines = cached.machines().map(|machine| ModelMachine {
        id: machine.id.clone(),
        hardware: machine.hardware_characteristics.clone(),
        instance_id: machine.instance_id.clone(),
        status: machine.instance_status.current.clone(),
        message: machine.instance_status.message.clone(),
        has_vote: machine.has_vote,
        wants_vote: machine.wants_vote,
    });
    Some(ModelInfo {
        name: model.name.clone(),
        kind: model_type(model),
        uuid: model.model_uuid,
        controller_uuid: model.controller_uuid.clone(),
        is_controller: model.is_controller,
        provider_type: setting(model, "type"),
        cloud_tag: said(model, "cloud-tag"),
        cloud_region: said(model, "cloud-region"),
        cloud_credential_tag: said(model, "cloud-credential-tag"),
        owner_tag: owner_tag(model),
        life: model.life,
        status: EntityStatus::of(&model.status),
        users: Vec::new(),
        machines: machines.collect(),
        sla: model.sla.clone(),
        agent_version: agent_version(model),
    })
}

/// The summary of a model; `None` if it says nothing of itself, or nothing that can be read. Costs nothing per entity.
pub fn model_summary(cached: &CachedModel) -> Option<ModelSummary> {
    let (model, counts) = (cached.model()?, cached.counts());
    let wide = |count: usize| u64::try_from(count).expect("a count in memory fits into 64 bits");
    let counts = [
        ("machines", wide(counts.machines)),
        ("cores", counts.cores),
        ("units", wide(counts.of(crate::cache::entities::EntityKind::Unit))),
    ];
    Some(ModelSummary {
        name: model.name.clone(),
        uuid: model.model_uuid,
        kind: model_type(model),
        controller_uuid: model.controller_uuid.clone(),
        is_controller: model.is_controller,
        provider_type: setting(model, "type"),
        cloud_tag: said(model, "cloud-tag"),
        cloud_region: said(model, "cloud-region"),
        cloud_credential_tag: said(model, "cloud-credential-tag"),
        owner_tag: owner_tag(model),
        life: model.life,
        status: EntityStatus::of(&model.status),
        user_access: String::new(),
        last_connection: None,
        counts: counts.into_iter().map(|(entity, count)| EntityCount { entity, count }).collect(),
        sla: model.sla.clone(),
        agent_version: agent_version(model),
    })
}

fn owner_tag(model: &Model) -> String {
    format!("user-{}", model.owner)
}
