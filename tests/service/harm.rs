//! Peers that send anything but requests. Each gets an error or a close, and a client beside it notices nothing.

use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::client::Client;
use crate::common::{LONG, MODEL, World, error, path, unit, unit_id, until};

/// A client that watches, and can be asked whether all is well.
struct Bystander {
    client: Client<DuplexStream>,
    seen: u32,
}

impl Bystander {
    async fn new(world: &World) -> Self {
        let mut client = world.client("bob").await;
        let id = client.watch_all().await;
        client.next(&id).await;
        Self { client, seen: 0 }
    }

    async fn is_well(&mut self, world: &World) {
        self.seen += 1;
        let message = self.seen.to_string();
        world.database.put(unit_id("redis/0"), unit("redis/0", &message));
        let deltas = self.client.next("1").await;
        assert_eq!(deltas[0][2]["workload-status"]["message"], message.as_str());
    }
}

#[tokio::test]
async fn messages_that_are_no_requests_close_the_connection_that_sent_them() {
    let world = World::new();
    let mut bystander = Bystander::new(&world).await;
    let deep = format!("{{\"request-id\":1,\"x\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    for text in ["", "nonsense", "[]", "{}", "{\"request-id\":", "{\"request-id\":1e400}", "{\"request-id\":0}", &deep]
    {
        for is_logged_in in [false, true] {
            let mut client = if is_logged_in { world.client("bob").await } else { world.connect(&path(MODEL)).await };
            client.send(text).await;
            let close = client.closed().await.expect("it says why");
            assert_eq!(u16::from(close.code), 1008, "{close}");
            assert!(close.reason.starts_with("expected "), "{close}");
            bystander.is_well(&world).await;
        }
    }
    drop(bystander);
    until("nothing is left of them", || world.watchers() == 0).await;
}

#[tokio::test]
async fn requests_that_make_no_sense_are_answered_and_the_connection_goes_on() {
    let world = World::new();
    let mut client = world.client("bob").await;
    let mut told = Vec::new();
    for request in [
        json!({ "request-id": 7, "type": 1 }),
        json!({ "request-id": 7, "version": "3" }),
        json!({ "request-id": 7, "params": [] }),
        json!({ "request-id": 7, "type": "Client", "version": 6, "request": "FullStatus", "params": { "patterns": 1 } }),
        json!({ "request-id": u64::MAX, "type": "Pinger", "version": i64::MIN, "request": "Ping" }),
    ] {
        client.send(request.to_string()).await;
        let reply = client.reply().await;
        assert_eq!(reply["request-id"], request["request-id"]);
        told.push(error(&reply));
    }
    client.send(r#"{"request-id":7,"type":"Pinger","Type":"Pinger","request":"Ping","version":1}"#).await;
    told.push(error(&client.reply().await));
    insta::assert_snapshot!(told.join("\n"));
    assert_eq!(client.call("Pinger", "Ping", "", Value::Null).await["response"], json!({}));
}

#[tokio::test]
async fn a_number_that_waits_for_its_answer_cannot_be_used_again() {
    let world = World::new();
    let mut client = world.client("bob").await;
    let id = client.watch_all().await;
    client.next(&id).await;
    let waiting = client.ask("AllWatcher", "Next", &id, Value::Null).await;
    client.send(json!({ "request-id": waiting, "type": "Pinger", "version": 1, "request": "Ping" }).to_string()).await;
    let told = error(&client.reply_to(waiting).await);
    assert_eq!(told, format!("request {waiting} is not answered yet [bad request]"));
    world.database.put(unit_id("redis/0"), unit("redis/0", "a"));
    let reply = client.reply_to(waiting).await;
    assert_eq!(reply["response"]["deltas"].as_array().unwrap().len(), 1, "the first is answered as ever");
}

#[tokio::test]
async fn binary_messages_are_refused() {
    let world = World::new();
    let mut client = world.client("bob").await;
    client.socket.send(Message::binary(b"{\"request-id\":1}".to_vec())).await.unwrap();
    let close = client.closed().await.expect("it says why");
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1003, "expected text messages"));
}

#[tokio::test]
async fn long_messages_are_refused_whole_or_in_pieces() {
    let world = World::new();
    let mut bystander = Bystander::new(&world).await;
    let mut client = world.client("bob").await;
    client.socket.feed(Message::text("x".repeat(70_000))).await.unwrap();
    _ = client.socket.flush().await;
    let close = client.closed().await.expect("it says why");
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1009, "the message is too long"));
    bystander.is_well(&world).await;
}

/// The frames that no library sends.
#[tokio::test]
async fn frames_that_are_none_end_the_connection() {
    let world = World::new();
    let mut bystander = Bystander::new(&world).await;
    let frames: [(&str, &[u8]); 8] = [
        ("unmasked", b"\x81\x02{}"),
        ("a reserved bit", b"\xc1\x80\0\0\0\0"),
        ("an opcode that is none", b"\x83\x80\0\0\0\0"),
        ("a continuation of nothing", b"\x80\x80\0\0\0\0"),
        ("a ping in pieces", b"\x09\x80\0\0\0\0"),
        ("a length of 2^63", b"\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0"),
        ("no UTF-8", b"\x81\x81\0\0\0\0\xff"),
        ("a close with half a code", b"\x88\x81\0\0\0\0\x03"),
    ];
    for (what, frame) in frames {
        let (mut stream, serving) = upgraded(&world).await;
        stream.write_all(frame).await.unwrap();
        let mut rest = Vec::new();
        timeout(LONG, stream.read_to_end(&mut rest)).await.unwrap_or_else(|_| panic!("{what}: it stays open")).unwrap();
        timeout(LONG, serving).await.expect("nothing is left of it").unwrap();
        bystander.is_well(&world).await;
    }
}

#[tokio::test]
async fn half_a_frame_and_nothing_more_is_waited_for_and_forgotten_with_the_connection() {
    let world = World::new();
    let mut bystander = Bystander::new(&world).await;
    for half in [&b"\x81"[..], b"\x81\xfe\xff", b"\x81\xfe\xff\xff\0\0\0\0{\"request-id\":1"] {
        let (mut stream, serving) = upgraded(&world).await;
        stream.write_all(half).await.unwrap();
        bystander.is_well(&world).await;
        assert!(!serving.is_finished());
        drop(stream);
        timeout(LONG, serving).await.expect("nothing is left of it").unwrap();
    }
}

#[tokio::test]
async fn http_that_is_none_or_asks_for_something_else_is_told_so() {
    let world = World::new();
    let good = "GET /api HTTP/1.1\r\nHost: x\r\n";
    let websocket = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    let mut told = Vec::new();
    for request in [
        "\x16\x03\x01nonsense\r\n\r\n".to_owned(),
        format!("{good}\r\n"),
        format!("{good}{websocket}\r\n"),
        format!("{good}{websocket}Sec-WebSocket-Version: 13\r\n\r\n"),
        format!("{good}{websocket}Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"),
        "POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GET /model/42/api HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        format!("{good}X: {}\r\n\r\n", "x".repeat(64 << 10)),
    ] {
        let (mut stream, serving) = world.stream();
        // A request that is too long is answered before it has come to its end.
        _ = stream.write_all(request.as_bytes()).await;
        _ = stream.shutdown().await;
        let mut answer = String::new();
        timeout(LONG, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        timeout(LONG, serving).await.expect("nothing is left of it").unwrap();
        let line = answer.lines().next().unwrap_or("nothing");
        told.push(format!("{line}: {}", answer.split("\r\n\r\n").nth(1).unwrap_or_default().trim()));
    }
    insta::assert_snapshot!(told.join("\n"));
}

/// A stream after the websocket's handshake, to write bytes to.
async fn upgraded(world: &World) -> (DuplexStream, tokio::task::JoinHandle<()>) {
    let (mut stream, serving) = world.stream();
    let request = "GET /api HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
    (stream, serving)
}
