//! The handle of a cache.

use core::fmt;
use std::sync::Arc;

use super::cached_model::CachedModel;
use super::report::{CacheEnd, CacheReport};
use super::shared::Shared;
use super::snapshot::Snapshot;
use super::source::Source;
use super::task::Task;
use super::wait::End;
use super::watch::{NotifyWatcher, StringsWatcher};
use crate::driver::{Seam, Tokio};
use crate::machine::{Backoff, Config, Filter, ModelId};

/// A replica of all models, kept current by one multiwatcher. See the [module's page](super).
///
/// Clones are the same cache. It ends when it is killed, when the last clone is gone, or, if it was made from a worker, when that one
/// ends. Its watchers do not keep it going. Kill a cache before the factory it was made from: it would ask it for another worker.
///
/// # Example
///
/// ```
/// use multiwatcher::backing::{Json, MemoryBacking};
/// use multiwatcher::cache::ModelCache;
/// use multiwatcher::{Config, EntityId, ModelId, Worker};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let (database, prod) = (MemoryBacking::<Json>::new(), ModelId::from_u128(1));
/// let cache = ModelCache::start(Worker::start(database.clone(), Config::default()));
///
/// let unit: Json = r#"{"application": "redis", "workload-status": {"current": "active"}}"#.parse().unwrap();
/// database.put(EntityId::new("unit", prod, "redis/0"), unit);
///
/// let is_active = |model: &_| redis_is_active(model);
/// # fn redis_is_active(model: &multiwatcher::cache::CachedModel) -> bool {
/// #    model.units_of("redis").any(|unit| unit.workload_status.current == "active")
/// # }
/// let model = cache.wait_for(prod, |model| model.is_some_and(is_active)).await.unwrap().unwrap();
/// assert_eq!(model.unit("redis/0").unwrap().application, "redis");
/// # });
/// ```
pub struct ModelCache<S: Seam = Tokio> {
    keeper: Arc<Keeper<S>>,
}

/// Whoever holds it keeps the cache going.
struct Keeper<S: Seam> {
    shared: Arc<Shared<S>>,
}

impl<S: Seam> Drop for Keeper<S> {
    fn drop(&mut self) {
        self.shared.end(CacheEnd::Killed);
    }
}

impl ModelCache {
    /// Starts a cache on the tokio runtime that this is called from, with the waits of the default [`Config`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, as `tokio::spawn` does.
    pub fn start(source: impl Into<Source>) -> Self {
        Self::start_on(Tokio::current(), source, Config::default().backoff)
    }
}

impl<S: Seam> ModelCache<S> {
    /// Starts a cache on this runtime. `backoff` says how long to wait before another multiwatcher is opened. A cache that has followed for its longest wait starts again with the shortest.
    pub fn start_on(seam: S, source: impl Into<Source<S>>, backoff: Backoff) -> Self {
        let source = source.into();
        let shared = Arc::new(Shared::new(seam, source.clone()));
        shared.seam.spawn(Task::new(Arc::clone(&shared), source, backoff));
        Self { keeper: Arc::new(Keeper { shared }) }
    }

    /// Everything that is held, at one revno; `None` before the first batch. Never waits.
    pub fn snapshot(&self) -> Option<Snapshot> {
        self.keeper.shared.snapshot()
    }

    /// One model of the latest snapshot; `None` if nothing of it is held. Never waits.
    pub fn model(&self, model: ModelId) -> Option<CachedModel> {
        self.snapshot()?.model(model)
    }

    /// Waits until the cache holds what the worker knows, and returns it.
    pub async fn loaded(&self) -> Result<Snapshot, CacheEnd> {
        // A filter that nothing passes is told the first state and nothing else.
        self.notify(Filter::models([])).next().await
    }

    /// Waits until a model is as the predicate wants it, which is shown the model, or `None` while nothing of it is there; returns
    /// what it was shown. It looks at once, then whenever that model has changed, and at no other time. It may miss a state that did
    /// not last.
    ///
    /// Cancel-safe: a call that is dropped leaves nothing behind. The predicate runs in the caller's task, without a lock.
    pub async fn wait_for(
        &self,
        model: ModelId,
        mut predicate: impl FnMut(Option<&CachedModel>) -> bool,
    ) -> Result<Option<CachedModel>, CacheEnd> {
        let mut watcher = self.notify(Filter::model(model));
        loop {
            let held = watcher.next().await?.model(model);
            if predicate(held.as_ref()) {
                return Ok(held);
            }
        }
    }

    /// Opens a watcher that tells that something passing the filter has changed.
    pub fn notify(&self, filter: Filter) -> NotifyWatcher<S> {
        NotifyWatcher::open(&self.keeper.shared, filter)
    }

    /// Opens a watcher that tells which ids passing the filter have changed.
    pub fn strings(&self, filter: Filter) -> StringsWatcher<S> {
        StringsWatcher::open(&self.keeper.shared, filter)
    }

    /// What is held, and how old it may be. Never waits.
    pub fn report(&self) -> CacheReport {
        self.keeper.shared.report()
    }

    /// Ends the cache: everybody who waits is told at once, and its multiwatcher is stopped. What it holds can still be read.
    pub fn kill(&self) {
        self.keeper.shared.end(CacheEnd::Killed);
    }

    /// Waits until the cache's task is over, and says why it ended. It does not keep the cache going.
    pub fn wait(&self) -> End<S> {
        End::new(Arc::clone(&self.keeper.shared))
    }
}

impl<S: Seam> Clone for ModelCache<S> {
    fn clone(&self) -> Self {
        Self { keeper: Arc::clone(&self.keeper) }
    }
}

impl<S: Seam> fmt::Debug for ModelCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelCache").field("snapshot", &self.snapshot()).finish_non_exhaustive()
    }
}
