//! A backing in an etcd cluster: keys under a prefix, written with this library or by anybody else.
//!
//! It needs the feature `etcd`, and `protoc` to build that. It speaks to etcd 3.4 and later. It runs on tokio: open it within a runtime
//! whose time and input are enabled, and which runs for as long as the backing is used.
//!
//! # What other programs may do
//!
//! Each entity is a key, `PREFIX/entity/KIND/MODEL/ID`, and its value is JSON. Whoever writes such keys is noticed, also `etcdctl`:
//!
//! ```sh
//! etcdctl put /juju/entity/unit/00000000-0000-0000-0000-000000000001/mysql/0 '{"status":"active"}'
//! etcdctl del --prefix /juju/entity/unit/00000000-0000-0000-0000-000000000001/
//! ```
//!
//! The prefix is `/juju` there. To the command `multiwatcher` that is `etcd:http://127.0.0.1:2379//juju`: it stands behind a slash.
//!
//! The model is a uuid in small letters, with hyphens. The id is everything behind it, slashes included, as it is. In the kind, and there
//! alone, a percent sign is written `%25` and a slash `%2F`. So each entity has one key, whatever letters are in its name. A key below
//! `PREFIX/entity/` that names no entity is none: nobody is told of it, and a warning says so each time that it is come across (through
//! `tracing`, with the reason). A value that is no JSON, or not what the program that watches expects, is an error about that entity alone
//! ([`Read::Error`]), until it is written again.
//!
//! One etcd transaction is one commit, and readers never see half of it. Keys that a lease takes along when it expires are removed in one
//! commit.
//!
//! Leave `PREFIX/identity` alone. It says which database this is.
//!
//! # Positions
//!
//! The position of a commit is its revision. Revisions count the commits of the whole cluster, so others' commits leave gaps.
//!
//! A subscription begins with a linearizable read, and watches from the next revision on. Each revision is handed over as a step of its own, when
//! every fragment of it is in. While nothing happens the server is asked for a sign of life every two seconds ([`EtcdOptions::heartbeat`]), by a
//! read. Watches have a progress request for that, but it is not used: up to etcd 3.4.24 and 3.5.7 the answer may overtake events of
//! earlier revisions, and later servers do not always answer. The reports that the server sends of itself, every ten
//! minutes unless it is told otherwise (`--experimental-watch-progress-notify-interval`), go the way of the events; they move the
//! position on when nothing but others' keys was written.
//!
//! A load reads all its pages at the revision at which the subscription began. What happened since a position is then found by comparing
//! which keys there are, and when each was last written, at that revision and at the latest one, which a linearizable read tells; the values
//! of those that differ are read at the latest. So a removal needs no history of events, and nothing depends on when a watch is told.
//! It costs two listings of the keys under the prefix, without their values: once after a load, and whenever an entity that could not be
//! read is read again.
//!
//! # How soon a commit is noticed
//!
//! About as soon as by a bare watch: what the worker adds is measured by `cargo bench --features etcd --bench etcd`.
//!
//! # Compaction
//!
//! A worker that follows does not need the history. If it is compacted during a load, or while a worker is cut off, the worker loads again
//! ([pruned](crate::backing::FailureKind::Pruned)), and readers see the difference. So compact as you like, but keep more than a load takes:
//! minutes, not seconds.
//!
//! # Restoring a snapshot
//!
//! Restore it as etcd's handbook says. The revision goes back, and the same revisions will be other commits. The
//! [identity](Backing::identity) then changes, so that resume tokens of the lost history are refused. It is made of the cluster's number, the
//! prefix, and a *witness*: a random nonce under `PREFIX/identity`, written in a transaction by whoever opens the prefix first,
//! along with the length of the cluster's log at that time. That it is another history is seen
//!
//! - by the number of the cluster, if the snapshot was restored with another token (`--initial-cluster-token`), as it should be;
//! - by a worker that runs, from the revision, the nonce, or the length of the log, which went back;
//! - when it is opened, or subscribed to again, by the length of the log: a restored cluster begins another one, so it is shorter than the
//!   witness says. The witness is brought up to date whenever somebody subscribes.
//!
//! Whoever sees it draws another nonce, and worker and readers go on with the difference
//! ([rewound](crate::backing::FailureKind::Rewound)). One case is not seen: no program was running, the token was kept, and after the restore
//! the cluster did more than it had done before somebody last subscribed. So give a restored cluster another token.
//!
//! # Failures
//!
//! One endpoint is used at a time. If it refuses, does not answer in time, is silent, or has lost its leader, the connection is given up
//! and the next endpoint is tried; a question up to three times, a commit never, for it may have happened. All that is
//! [transient](crate::backing::FailureKind::Transient): the worker tries again with its back-off, and readers are served from what it knows.
//!
//! A wrong password, a right that is missing, and a certificate that is not trusted are [permanent](crate::backing::FailureKind::Permanent)
//! for whoever opens the backing: waiting will not help, and somebody should be told. Once it is open they are transient: passwords and
//! certificates are renewed and rights are given while programs run, and readers would rather be served than ended.
//!
//! # Users that may only read
//!
//! The right to read `PREFIX/` is enough to watch. The witness is then left as it is. If there is none yet, or a restored snapshot would need
//! another one, a nonce is drawn that nobody else knows: resume tokens are good for this program alone, until somebody who may write opens the
//! prefix.
//!
//! # Many workers
//!
//! Any number of workers, in any number of programs, may watch one prefix, each serving readers of its own: all views come to the same.
//! A reader's resume token may be taken from one to another: all of them stand at each revision that changed something under the prefix
//! while they follow. A worker also stands where its load began, which may be a revision of somebody else's key; others pass over that one,
//! so until a key under the prefix changes, tokens of such a worker are
//! [`Ahead`](crate::driver::ResumeError::Ahead) elsewhere and then [`Gone`](crate::driver::ResumeError::Gone), though nothing is missed:
//! the reader begins afresh. Each worker costs the cluster one watch and one load. List the endpoints in another order for each of
//! them, and they spread over
//! the members.

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

use etcd_client::GetOptions;
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
        let found = self.shared.link.get("reading an entity", &self.shared.keys.of(id), &GetOptions::default()).await?;
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
