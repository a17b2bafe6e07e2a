//! What is told about models one by one, without the connection that asks: it may be computed on any thread.

use std::sync::Arc;

use crate::cache::CachedModel;
use crate::cache::status::{self, ModelInfo, ModelSummary, ModelUser};
use crate::machine::ModelId;
use crate::service::connection::Answer;
use crate::service::protocol::{ErrorCode, Outcome, RpcError};
use crate::service::shared::Shared;
use crate::service::users::{Grant, ModelAccess, user_name};

/// A model that is asked about by somebody who may see it.
pub(super) struct Asked {
    pub(super) model: ModelId,
    access: ModelAccess,
}

impl Asked {
    /// The model of a tag `model-<uuid>`.
    pub(super) fn read(tag: &str, grant: &Grant) -> Result<Self, RpcError> {
        let model = tag.strip_prefix("model-").and_then(|uuid| uuid.parse().ok());
        let model =
            model.ok_or_else(|| RpcError::new(format!("{tag:?} is not a valid model tag"), ErrorCode::BadRequest))?;
        // Whoever may not see a model is not told whether there is one.
        let access = grant.access(model).ok_or_else(RpcError::permission_denied)?;
        Ok(Self { model, access })
    }

    /// Whether its users are told, not only whoever asks.
    pub(super) fn names_users(&self) -> bool {
        self.access >= ModelAccess::Admin
    }
}

/// Somebody whose models are listed.
pub(super) enum Whose {
    /// Whoever asks.
    Own(Arc<Grant>),
    /// The user of this tag.
    Of(String),
}

impl Whose {
    pub(super) fn grant(self, shared: &Shared) -> Result<Arc<Grant>, RpcError> {
        let tag = match self {
            Self::Own(grant) => return Ok(grant),
            Self::Of(tag) => tag,
        };
        let name = user_name(&tag);
        let found = shared.doorkeeper.all().into_iter().find(|user| Some(user.name.as_str()) == name);
        found.map(Arc::new).ok_or_else(|| RpcError::new(format!("user {tag:?} not found"), ErrorCode::NotFound))
    }
}

/// A model as the cache has it.
pub(super) fn cached(shared: &Shared, model: ModelId) -> Result<CachedModel, RpcError> {
    shared.cache.model(model).ok_or_else(|| RpcError::unknown_model(model))
}

/// The models that somebody may read, in order of uuid.
pub(super) fn summaries(shared: &Shared, grant: &Grant) -> Vec<ModelSummary> {
    let Some(snapshot) = shared.cache.snapshot() else { return Vec::new() };
    let visible = snapshot.models().filter_map(|cached| {
        let user_access = grant.access(cached.id())?.as_str().to_owned();
        let summary = status::model_summary(&cached)?;
        let controller_uuid = controller(shared, summary.controller_uuid);
        Some(ModelSummary { controller_uuid, user_access, ..summary })
    });
    visible.collect()
}

/// The infos of models, one by one: once the answer has so many bytes, the rest are errors.
pub(super) fn infos(
    shared: &Shared,
    asked: Vec<Result<Asked, RpcError>>,
    grant: &Grant,
    all: &[Grant],
    most: usize,
) -> Answer {
    let mut text = b"{\"results\":[".to_vec();
    for (number, asked) in asked.into_iter().enumerate() {
        if number > 0 {
            text.push(b',');
        }
        let is_long = text.len() > most;
        let told = asked.and_then(|it| if is_long { Err(too_long(most)) } else { info(shared, &it, grant, all) });
        serde_json::to_writer(&mut text, &Outcome::from(told))
            .expect("results have text keys and are written to memory");
    }
    text.extend_from_slice(b"]}");
    Answer::Result(text.into())
}

/// The info of a model. Its users are those of these who may read it, or whoever asks.
fn info(shared: &Shared, asked: &Asked, grant: &Grant, all: &[Grant]) -> Result<ModelInfo, RpcError> {
    let model = asked.model;
    let info = status::model_info(&cached(shared, model)?).ok_or_else(|| says_nothing(model))?;
    let users = if asked.names_users() { all } else { core::slice::from_ref(grant) };
    let users = users.iter().filter_map(|user| {
        let (name, display_name) = (user.name.clone(), user.user.display_name.clone());
        let access = user.access(model)?.as_str().to_owned();
        Some(ModelUser { user: name, display_name, last_connection: None, access })
    });
    let controller_uuid = controller(shared, info.controller_uuid);
    Ok(ModelInfo { users: users.collect(), controller_uuid, ..info })
}

/// The controller that a model names, or this one.
fn controller(shared: &Shared, named: String) -> String {
    if named.is_empty() { shared.config.controller.to_string() } else { named }
}

fn too_long(most: usize) -> RpcError {
    let message = format!("the answer has more than {most} bytes without it: ask for fewer models at once");
    RpcError::new(message, ErrorCode::QuotaLimitExceeded)
}

/// Of a model there are entities, but none of its own.
fn says_nothing(model: ModelId) -> RpcError {
    RpcError::new(format!("model \"{model}\" has no entity of kind \"model\""), ErrorCode::NotFound)
}
