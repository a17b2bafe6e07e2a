//! What all connections of a service share.

use core::sync::atomic::{AtomicU64, Ordering};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::config::ServiceConfig;
use super::encoder::Encoder;
use super::metrics::Meters;
use super::protocol::{ErrorCode, RpcError};
use super::quota::Quota;
use super::users::Doorkeeper;
use crate::backing::Json;
use crate::cache::ModelCache;
use crate::driver::Factory;
use crate::machine::ModelId;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) factory: Factory<Json>,
    pub(super) config: ServiceConfig,
    pub(super) cache: ModelCache,
    pub(super) doorkeeper: Arc<Doorkeeper>,
    pub(super) encoder: Encoder,
    pub(super) meters: Meters,
    pub(super) connections: Quota<IpAddr>,
    pub(super) watchers: Quota<String>,
    /// Cancelled when the service shuts down.
    pub(super) stopping: CancellationToken,
    /// Where it listens, and the certificate to trust; known when it is bound.
    pub(super) place: Mutex<Reachable>,
    last_connection: AtomicU64,
}

/// How clients reach the service.
#[derive(Debug, Clone, Default)]
pub(super) struct Reachable {
    pub(super) address: Option<SocketAddr>,
    pub(super) certificate: String,
}

impl Shared {
    pub(super) fn new(factory: Factory<Json>, config: ServiceConfig, doorkeeper: Doorkeeper) -> Self {
        let limits = config.limits;
        Self {
            cache: ModelCache::start(factory.clone()),
            factory,
            encoder: Encoder::new(config.offload, limits.encoded_bytes),
            meters: Meters::new(),
            connections: Quota::new(limits.connections_per_address, limits.connections),
            watchers: Quota::new(limits.watchers_per_user, usize::MAX),
            config,
            doorkeeper: Arc::new(doorkeeper),
            stopping: CancellationToken::new(),
            place: Mutex::default(),
            last_connection: AtomicU64::new(0),
        }
    }

    pub(super) fn next_connection(&self) -> u64 {
        self.last_connection.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether anything of such a model is there. While nothing was loaded yet it waits, for a while.
    pub(super) async fn knows(&self, model: ModelId) -> Result<bool, RpcError> {
        if let Some(snapshot) = self.cache.snapshot() {
            return Ok(snapshot.model(model).is_some());
        }
        let trouble = match timeout(self.config.limits.open_backing, self.cache.loaded()).await {
            Ok(Ok(snapshot)) => return Ok(snapshot.model(model).is_some()),
            Ok(Err(end)) => end.to_string(),
            Err(_) => match self.cache.report().last_failure {
                Some(failure) => failure.to_string(),
                None => "they are being loaded".to_owned(),
            },
        };
        Err(RpcError::new(format!("the models are not known yet: {trouble}"), ErrorCode::TryAgain))
    }

    pub(super) fn reachable(&self) -> Reachable {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
