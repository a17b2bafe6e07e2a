//! A small client: it sends what the test says, and reads what comes.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::common::LONG;

/// A client after the websocket's handshake.
pub(crate) struct Client<IO> {
    pub(crate) socket: WebSocketStream<IO>,
    last: u64,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Client<IO> {
    pub(crate) async fn connect(stream: IO, path: &str) -> Result<Self, Error> {
        let request = format!("ws://localhost{path}").into_client_request().unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Self { socket, last: 0 })
    }

    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    /// Sends a request, and does not wait for its answer. Returns its number.
    pub(crate) async fn ask(&mut self, facade: &str, method: &str, id: &str, params: Value) -> u64 {
        self.last += 1;
        let mut request = json!({ "request-id": self.last, "type": facade, "request": method, "params": params });
        request["version"] = version(facade).into();
        // As python-libjuju spells it.
        request["Id"] = id.into();
        self.send(request.to_string()).await;
        self.last
    }

    /// The next reply.
    pub(crate) async fn reply(&mut self) -> Value {
        loop {
            match self.message().await {
                Some(Message::Text(text)) => return serde_json::from_str(&text).unwrap(),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("expected a reply, got {other:?}"),
            }
        }
    }

    /// The reply to this request; others may not come before it.
    pub(crate) async fn reply_to(&mut self, request_id: u64) -> Value {
        let reply = self.reply().await;
        assert_eq!(reply["request-id"], request_id, "{reply}");
        reply
    }

    pub(crate) async fn call(&mut self, facade: &str, method: &str, id: &str, params: Value) -> Value {
        let request_id = self.ask(facade, method, id, params).await;
        self.reply_to(request_id).await
    }

    /// What a call results in.
    pub(crate) async fn get(&mut self, facade: &str, method: &str, id: &str) -> Value {
        let mut reply = self.call(facade, method, id, Value::Null).await;
        assert!(reply.get("error").is_none(), "{reply}");
        reply["response"].take()
    }

    pub(crate) async fn log_in(&mut self, user: &str, password: &str) -> Value {
        let params = json!({ "auth-tag": format!("user-{user}"), "credentials": password });
        self.call("Admin", "Login", "", params).await
    }

    /// Opens a watcher of the model; its id.
    pub(crate) async fn watch_all(&mut self) -> String {
        self.get("Client", "WatchAll", "").await["watcher-id"].as_str().unwrap().to_owned()
    }

    /// The next deltas of a watcher.
    pub(crate) async fn next(&mut self, id: &str) -> Vec<Value> {
        let mut response = self.get("AllWatcher", "Next", id).await;
        let Value::Array(deltas) = response["deltas"].take() else { panic!("{response}") };
        deltas
    }

    /// The next message; `None` when the connection has ended.
    pub(crate) async fn message(&mut self) -> Option<Message> {
        timeout(LONG, self.socket.next()).await.expect("something comes").and_then(Result::ok)
    }

    /// The same, for tests whose clock is moved.
    pub(crate) async fn message_within(&mut self, time: Duration) -> Option<Message> {
        timeout(time, self.socket.next()).await.expect("something comes").and_then(Result::ok)
    }

    /// Reads until the server closes; what it said.
    pub(crate) async fn closed(&mut self) -> Option<CloseFrame> {
        loop {
            match self.message().await {
                Some(Message::Close(close)) => return close,
                Some(_) => {}
                None => return None,
            }
        }
    }

    /// Whether nothing comes for a moment.
    pub(crate) async fn is_silent(&mut self) -> bool {
        timeout(Duration::from_millis(50), self.socket.next()).await.is_err()
    }
}

/// The version that is offered.
pub(crate) fn version(facade: &str) -> i64 {
    match facade {
        "Pinger" => 1,
        "AllModelWatcher" => 4,
        "Client" => 6,
        "ModelManager" => 9,
        "Controller" => 11,
        _ => 3,
    }
}
