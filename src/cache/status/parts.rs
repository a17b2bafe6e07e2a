//! What several answers are made of.

use serde::Serialize;

use crate::cache::entities::{Life, Members, Model, Status, Timestamp};

/// A status in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DetailedStatus {
    /// One word.
    pub status: String,
    /// A sentence for people.
    pub info: String,
    /// What else belongs to it.
    pub data: Members,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Always empty.
    pub kind: String,
    /// The version of what reported it.
    pub version: String,
    /// Empty while it lives, which is the usual state.
    pub life: Life,
}

impl DetailedStatus {
    pub(super) fn of(status: &Status, life: Life) -> Self {
        Self {
            status: status.current.clone(),
            info: status.message.clone(),
            data: status.data.clone(),
            since: status.since.clone(),
            kind: String::new(),
            version: status.version.clone(),
            life: unusual(life),
        }
    }

    pub(super) fn word(word: &str) -> Self {
        Self::of(&Status { current: word.to_owned(), ..Status::default() }, Life::Unsaid)
    }
}

/// A status without what reported it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntityStatus {
    /// One word.
    pub status: String,
    /// A sentence for people.
    pub info: String,
    /// What else belongs to it.
    #[serde(skip_serializing_if = "Members::is_empty")]
    pub data: Members,
    /// Since when.
    pub since: Option<Timestamp>,
}

impl EntityStatus {
    pub(super) fn of(status: &Status) -> Self {
        Self {
            status: status.current.clone(),
            info: status.message.clone(),
            data: status.data.clone(),
            since: status.since.clone(),
        }
    }
}

/// A release: `ubuntu` and `22.04`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Base {
    /// The system.
    pub name: String,
    /// Which of its releases.
    pub channel: String,
}

impl Base {
    /// Of `ubuntu@22.04`.
    pub(super) fn of(text: &str) -> Self {
        let (name, channel) = text.split_once('@').unwrap_or((text, ""));
        Self { name: name.to_owned(), channel: channel.to_owned() }
    }
}

/// What metering says; nobody meters any more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct MeterStatus {
    /// Its colour.
    pub color: String,
    /// A sentence for people.
    pub message: String,
}

/// A life where only an unusual one is told.
pub(super) fn unusual(life: Life) -> Life {
    match life {
        Life::Alive | Life::Unsaid => Life::Unsaid,
        Life::Dying | Life::Dead => life,
    }
}

/// A text among the members of a model that the table of kinds does not know.
pub(super) fn said(model: &Model, name: &str) -> String {
    text(&model.other, name)
}

/// A text among a model's settings.
pub(super) fn setting(model: &Model, name: &str) -> String {
    text(&model.config, name)
}

/// `iaas` or `caas`.
pub(super) fn model_type(model: &Model) -> String {
    let said = said(model, "type");
    match (said.as_str(), setting(model, "type").as_str()) {
        ("", "kubernetes") => "caas".to_owned(),
        ("", _) => "iaas".to_owned(),
        _ => said,
    }
}

/// The version of the agents, if it is one: a client that reads another text there fails.
pub(super) fn agent_version(model: &Model) -> String {
    let version = setting(model, "agent-version");
    let numbers = version.split(['.', '-']).collect::<Vec<_>>();
    let starts_right = numbers.iter().take(2).all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let is_plain = version.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if numbers.len() >= 3 && starts_right && is_plain { version } else { String::new() }
}

fn text(members: &Members, name: &str) -> String {
    members.get(name).and_then(|json| json.parse::<String>().ok()).unwrap_or_default()
}
