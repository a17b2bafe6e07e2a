//! Logging in, and what those learn who guess.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use multiwatcher::service::{Accounts, AttemptLimits, ControllerAccess, PasswordHash, Salt, ServiceConfig, Users};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::common::{CHEAP, MODEL, PASSWORD, World, config, error, machine_config, path, unit, unit_id, user, users};

const WRONG: &str = "invalid entity name or password [unauthorized access]";

#[tokio::test]
async fn nobody_learns_who_is_known_neither_by_words_nor_by_work() {
    let world = World::new();
    let mut client = world.connect(&path(MODEL)).await;
    for (tag, credentials) in [
        ("user-bob", "wrong"),
        ("user-nobody", "wrong"),
        ("user-nobody", PASSWORD),
        ("user-", PASSWORD),
        ("", PASSWORD),
        ("machine-0", PASSWORD),
        ("bob", PASSWORD),
        ("user-bob@elsewhere", PASSWORD),
        ("user-BOB", PASSWORD),
    ] {
        let before = world.service.hashed();
        let reply = client.call("Admin", "Login", "", json!({ "auth-tag": tag, "credentials": credentials })).await;
        assert_eq!(error(&reply), WRONG, "{tag}");
        assert_eq!(world.service.hashed(), before + 1, "{tag}: one hash, whoever it is");
    }
}

#[tokio::test]
async fn a_failed_login_leaves_the_connection_open_and_a_second_is_not_needed() {
    let world = World::new();
    let mut client = world.connect(&path(MODEL)).await;
    assert_eq!(error(&client.log_in("bob", "wrong").await), WRONG);
    assert_eq!(
        error(&client.call("Client", "WatchAll", "", Value::Null).await),
        "unknown object type \"Client\" [not implemented]"
    );
    let reply =
        client.call("Admin", "Login", "", json!({ "auth-tag": "user-bob@local", "credentials": PASSWORD })).await;
    assert_eq!(reply["response"]["user-info"]["identity"], "user-bob");
    assert_eq!(error(&client.log_in("bob", PASSWORD).await), "unknown object type \"Admin\" [not implemented]");
}

#[tokio::test]
async fn without_credentials_there_is_nothing_to_check() {
    let world = World::new();
    let mut client = world.connect(&path(MODEL)).await;
    for params in [
        Value::Null,
        json!({}),
        json!({ "auth-tag": null, "macaroons": [] }),
        json!({ "auth-tag": "user-bob", "credentials": "" }),
    ] {
        let told = error(&client.call("Admin", "Login", "", params).await);
        assert_eq!(told, "no credentials provided [no credentials provided]");
    }
    assert_eq!(world.service.hashed(), 0);
}

fn with_attempts(per_address: u32, per_user: u32) -> World {
    let attempts = AttemptLimits { per_address, per_user, forget_after: Duration::from_hours(1) };
    World::with(machine_config(), ServiceConfig { attempts, ..config() })
}

async fn log_in_from(world: &World, last: u8, user: &str, password: &str) -> Value {
    let address: IpAddr = [10, 0, 0, last].into();
    let (mut client, _serving) = world.connect_from(address, &path(MODEL)).await;
    client.log_in(user, password).await
}

#[tokio::test]
async fn an_address_that_guesses_is_held_back_with_the_right_password_too() {
    let world = with_attempts(3, 100);
    for user in ["bob", "nobody", "eve"] {
        assert_eq!(error(&log_in_from(&world, 1, user, "wrong").await), WRONG);
    }
    let hashed = world.service.hashed();
    for user in ["bob", "nobody"] {
        let told = error(&log_in_from(&world, 1, user, PASSWORD).await);
        assert_eq!(told, "too many logins failed, try again later [try again]", "{user}");
    }
    assert_eq!(world.service.hashed(), hashed, "nothing is computed for it");
    assert!(log_in_from(&world, 2, "bob", PASSWORD).await.get("error").is_none(), "others may");
}

#[tokio::test]
async fn a_user_is_guarded_against_guesses_from_everywhere_and_not_locked_out() {
    let world = with_attempts(100, 3);
    assert!(log_in_from(&world, 99, "bob", PASSWORD).await.get("error").is_none());
    for name in ["bob", "nobody"] {
        for last in 1..=3 {
            assert_eq!(error(&log_in_from(&world, last, name, "wrong").await), WRONG);
        }
        let told = error(&log_in_from(&world, 4, name, PASSWORD).await);
        assert_eq!(told, "too many logins failed, try again later [try again]", "{name}: known or not");
    }
    assert!(log_in_from(&world, 99, "bob", PASSWORD).await.get("error").is_none(), "from where he has come before");
}

#[tokio::test]
async fn guesses_at_the_same_time_are_not_more_guesses() {
    let world = with_attempts(3, 100);
    let guesses = (0..40).map(|_| log_in_from(&world, 1, "bob", "wrong"));
    let told: Vec<_> = futures_util::future::join_all(guesses).await.iter().map(error).collect();
    let checked = told.iter().filter(|told| *told == WRONG).count();
    let at_once = multiwatcher::service::Limits::default().hashes_at_once;
    assert!(checked < 3 + at_once, "{checked} were checked");
    assert_eq!(world.service.hashed(), checked as u64);
}

#[tokio::test]
async fn names_that_nobody_can_have_are_one_name() {
    let world = with_attempts(100, 3);
    for (name, last) in [("b@d", 1), ("bad name", 2), ("", 3)] {
        assert_eq!(error(&log_in_from(&world, last, name, "wrong").await), WRONG, "{name}");
    }
    let told = error(&log_in_from(&world, 4, &"x".repeat(10_000), "wrong").await);
    assert_eq!(told, "too many logins failed, try again later [try again]");
    assert_eq!(error(&log_in_from(&world, 4, "nobody", "wrong").await), WRONG, "a name that somebody could have");
}

#[tokio::test]
async fn who_is_added_to_the_file_can_log_in_at_once_and_a_broken_file_locks_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.toml");
    let mut users = Users::default();
    users.add("ann", user(ControllerAccess::Superuser, &[])).unwrap();
    users.save(&file).unwrap();
    let world = World::with(machine_config(), ServiceConfig { accounts: Accounts::File(file.clone()), ..config() });
    assert_eq!(error(&log_in_from(&world, 1, "zoe", PASSWORD).await), WRONG);
    users.add("zoe", user(ControllerAccess::Login, &[])).unwrap();
    users.save(&file).unwrap();
    assert!(log_in_from(&world, 1, "zoe", PASSWORD).await.get("error").is_none());
    std::fs::write(&file, "nonsense").unwrap();
    assert!(log_in_from(&world, 1, "zoe", PASSWORD).await.get("error").is_none());
    users.remove("zoe");
    users.save(&file).unwrap();
    assert_eq!(error(&log_in_from(&world, 1, "zoe", PASSWORD).await), WRONG);
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

const LEVELS: [&str; 5] = ["ERROR", " WARN", " INFO", "DEBUG", "TRACE"];

/// What the service promises: its own events hold no secret, and nobody else's do from debug level on. Below that tungstenite, which
/// logs by the `log` crate, prints each message.
#[test]
fn no_secret_is_in_the_log_but_where_tungstenite_traces_messages() {
    tracing_log::LogTracer::init().unwrap();
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone());
    let subscriber = subscriber.without_time().with_ansi(false).finish();
    // One thread, so that everything is logged here.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let mut accounts = users();
            let hash = PasswordHash::of("other-s3cret", Salt([9; 16]), CHEAP).unwrap();
            accounts.get_mut("eve").unwrap().password = hash;
            let offload = multiwatcher::service::Offload::Inline;
            let world = World::with(
                machine_config(),
                ServiceConfig { accounts: Accounts::Fixed(Arc::new(accounts)), offload, ..config() },
            );
            world.database.put(unit_id("redis/0"), unit("redis/0", "secret-of-a-unit"));
            let mut client = world.connect(&path(MODEL)).await;
            client.log_in("bob", "wrong-s3cret").await;
            client.log_in("my-s3cret-in-the-wrong-field", "x").await;
            client.call("Admin", "Login", "", json!({ "auth-tag": 1, "credentials": "s3cret-of-another-type" })).await;
            client.log_in("bob", PASSWORD).await;
            let id = client.watch_all().await;
            client.next(&id).await;
            client.send("{\"request-id\": s3cret-garbage").await;
            client.closed().await;
        });
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for expected in ["logged in", "a login failed", "a watcher was opened"] {
        assert!(log.contains(expected), "the log is listened to: {expected} is not in it");
    }
    // A message may have several lines.
    let mut events: Vec<String> = Vec::new();
    for line in log.lines() {
        match events.last_mut() {
            Some(event) if !LEVELS.iter().any(|level| line.starts_with(level)) => event.push_str(line),
            Some(_) | None => events.push(line.to_owned()),
        }
    }
    let mut heard = false;
    for event in events {
        let is_trace_of_tungstenite = event.starts_with("TRACE log: ") && event.contains("log.target=\"tungstenite::");
        for secret in ["s3cret", "argon2", "secret-of-a-unit"] {
            let is_there = event.contains(secret);
            assert!(is_trace_of_tungstenite || !is_there, "{secret} was logged: {event}");
            heard |= is_there;
        }
    }
    assert!(
        heard,
        "tungstenite is not listened to, or it prints no message: then the docs of the service warn of nothing"
    );
}
