//! Answers that are long: how many a request may ask for, and that nobody waits for those of others.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use multiwatcher::machine::EntityId;
use multiwatcher::service::Accounts;
use serde_json::{Value, json};

use crate::common::{CONTROLLER, LONG, MODEL, World, config, error, json as stored, machine_config, model_id, users};

fn tags(tag: &str, count: usize) -> Value {
    json!({ "entities": vec![json!({ "tag": tag }); count] })
}

#[tokio::test]
async fn one_request_asks_about_so_many_entities_and_no_more() {
    let world = World::with_limits(|limits| limits.entities = 3);
    for (user, facade, method) in
        [("bob", "ModelManager", "ModelInfo"), ("eve", "Controller", "ControllerAPIInfoForModels")]
    {
        let mut client = world.logged_in(user, "/api").await;
        let tag = format!("model-{MODEL}");
        let reply = client.call(facade, method, "", tags(&tag, 3)).await;
        assert_eq!(reply["response"]["results"].as_array().map(Vec::len), Some(3), "{reply}");
        let told = error(&client.call(facade, method, "", tags(&tag, 4)).await);
        assert_eq!(told, "expected at most 3 entities in one request, got 4 [quota limit exceeded]", "{method}");
    }
}

#[tokio::test]
async fn an_answer_about_several_models_ends_at_a_length() {
    let world = World::with_limits(|limits| limits.answer_bytes = 2000);
    let model = json!({ "name": "x".repeat(1500), "owner": "admin", "controller-uuid": CONTROLLER.to_string() });
    world.database.put(model_id(MODEL), stored(&model));
    let mut client = world.logged_in("bob", "/api").await;
    let reply = client.call("ModelManager", "ModelInfo", "", tags(&format!("model-{MODEL}"), 5)).await;
    let results = reply["response"]["results"].as_array().unwrap();
    let told = results.iter().filter(|result| result.get("result").is_some()).count();
    assert_eq!((told, results.len()), (2, 5), "one that is over the length, and none behind it");
    let expected = json!({
        "message": "the answer has more than 2000 bytes without it: ask for fewer models at once",
        "code": "quota limit exceeded",
    });
    assert_eq!(results[2..].iter().map(|result| &result["error"]).collect::<Vec<_>>(), [&expected; 3]);
}

/// Where a full status looks at the clock, and how many of them at once.
static LOOKS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
static AT_ONCE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

fn look() -> Option<String> {
    let at_once = AT_ONCE.fetch_add(1, Ordering::SeqCst) + 1;
    MOST.fetch_max(at_once, Ordering::SeqCst);
    let thread = std::thread::current().id();
    LOOKS.lock().unwrap_or_else(PoisonError::into_inner).insert(format!("{thread:?}"));
    // Long enough for another to come between, if it could.
    std::thread::sleep(Duration::from_millis(2));
    AT_ONCE.fetch_sub(1, Ordering::SeqCst);
    None
}

#[tokio::test]
async fn long_answers_of_one_client_are_computed_elsewhere_and_one_by_one() {
    let mut config = config();
    config.timestamp = look;
    let world = World::with(machine_config(), config);
    for number in 0..500 {
        let machine = json!({ "id": number.to_string(), "life": "alive" });
        world.database.put(EntityId::new("machine", MODEL, number.to_string()), stored(&machine));
    }
    let (mut busy, mut other) = (world.client("bob").await, world.client("bob").await);
    for _ in 0..20 {
        busy.ask("Client", "FullStatus", "", Value::Null).await;
    }
    assert_eq!(other.call("Pinger", "Ping", "", Value::Null).await["response"], json!({}));
    for _ in 0..20 {
        let reply = busy.reply().await;
        assert_eq!(reply["response"]["machines"].as_object().map(serde_json::Map::len), Some(500));
    }
    let here = format!("{:?}", std::thread::current().id());
    assert!(!LOOKS.lock().unwrap().contains(&here), "a status was computed on the runtime's thread");
    assert_eq!(MOST.load(Ordering::SeqCst), 1, "statuses of one connection at once");
}

/// The file of users is a pipe that is written once: who reads it twice waits for good, and so does everybody if that is the
/// runtime's thread.
#[tokio::test]
async fn the_users_are_read_once_for_a_request_and_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let (path, pipe) = (folder.path().join("users.toml"), folder.path().join("pipe"));
    let text = users().to_text();
    std::fs::write(&path, &text).unwrap();
    let mut config = config();
    config.accounts = Accounts::File(path.clone());
    let world = World::with(machine_config(), config);
    let (mut boss, mut bob) = (world.logged_in("boss", "/api").await, world.client("bob").await);
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::rename(&pipe, &path).unwrap();
    let (written, writer) = pipe_writer(path, text);
    let asked = boss.ask("ModelManager", "ModelInfo", "", tags(&format!("model-{MODEL}"), 3)).await;
    for _ in 0..3 {
        bob.call("Pinger", "Ping", "", Value::Null).await;
    }
    written.send(()).unwrap();
    let reply = boss.reply_to(asked).await;
    for result in reply["response"]["results"].as_array().unwrap() {
        let users: Vec<_> = result["result"]["users"].as_array().unwrap().iter().map(|user| &user["user"]).collect();
        assert_eq!(users, ["admin", "bob", "boss"]);
    }
    drop(written);
    assert_eq!(writer.join().unwrap(), 0, "readings that nobody should have waited for");
}

/// Writes a pipe once when it is told to, and again for whoever waits too long; how often it did that.
fn pipe_writer(path: PathBuf, text: String) -> (Sender<()>, JoinHandle<u32>) {
    let (sender, receiver) = channel();
    let writer = std::thread::spawn(move || {
        let mut late = 0;
        loop {
            match receiver.recv_timeout(LONG / 2) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => late += 1,
                Err(RecvTimeoutError::Disconnected) => return late,
            }
            std::fs::write(&path, &text).unwrap();
        }
    });
    (sender, writer)
}
