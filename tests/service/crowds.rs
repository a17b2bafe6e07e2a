//! Logins beside peers that hang up or do not read: nobody's place is kept from others, and what was guessed is counted.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::SinkExt as _;
use multiwatcher::service::{Accounts, AttemptLimits, PasswordCost, PasswordHash, Salt, ServiceConfig};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::client::Client;
use crate::common::{LONG, MODEL, PASSWORD, World, config, error, machine_config, path, until, users};

/// A hash takes long enough that somebody can hang up meanwhile.
fn with_slow_hashes(at_once: usize, attempts: AttemptLimits) -> World {
    let mut config = config();
    config.limits.hashes_at_once = at_once;
    let mut accounts = users();
    let cost = PasswordCost { memory_kib: 16 << 10, passes: 4 };
    for name in ["admin", "boss", "bob", "eve"] {
        accounts.get_mut(name).unwrap().password = PasswordHash::of(PASSWORD, Salt([1; 16]), cost).unwrap();
    }
    World::with(machine_config(), ServiceConfig { accounts: Accounts::Fixed(Arc::new(accounts)), attempts, ..config })
}

#[tokio::test]
async fn who_hangs_up_while_the_password_is_checked_has_guessed_all_the_same() {
    let attempts = AttemptLimits { per_address: 3, per_user: 1000, forget_after: Duration::from_hours(1) };
    let world = with_slow_hashes(1, attempts);
    let address: IpAddr = [10, 0, 0, 1].into();
    for guess in 1..=3 {
        let (mut client, serving) = world.connect_from(address, &path(MODEL)).await;
        client.ask("Admin", "Login", "", json!({ "auth-tag": "user-bob", "credentials": "wrong" })).await;
        until("the password is being checked", || world.service.hashed() == guess).await;
        drop(client);
        timeout(LONG, serving).await.expect("nobody waits for the hash").unwrap();
    }
    // They are counted when their hashes are done; whoever tries to log in meanwhile stands in line behind them.
    let (mut client, _serving) = world.connect_from(address, &path(MODEL)).await;
    let told = error(&client.log_in("bob", PASSWORD).await);
    assert_eq!(told, "too many logins failed, try again later [try again]");
    assert_eq!(world.service.hashed(), 3);
}

#[tokio::test]
async fn a_crowd_that_hangs_up_at_once_is_no_more_work_than_one_that_stays() {
    let attempts = AttemptLimits { per_address: 3, per_user: 1000, forget_after: Duration::from_hours(1) };
    let world = with_slow_hashes(2, attempts);
    let address: IpAddr = [10, 0, 0, 1].into();
    let mut crowd = Vec::new();
    for _ in 0..40 {
        let (mut client, serving) = world.connect_from(address, &path(MODEL)).await;
        client.ask("Admin", "Login", "", json!({ "auth-tag": "user-bob", "credentials": "wrong" })).await;
        drop(client);
        crowd.push(serving);
    }
    for serving in crowd {
        timeout(LONG, serving).await.expect("nobody waits for a hash").unwrap();
    }
    // Two at once may both be the third.
    let hashed = world.service.hashed();
    assert!(hashed < 3 + 2, "{hashed} hashes were begun for one address");
    let (mut other, _serving) = world.connect_from([10, 0, 0, 2].into(), &path(MODEL)).await;
    assert!(other.log_in("bob", PASSWORD).await.get("error").is_none(), "others can log in");
}

/// Fills what can be written to a client that does not read until a login has been taken up and its session is not polled.
async fn stall_with_a_login(client: &mut Client<DuplexStream>) {
    // Six are in the pipe, the seventh half; six more wait to be written, and leave little room.
    for _ in 0..13 {
        client.ask(&"x".repeat(10_000), "Junk", "", json!({})).await;
    }
    let request = |number: u64, facade: &str, method: &str, params: Value| {
        let request =
            json!({ "request-id": number, "type": facade, "version": 3, "request": method, "params": params });
        Message::text(request.to_string())
    };
    let login = request(98, "Admin", "Login", json!({ "auth-tag": "user-bob", "credentials": PASSWORD }));
    let junk = request(99, &"x".repeat(6_000), "Junk", json!({}));
    // Both at once, so that the answer to the second takes the room before the first can be answered.
    client.socket.feed(login).await.unwrap();
    client.socket.feed(junk).await.unwrap();
    client.socket.flush().await.unwrap();
}

#[tokio::test]
async fn peers_that_do_not_read_keep_nobody_from_logging_in() {
    let world = with_slow_hashes(2, AttemptLimits::default());
    let mut stalled = Vec::new();
    for number in 1..=2 {
        let mut client = world.connect("/api").await;
        stall_with_a_login(&mut client).await;
        until("its login is taken up", || world.service.hashed() == number).await;
        stalled.push(client);
    }
    let soon = timeout(Duration::from_secs(10), world.client("bob")).await;
    assert!(soon.is_ok(), "those who do not read keep the places of those who do");
    assert_eq!(world.service.hashed(), 3);
    drop(stalled);
}
