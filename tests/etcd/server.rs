//! Servers of a test's own: on free ports of the loopback, in folders that are gone with the test, ended when they are dropped.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use etcd_client::{Client, ConnectOptions};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::common::LONG;

/// An etcd with one member, or one member of several.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) peer: u16,
    name: String,
    folder: TempDir,
    /// The folder within that holds the data.
    data: PathBuf,
    arguments: Vec<String>,
    cluster: String,
    /// Whether clients speak TLS.
    scheme: &'static str,
    child: Option<Child>,
}

/// A port that nobody has.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Server {
    /// One that answers.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// One that answers, started with more arguments.
    pub(crate) async fn start_with(arguments: &[&str]) -> Self {
        // Somebody else may take the port between our asking for it and etcd's.
        for _ in 0..5 {
            let mut server = Self::new("one", arguments, "http");
            server.cluster = format!("one=http://127.0.0.1:{}", server.peer);
            server.run();
            if server.answers().await {
                return server;
            }
        }
        panic!("etcd does not start");
    }

    /// One that speaks TLS; nobody has asked it anything yet.
    pub(crate) fn start_secure(arguments: &[&str]) -> Self {
        let mut server = Self::new("one", arguments, "https");
        server.cluster = format!("one=http://127.0.0.1:{}", server.peer);
        server.run();
        server
    }

    /// Three members that answer.
    pub(crate) async fn start_three() -> Vec<Self> {
        for _ in 0..5 {
            let quick = ["--heartbeat-interval=100", "--election-timeout=1000"];
            let mut servers: Vec<_> = ["a", "b", "c"].into_iter().map(|name| Self::new(name, &quick, "http")).collect();
            let members: Vec<_> =
                servers.iter().map(|server| format!("{}=http://127.0.0.1:{}", server.name, server.peer)).collect();
            for server in &mut servers {
                server.cluster = members.join(",");
                server.run();
            }
            let mut all = true;
            for server in &mut servers {
                all &= server.answers().await;
            }
            if all {
                return servers;
            }
        }
        panic!("three members of etcd do not start");
    }

    fn new(name: &str, arguments: &[&str], scheme: &'static str) -> Self {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let (port, peer) = (free_port(), free_port());
        Self { port, peer, name: name.to_owned(), folder, data, arguments, cluster: String::new(), scheme, child: None }
    }

    /// Starts the process on what its folder holds.
    pub(crate) fn run(&mut self) {
        let client = format!("{}://127.0.0.1:{}", self.scheme, self.port);
        let peer = format!("http://127.0.0.1:{}", self.peer);
        let log = std::fs::File::options().create(true).append(true).open(self.file("log")).unwrap();
        let child = Command::new("etcd")
            .args(["--name", &self.name, "--data-dir", self.data.to_str().unwrap()])
            .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &self.cluster, "--logger=zap", "--log-level=warn"])
            .args(&self.arguments)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// Waits until it answers; not if it has ended.
    pub(crate) async fn answers(&mut self) -> bool {
        let endpoint = self.endpoint();
        let answers = async {
            loop {
                let options = ConnectOptions::new().with_connect_timeout(Duration::from_millis(200));
                let asked = async { Client::connect([&endpoint], Some(options)).await?.get("health", None).await };
                if matches!(timeout(Duration::from_secs(1), asked).await, Ok(Ok(_))) {
                    return true;
                }
                if self.child.as_mut().unwrap().try_wait().unwrap().is_some() {
                    return false;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, answers).await.expect("etcd answers")
    }

    /// Waits until it refuses to answer strangers, which is an answer.
    pub(crate) async fn answers_anyone(&mut self) -> bool {
        let answers = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
            true
        };
        timeout(LONG, answers).await.unwrap_or(false)
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// SIGKILL: nothing of it runs any more.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGSTOP: it is there, and does nothing.
    pub(crate) fn stop(&self) {
        self.signal("STOP");
    }

    /// SIGCONT.
    pub(crate) fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -$0 $1", signal, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Replaces what it holds by a snapshot, under this token, as an operator does.
    pub(crate) fn restore(&mut self, snapshot: &Path, token: &str) {
        self.kill();
        self.data = self.file(&format!("restored {}", std::fs::read_dir(self.folder.path()).unwrap().count()));
        let peer = format!("http://127.0.0.1:{}", self.peer);
        let restored = Command::new("etcdctl")
            .env("ETCDCTL_API", "3")
            .args(["snapshot", "restore", snapshot.to_str().unwrap(), "--name", &self.name])
            .args(["--data-dir", self.data.to_str().unwrap(), "--initial-cluster", &self.cluster])
            .args(["--initial-cluster-token", token, "--initial-advertise-peer-urls", &peer])
            .output()
            .unwrap();
        assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
        self.arguments = vec![format!("--initial-cluster-token={token}")];
        self.run();
    }

    /// What `etcdctl` prints.
    pub(crate) fn etcdctl(&self, arguments: &[&str]) -> String {
        let output = self.etcdctl_with(arguments, &[]);
        assert!(output.status.success(), "etcdctl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// `etcdctl` with other options before the command.
    pub(crate) fn etcdctl_with(&self, arguments: &[&str], options: &[&str]) -> Output {
        Command::new("etcdctl")
            .env("ETCDCTL_API", "3")
            .args(["--endpoints", &self.endpoint()])
            .args(options)
            .args(arguments)
            .output()
            .unwrap()
    }

    /// A transaction of `etcdctl`: one line for each change.
    pub(crate) fn etcdctl_txn(&self, changes: &str) {
        let mut child = Command::new("etcdctl")
            .env("ETCDCTL_API", "3")
            .args(["--endpoints", &self.endpoint(), "txn"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // No conditions; what is done if they hold; what is done otherwise.
        write!(child.stdin.take().unwrap(), "\n{changes}\n\n\n").unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// A number that the server tells of itself.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("there is no {name}")).parse().unwrap()
    }

    /// Forgets all of the history but the latest revision.
    pub(crate) async fn compact(&self) {
        let mut client = Client::connect([self.endpoint()], None).await.unwrap();
        let latest = client.get("latest", None).await.unwrap().header().unwrap().revision();
        client.compact(latest, None).await.unwrap();
    }
}

/// SIGKILL ends a stopped process as well.
impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
