//! What is told about models.

use crate::machine::ModelId;
use crate::service::connection::{Answer, Connection};
use crate::service::protocol::{
    Entities, ErrorCode, ListModels, ListSummaries, ModelConfig, Outcome, Patterns, Results, RpcError, UserModel,
    UserModels,
};
use crate::service::record::Record;
use crate::service::users::{Grant, user_name};

impl Connection {
    pub(in crate::service) fn full_status(&self, _patterns: &Patterns) -> Result<Answer, RpcError> {
        self.readable_model()?;
        Err(RpcError::new("the full status is not served", ErrorCode::NotSupported))
    }

    pub(in crate::service) fn model_get(&self) -> Result<Answer, RpcError> {
        let (model, _) = self.readable_model()?;
        let record = self.record(model)?;
        Ok(Answer::of(&ModelConfig { config: record.settings() }))
    }

    pub(in crate::service) fn model_info(&self, entities: &Entities) -> Result<Answer, RpcError> {
        let grant = self.grant()?;
        let controller = self.shared.config.controller;
        let infos = entities.entities.iter().map(|entity| {
            let model = model_of(&entity.tag)?;
            // Whoever may not see a model is not told whether there is one.
            if grant.access(model).is_none() {
                return Err(RpcError::permission_denied());
            }
            Ok(self.record(model)?.info(model, controller))
        });
        Ok(Answer::of(&Results { results: infos.map(Outcome::from).collect() }))
    }

    pub(in crate::service) fn list_models(&self, params: &ListModels) -> Result<Answer, RpcError> {
        let whose = self.whose(&params.tag)?;
        let listed = self
            .visible(&whose)
            .into_iter()
            .map(|(model, record)| UserModel { model: record.tag(model), last_connection: None });
        Ok(Answer::of(&UserModels { user_models: listed.collect() }))
    }

    pub(in crate::service) fn list_model_summaries(&self, params: &ListSummaries) -> Result<Answer, RpcError> {
        let whose = if params.all { self.grant()?.as_ref().clone() } else { self.whose(&params.user_tag)? };
        let controller = self.shared.config.controller;
        let summaries = self.visible(&whose).into_iter().map(|(model, record)| {
            let access = whose.access(model).expect("what is visible may be read");
            Outcome::Result { result: record.summary(model, controller, access) }
        });
        Ok(Answer::of(&Results { results: summaries.collect() }))
    }

    /// What a model says of itself.
    fn record(&self, model: ModelId) -> Result<Record, RpcError> {
        let stored = self.shared.directory.get(model).ok_or_else(|| RpcError::unknown_model(model))?;
        Ok(Record::read(&stored))
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
        name.and_then(|name| self.shared.doorkeeper.grant(name))
            .ok_or_else(|| RpcError::new(format!("user {tag:?} not found"), ErrorCode::NotFound))
    }

    /// The models that somebody may read, in order of uuid.
    fn visible(&self, grant: &Grant) -> Vec<(ModelId, Record)> {
        let models = self.shared.directory.all().into_iter().filter(|(model, _)| grant.access(*model).is_some());
        models.map(|(model, stored)| (model, Record::read(&stored))).collect()
    }
}

/// The model of a tag `model-<uuid>`.
fn model_of(tag: &str) -> Result<ModelId, RpcError> {
    let model = tag.strip_prefix("model-").and_then(|uuid| uuid.parse().ok());
    model.ok_or_else(|| RpcError::new(format!("{tag:?} is not a valid model tag"), ErrorCode::BadRequest))
}
