//! What the model cache tells about models. What takes long is computed elsewhere, from the cache as it is by then.

use super::about::{Asked, Whose, cached, infos, summaries};
use crate::cache::entities::{EntityKind, Timestamp};
use crate::cache::status::{self, ModelSummary, full_status};
use crate::service::connection::{Answer, Connection};
use crate::service::protocol::{
    ConfigValue, Entities, ErrorCode, ListModels, ListSummaries, ModelConfig, ModelTag, Outcome, Patterns, Results,
    RpcError, UserModel, UserModels,
};
use crate::service::users::{ModelAccess, user_name};

/// Settings of a model that are not told. With `strict` in this one, a client refuses kinds of entities that it does not know.
const HIDDEN: &str = "mode";
/// What reads a file is long, whatever is read.
const FROM_FILE: usize = usize::MAX;

impl Connection {
    /// Offers are for those who administer the model, as among the deltas of a watcher.
    pub(in crate::service) async fn full_status(&self, patterns: &Patterns) -> Result<Answer, RpcError> {
        let (model, grant) = self.readable_model()?;
        let patterns = status::Patterns::new(&patterns.patterns)
            .map_err(|error| RpcError::new(error.to_string(), ErrorCode::BadRequest))?;
        let shows_offers = grant.access(model) >= Some(ModelAccess::Admin);
        let length = cached(&self.shared, model)?.len().saturating_mul(1 + patterns.len());
        let status = self.compute(length, move |shared| {
            let now: Option<Timestamp> = (shared.config.timestamp)().and_then(|time| time.parse().ok());
            let mut status = full_status(&cached(shared, model)?, &patterns, now);
            if !shows_offers {
                status.offers.clear();
            }
            Ok(Answer::of(&status))
        });
        status.await
    }

    pub(in crate::service) fn model_get(&self) -> Result<Answer, RpcError> {
        let (model, _) = self.readable_model()?;
        let cached = cached(&self.shared, model)?;
        let settings = cached.model().into_iter().flat_map(|model| &model.config);
        let settings = settings.filter(|(name, _)| *name != HIDDEN);
        let config = settings.map(|(name, value)| (name.as_str(), ConfigValue { value, source: "model" })).collect();
        Ok(Answer::of(&ModelConfig { config }))
    }

    pub(in crate::service) async fn model_info(&self, entities: &Entities) -> Result<Answer, RpcError> {
        let grant = self.grant()?;
        self.check_number(entities)?;
        let asked: Vec<_> = entities.entities.iter().map(|entity| Asked::read(&entity.tag, &grant)).collect();
        let names_users = asked.iter().flatten().any(Asked::names_users);
        let machines = asked.iter().flatten().filter_map(|asked| {
            let cached = self.shared.cache.model(asked.model)?;
            Some(1 + cached.counts().of(EntityKind::Machine))
        });
        let length = if names_users { FROM_FILE } else { machines.sum() };
        let most = self.limits().answer_bytes;
        let told = self.compute(length, move |shared| {
            let users = if names_users { shared.doorkeeper.all() } else { Vec::new() };
            Ok(infos(shared, asked, &grant, &users, most))
        });
        told.await
    }

    pub(in crate::service) async fn list_models(&self, params: &ListModels) -> Result<Answer, RpcError> {
        let whose = self.whose(&params.tag)?;
        let listed = |summaries: Vec<ModelSummary>| {
            let models = summaries.into_iter().map(|summary| UserModel {
                model: ModelTag {
                    name: summary.name,
                    uuid: summary.uuid.to_string(),
                    kind: summary.kind,
                    owner_tag: summary.owner_tag,
                },
                last_connection: None,
            });
            Answer::of(&UserModels { user_models: models.collect() })
        };
        self.summed(whose, listed).await
    }

    pub(in crate::service) async fn list_model_summaries(&self, params: &ListSummaries) -> Result<Answer, RpcError> {
        let whose = if params.all { Whose::Own(self.grant()?) } else { self.whose(&params.user_tag)? };
        let listed = |summaries: Vec<ModelSummary>| {
            let results = summaries.into_iter().map(|result| Outcome::Result { result });
            Answer::of(&Results { results: results.collect() })
        };
        self.summed(whose, listed).await
    }

    /// One request may ask about so many.
    pub(super) fn check_number(&self, entities: &Entities) -> Result<(), RpcError> {
        let (count, most) = (entities.entities.len(), self.limits().entities);
        if count > most {
            let message = format!("expected at most {most} entities in one request, got {count}");
            return Err(RpcError::new(message, ErrorCode::QuotaLimitExceeded));
        }
        Ok(())
    }

    /// An answer about the models that somebody may read.
    async fn summed(
        &self,
        whose: Whose,
        answer: impl FnOnce(Vec<ModelSummary>) -> Answer + Send + 'static,
    ) -> Result<Answer, RpcError> {
        let length = match &whose {
            Whose::Own(_) => self.shared.cache.snapshot().map_or(0, |snapshot| snapshot.len()),
            Whose::Of(_) => FROM_FILE,
        };
        let summed = self.compute(length, move |shared| {
            let grant = whose.grant(shared)?;
            Ok(answer(summaries(shared, &grant)))
        });
        summed.await
    }

    /// The user of a tag, if whoever has logged in may ask about them. No tag means oneself.
    fn whose(&self, tag: &str) -> Result<Whose, RpcError> {
        let grant = self.grant()?;
        if tag.is_empty() || user_name(tag) == Some(grant.name.as_str()) {
            return Ok(Whose::Own(grant));
        }
        if !grant.is_superuser() {
            return Err(RpcError::permission_denied());
        }
        Ok(Whose::Of(tag.to_owned()))
    }
}
