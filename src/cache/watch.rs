//! Watchers of the cache: that something changed, or which ids.

use core::fmt;
use core::future::poll_fn;
use std::sync::Arc;

use super::held::Held;
use super::report::CacheEnd;
use super::shared::Shared;
use super::snapshot::Snapshot;
use super::watches::Due;
use crate::driver::{Seam, Tokio};
use crate::machine::{EntityId, Filter};

/// Tells that something changed under a filter, once for however many changes there were. It does not keep the cache going.
pub struct NotifyWatcher<S: Seam = Tokio> {
    watch: Watch<S>,
}

/// Tells which ids changed under a filter, each once for however many changes there were. It does not keep the cache going.
///
/// While it is not asked it holds every id that has changed since, those included that came and went: as many as there were, whatever is
/// left of them. Drop one that nobody asks any more; another one begins with all that there is.
pub struct StringsWatcher<S: Seam = Tokio> {
    watch: Watch<S>,
    filter: Filter,
}

struct Watch<S: Seam> {
    shared: Arc<Shared<S>>,
    key: u64,
}

impl<S: Seam> Watch<S> {
    fn open(shared: &Arc<Shared<S>>, filter: Filter, wants_ids: bool) -> Self {
        Self { shared: Arc::clone(shared), key: shared.watch(filter, wants_ids) }
    }

    async fn next(&self) -> Result<(Snapshot, Due), CacheEnd> {
        poll_fn(|cx| self.shared.poll_watch(self.key, cx)).await
    }
}

impl<S: Seam> Drop for Watch<S> {
    fn drop(&mut self) {
        self.shared.unwatch(self.key);
    }
}

impl<S: Seam> NotifyWatcher<S> {
    pub(super) fn open(shared: &Arc<Shared<S>>, filter: Filter) -> Self {
        Self { watch: Watch::open(shared, filter, false) }
    }

    /// Waits until something has changed since the last answer, and returns the cache as it is. The first answer comes as soon as the
    /// cache holds anything at all. Whether something is *different* is for the caller to see: it may have changed back.
    ///
    /// Cancel-safe: a call that is dropped loses nothing.
    pub async fn next(&mut self) -> Result<Snapshot, CacheEnd> {
        self.watch.next().await.map(|(snapshot, _)| snapshot)
    }
}

impl<S: Seam> StringsWatcher<S> {
    pub(super) fn open(shared: &Arc<Shared<S>>, filter: Filter) -> Self {
        Self { watch: Watch::open(shared, filter.clone(), true), filter }
    }

    /// Waits until ids have changed since the last answer, and returns them in order, with the cache as it is: an id that is not in
    /// there is gone. The first answer names every id there is, which may be none.
    ///
    /// Cancel-safe: a call that is dropped loses nothing.
    pub async fn next(&mut self) -> Result<(Vec<EntityId>, Snapshot), CacheEnd> {
        let (snapshot, due) = self.watch.next().await?;
        let ids = match due {
            Due::Changes(ids) => ids.into_iter().collect(),
            Due::Everything => {
                let all = snapshot.entities().map(Held::id).filter(|id| self.filter.passes(id));
                let mut all: Vec<_> = all.cloned().collect();
                all.sort_unstable();
                all
            }
            Due::Nothing => Vec::new(),
        };
        Ok((ids, snapshot))
    }
}

impl<S: Seam> fmt::Debug for NotifyWatcher<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotifyWatcher").field("watch", &self.watch.key).finish_non_exhaustive()
    }
}

impl<S: Seam> fmt::Debug for StringsWatcher<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StringsWatcher").field("watch", &self.watch.key).finish_non_exhaustive()
    }
}
