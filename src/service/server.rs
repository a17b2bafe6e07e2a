//! The port that clients come to: TLS, HTTP, then a session for each connection, until the service shuts down.

use core::fmt;
use core::future::Future;
use core::pin::pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError};

use futures_util::future::{Either, select};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use super::Service;
use super::admin::Admin;
use super::connection::Connection;
use super::http::{Upgraded, upgrade};
use super::metrics::Metrics;
use super::session::{self, Parting};
use super::shared::Reachable;
use super::tls::{Certificate, CertificateError};
use super::users::network;

/// When the system has no more of something, it is asked again after this.
const AGAIN: Duration = Duration::from_millis(100);

/// A service that listens. It serves while [`run_until`](Self::run_until) runs.
#[derive(Debug)]
pub struct Server {
    service: Service,
    listener: TcpListener,
    acceptor: Acceptor,
    admin: Option<Admin>,
}

/// Why a service cannot listen.
#[derive(Debug)]
pub enum BindError {
    /// The port cannot be had.
    Port {
        /// Where it was to listen.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The certificate cannot be used.
    Certificate(CertificateError),
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port { address, error } => write!(f, "cannot listen on {address}: {error}"),
            Self::Certificate(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl core::error::Error for BindError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Port { error, .. } => Some(error),
            Self::Certificate(error) => Some(error),
        }
    }
}

/// What a service knows after it has shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shutdown {
    /// Connections that did not close in time and were cut off.
    pub cut_off: usize,
}

struct Acceptor(TlsAcceptor);

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acceptor")
    }
}

impl Service {
    /// Listens for clients, with TLS. Port 0 is any that is free.
    pub async fn bind(&self, address: SocketAddr, certificate: &Certificate) -> Result<Server, BindError> {
        let acceptor = Acceptor(certificate.acceptor().map_err(BindError::Certificate)?);
        let listener = listen(address).await?;
        let address = listener.local_addr().ok();
        let reachable = Reachable { address, certificate: certificate.certificate_pem().to_owned() };
        *self.shared.place.lock().unwrap_or_else(PoisonError::into_inner) = reachable;
        Ok(Server { service: self.clone(), listener, acceptor, admin: None })
    }

    /// Serves one client on any stream, beginning with its HTTP request. There is no TLS in it: put the stream behind your own.
    ///
    /// It returns when the connection has ended. Dropping it ends the connection, and stops its watchers.
    pub async fn serve_stream<IO>(&self, stream: IO, address: IpAddr)
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.serve(core::future::ready(Ok(stream)), address, None).await;
    }

    /// Serves one client on a stream that is being made; how the connection ended.
    async fn serve<IO>(
        &self,
        stream: impl Future<Output = std::io::Result<IO>>,
        address: IpAddr,
        accepted: Option<SocketAddr>,
    ) -> Parting
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let shared = &self.shared;
        let Some(_ticket) = shared.connections.take(network(address)) else {
            debug!(%address, "a connection too many");
            return Parting::Done;
        };
        let handshake = async { upgrade(stream.await.ok()?).await };
        // In a box: what a handshake needs is not kept for as long as the connection lasts.
        let handshake = Box::pin(timeout(shared.config.limits.handshake, handshake));
        let Some(Ok(Some(Upgraded { stream, read, target }))) = shared.stopping.run_until_cancelled(handshake).await
        else {
            return Parting::Done;
        };
        let connection = Arc::new(Connection::new(Arc::clone(shared), target, address, accepted));
        let _open = shared.meters.connection();
        session::run(stream, read, connection).await
    }
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Where the status page is, if there is one.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().and_then(|admin| admin.address().ok())
    }

    /// The same server with a status page, health and metrics on a port of its own, without TLS and without a login: let it be one
    /// of this machine. Entities are named there, their values are not shown.
    pub async fn with_admin(self, address: SocketAddr, metrics: Option<Metrics>) -> Result<Self, BindError> {
        let admin = Admin::new(Arc::clone(&self.service.shared), listen(address).await?, metrics);
        Ok(Self { admin: Some(admin), ..self })
    }

    /// Serves until `shutdown` is ready. Then watchers end with that cause, connections are closed, and those that are not in
    /// time ([`Limits::close`](super::Limits::close)) are cut off.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> Shutdown {
        let Self { service, listener, acceptor, admin } = self;
        let (tracker, cut) = (TaskTracker::new(), CancellationToken::new());
        let cut_off = Arc::new(AtomicUsize::new(0));
        if let Some(admin) = admin {
            tracker.spawn(admin.run(service.shared.stopping.clone()));
        }
        let accepting = accept(&service, &listener, &acceptor.0, &tracker, &cut, &cut_off);
        match select(pin!(shutdown), pin!(accepting)).await {
            Either::Left(((), _)) | Either::Right(((), _)) => {}
        }
        drop(listener);
        info!("shutting down");
        service.shared.stopping.cancel();
        tracker.close();
        let patience = service.shared.config.limits.close;
        // Sessions keep to that time themselves; whatever does not is dropped.
        if timeout(patience + AGAIN, tracker.wait()).await.is_err() {
            cut.cancel();
            tracker.wait().await;
        }
        Shutdown { cut_off: cut_off.load(Ordering::Relaxed) }
    }
}

async fn accept(
    service: &Service,
    listener: &TcpListener,
    acceptor: &TlsAcceptor,
    tracker: &TaskTracker,
    cut: &CancellationToken,
    cut_off: &Arc<AtomicUsize>,
) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "no connection can be accepted");
                sleep(AGAIN).await;
                continue;
            }
        };
        // Replies are written whole; waiting for more would only make them late.
        _ = stream.set_nodelay(true);
        let (service, acceptor, cut, cut_off) = (service.clone(), acceptor.clone(), cut.clone(), Arc::clone(cut_off));
        let accepted = stream.local_addr().ok();
        tracker.spawn(async move {
            let serving = service.serve(acceptor.accept(stream), peer.ip(), accepted);
            match cut.run_until_cancelled(serving).await {
                Some(Parting::Done) => {}
                Some(Parting::CutOff) | None => _ = cut_off.fetch_add(1, Ordering::Relaxed),
            }
        });
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|error| BindError::Port { address, error })
}
