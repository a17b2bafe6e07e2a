//! Every error that a client can meet, by its text and code; and the answers that hold no surprise.

use multiwatcher::machine::ModelId;
use serde_json::{Value, json};

use crate::common::{MODEL, PASSWORD, World, error, path};

async fn ask(client: &mut crate::client::Client<tokio::io::DuplexStream>, request: Value) -> String {
    client.send(request.to_string()).await;
    error(&client.reply().await)
}

fn request(facade: &str, version: i64, method: &str) -> Value {
    json!({ "request-id": 7, "type": facade, "version": version, "request": method })
}

#[tokio::test]
async fn what_is_not_there_is_told_as_the_clients_expect_it() {
    let world = World::new();
    let mut told = Vec::new();
    for target in [path(MODEL), "/api".to_owned()] {
        for is_logged_in in [false, true] {
            let mut client = world.connect(&target).await;
            if is_logged_in {
                client.log_in("admin", PASSWORD).await;
            }
            told.push(format!(
                "{} {}",
                if target == "/api" { "controller" } else { "model" },
                if is_logged_in { "logged in" } else { "before" }
            ));
            for (facade, version, method) in [
                ("Nonsense", 1, "Foo"),
                ("Client", 6, "Foo"),
                ("Client", 99, "WatchAll"),
                ("Controller", 11, "Foo"),
                ("Controller", 99, "Foo"),
                ("AllWatcher", 3, "Next"),
                ("AllModelWatcher", 4, "Stop"),
                ("Pinger", 1, "Pong"),
                ("Admin", 2, "Login"),
                ("Admin", 3, "Foo"),
                ("Admin", 3, "RedirectInfo"),
            ] {
                let answer = ask(&mut client, request(facade, version, method)).await;
                told.push(format!("  {facade}({version}).{method}: {answer}"));
            }
        }
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn every_request_about_an_unknown_model_is_answered_alike() {
    let world = World::new();
    let unknown = ModelId::from_u128(9);
    let mut client = world.connect(&path(unknown)).await;
    let expected = format!("unknown model: \"{unknown}\" [model not found]");
    assert_eq!(error(&client.log_in("admin", PASSWORD).await), expected);
    for (facade, version, method) in [("Client", 6, "WatchAll"), ("Nonsense", 1, "Foo"), ("Pinger", 1, "Ping")] {
        assert_eq!(ask(&mut client, request(facade, version, method)).await, expected);
    }
}

#[tokio::test]
async fn who_may_not_is_told_so() {
    let world = World::new();
    let denied = "permission denied [unauthorized access]";
    let mut eve = world.client("eve").await;
    for (facade, method) in [("Client", "WatchAll"), ("Client", "FullStatus"), ("ModelConfig", "ModelGet")] {
        assert_eq!(error(&eve.call(facade, method, "", Value::Null).await), denied, "{facade}.{method}");
    }
    for user in ["bob", "boss", "eve"] {
        let mut client = world.logged_in(user, "/api").await;
        assert_eq!(error(&client.call("Controller", "WatchAllModels", "", Value::Null).await), denied, "{user}");
    }
}

#[tokio::test]
async fn a_login_tells_what_both_clients_need() {
    let world = World::new();
    let mut told = Vec::new();
    for (user, target) in [
        ("admin", path(MODEL)),
        ("bob", path(MODEL)),
        ("eve", path(MODEL)),
        ("admin", "/api".to_owned()),
        ("bob", "/".to_owned()),
    ] {
        let mut client = world.connect(&target).await;
        let reply = client.log_in(user, PASSWORD).await;
        told.push(format!("{user} {target}\n{}", serde_json::to_string_pretty(&reply).unwrap()));
    }
    insta::assert_snapshot!(told.join("\n"));
}
