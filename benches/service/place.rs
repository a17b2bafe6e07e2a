//! A database in memory, a service over it, and streams to it: in memory, over loopback TCP, and over that with TLS, which is what ships.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use multiwatcher::backing::{Json, MemoryBacking};
use multiwatcher::driver::{Factory, OpenError};
use multiwatcher::machine::{Config, EntityId, ModelId};
use multiwatcher::service::{
    Accounts, Certificate, ControllerAccess, PasswordCost, PasswordHash, Salt, Service, ServiceConfig, User, Users,
};
use tokio::io::{AsyncRead, AsyncWrite, BufReader, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub(crate) const MODEL: ModelId = ModelId::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0001);
pub(crate) const PATH: &str = "/model/a0000000-0000-4000-8000-000000000001/api";

/// A client's end of a connection. They read a reply in one call, as clients do.
pub(crate) type Wire = BufReader<Box<dyn Stream>>;

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What lies between a client and the service.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    Tcp,
    /// A server as it ships.
    Tls,
}

pub(crate) struct Place {
    pub(crate) database: MemoryBacking<Json>,
    pub(crate) service: Service,
}

impl Place {
    pub(crate) fn new() -> Self {
        let database = MemoryBacking::new();
        database.put(EntityId::new("model", MODEL, MODEL.to_string()), json(r#"{"name":"bench"}"#));
        let opened = database.clone();
        let open = move || {
            let opened = opened.clone();
            async move { Ok::<_, OpenError>(opened) }
        };
        // A hash that costs nothing: a thousand clients log in.
        let password_cost = PasswordCost { memory_kib: 8, passes: 1 };
        let password = PasswordHash::of("s3cret", Salt([1; 16]), password_cost).expect("the cost is in bounds");
        let controller = ControllerAccess::Superuser;
        let admin = User { password, display_name: String::new(), controller, models: [].into() };
        let mut users = Users::default();
        users.add("admin", admin).expect("the name is good");
        let config = ServiceConfig::new(ModelId::from_u128(1), Accounts::Fixed(Arc::new(users)));
        let config = ServiceConfig { password_cost, ..config };
        let service = Service::new(Factory::new(open, Config::default()), config).expect("the users are good");
        Self { database, service }
    }

    /// Changes one unit, whose message is a number.
    pub(crate) fn change(&self, number: usize) {
        let value = format!(
            r#"{{"name":"redis/0","application":"redis","life":"alive","workload-status":{{"current":"active","message":"{number}"}}}}"#
        );
        self.database.put(EntityId::new("unit", MODEL, "redis/0"), json(&value));
    }

    /// A stream in memory.
    pub(crate) fn stream(&self, pipe: usize) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(pipe);
        let service = self.service.clone();
        tokio::spawn(async move { service.serve_stream(theirs, Ipv4Addr::LOCALHOST.into()).await });
        ours
    }

    /// Takes so many connections on a port of its own, and returns the clients' ends.
    pub(crate) async fn connections(&self, way: Way, count: usize) -> Vec<Wire> {
        match way {
            Way::Tcp => self.plain(count).await,
            Way::Tls => self.secure(count).await,
        }
    }

    async fn plain(&self, count: usize) -> Vec<Wire> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let stream = TcpStream::connect(address).await.expect("it listens");
            let (accepted, peer) = listener.accept().await.expect("it has connected");
            accepted.set_nodelay(true).expect("a socket has the option");
            let service = self.service.clone();
            tokio::spawn(async move { service.serve_stream(accepted, peer.ip()).await });
            streams.push(wire(stream));
        }
        streams
    }

    async fn secure(&self, count: usize) -> Vec<Wire> {
        let certificate = Certificate::make().expect("a certificate can be made");
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = self.service.bind(anywhere, &certificate).await.expect("a port is free");
        let address = server.address().expect("it is bound");
        tokio::spawn(server.run_until(core::future::pending()));
        let connector = connector(&certificate);
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let stream = TcpStream::connect(address).await.expect("it listens");
            let name = ServerName::try_from("localhost").expect("it is a name");
            streams.push(wire(connector.connect(name, stream).await.expect("it is trusted")));
        }
        streams
    }
}

pub(crate) fn json(text: &str) -> Json {
    text.parse().expect("it is JSON")
}

fn wire(stream: impl Stream + 'static) -> Wire {
    BufReader::with_capacity(4 << 10, Box::new(stream))
}

fn connector(certificate: &Certificate) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let der = CertificateDer::from_pem_slice(certificate.certificate_pem().as_bytes()).expect("it is PEM");
    roots.add(der).expect("it is a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}
