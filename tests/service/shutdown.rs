//! The end of a service: watchers are told why, connections close in time.

use std::time::Duration;

use multiwatcher::service::{Limits, Shutdown};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::common::{LONG, MODEL, World, error, path, unit, unit_id};
use crate::ports::{Secure, certificate, secure_client};

#[tokio::test]
async fn waiting_calls_are_told_why_and_connections_are_closed() {
    let world = World::new();
    let mut client = world.client("bob").await;
    client.watch_all().await;
    client.next("1").await;
    let waiting = client.ask("AllWatcher", "Next", "1", Value::Null).await;
    client.call("Pinger", "Ping", "", Value::Null).await;
    world.service.shut_down();
    let told = error(&client.reply_to(waiting).await);
    assert_eq!(told, "shared state watcher was stopped: the service is shutting down");
    let close = client.closed().await.expect("it says why");
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1001, "the service is shutting down"));
    assert_eq!(world.watchers(), 0);
}

#[tokio::test]
async fn those_who_do_not_close_are_cut_off_in_time() {
    let patience = Duration::from_millis(300);
    let world = World::with_limits(|limits| *limits = Limits { close: patience, ..*limits });
    let certificate = certificate();
    let server = world.service.bind("127.0.0.1:0".parse().unwrap(), &certificate).await.unwrap();
    let address = server.address().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run_until(async { _ = stopped.await }));
    let mut good: Secure = secure_client(address, &certificate, &path(MODEL)).await;
    good.log_in("bob", crate::common::PASSWORD).await;
    // One that reads nothing, with more to be written than the system takes.
    let mut bad = secure_client(address, &certificate, &path(MODEL)).await;
    bad.log_in("bob", crate::common::PASSWORD).await;
    for number in 0..32 {
        world.database.put(unit_id(&format!("redis/{number}")), unit("redis", &"x".repeat(1 << 20)));
    }
    bad.watch_all().await;
    bad.ask("AllWatcher", "Next", "1", Value::Null).await;
    // One that has not shaken hands.
    let raw = tokio::net::TcpStream::connect(address).await.unwrap();
    good.call("Pinger", "Ping", "", Value::Null).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    stop.send(()).unwrap();
    assert_eq!(u16::from(good.closed().await.expect("it says why").code), 1001);
    // Reading on is what answers a close frame.
    assert_eq!(good.message().await, None);
    let Shutdown { cut_off } = timeout(LONG, running).await.expect("it ends").unwrap();
    assert!(start.elapsed() < patience + Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(cut_off, 1, "the one that reads nothing");
    assert_eq!(world.watchers(), 0);
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any more");
    drop((raw, bad));
}
