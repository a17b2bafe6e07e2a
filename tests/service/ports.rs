//! The service on real ports: TLS, and the port of those who run it.

use std::net::SocketAddr;

use multiwatcher::Backing as _;
use multiwatcher::service::{Certificate, Metrics, Server};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::client::Client;
use crate::common::{LONG, MODEL, PASSWORD, World, path, short, unit, unit_id};
use crate::secure::{secure, secure_by};

pub(crate) type Secure = Client<TlsStream<TcpStream>>;

pub(crate) fn certificate() -> Certificate {
    Certificate::make().unwrap()
}

pub(crate) async fn secure_client(address: SocketAddr, certificate: &Certificate, path: &str) -> Secure {
    Client::connect(secure(address, certificate.certificate_pem(), "localhost").await.unwrap(), path).await.unwrap()
}

/// A server that runs until it is dropped.
struct Running {
    address: SocketAddr,
    admin: Option<SocketAddr>,
    _stop: oneshot::Sender<()>,
    _task: JoinHandle<()>,
}

fn run(server: Server) -> Running {
    let (address, admin) = (server.address().unwrap(), server.admin_address());
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        server.run_until(async { _ = stopped.await }).await;
    });
    Running { address, admin, _stop: stop, _task: task }
}

#[tokio::test]
async fn a_client_that_trusts_the_certificate_watches_by_any_of_its_names() {
    let world = World::new();
    let certificate = certificate();
    let running = run(world.service.bind("127.0.0.1:0".parse().unwrap(), &certificate).await.unwrap());
    for name in ["localhost", "juju-apiserver", "juju-app", "127.0.0.1", "::1"] {
        let stream = secure(running.address, certificate.certificate_pem(), name)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut client = Client::connect(stream, &path(MODEL)).await.unwrap();
        let reply = client.log_in("bob", PASSWORD).await;
        let place = &reply["response"]["servers"][0][0];
        assert_eq!((&place["value"], &place["port"]), (&"127.0.0.1".into(), &running.address.port().into()));
        assert_eq!(client.watch_all().await, "1");
        assert_eq!(short(&client.next("1").await), ["model change prod"]);
    }
    assert!(secure(running.address, certificate.certificate_pem(), "example.org").await.is_err(), "another name");
    assert!(
        secure(running.address, self::certificate().certificate_pem(), "localhost").await.is_err(),
        "another certificate"
    );
}

#[tokio::test]
async fn a_certificate_may_be_made_for_an_address_too() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let place = ["192.0.2.7".parse().unwrap(), "127.0.0.1".parse().unwrap()];
    let certificate =
        Certificate::load_or_make_for(&folder.path().join("cert.pem"), &folder.path().join("key.pem"), &place);
    let certificate = certificate.unwrap();
    let running = run(world.service.bind("127.0.0.1:0".parse().unwrap(), &certificate).await.unwrap());
    for name in ["192.0.2.7", "127.0.0.1", "localhost"] {
        assert!(secure(running.address, certificate.certificate_pem(), name).await.is_ok(), "{name}");
    }
    assert!(secure(running.address, certificate.certificate_pem(), "192.0.2.8").await.is_err(), "another address");
}

#[tokio::test]
async fn both_versions_of_tls_are_spoken() {
    use tokio_rustls::rustls::ProtocolVersion;
    use tokio_rustls::rustls::version::{TLS12, TLS13};
    let world = World::new();
    let certificate = certificate();
    let running = run(world.service.bind("127.0.0.1:0".parse().unwrap(), &certificate).await.unwrap());
    for (offered, spoken) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        let stream = secure_by(&[offered], running.address, certificate.certificate_pem(), "localhost").await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(spoken));
        let mut client = Client::connect(stream, &path(MODEL)).await.unwrap();
        assert!(client.log_in("bob", PASSWORD).await.get("error").is_none());
    }
}

#[tokio::test]
async fn one_that_listens_everywhere_is_reached_where_the_client_came_to() {
    let world = World::new();
    let certificate = certificate();
    let running = run(world.service.bind("0.0.0.0:0".parse().unwrap(), &certificate).await.unwrap());
    let place = SocketAddr::from(([127, 0, 0, 1], running.address.port()));
    let mut client = secure_client(place, &certificate, "/api").await;
    let reply = client.log_in("bob", PASSWORD).await;
    let told = &reply["response"]["servers"][0][0];
    assert_eq!((&told["value"], &told["port"]), (&"127.0.0.1".into(), &place.port().into()));
    assert_eq!(told["scope"], "local-machine");
    let params = serde_json::json!({ "entities": [{ "tag": format!("model-{MODEL}") }] });
    let reply = client.call("Controller", "ControllerAPIInfoForModels", "", params).await;
    assert_eq!(reply["response"]["results"][0]["addresses"], serde_json::json!([place.to_string()]));
}

#[tokio::test]
async fn the_controller_says_how_models_are_reached() {
    let world = World::new();
    let certificate = certificate();
    let running = run(world.service.bind("127.0.0.1:0".parse().unwrap(), &certificate).await.unwrap());
    let mut client = secure_client(running.address, &certificate, "/api").await;
    client.log_in("bob", PASSWORD).await;
    let params = serde_json::json!({ "entities": [{ "tag": format!("model-{MODEL}") }] });
    let reply = client.call("Controller", "ControllerAPIInfoForModels", "", params).await;
    let info = &reply["response"]["results"][0];
    assert_eq!(info["addresses"], serde_json::json!([running.address.to_string()]));
    assert_eq!(info["cacert"], certificate.certificate_pem());
}

/// What a GET of the other port is answered with: the head and the body.
async fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(LONG, stream.read_to_string(&mut answer)).await.expect("it answers").unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[tokio::test]
async fn health_metrics_and_the_page_are_on_a_port_of_their_own() {
    let metrics = Metrics::install().unwrap();
    let world = World::new();
    let server = world.service.bind("127.0.0.1:0".parse().unwrap(), &certificate()).await.unwrap();
    let running = run(server.with_admin("127.0.0.1:0".parse().unwrap(), Some(metrics)).await.unwrap());
    let admin = running.admin.unwrap();

    let mut client = world.connect(&path(MODEL)).await;
    client.log_in("bob", "wrong").await;
    client.log_in("bob", PASSWORD).await;
    client.watch_all().await;
    client.next("1").await;

    let (head, body) = get(admin, "/healthz").await;
    assert!(head.starts_with("HTTP/1.1 200 ") && body == "ok\n", "{head}\n{body}");
    let (head, body) = get(admin, "/").await;
    assert!(head.contains("default-src 'self'") && body.contains("<h1>multiwatcher</h1>"), "{head}\n{body}");
    for file in ["/status.css", "/status.js"] {
        assert!(get(admin, file).await.0.starts_with("HTTP/1.1 200 "), "{file}");
    }
    assert!(get(admin, "/nowhere").await.0.starts_with("HTTP/1.1 404 "));
    let status: serde_json::Value = serde_json::from_str(&get(admin, "/status.json").await.1).unwrap();
    assert_eq!((&status["connections"], &status["worker"]["entities"]), (&1.into(), &2.into()), "{status}");

    let (head, body) = get(admin, "/metrics").await;
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    let value = |name: &str| {
        let line = body.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in\n{body}"));
        line.rsplit(' ').next().unwrap().to_owned()
    };
    // Other tests of this process have workers over databases of their own.
    let of_ours = |name: &str| value(&format!("{name}{{backing=\"{}\"", world.database.identity()));
    assert_ne!(of_ours("multiwatcher_watchers"), "0");
    assert_eq!(of_ours("multiwatcher_store_size"), "2");
    assert_ne!(value("multiwatcher_service_connections"), "0");
    assert_ne!(value("multiwatcher_service_requests_total"), "0");
    assert_ne!(value("multiwatcher_service_errors_total"), "0");
    assert_ne!(value("multiwatcher_service_logins_failed_total"), "0");

    world.factory.kill();
    let (head, body) = get(admin, "/healthz").await;
    assert!(head.starts_with("HTTP/1.1 503 ") && body.contains("the worker has ended"), "{head}\n{body}");
}

#[tokio::test]
async fn the_page_is_told_what_happens_and_no_value() {
    let world = World::new();
    let server = world.service.bind("127.0.0.1:0".parse().unwrap(), &certificate()).await.unwrap();
    let running = run(server.with_admin("127.0.0.1:0".parse().unwrap(), None).await.unwrap());
    let mut stream = BufReader::new(TcpStream::connect(running.admin.unwrap()).await.unwrap());
    stream.write_all(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut seen = String::new();
    let mut read_until = async |wanted: &str| {
        let read = async {
            while !seen.contains(wanted) {
                assert_ne!(stream.read_line(&mut seen).await.unwrap(), 0, "it ended:\n{seen}");
            }
            seen.clone()
        };
        timeout(LONG, read).await.unwrap_or_else(|_| panic!("{wanted} does not come"))
    };
    let head = read_until("\"unnamed\":2").await;
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    read_until("event: status").await;
    world.database.put(unit_id("redis/0"), unit("redis/0", "a-secret"));
    let told = read_until("redis/0").await;
    assert!(told.contains(&format!("[\"change\",\"unit\",\"{MODEL}\",\"redis/0\"]")), "{told}");
    world.database.remove(unit_id("redis/0"));
    read_until("[\"remove\",\"unit\"").await;
    world.factory.kill();
    let all = read_until("event: ended").await;
    assert!(!all.contains("a-secret"), "{all}");
}
