//! Watchers: opened, asked and stopped.

use core::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::debug;

use crate::backing::Json;
use crate::driver::{Multiwatcher, NextError, WatchError};
use crate::machine::{Filter, Kind};
use crate::service::connection::{Answer, Connection};
use crate::service::protocol::{RpcError, WatcherId};
use crate::service::users::{Grant, ModelAccess};

/// A backing that cannot be opened is asked for again so often.
const AGAIN: Duration = Duration::from_millis(200);

impl Connection {
    pub(in crate::service) async fn watch_all(&self) -> Result<Answer, RpcError> {
        let (model, grant) = self.readable_model()?;
        let filter = Filter::model(model);
        let is_admin = grant.access(model) >= Some(ModelAccess::Admin);
        let filter = if is_admin { filter } else { filter.except_kinds([Kind::new("applicationOffer")]) };
        self.watch(filter, &grant).await
    }

    pub(in crate::service) async fn watch_all_models(&self) -> Result<Answer, RpcError> {
        let grant = self.grant()?;
        if !grant.is_superuser() {
            return Err(RpcError::permission_denied());
        }
        self.watch(Filter::all_models(), &grant).await
    }

    pub(in crate::service) async fn next(&self, id: &str) -> Result<Answer, RpcError> {
        let watched = self.watched(id)?;
        match watched.reader.next().await {
            Ok(batch) => Ok(Answer::Batch(self.shared.encoder.encode(batch))),
            Err(error) => Err(self.ended(id, &error)),
        }
    }

    pub(in crate::service) fn stop(&self, id: &str) -> Result<Answer, RpcError> {
        let watched = self.remove(id).ok_or_else(RpcError::unknown_watcher)?;
        watched.reader.stop();
        Ok(Answer::empty())
    }

    async fn watch(&self, filter: Filter, grant: &Grant) -> Result<Answer, RpcError> {
        let ticket = self.take_ticket(grant)?;
        let reader = self.open(filter).await?;
        let watcher_id = self.add(reader, ticket)?;
        debug!(connection = self.number(), watcher_id, user = grant.name, "a watcher was opened");
        Ok(Answer::of(&WatcherId { watcher_id }))
    }

    /// Waits while the backing cannot be opened, for a while: a client that is told so asks again at once.
    async fn open(&self, filter: Filter) -> Result<Multiwatcher<Json>, RpcError> {
        let until = Instant::now() + self.limits().open_backing;
        loop {
            let error = match self.shared.factory.watch(filter.clone()).await {
                Ok(reader) => return Ok(reader),
                Err(error) => error,
            };
            if self.shared.stopping.is_cancelled() {
                return Err(self.stopped());
            }
            if Instant::now() >= until {
                return Err(match error {
                    // These words make clients try again.
                    WatchError::NotFound(_) | WatchError::Dead(_) | WatchError::Ended(_) => {
                        RpcError::plain(format!("shared state watcher was stopped: {error}"))
                    }
                });
            }
            sleep(AGAIN).await;
        }
    }

    /// What a call is told whose watcher has ended. Its id is unknown from now on.
    fn ended(&self, id: &str, error: &NextError) -> RpcError {
        match error {
            NextError::Stopped => self.stopped(),
            NextError::Ended(_) | NextError::Lagged { .. } => {
                self.remove(id);
                RpcError::plain(format!("shared state watcher was stopped: {error}"))
            }
        }
    }
}
