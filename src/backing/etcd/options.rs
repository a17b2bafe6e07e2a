//! How a cluster is connected to.

use core::fmt;
use core::time::Duration;

use etcd_client::{Certificate, ConnectOptions, TlsOptions};
use serde::de::DeserializeOwned;

use super::EtcdBacking;
use super::link::Way;
use crate::backing::{BackingError, Value};

/// Pings on a connection that is in use. Servers do not like them more often than this.
const PING: Duration = Duration::from_secs(5);

/// How a cluster is connected to.
#[derive(Clone)]
pub struct EtcdOptions {
    user: Option<(String, String)>,
    tls: Option<EtcdTls>,
    connect_timeout: Duration,
    call_timeout: Duration,
    heartbeat: Duration,
    page_size: u32,
}

/// Who is trusted, and who we are. Certificates and keys are texts in PEM form.
#[derive(Clone, Default)]
pub struct EtcdTls {
    authority: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
    server_name: Option<String>,
}

impl EtcdOptions {
    /// Nobody in particular, without TLS; two seconds for a connection, three for an answer, a sign of life every two; pages of at most
    /// 2048 entities.
    #[must_use]
    pub fn new() -> Self {
        Self {
            user: None,
            tls: None,
            connect_timeout: Duration::from_secs(2),
            call_timeout: Duration::from_secs(3),
            heartbeat: Duration::from_secs(2),
            page_size: 2048,
        }
    }

    /// Signs on as this user. It needs to read the keys under the prefix; where it may not write, see
    /// [read-only users](super#users-that-may-only-read).
    #[must_use]
    pub fn user(self, name: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: Some((name.into(), password.into())), ..self }
    }

    /// Whom to trust and who to be, for endpoints that begin with `https://`. Without this, those that the system trusts are trusted.
    #[must_use]
    pub fn tls(self, tls: EtcdTls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// How long connecting to one endpoint may take.
    #[must_use]
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// How long one endpoint may take to answer. A question is asked up to three times, so a third of the worker's
    /// [`call_timeout`](crate::machine::Config::call_timeout) suits.
    #[must_use]
    pub fn call_timeout(self, call_timeout: Duration) -> Self {
        Self { call_timeout, ..self }
    }

    /// How often the server is asked for a sign of life while nothing happens. One that does not answer in time counts as dead. Keep it below
    /// the worker's [`heartbeat`](crate::machine::Config::heartbeat).
    #[must_use]
    pub fn heartbeat(self, heartbeat: Duration) -> Self {
        Self { heartbeat: heartbeat.max(Duration::from_millis(10)), ..self }
    }

    /// How many entities a load asks for at once; fewer if they are large.
    #[must_use]
    pub fn page_size(self, entities: u32) -> Self {
        Self { page_size: entities.max(1), ..self }
    }

    /// Opens the entities under this prefix. Endpoints are `http://host:2379` or `https://...`; the first that answers is used, until it
    /// does not. Call it within a tokio runtime, and keep that running.
    pub async fn open<V: Value + DeserializeOwned, E: Into<String>>(
        self,
        endpoints: impl IntoIterator<Item = E>,
        prefix: impl AsRef<str>,
    ) -> Result<EtcdBacking<V>, BackingError> {
        let endpoints: Vec<String> = endpoints.into_iter().map(Into::into).collect();
        if endpoints.is_empty() {
            return Err(BackingError::permanent("expected at least one endpoint, such as http://127.0.0.1:2379"));
        }
        let (heartbeat, page_size) = (self.heartbeat, self.page_size);
        EtcdBacking::connect(self.way(endpoints), prefix.as_ref(), heartbeat, page_size).await
    }

    fn way(self, endpoints: Vec<String>) -> Way {
        let mut options = ConnectOptions::new()
            .with_connect_timeout(self.connect_timeout)
            .with_keep_alive(PING, PING)
            .with_keep_alive_while_idle(false)
            .with_auto_token_refresh(true)
            .with_require_leader(true);
        if let Some((name, password)) = self.user {
            options = options.with_user(name, password);
        }
        if self.tls.is_some() || endpoints.iter().any(|endpoint| endpoint.starts_with("https://")) {
            options = options.with_tls(self.tls.unwrap_or_default().options());
        }
        Way { endpoints, options, connect_timeout: self.connect_timeout, call_timeout: self.call_timeout }
    }
}

impl EtcdTls {
    /// Trusts those that the system trusts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts certificates that this authority has signed, and no others.
    #[must_use]
    pub fn authority(self, certificate: impl Into<Vec<u8>>) -> Self {
        Self { authority: Some(certificate.into()), ..self }
    }

    /// Shows this certificate to servers that ask for one.
    #[must_use]
    pub fn identity(self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        Self { identity: Some((certificate.into(), key.into())), ..self }
    }

    /// The name that the server's certificate is to have, if it is not that of the endpoint.
    #[must_use]
    pub fn server_name(self, name: impl Into<String>) -> Self {
        Self { server_name: Some(name.into()), ..self }
    }

    fn options(self) -> TlsOptions {
        let mut options = TlsOptions::new();
        options = match self.authority {
            Some(authority) => options.ca_certificate(Certificate::from_pem(authority)),
            None => options.with_native_roots(),
        };
        if let Some((certificate, key)) = self.identity {
            options = options.identity(etcd_client::Identity::from_pem(certificate, key));
        }
        if let Some(name) = self.server_name {
            options = options.domain_name(name);
        }
        options
    }
}

impl Default for EtcdOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// Passwords are not shown.
impl fmt::Debug for EtcdOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, tls, connect_timeout, call_timeout, heartbeat, page_size } = self;
        f.debug_struct("EtcdOptions")
            .field("user", &user.as_ref().map(|(name, _)| name))
            .field("tls", tls)
            .field("connect_timeout", connect_timeout)
            .field("call_timeout", call_timeout)
            .field("heartbeat", heartbeat)
            .field("page_size", page_size)
            .finish()
    }
}

/// Keys are not shown.
impl fmt::Debug for EtcdTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdTls").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}
