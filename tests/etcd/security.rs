//! Users, rights and certificates.

use multiwatcher::backing::etcd::{EtcdOptions, EtcdTls};
use multiwatcher::backing::{Backing, FailureKind};
use multiwatcher::driver::Worker;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::time::{sleep, timeout};

use crate::common::{LONG, PREFIX, View, follow, held, id, impatient, key, short, until};
use crate::server::Server;

/// As root, who may do everything.
fn as_root(server: &Server, command: &[&str]) {
    let output = server.etcdctl_with(command, &["--user", "root:secret"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A server with the users `writer` and `reader`, who may do that under the prefix.
pub(crate) async fn with_users() -> Server {
    let server = Server::start().await;
    for (user, right) in [("writer", "readwrite"), ("reader", "read"), ("nobody", "read")] {
        server.etcdctl(&["user", "add", &format!("{user}:{user}'s word")]);
        server.etcdctl(&["role", "add", user]);
        if user != "nobody" {
            server.etcdctl(&["role", "grant-permission", "--prefix", user, right, PREFIX]);
        }
        server.etcdctl(&["user", "grant-role", user, user]);
    }
    server.etcdctl(&["user", "add", "root:secret"]);
    server.etcdctl(&["user", "grant-role", "root", "root"]);
    server.etcdctl(&["auth", "enable"]);
    server
}

fn user(name: &str) -> EtcdOptions {
    impatient().user(name, format!("{name}'s word"))
}

pub(crate) async fn a_user_that_is_refused_is_told_so_when_opening() {
    let server = with_users().await;
    let refused = [
        (impatient().user("writer", "a guess"), "authentication failed"),
        (impatient().user("stranger", "a guess"), "authentication failed"),
        (impatient(), "user name is empty"),
        (user("nobody"), "permission denied"),
    ];
    for (options, why) in refused {
        let error = options.open::<i64, _>([server.endpoint()], PREFIX).await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(error.kind(), FailureKind::Permanent, "{error}");
    }
    let backing = user("writer").open::<i64, _>([server.endpoint()], PREFIX).await.unwrap();
    let (_worker, mut view) = follow(&backing).await;
    backing.put(id("x"), &1).await.unwrap();
    assert_eq!(view.next().await, ["x=1"]);
    let shown = format!("{:?}", user("writer"));
    assert!(shown.contains("writer") && !shown.contains("word"), "{shown}");
}

pub(crate) async fn a_user_that_may_only_read_can_watch() {
    let server = with_users().await;
    let reading = || async { user("reader").open::<i64, _>([server.endpoint()], PREFIX).await.unwrap() };
    // Nobody has been there before, so there is no identity, and it cannot be written.
    let (one, other) = (reading().await, reading().await);
    assert_ne!(one.identity(), other.identity());
    let (worker, mut view) = follow(&one).await;
    let before = one.identity();
    let writer = user("writer").open::<i64, _>([server.endpoint()], PREFIX).await.unwrap();
    writer.put(id("x"), &1).await.unwrap();
    assert_eq!(view.next().await, ["x=1"]);
    assert_eq!(one.identity(), before);
    assert_eq!(worker.report().restarts, 0);
    assert_eq!(reading().await.identity(), writer.identity());
    let error = reading().await.put(id("x"), &2).await.unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
    // Whoever subscribes next finds the one that was written since, once.
    let late = Worker::start(other.clone(), short());
    assert_eq!(View::open(&late).await.held, held([("x", 1)]));
    assert_eq!(other.identity(), writer.identity());
}

pub(crate) async fn rights_that_are_taken_away_and_given_back_cost_a_difference() {
    let mut server = with_users().await;
    let backing = user("writer").open::<i64, _>([server.endpoint()], PREFIX).await.unwrap();
    backing.put(id("x"), &1).await.unwrap();
    let (worker, mut view) = follow(&backing).await;
    as_root(&server, &["role", "revoke-permission", "--prefix", "writer", PREFIX]);
    // The server lets a watch that stands be; the next one is refused. With the server go the tokens of those that signed on.
    server.kill();
    server.run();
    assert!(server.answers_anyone().await);
    let refused = || {
        let failures = worker.report().last_failures;
        failures.iter().any(|(_, failure)| failure.to_string().contains("permission denied"))
    };
    until("it is refused", refused).await;
    assert!(!worker.report().is_over, "rights are given back");
    assert_eq!(View::open(&worker).await.held, held([("x", 1)]));
    as_root(&server, &["put", &key("x"), "2"]);
    as_root(&server, &["role", "grant-permission", "--prefix", "writer", "readwrite", PREFIX]);
    assert_eq!(view.next().await, ["x=2"]);
}

/// An authority, and what it has signed: for the server and for a client.
pub(crate) struct Certificates {
    pub(crate) authority: String,
    server: (String, String),
    pub(crate) client: (String, String),
}

pub(crate) fn certificates() -> Certificates {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let signed = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        (certificate.pem(), key.serialize_pem())
    };
    Certificates { authority: authority.pem(), server: signed("127.0.0.1"), client: signed("client") }
}

/// A server that shows its certificate and wants to see one, and the folder with its files. It may not answer yet.
pub(crate) fn with_certificates(ours: &Certificates) -> (tempfile::TempDir, Server) {
    let folder = tempfile::TempDir::new().unwrap();
    let argument = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        format!("--{name}={}", path.display())
    };
    let arguments = [
        argument("cert-file", &ours.server.0),
        argument("key-file", &ours.server.1),
        argument("trusted-ca-file", &ours.authority),
        "--client-cert-auth".to_owned(),
    ];
    let server = Server::start_secure(&arguments.each_ref().map(String::as_str));
    (folder, server)
}

pub(crate) async fn servers_and_clients_know_each_other_by_certificates() {
    let (ours, strange) = (certificates(), certificates());
    let (_folder, server) = with_certificates(&ours);
    let tls = || EtcdTls::new().authority(ours.authority.as_str());
    let known = || tls().identity(ours.client.0.as_str(), ours.client.1.as_str());
    let open = |tls: EtcdTls| impatient().tls(tls).open::<i64, _>([server.endpoint()], PREFIX);
    let opened = timeout(LONG, async {
        loop {
            match open(known()).await {
                Ok(backing) => return backing,
                Err(error) => assert_eq!(error.kind(), FailureKind::Transient, "{error}"),
            }
            sleep(std::time::Duration::from_millis(50)).await;
        }
    });
    let backing = opened.await.unwrap();
    let (worker, mut view) = follow(&backing).await;
    backing.put(id("x"), &1).await.unwrap();
    assert_eq!(view.next().await, ["x=1"]);
    assert_eq!(worker.report().restarts, 0);

    // A server that we do not trust, or that has another name, is nobody to wait for.
    let stranger = EtcdTls::new().authority(strange.authority.as_str());
    for tls in [stranger, EtcdTls::new(), known().server_name("elsewhere")] {
        let error = open(tls).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Permanent, "{error}");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
    // The server does not let everybody in.
    assert!(open(tls()).await.is_err());
    assert!(open(tls().identity(strange.client.0.as_str(), strange.client.1.as_str())).await.is_err());
    let error = open(EtcdTls::new().authority("no certificate")).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Permanent, "{error}");
    let plain = server.endpoint().replace("https", "http");
    let error = impatient().tls(known()).open::<i64, _>([plain], PREFIX).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Permanent, "{error}");
}
