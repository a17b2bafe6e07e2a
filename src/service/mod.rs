//! The API service: unmodified Juju clients connect, log in, and watch a model or all of them.
//!
//! # Layers
//!
//! - [`protocol`] is what is said, without I/O: requests are decoded, methods found, answers encoded. A fuzzer drives it.
//! - `session` is one connection after the websocket's handshake, over any stream. It is one task: it reads requests, answers them
//!   side by side, and writes. Everything in it is polled in one order, so that it can run under a simulated network and clock.
//! - `connection` and `handlers` are what a connection knows, and how each request is answered. They hold a
//!   [`Factory`] for watchers, and a [`ModelCache`](crate::cache::ModelCache) over it, which answers what is
//!   asked about models.
//! - `encoder` turns a batch into bytes once for everybody who is told it: the machine shares batches, and the bytes go with them.
//! - `server` is the port: TLS, HTTP (`http`), the limits of connections, and an end that keeps to its time.
//! - `users` is who may log in and what they may see.
//! - `admin` is the other port: health, metrics, and a page that shows what happens.
//!
//! # Why these parts
//!
//! tokio-tungstenite speaks frames over any stream. Replies must be cut into short frames, for one of the known clients
//! closes at a long one, and a batch's bytes must be shared by all who are told it; frameworks hide the frames. hyper speaks HTTP up to the
//! upgrade and on the other port. There is no compression: a batch would be compressed for each client anew.
//!
//! # Slow clients
//!
//! What is owed is written before anything else is computed. While a client does not read, no batch is taken for it, so it
//! costs what it is being sent and one cursor; the machine's lag policy ends its watchers, and [`Limits::stall`] its connection. A long
//! batch is encoded piece by piece as it is written, so what it is being sent is short; the pieces made last are kept for others who
//! are sent the same, up to [`Limits::encoded_bytes`] in all.
//!
//! A session that is not polled, for its client does not read, holds nothing that others wait for: passwords are checked by tasks of
//! their own, and a piece that several wait for is made whoever of them is polled.
//!
//! # What is logged
//!
//! The service logs by `tracing`: who connects, who logs in and from where, never a password, a hash, a value of an entity, or the name
//! of a login that failed. The libraries below it log by the `log` crate, and tungstenite prints every message at its level trace,
//! logins with their passwords among them. From debug level on they print none. So a program that passes `log` on to its own log must
//! silence the target `tungstenite` at trace, as in `tungstenite=debug`. The command does not pass it on.
//!
//! # What is drawn
//!
//! Nothing: ids of watchers are counted, salts come with the passwords' hashes, and the wall clock is a function of the
//! configuration. Masks are the clients', keys are TLS's. With [`Offload::Inline`] no other thread is used either.
//!
//! # Example
//!
//! The command `multiwatcher serve` does this and makes what is not there, `multiwatcher user` changes the file of users.
//!
//! ```no_run
//! use multiwatcher::backing::Json;
//! use multiwatcher::driver::{Factory, OpenError};
//! use multiwatcher::machine::{Config, ModelId};
//! use multiwatcher::service::{Accounts, Certificate, Service, ServiceConfig};
//! use multiwatcher::SqliteBacking;
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let open = || async { SqliteBacking::<Json>::open("entities.db").await.map_err(OpenError::Failed) };
//! let factory = Factory::new(open, Config::default());
//! let controller = ModelId::from_u128(0xc000_0000_0000_4000_8000_0000_0000_000c);
//! let config = ServiceConfig::new(controller, Accounts::File("users.toml".into()));
//! let service = Service::new(factory, config)?;
//! let certificate = Certificate::load_or_make("cert.pem".as_ref(), "key.pem".as_ref())?;
//! let server = service.bind("127.0.0.1:17070".parse()?, &certificate).await?;
//! server.run_until(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

mod admin;
mod config;
mod connection;
mod encoder;
mod encoding;
mod handlers;
mod http;
mod metrics;
mod offload;
pub mod protocol;
mod quota;
mod server;
mod session;
mod shared;
mod tls;
mod users;

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::backing::Json;
use crate::driver::Factory;
pub use config::{Limits, ServiceConfig};
pub use metrics::{Metrics, MetricsError};
pub use offload::Offload;
pub use server::{BindError, Server, Shutdown};
use shared::Shared;
pub use tls::{Certificate, CertificateError};
pub use users::{
    Accounts, AttemptLimits, ControllerAccess, HashError, ModelAccess, PasswordCost, PasswordHash, Salt, User, Users,
    UsersError,
};
use users::{Doorkeeper, StartError};

/// The API service over one factory of workers. Clones are the same service.
#[derive(Debug, Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

/// Why there is no service.
#[derive(Debug)]
pub enum ServiceError {
    /// The users cannot be read.
    Users(UsersError),
    /// The cost of a password's hash is out of bounds.
    Cost(HashError),
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Users(error) => fmt::Display::fmt(error, f),
            Self::Cost(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl core::error::Error for ServiceError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Users(error) => Some(error),
            Self::Cost(error) => Some(error),
        }
    }
}

impl Service {
    /// A service that watches what this factory opens. Nothing is listened to yet: [`bind`](Self::bind) it, or hand it streams.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, as `tokio::spawn` does.
    pub fn new(factory: Factory<Json>, config: ServiceConfig) -> Result<Self, ServiceError> {
        let (accounts, cost) = (config.accounts.clone(), config.password_cost);
        let at_once = config.limits.hashes_at_once;
        let doorkeeper = Doorkeeper::new(accounts, cost, config.attempts, at_once, config.offload);
        let doorkeeper = doorkeeper.map_err(|error| match error {
            StartError::Users(error) => ServiceError::Users(error),
            StartError::Cost(error) => ServiceError::Cost(error),
        })?;
        Ok(Self { shared: Arc::new(Shared::new(factory, config, doorkeeper)) })
    }

    /// How many passwords were hashed to check a login: one for each that was let through the limits, whether the user is known
    /// or not.
    pub fn hashed(&self) -> u64 {
        self.shared.doorkeeper.hashed()
    }

    /// How many connections are open, those in their handshake included.
    pub fn connections(&self) -> usize {
        self.shared.connections.total()
    }

    /// How many watchers the clients hold. The service holds one more for itself, which feeds its model cache.
    pub fn watchers(&self) -> usize {
        self.shared.watchers.total()
    }

    /// Ends the sessions of streams that were handed to [`serve_stream`](Self::serve_stream); a bound server has its own way.
    pub fn shut_down(&self) {
        self.shared.stopping.cancel();
    }
}

/// Makes a file, empty, that nobody else may read.
fn private_file(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
        let file = options.mode(0o600).open(path)?;
        // One that was there may have had others.
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path)
}
