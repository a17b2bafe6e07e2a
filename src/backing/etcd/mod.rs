//! A backing in an etcd cluster: keys under a prefix, written with this library or by anybody else.
//!
//! Needs the feature `etcd`, and `protoc` to build it. It speaks to etcd 3.4 and later. It runs on tokio: open it within a runtime that
//! runs as long as it is used.

mod error;
mod history;
mod keys;
mod link;
mod load;
mod notices;
mod options;
mod place;
mod transaction;

use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicI64, Ordering};
use core::time::Duration;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::error::{EtcdError, PlaceError};
use self::keys::Keys;
use self::link::{Link, Way};
use self::place::Place;
use super::{Backing, BackingError, Entities, Identity, Json, Read, Step, Subscription, Value};
use crate::machine::{EntityId, Position};
pub use options::{EtcdOptions, EtcdTls};
pub use transaction::EtcdTransaction;

/// Entities under a prefix of an etcd cluster. The [module](self) says what other programs may do there.
///
/// `V` is what the JSON of a value is read as: [`Json`] keeps the text, any other type that `serde` can read will do. Clones share one
/// connection; each may be watched by a worker of its own.
pub struct EtcdBacking<V = Json> {
    shared: Arc<Shared>,
    /// Where the latest subscription began, which is the revision that a load reads. Before the first one, 0.
    begun: AtomicI64,
    value: PhantomData<fn() -> V>,
}

/// What every clone holds.
struct Shared {
    link: Link,
    keys: Keys,
    place: Place,
    heartbeat: Duration,
    page_size: u32,
}

impl<V: Value + DeserializeOwned> EtcdBacking<V> {
    /// Opens the entities under this prefix. [`EtcdOptions`] has more to say.
    pub async fn open<E: Into<String>>(
        endpoints: impl IntoIterator<Item = E>,
        prefix: impl AsRef<str>,
    ) -> Result<Self, BackingError> {
        EtcdOptions::new().open(endpoints, prefix).await
    }

    async fn connect(way: Way, prefix: &str, heartbeat: Duration, page_size: u32) -> Result<Self, BackingError> {
        let keys = Keys::new(prefix);
        let shared = Shared { link: Link::new(way), place: Place::new(keys.clone()), keys, heartbeat, page_size };
        shared.place.confirm(&shared.link).await.map_err(EtcdError::while_opening)?;
        Ok(Self::of(Arc::new(shared)))
    }

    /// The value of an entity.
    pub async fn get(&self, id: &EntityId) -> Result<Read<V>, BackingError> {
        let found = self.shared.link.get("reading an entity", &self.shared.keys.of(id), &Default::default()).await?;
        Ok(found.kvs().first().map_or(Read::Absent, |found| history::decode(id, found)))
    }
}

impl<V> EtcdBacking<V> {
    fn of(shared: Arc<Shared>) -> Self {
        Self { shared, begun: AtomicI64::new(0), value: PhantomData }
    }

    /// A transaction, to be filled and committed.
    pub fn transaction(&self) -> EtcdTransaction<'_, V> {
        EtcdTransaction::new(self)
    }

    /// Commits one value. Returns the commit's position.
    pub async fn put(&self, id: EntityId, value: &V) -> Result<Position, BackingError>
    where
        V: Serialize,
    {
        self.transaction().put(id, value).commit().await
    }

    /// Commits one removal. Returns the position of the latest commit.
    pub async fn remove(&self, id: EntityId) -> Result<Position, BackingError> {
        self.transaction().remove(id).commit().await
    }

    /// The position of the latest commit, whoever made it and to whatever key.
    pub async fn position(&self) -> Result<Position, BackingError> {
        Ok(self.shared.place.look(&self.shared.link).await?.position())
    }
}

impl<V: Value + DeserializeOwned> Backing for EtcdBacking<V> {
    type Value = V;

    fn identity(&self) -> Identity {
        self.shared.place.identity()
    }

    async fn watch(&self) -> Result<Subscription<V>, BackingError> {
        let confirmed = self.shared.place.confirm(&self.shared.link).await?;
        if confirmed.is_other {
            return Err(PlaceError::Other.into());
        }
        let revision = confirmed.moment.revision;
        let watch = notices::watch(Arc::clone(&self.shared), revision).await?;
        self.begun.store(revision, Ordering::SeqCst);
        Ok(Subscription::new(confirmed.moment.position(), watch.notices()))
    }

    fn get_all(&self) -> Entities<V> {
        let begun = self.begun.load(Ordering::SeqCst);
        load::load(Arc::clone(&self.shared), (begun > 0).then_some(begun))
    }

    async fn changed(&self, since: Position, ids: Vec<EntityId>) -> Result<Step<V>, BackingError> {
        history::step(&self.shared, since, ids).await
    }
}

impl<V> Clone for EtcdBacking<V> {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.shared))
    }
}

impl<V> fmt::Debug for EtcdBacking<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdBacking").field("identity", &self.shared.place.identity()).finish_non_exhaustive()
    }
}
