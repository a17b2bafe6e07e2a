//! A backing that was opened, whichever it is: what the commands ask of one. Another backing is another variant here, and nothing
//! elsewhere.

use core::time::Duration;

#[cfg(feature = "etcd")]
use multiwatcher::EtcdBacking;
use multiwatcher::backing::sqlite::SqliteOptions;
use multiwatcher::backing::{Backing, Identity, Json, Read};
#[cfg(feature = "service")]
use multiwatcher::driver::{Factory, OpenError};
use multiwatcher::machine::Position;
use multiwatcher::{BackingError, Config, EntityId, SqliteBacking, Worker};

use crate::error::CommandError;
#[cfg(feature = "etcd")]
use crate::etcd;
use crate::locator::Locator;

/// How long the end of a worker is waited for.
const GRACE: Duration = Duration::from_secs(2);

/// An entity, and the value it gets; none if it goes.
pub(crate) type Change = (EntityId, Option<Json>);

/// What is done about a database that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is made.
    Make,
    /// That is an error.
    Refuse,
}

/// A backing that was opened. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    locator: Locator,
    opened: Opened,
}

#[derive(Debug, Clone)]
enum Opened {
    Sqlite(SqliteBacking<Json>),
    #[cfg(feature = "etcd")]
    Etcd(EtcdBacking<Json>),
}

impl Database {
    /// Opens what is there.
    pub(crate) async fn open(locator: &Locator, missing: Missing) -> Result<Self, CommandError> {
        let opened = match locator {
            Locator::Sqlite(path) => {
                let options = match missing {
                    Missing::Make => SqliteOptions::new(),
                    Missing::Refuse => SqliteOptions::new().must_exist(),
                };
                options.open(path).await.map(Opened::Sqlite).map_err(|error| CommandError::backing(locator, &error))?
            }
            // Keys below a prefix are there or not; there is nothing to be made.
            #[cfg(feature = "etcd")]
            Locator::Etcd { endpoints, prefix } => etcd::options()?
                .open(endpoints, prefix)
                .await
                .map(Opened::Etcd)
                .map_err(|error| CommandError::backing(locator, &error))?,
            #[cfg(not(feature = "etcd"))]
            Locator::Etcd { .. } => {
                return Err(CommandError::Input(format!(
                    "{locator}\n  this program was built without etcd: expected one built with \
                     --features cli,etcd"
                )));
            }
        };
        Ok(Self { locator: locator.clone(), opened })
    }

    /// Where it is.
    pub(crate) fn locator(&self) -> &Locator {
        &self.locator
    }

    /// Which database it is, and which past of it.
    pub(crate) fn identity(&self) -> Identity {
        match &self.opened {
            Opened::Sqlite(backing) => backing.identity(),
            #[cfg(feature = "etcd")]
            Opened::Etcd(backing) => backing.identity(),
        }
    }

    /// A worker over it.
    pub(crate) fn start(&self, config: Config) -> Worker<Json> {
        match &self.opened {
            Opened::Sqlite(backing) => Worker::start(backing.clone(), config),
            #[cfg(feature = "etcd")]
            Opened::Etcd(backing) => Worker::start(backing.clone(), config),
        }
    }

    /// Workers over it: each opens it anew, so that one that failed for good is replaced. A file that has gone is not made again.
    #[cfg(feature = "service")]
    pub(crate) fn factory(&self, config: Config) -> Factory<Json> {
        match &self.locator {
            Locator::Sqlite(path) => {
                let path = path.clone();
                let open = move || {
                    let path = path.clone();
                    async move { SqliteOptions::new().must_exist().open::<Json>(path).await.map_err(OpenError::Failed) }
                };
                Factory::new(open, config)
            }
            #[cfg(feature = "etcd")]
            Locator::Etcd { endpoints, prefix } => {
                let (endpoints, prefix) = (endpoints.clone(), prefix.clone());
                let open = move || {
                    let (endpoints, prefix) = (endpoints.clone(), prefix.clone());
                    async move {
                        let options = etcd::options().map_err(|error| BackingError::transient(error.to_string()));
                        let options = options.map_err(OpenError::Failed)?;
                        options.open::<Json, _>(endpoints, &prefix).await.map_err(OpenError::Failed)
                    }
                };
                Factory::new(open, config)
            }
            #[cfg(not(feature = "etcd"))]
            Locator::Etcd { .. } => unreachable!("a build without etcd opens none"),
        }
    }

    /// Ends a factory and its worker, and waits until the database knows that it is gone; not for long.
    #[cfg(feature = "service")]
    pub(crate) async fn close(&self, factory: Factory<Json>) {
        // As for a worker.
        let _ = tokio::time::timeout(GRACE, factory.close()).await;
    }

    /// The position of the latest commit.
    pub(crate) async fn position(&self) -> Result<Position, CommandError> {
        let position = match &self.opened {
            Opened::Sqlite(backing) => backing.position().await,
            #[cfg(feature = "etcd")]
            Opened::Etcd(backing) => backing.position().await,
        };
        position.map_err(|error| self.failed(&error))
    }

    /// The value of an entity, if there is one.
    pub(crate) async fn get(&self, id: &EntityId) -> Result<Option<Json>, CommandError> {
        let read = match &self.opened {
            Opened::Sqlite(backing) => backing.get(id).await,
            #[cfg(feature = "etcd")]
            Opened::Etcd(backing) => backing.get(id).await,
        };
        match read.map_err(|error| self.failed(&error))? {
            Read::Value(value) => Ok(Some((*value).clone())),
            Read::Absent => Ok(None),
            Read::Error(error) => Err(CommandError::Backing { locator: self.locator.clone(), why: error.to_string() }),
        }
    }

    /// How many changes go well into one transaction.
    pub(crate) fn batch(&self) -> usize {
        match &self.opened {
            Opened::Sqlite(_) => 5_000,
            // A server refuses more than 128, unless it was told to take them.
            #[cfg(feature = "etcd")]
            Opened::Etcd(_) => 100,
        }
    }

    /// Makes these changes visible together, or none of them.
    pub(crate) async fn commit(&self, changes: Vec<Change>) -> Result<(), CommandError> {
        let committed = match &self.opened {
            Opened::Sqlite(backing) => {
                let mut transaction = backing.transaction();
                for (id, value) in changes {
                    transaction = match value {
                        Some(value) => transaction.put(id, &value),
                        None => transaction.remove(id),
                    };
                }
                transaction.commit().await
            }
            #[cfg(feature = "etcd")]
            Opened::Etcd(backing) => {
                let mut transaction = backing.transaction();
                for (id, value) in changes {
                    transaction = match value {
                        Some(value) => transaction.put(id, &value),
                        None => transaction.remove(id),
                    };
                }
                transaction.commit().await
            }
        };
        committed.map(drop).map_err(|error| self.failed(&error))
    }

    /// Ends a worker, and waits until the database knows that it is gone; not for long.
    pub(crate) async fn end(&self, worker: Worker<Json>) {
        worker.kill();
        // Whoever is not signed off counts as gone after some minutes; nobody need wait for a lock, or hear of a failure, because of that.
        let _ = tokio::time::timeout(GRACE, worker.wait()).await;
    }

    fn failed(&self, error: &BackingError) -> CommandError {
        CommandError::backing(&self.locator, error)
    }
}
