//! A database in memory, a service over it, and streams to it.

use std::net::Ipv4Addr;
use std::sync::Arc;

use multiwatcher::backing::{Json, MemoryBacking};
use multiwatcher::driver::{Factory, OpenError};
use multiwatcher::machine::{Config, EntityId, ModelId};
use multiwatcher::service::{
    Accounts, ControllerAccess, PasswordCost, PasswordHash, Salt, Service, ServiceConfig, User, Users,
};
use tokio::io::{BufReader, DuplexStream};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const MODEL: ModelId = ModelId::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0001);
pub(crate) const PATH: &str = "/model/a0000000-0000-4000-8000-000000000001/api";

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

    /// Takes so many connections on a port of its own, and returns the clients' ends. They read a reply in one call, as clients do.
    pub(crate) async fn connections(&self, count: usize) -> Vec<BufReader<TcpStream>> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let stream = TcpStream::connect(address).await.expect("it listens");
            let (accepted, peer) = listener.accept().await.expect("it has connected");
            accepted.set_nodelay(true).expect("a socket has the option");
            let service = self.service.clone();
            tokio::spawn(async move { service.serve_stream(accepted, peer.ip()).await });
            streams.push(BufReader::with_capacity(4 << 10, stream));
        }
        streams
    }
}

pub(crate) fn json(text: &str) -> Json {
    text.parse().expect("it is JSON")
}
