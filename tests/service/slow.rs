//! Clients that do not read.

use std::time::Duration;

use futures_util::SinkExt as _;
use multiwatcher::machine::Config;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
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
async fn one_that_is_not_served_keeps_nobody_waiting_who_is_sent_the_same() {
    let world = World::new();
    // More than is encoded in place.
    for number in 0..100 {
        world.database.put(unit_id(&format!("redis/{number}")), unit("redis", ""));
    }
    let mut stalled = world.client("bob").await;
    stalled.watch_all().await;
    // Six are in the pipe, the seventh half; six more wait to be written, and leave little room.
    for _ in 0..13 {
        stalled.ask(&"x".repeat(10_000), "Junk", "", Value::Null).await;
    }
    // Both at once: the answer to the second takes the room before the first can be answered.
    let next = json!({ "request-id": 98, "type": "AllWatcher", "version": 3, "request": "Next", "id": "1" });
    let junk = json!({ "request-id": 99, "type": "x".repeat(6_000), "version": 1, "request": "Junk" });
    stalled.socket.feed(Message::text(next.to_string())).await.unwrap();
    stalled.socket.feed(Message::text(junk.to_string())).await.unwrap();
    stalled.socket.flush().await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;

    let mut quick = world.client("bob").await;
    quick.watch_all().await;
    let told = timeout(Duration::from_secs(10), quick.next("1")).await;
    assert_eq!(told.expect("the batch is not kept from others").len(), 101);
}

#[tokio::test]
async fn a_flood_of_pings_costs_no_memory_before_the_login_and_after() {
    const PINGS: usize = 20_000;
    let world = World::new();
    for is_logged_in in [false, true] {
        let mut client = if is_logged_in { world.client("bob").await } else { world.connect(&path(MODEL)).await };
        for number in 0..PINGS {
            let ping = format!("{number:0>120}");
            client.socket.get_mut().write_all(&frame(PING, ping.as_bytes())).await.unwrap();
        }
        // What it kept to answer comes at last, and that is the last ping.
        let (mut answered, mut last) = (0, String::new());
        while !last.ends_with(&(PINGS - 1).to_string()) {
            let Some(Message::Pong(pong)) = client.message().await else { panic!("nothing else was asked") };
            answered += pong.len();
            last = String::from_utf8(pong.to_vec()).unwrap();
        }
        // What both directions of the stream hold, and a frame.
        assert!(answered < 160 << 10, "answers of {answered} bytes were kept for a client that does not read");
        assert!(answered > 60 << 10, "the stream alone holds more than {answered} bytes");
        client.call("Pinger", "Nothing", "", Value::Null).await;
    }
}

#[tokio::test(start_paused = true)]
async fn pings_are_no_sign_that_a_client_reads() {
    let world = World::new();
    let (mut client, serving) = world.connect_from([10, 0, 0, 1].into(), &path(MODEL)).await;
    client.log_in("bob", crate::common::PASSWORD).await;
    // More answers than the stream holds.
    for _ in 0..1000 {
        client.socket.get_mut().write_all(&frame(PING, &[0; 120])).await.unwrap();
    }
    let start = Instant::now();
    let limits = multiwatcher::service::Limits::default();
    while !serving.is_finished() {
        _ = client.socket.get_mut().write_all(&frame(PING, &[0; 120])).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(start.elapsed() <= limits.stall + Duration::from_secs(2), "it is still there");
    }
    assert!(start.elapsed() >= limits.stall, "{:?}", start.elapsed());
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

const PING: u8 = 9;
const PONG: u8 = 10;

/// A short frame as a client sends it; the mask changes nothing.
fn frame(code: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | code, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

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
