//! What the model cache tells about models.

use crate::cache::CachedModel;
use crate::cache::entities::Timestamp;
use crate::cache::status::{self, ModelInfo, ModelSummary, ModelUser, full_status};
use crate::machine::ModelId;
use crate::service::connection::{Answer, Connection};
use crate::service::protocol::{
    ConfigValue, Entities, ErrorCode, ListModels, ListSummaries, ModelConfig, ModelTag, Outcome, Patterns, Results,
    RpcError, UserModel, UserModels,
};
use crate::service::users::{Grant, ModelAccess, user_name};

/// Settings of a model that are not told. With `strict` in this one, a client refuses kinds of entities that it does not know.
const HIDDEN: &str = "mode";

impl Connection {
    pub(in crate::service) fn full_status(&self, patterns: &Patterns) -> Result<Answer, RpcError> {
        let (model, _) = self.readable_model()?;
        let patterns = status::Patterns::new(&patterns.patterns)
            .map_err(|error| RpcError::new(error.to_string(), ErrorCode::BadRequest))?;
        let now: Option<Timestamp> = (self.shared.config.timestamp)().and_then(|time| time.parse().ok());
        Ok(Answer::of(&full_status(&self.cached(model)?, &patterns, now)))
    }

    pub(in crate::service) fn model_get(&self) -> Result<Answer, RpcError> {
        let (model, _) = self.readable_model()?;
        let cached = self.cached(model)?;
        let settings = cached.model().into_iter().flat_map(|model| &model.config);
        let settings = settings.filter(|(name, _)| *name != HIDDEN);
        let config = settings.map(|(name, value)| (name.as_str(), ConfigValue { value, source: "model" })).collect();
        Ok(Answer::of(&ModelConfig { config }))
    }

    pub(in crate::service) fn model_info(&self, entities: &Entities) -> Result<Answer, RpcError> {
        let grant = self.grant()?;
        let infos = entities.entities.iter().map(|entity| {
            let model = model_of(&entity.tag)?;
            // Whoever may not see a model is not told whether there is one.
            let access = grant.access(model).ok_or_else(RpcError::permission_denied)?;
            self.info(model, &grant, access)
        });
        Ok(Answer::of(&Results { results: infos.map(Outcome::from).collect() }))
    }

    pub(in crate::service) fn list_models(&self, params: &ListModels) -> Result<Answer, RpcError> {
        let whose = self.whose(&params.tag)?;
        let listed = self.summaries(&whose).into_iter().map(|summary| UserModel {
            model: ModelTag {
                name: summary.name,
                uuid: summary.uuid.to_string(),
                kind: summary.kind,
                owner_tag: summary.owner_tag,
            },
            last_connection: None,
        });
        Ok(Answer::of(&UserModels { user_models: listed.collect() }))
    }

    pub(in crate::service) fn list_model_summaries(&self, params: &ListSummaries) -> Result<Answer, RpcError> {
        let whose = if params.all { self.grant()?.as_ref().clone() } else { self.whose(&params.user_tag)? };
        let summaries = self.summaries(&whose).into_iter().map(|result| Outcome::Result { result });
        Ok(Answer::of(&Results { results: summaries.collect() }))
    }

    fn cached(&self, model: ModelId) -> Result<CachedModel, RpcError> {
        self.shared.cache.model(model).ok_or_else(|| RpcError::unknown_model(model))
    }

    fn info(&self, model: ModelId, grant: &Grant, access: ModelAccess) -> Result<ModelInfo, RpcError> {
        let cached = self.cached(model)?;
        let info = status::model_info(&cached).ok_or_else(|| says_nothing(model))?;
        let users = if access >= ModelAccess::Admin { self.shared.doorkeeper.all() } else { vec![grant.clone()] };
        let users = users.into_iter().filter_map(|user| {
            let access = user.access(model)?.as_str().to_owned();
            Some(ModelUser { user: user.name, display_name: user.user.display_name, last_connection: None, access })
        });
        let controller_uuid = self.controller(info.controller_uuid);
        Ok(ModelInfo { users: users.collect(), controller_uuid, ..info })
    }

    /// The models that somebody may read, in order of uuid.
    fn summaries(&self, grant: &Grant) -> Vec<ModelSummary> {
        let Some(snapshot) = self.shared.cache.snapshot() else { return Vec::new() };
        let visible = snapshot.models().filter_map(|cached| {
            let user_access = grant.access(cached.id())?.as_str().to_owned();
            let summary = status::model_summary(&cached)?;
            let controller_uuid = self.controller(summary.controller_uuid);
            Some(ModelSummary { controller_uuid, user_access, ..summary })
        });
        visible.collect()
    }

    /// The controller that a model names, or this one.
    fn controller(&self, named: String) -> String {
        if named.is_empty() { self.shared.config.controller.to_string() } else { named }
    }

    /// The user of a tag, if whoever has logged in may ask about them. No tag means oneself.
    fn whose(&self, tag: &str) -> Result<Grant, RpcError> {
        let grant = self.grant()?;
        let name = user_name(tag);
        if tag.is_empty() || name == Some(grant.name.as_str()) {
            return Ok(grant.as_ref().clone());
        }
        if !grant.is_superuser() {
            return Err(RpcError::permission_denied());
        }
        let found = self.shared.doorkeeper.all().into_iter().find(|user| Some(user.name.as_str()) == name);
        found.ok_or_else(|| RpcError::new(format!("user {tag:?} not found"), ErrorCode::NotFound))
    }
}

/// Of a model there are entities, but none of its own.
fn says_nothing(model: ModelId) -> RpcError {
    RpcError::new(format!("model \"{model}\" has no entity of kind \"model\""), ErrorCode::NotFound)
}

/// The model of a tag `model-<uuid>`.
fn model_of(tag: &str) -> Result<ModelId, RpcError> {
    let model = tag.strip_prefix("model-").and_then(|uuid| uuid.parse().ok());
    model.ok_or_else(|| RpcError::new(format!("{tag:?} is not a valid model tag"), ErrorCode::BadRequest))
}
