//! What the cache answers about models.

use crate::service::connection::{Answer, Connection};
use crate::service::protocol::{Entities, ListModels, ListSummaries, ModelConfig, Patterns, RpcError, UserModels};

impl Connection {
    pub(in crate::service) fn full_status(&self, _patterns: &Patterns) -> Result<Answer, RpcError> {
        self.readable_model()?;
        Ok(Answer::empty())
    }

    pub(in crate::service) fn model_get(&self) -> Result<Answer, RpcError> {
        self.readable_model()?;
        Ok(Answer::of(&ModelConfig::default()))
    }

    pub(in crate::service) fn model_info(&self, _entities: &Entities) -> Result<Answer, RpcError> {
        self.grant()?;
        Ok(Answer::empty())
    }

    pub(in crate::service) fn list_models(&self, _params: &ListModels) -> Result<Answer, RpcError> {
        self.grant()?;
        Ok(Answer::of(&UserModels { user_models: Vec::new() }))
    }

    pub(in crate::service) fn list_model_summaries(&self, _params: &ListSummaries) -> Result<Answer, RpcError> {
        self.grant()?;
        Ok(Answer::empty())
    }
}
