//! What the tests share: a database in memory, a service over it, and clients on streams in memory.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use multiwatcher::backing::{Json, MemoryBacking};
use multiwatcher::driver::{Factory, OpenError};
use multiwatcher::machine::{Backoff, Config, EntityId, ModelId};
use multiwatcher::service::{
    Accounts, ControllerAccess, Limits, ModelAccess, PasswordCost, PasswordHash, Salt, Service, ServiceConfig, User,
    Users,
};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::client::Client;

/// Nothing takes this long unless it is broken.
pub(crate) const LONG: Duration = Duration::from_secs(30);
pub(crate) const MODEL: ModelId = ModelId::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0001);
pub(crate) const OTHER: ModelId = ModelId::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0002);
pub(crate) const CONTROLLER: ModelId = ModelId::from_u128(0xc000_0000_0000_4000_8000_0000_0000_000c);
/// The password of everybody.
pub(crate) const PASSWORD: &str = "s3cret-pa55word";
/// What a hash costs where it is not the point.
pub(crate) const CHEAP: PasswordCost = PasswordCost { memory_kib: 8, passes: 1 };
/// Bytes that a stream in memory holds.
const PIPE: usize = 64 << 10;

/// The path of a model.
pub(crate) fn path(model: ModelId) -> String {
    format!("/model/{model}/api")
}

/// A user with a password of everybody.
pub(crate) fn user(controller: ControllerAccess, models: &[(ModelId, ModelAccess)]) -> User {
    User {
        password: PasswordHash::of(PASSWORD, Salt([1; 16]), CHEAP).unwrap(),
        display_name: String::new(),
        controller,
        models: models.iter().copied().collect(),
    }
}

/// `admin` may do everything, `boss` administers the model, `bob` may read it, `eve` may log in.
pub(crate) fn users() -> Users {
    let mut users = Users::default();
    users.add("admin", user(ControllerAccess::Superuser, &[])).unwrap();
    users.add("boss", user(ControllerAccess::Login, &[(MODEL, ModelAccess::Admin)])).unwrap();
    users.add("bob", user(ControllerAccess::Login, &[(MODEL, ModelAccess::Read)])).unwrap();
    users.add("eve", user(ControllerAccess::Login, &[])).unwrap();
    users
}

pub(crate) fn json(value: &Value) -> Json {
    Json::of(value).unwrap()
}

/// The id of a model's entity of itself.
pub(crate) fn model_id(model: ModelId) -> EntityId {
    EntityId::new("model", model, model.to_string())
}

pub(crate) fn unit_id(name: &str) -> EntityId {
    EntityId::new("unit", MODEL, name)
}

pub(crate) fn unit(name: &str, message: &str) -> Json {
    json(&json!({
        "model-uuid": MODEL.to_string(), "name": name, "application": "redis", "life": "alive",
        "workload-status": { "current": "active", "message": message, "version": "" },
    }))
}

/// A database with two models, and a service over it.
pub(crate) struct World {
    pub(crate) database: MemoryBacking<Json>,
    pub(crate) factory: Factory<Json>,
    pub(crate) service: Service,
}

/// What is usual, with short waits.
pub(crate) fn config() -> ServiceConfig {
    let limits = Limits { open_backing: Duration::from_millis(500), ..Limits::default() };
    let accounts = Accounts::Fixed(Arc::new(users()));
    ServiceConfig { password_cost: CHEAP, limits, ..ServiceConfig::new(CONTROLLER, accounts) }
}

pub(crate) fn machine_config() -> Config {
    let backoff = Backoff { min: Duration::from_millis(20), max: Duration::from_millis(100) };
    Config { backoff, ..Config::default() }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(machine_config(), config())
    }

    pub(crate) fn with_limits(limits: impl FnOnce(&mut Limits)) -> Self {
        let mut config = config();
        limits(&mut config.limits);
        Self::with(machine_config(), config)
    }

    pub(crate) fn with(machine: Config, config: ServiceConfig) -> Self {
        let database = MemoryBacking::new();
        for (model, name) in [(MODEL, "prod"), (OTHER, "staging")] {
            let value = json!({ "model-uuid": model.to_string(), "name": name, "life": "alive", "owner": "admin" });
            database.put(model_id(model), json(&value));
        }
        let opened = database.clone();
        let open = move || {
            let opened = opened.clone();
            async move { Ok::<_, OpenError>(opened) }
        };
        let factory = Factory::new(open, machine);
        let service = Service::new(factory.clone(), config).unwrap();
        Self { database, factory, service }
    }

    /// A client on a stream in memory, before its login.
    pub(crate) async fn connect(&self, path: &str) -> Client<DuplexStream> {
        self.connect_from(Ipv4Addr::LOCALHOST.into(), path).await.0
    }

    pub(crate) async fn connect_from(&self, address: IpAddr, path: &str) -> (Client<DuplexStream>, JoinHandle<()>) {
        let (stream, serving) = self.stream_from(address);
        (Client::connect(stream, path).await.unwrap(), serving)
    }

    /// A stream in memory, and the task that serves it.
    pub(crate) fn stream(&self) -> (DuplexStream, JoinHandle<()>) {
        self.stream_from(Ipv4Addr::LOCALHOST.into())
    }

    pub(crate) fn stream_from(&self, address: IpAddr) -> (DuplexStream, JoinHandle<()>) {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        let service = self.service.clone();
        (ours, tokio::spawn(async move { service.serve_stream(theirs, address).await }))
    }

    /// A client of the model that has logged in.
    pub(crate) async fn client(&self, user: &str) -> Client<DuplexStream> {
        self.logged_in(user, &path(MODEL)).await
    }

    pub(crate) async fn logged_in(&self, user: &str, path: &str) -> Client<DuplexStream> {
        let mut client = self.connect(path).await;
        let reply = client.log_in(user, PASSWORD).await;
        assert!(reply.get("error").is_none(), "{reply}");
        client
    }

    /// Watchers of clients: of those that the machine counts one is the model cache's.
    pub(crate) fn watchers(&self) -> usize {
        self.factory.report().expect("a client has logged in").census.watchers.total() - 1
    }
}

/// What an error says: text and code.
pub(crate) fn error(reply: &Value) -> String {
    assert_eq!(reply["response"], json!({}), "an error has an empty response: {reply}");
    let text = reply["error"].as_str().unwrap_or_else(|| panic!("expected an error: {reply}"));
    match reply.get("error-code") {
        Some(code) => format!("{text} [{}]", code.as_str().unwrap()),
        None => text.to_owned(),
    }
}

/// Deltas in short: `unit change redis/0`.
pub(crate) fn short(deltas: &[Value]) -> Vec<String> {
    let key = |payload: &Value| {
        let keys = ["name", "offer-name", "id", "model-uuid"];
        keys.iter().find_map(|key| payload.get(key)).and_then(Value::as_str).unwrap_or("?").to_owned()
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    deltas.iter().map(|delta| format!("{} {} {}", text(&delta[0]), text(&delta[1]), key(&delta[2]))).collect()
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waited = timeout(LONG, async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}
