//! Clients that do not read.

use std::time::Duration;

use futures_util::SinkExt as _;
use multiwatcher::machine::Config;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, DuplexStream};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::common::{
    LONG, MODEL, World, config, error, json as json_of, machine_config, path, short, unit, unit_id, until,
};

/// A value of so many bytes and some.
fn large(bytes: usize) -> multiwatcher::backing::Json {
    json_of(
        &json!({ "name": "redis/0", "workload-status": { "current": "active", "message": "x".repeat(bytes), "version": "" } }),
    )
}

#[tokio::test]
async fn a_client_that_reads_nothing_takes_no_more_batches_and_its_watcher_lags_out() {
    let world = World::with(Config { lag_limit: Some(50), ..machine_config() }, config());
    let mut slow = world.client("bob").await;
    let mut quick = world.client("bob").await;
    for client in [&mut slow, &mut quick] {
        client.watch_all().await;
        client.next("1").await;
    }
    // More than the pipe holds, so what follows cannot be written.
    world.database.put(unit_id("redis/0"), large(1 << 20));
    let first = slow.ask("AllWatcher", "Next", "1", Value::Null).await;
    let second = slow.ask("AllWatcher", "Next", "1", Value::Null).await;
    quick.next("1").await;
    for round in 0..100 {
        world.database.put(unit_id("redis/1"), unit("redis/1", &round.to_string()));
        let told = timeout(LONG, quick.next("1")).await.expect("others are told as ever");
        assert_eq!(short(&told), ["unit change redis/1"]);
    }
    let census = world.factory.report().unwrap().census;
    assert_eq!((census.watchers.ended, world.watchers()), (1, 2), "the machine has ended it");
    // It reads at last: what was taken comes whole, then the reason.
    assert_eq!(short(slow.reply_to(first).await["response"]["deltas"].as_array().unwrap()), ["unit change redis/0"]);
    let told = error(&slow.reply_to(second).await);
    assert!(told.contains("watcher was stopped") && told.contains("lagged"), "{told}");
    assert_eq!(error(&slow.call("AllWatcher", "Next", "1", Value::Null).await), "unknown watcher id [not found]");
    assert_eq!(slow.watch_all().await, "2");
}

#[tokio::test]
async fn memory_is_bounded_for_a_client_that_asks_and_never_reads() {
    let world = World::new();
    let mut client = world.client("bob").await;
    // Each is answered with an error of some hundred bytes; with nobody to read them they fill the pipes, then the sender waits.
    let request = |number: u64| {
        json!({ "request-id": number, "type": "x".repeat(500), "version": 1, "request": "y" }).to_string()
    };
    let mut sent = 0;
    while timeout(Duration::from_millis(300), client.socket.send(Message::text(request(sent + 10)))).await.is_ok() {
        sent += 1;
        assert!(sent < 2000, "the service takes whatever it is sent");
    }
    assert!(sent > 50, "{sent}");
    assert_eq!(
        error(&client.reply_to(10).await),
        format!("unknown object type \"{}\" [not implemented]", "x".repeat(500))
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_for_long_is_disconnected() {
    let world = World::new();
    world.database.put(unit_id("redis/0"), large(1 << 20));
    let (mut client, serving) = world.connect_from([10, 0, 0, 1].into(), &path(MODEL)).await;
    client.log_in("admin", crate::common::PASSWORD).await;
    client.watch_all().await;
    client.ask("AllWatcher", "Next", "1", Value::Null).await;
    let start = Instant::now();
    serving.await.unwrap();
    let limits = multiwatcher::service::Limits::default();
    // A ping cannot be written either, so it is not what ends it.
    assert!(start.elapsed() >= limits.stall.min(limits.ping_after + limits.pong), "{:?}", start.elapsed());
    assert!(start.elapsed() <= limits.stall + Duration::from_secs(1), "{:?}", start.elapsed());
    until("its watcher is stopped", || world.watchers() == 0).await;
}

#[tokio::test]
async fn pings_are_answered_between_the_frames_of_a_long_reply() {
    let world = World::new();
    world.database.put(unit_id("redis/0"), large(4 << 20));
    let mut client = world.client("bob").await;
    client.watch_all().await;
    client.ask("AllWatcher", "Next", "1", Value::Null).await;
    client.socket.send(Message::Ping("are you there".into())).await.unwrap();
    let stream = client.socket.get_mut();
    let mut before = 0;
    loop {
        let frame = Frame::read(stream).await;
        if frame.code == PONG {
            break;
        }
        before += frame.length;
        assert!(!frame.is_last, "the whole reply came first");
    }
    assert!(before < 1 << 20, "it came after {before} bytes");
}

#[tokio::test]
async fn no_frame_is_longer_than_clients_take() {
    let world = World::new();
    world.database.put(unit_id("redis/0"), large(3 << 20));
    let mut client = world.client("bob").await;
    client.watch_all().await;
    client.ask("AllWatcher", "Next", "1", Value::Null).await;
    let stream = client.socket.get_mut();
    let (mut frames, mut bytes) = (0, 0);
    loop {
        let frame = Frame::read(stream).await;
        assert_eq!(frame.code, u8::from(frames == 0), "text, then continuations");
        assert!(frame.length <= 32 << 10, "{}", frame.length);
        bytes += frame.length;
        frames += 1;
        if frame.is_last {
            break;
        }
    }
    assert!(bytes > 3 << 20 && frames > 90, "{frames} frames of {bytes} bytes");
}

const PONG: u8 = 10;

/// A frame as it comes; its payload is skipped.
struct Frame {
    code: u8,
    is_last: bool,
    length: u64,
}

impl Frame {
    async fn read(stream: &mut DuplexStream) -> Self {
        let (first, second) = (stream.read_u8().await.unwrap(), stream.read_u8().await.unwrap());
        let length = match second {
            126 => u64::from(stream.read_u16().await.unwrap()),
            127 => stream.read_u64().await.unwrap(),
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut payload).await.unwrap();
        Self { code: first & 0x0f, is_last: first & 0x80 != 0, length }
    }
}
