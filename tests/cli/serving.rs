//! A service that the command runs, and clients of it.

use std::ffi::OsStr;
use std::net::SocketAddr;

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::client::Client;
use crate::common::{MODEL, Place, Watch};
use crate::secure::secure;

pub(crate) type Secure = Client<TlsStream<TcpStream>>;

/// A service that runs. Killed with the test.
pub(crate) struct Serving {
    pub(crate) process: Watch,
    pub(crate) facts: Value,
}

impl Serving {
    /// Serves the database `world.db` on a port that is free, and waits until it does.
    pub(crate) fn start<S: AsRef<OsStr>>(place: &Place, args: impl IntoIterator<Item = S>) -> Self {
        let mut command = place.command(["serve", "--json", "--listen", "127.0.0.1:0"]);
        let process = Watch::start(&mut command, args);
        let facts = process.line();
        Self { process, facts }
    }

    pub(crate) fn fact(&self, name: &str) -> &str {
        self.facts[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.facts))
    }

    /// A client of the first model that checks the certificate, and has not logged in.
    pub(crate) async fn connect(&self) -> Secure {
        let address: SocketAddr = self.fact("address").parse().unwrap();
        let pem = std::fs::read_to_string(self.fact("certificate")).unwrap();
        let stream = secure(address, &pem, &address.ip().to_string()).await.unwrap();
        Client::connect(stream, &format!("/model/{MODEL}/api")).await.unwrap()
    }

    /// Whether somebody may log in.
    pub(crate) async fn takes(&self, user: &str, password: &str) -> bool {
        let reply = self.connect().await.log_in(user, password).await;
        match reply["error"].as_str() {
            None => true,
            Some(error) => {
                assert_eq!(error, "invalid entity name or password");
                false
            }
        }
    }

    /// Ends it in good order: nothing is said, and the code is 0.
    pub(crate) fn stop(self) {
        self.process.signal(Signal::TERM);
        let (status, lines, err) = self.process.end();
        assert_eq!((status.code(), lines, err.as_str()), (Some(0), vec![], ""));
    }
}

/// Writes the first model's entity of itself, without which there is no such model.
pub(crate) fn put_model(place: &Place) {
    let value = json!({ "name": "first", "life": "alive", "owner": "admin" }).to_string();
    place.ask(["put", "model", MODEL, MODEL, &value]).done();
}

/// Deltas in short: `unit change a`.
pub(crate) fn short(deltas: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let short = |delta: &Value| format!("{} {} {}", text(&delta[0]), text(&delta[1]), text(&delta[2]["name"]));
    deltas.iter().map(short).collect()
}
