//! The limits of what a client may take, and the time-outs.

use std::time::Duration;

use multiwatcher::service::{Limits, Service};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::client::Client;
use crate::common::{LONG, MODEL, PASSWORD, World, error, path, unit, unit_id, until};

#[tokio::test]
async fn requests_in_flight_are_counted_and_pings_are_answered_all_the_same() {
    let world = World::with_limits(|limits| limits.requests_in_flight = 3);
    let mut client = world.client("bob").await;
    let id = client.watch_all().await;
    client.next(&id).await;
    for _ in 0..3 {
        client.ask("AllWatcher", "Next", &id, Value::Null).await;
    }
    let told = error(&client.call("Pinger", "Ping", "", Value::Null).await);
    assert_eq!(told, "expected at most 3 requests that are not answered yet [quota limit exceeded]");
}

#[tokio::test]
async fn watchers_are_counted_per_connection_and_per_user() {
    let world = World::with_limits(|limits| {
        limits.watchers_per_connection = 2;
        limits.watchers_per_user = 3;
    });
    let mut one = world.client("bob").await;
    one.watch_all().await;
    one.watch_all().await;
    let told = error(&one.call("Client", "WatchAll", "", Value::Null).await);
    assert_eq!(told, "expected at most 2 watchers of one connection [quota limit exceeded]");
    let mut other = world.client("bob").await;
    other.watch_all().await;
    let told = error(&other.call("Client", "WatchAll", "", Value::Null).await);
    assert_eq!(told, "expected at most 3 watchers of one user [quota limit exceeded]");
    world.client("boss").await.watch_all().await;
    one.get("AllWatcher", "Stop", "1").await;
    assert_eq!(other.watch_all().await, "2", "one was given back");
    drop(other);
    until("those of the connection are given back", || world.watchers() <= 1).await;
    assert_eq!(one.watch_all().await, "3");
}

#[tokio::test]
async fn connections_are_counted_in_all_and_per_address() {
    let world = World::with_limits(|limits| {
        limits.connections = 3;
        limits.connections_per_address = 2;
    });
    let connect = async |last: u8| {
        let (stream, _serving) = world.stream_from([10, 0, 0, last].into());
        Client::connect(stream, "/api").await
    };
    let first = connect(1).await.unwrap();
    let _second = connect(1).await.unwrap();
    assert!(connect(1).await.is_err(), "of this address");
    let _third = connect(2).await.unwrap();
    assert!(connect(3).await.is_err(), "in all");
    drop(first);
    timeout(LONG, async {
        while connect(3).await.is_err() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
    .expect("one was given back");
}

#[tokio::test]
async fn addresses_of_one_network_of_ipv6_are_counted_as_one() {
    let world = World::with_limits(|limits| limits.connections_per_address = 2);
    let connect = async |address: &str| {
        let (stream, serving) = world.stream_from(address.parse().unwrap());
        Client::connect(stream, "/api").await.map(|client| (client, serving))
    };
    let _first = connect("2001:db8::1").await.unwrap();
    let _second = connect("2001:db8::2:2:2:2").await.unwrap();
    assert!(connect("2001:db8::3").await.is_err(), "of this network");
    let _other = connect("2001:db8:0:1::1").await.unwrap();
}

#[tokio::test]
async fn watchers_that_are_opened_at_the_same_time_are_counted_too() {
    use multiwatcher::backing::{Json, MemoryBacking};
    use multiwatcher::driver::{Factory, OpenError};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let is_there = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_there);
    let open = move || {
        let is_there = asked.load(Ordering::Relaxed);
        async move {
            if is_there { Ok(MemoryBacking::<Json>::new()) } else { Err(OpenError::failed("it is not there yet")) }
        }
    };
    let factory = Factory::new(open, crate::common::machine_config());
    let mut config = crate::common::config();
    config.limits = Limits { watchers_per_connection: 2, open_backing: LONG, ..config.limits };
    let service = Service::new(factory, config).unwrap();
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    tokio::spawn(async move { service.serve_stream(theirs, [127, 0, 0, 1].into()).await });
    let mut client = Client::connect(ours, "/api").await.unwrap();
    client.log_in("admin", PASSWORD).await;
    for _ in 0..5 {
        client.ask("Controller", "WatchAllModels", "", json!({})).await;
    }
    // All of them wait.
    assert!(client.is_silent().await);
    is_there.store(true, Ordering::Relaxed);
    let mut opened = 0;
    for _ in 0..5 {
        let reply = client.reply().await;
        if reply.get("error").is_none() {
            opened += 1;
        } else {
            assert_eq!(error(&reply), "expected at most 2 watchers of one connection [quota limit exceeded]");
        }
    }
    assert_eq!(opened, 2);
    // There is nothing in it, and that is told too.
    let first = client.get("AllModelWatcher", "Next", "1").await;
    assert_eq!(first, json!({ "deltas": [] }));
}

#[tokio::test(start_paused = true)]
async fn a_handshake_takes_so_long_and_no_longer() {
    let world = World::new();
    for begun in ["", "GET /api HTT"] {
        let start = Instant::now();
        let (mut stream, serving) = world.stream();
        stream.write_all(begun.as_bytes()).await.unwrap();
        serving.await.unwrap();
        assert_eq!(start.elapsed().as_secs(), Limits::default().handshake.as_secs());
        assert_eq!(stream.read(&mut [0; 9]).await.unwrap(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_must_log_in() {
    let world = World::new();
    let start = Instant::now();
    let mut client = world.connect("/api").await;
    let close = loop {
        if let Some(Message::Close(close)) = client.message_within(Duration::from_mins(5)).await {
            break close.unwrap();
        }
    };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1008, "nobody logged in"));
    assert_eq!(start.elapsed().as_secs(), Limits::default().login.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_there_stays_for_days_and_one_that_is_gone_does_not() {
    let world = World::new();
    let mut client = world.client("bob").await;
    let id = client.watch_all().await;
    client.next(&id).await;
    let waiting = client.ask("AllWatcher", "Next", &id, Value::Null).await;
    // Reading answers the pings.
    let mut pings = 0;
    let start = Instant::now();
    while start.elapsed() < Duration::from_hours(1) {
        let message = client.message_within(Duration::from_hours(1)).await;
        assert!(matches!(message, Some(Message::Ping(_))), "{message:?}");
        pings += 1;
    }
    assert!((100..=130).contains(&pings), "{pings}");
    world.database.put(unit_id("redis/0"), unit("redis/0", "at last"));
    client.reply_to(waiting).await;

    drop(client);
    until("it is gone", || world.watchers() == 0).await;

    // One that answers nothing: its stream stays open.
    let (mut silent, serving) = world.connect_from([10, 0, 0, 1].into(), &path(MODEL)).await;
    silent.log_in("bob", PASSWORD).await;
    silent.watch_all().await;
    let start = Instant::now();
    serving.await.unwrap();
    let limits = Limits::default();
    assert_eq!(start.elapsed().as_secs(), (limits.ping_after + limits.pong).as_secs());
    assert_eq!(world.watchers(), 0);
}

#[tokio::test]
async fn a_new_watcher_waits_for_a_backing_that_cannot_be_opened_and_is_told_in_the_end() {
    use multiwatcher::backing::{Json, MemoryBacking};
    use multiwatcher::driver::{Factory, OpenError};
    let open = || async { Err::<MemoryBacking<Json>, _>(OpenError::failed("the disk is on fire")) };
    let factory = Factory::new(open, crate::common::machine_config());
    let service = Service::new(factory, crate::common::config()).unwrap();
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    tokio::spawn(async move { service.serve_stream(theirs, [127, 0, 0, 1].into()).await });
    let mut client = Client::connect(ours, "/api").await.unwrap();
    client.log_in("admin", PASSWORD).await;
    let told = error(&client.call("Controller", "WatchAllModels", "", json!({})).await);
    assert!(told.contains("watcher was stopped") && told.contains("the disk is on fire"), "{told}");
}

#[tokio::test]
async fn many_requests_in_a_row_are_all_answered() {
    let world = World::with_limits(|limits| limits.requests_in_flight = 3);
    let mut client = world.client("bob").await;
    let mut asked = Vec::new();
    for _ in 0..300 {
        asked.push(client.ask("Pinger", "Ping", "", Value::Null).await);
    }
    for request_id in asked {
        assert_eq!(client.reply_to(request_id).await["response"], json!({}));
    }
}
