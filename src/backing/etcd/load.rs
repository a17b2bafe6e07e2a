//! The stream of a load: page after page of one revision.

use std::sync::Arc;

use etcd_client::GetOptions;
use futures_util::stream;
use serde::de::DeserializeOwned;

use super::Shared;
use super::history::{behind, decode, entity};
use crate::backing::{BackingError, Entities, Reads, Value};

/// The first page asks for so many, for nothing is known of their size.
const FIRST: u32 = 128;
/// The size of a page, in bytes of values, that the next ones are to have.
const PAGE: usize = 2 << 20;

struct Load {
    shared: Arc<Shared>,
    /// Of all pages. None: that of the first one.
    revision: Option<i64>,
    next: Vec<u8>,
    limit: u32,
}

/// Every entity at this revision; at the latest, if there is none.
pub(super) fn load<V: Value + DeserializeOwned>(shared: Arc<Shared>, revision: Option<i64>) -> Entities<V> {
    let next = shared.keys.range().0;
    let limit = FIRST.min(shared.page_size);
    let load = Load { shared, revision, next, limit };
    Box::pin(stream::try_unfold(Some(load), |load| async move {
        match load {
            Some(load) => load.page().await.map(Some),
            None => Ok(None),
        }
    }))
}

impl Load {
    /// The entities of a page, and what is left.
    async fn page<V: Value + DeserializeOwned>(mut self) -> Result<(Reads<V>, Option<Self>), BackingError> {
        let mut options = GetOptions::new().with_range(self.shared.keys.range().1).with_limit(i64::from(self.limit));
        if let Some(revision) = self.revision {
            options = options.with_revision(revision);
        }
        let page = self.shared.link.get("loading entities", &self.next, &options).await?;
        let mut bytes = 0;
        let reads = page
            .kvs()
            .iter()
            .inspect(|found| bytes += found.value().len())
            .filter_map(|found| entity(&self.shared.keys, found.key()).map(|id| (id.clone(), decode(&id, found))))
            .collect();
        let more = page.kvs().last().filter(|_| page.more()).map(|last| behind(last.key()));
        let left = more.map(|next| {
            self.next = next;
            self.revision = self.revision.or_else(|| page.header().map(etcd_client::ResponseHeader::revision));
            self.limit = limit(page.kvs().len(), bytes).min(self.shared.page_size);
            self
        });
        Ok((reads, left))
    }
}

/// How many entities make a page, if they are as large as these.
fn limit(count: usize, bytes: usize) -> u32 {
    let wanted = PAGE.saturating_mul(count) / bytes.max(1);
    u32::try_from(wanted).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_large_entities_are_short() {
        assert_eq!(limit(100, 100 * 1024), 2048);
        assert_eq!(limit(2, 2 << 20), 2);
        assert_eq!(limit(1, 10 << 20), 1, "one at least");
        assert_eq!(limit(3, 0), 6 << 20);
    }
}
