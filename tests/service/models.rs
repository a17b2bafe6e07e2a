//! What is asked about models: who is told what, and that it is what the database says.

use multiwatcher::machine::{EntityId, ModelId};
use serde_json::{Value, json};

use crate::common::{
    CONTROLLER, MODEL, OTHER, World, config, error, json as stored, machine_config, model_id, unit, unit_id, until,
};

/// A model with settings, a machine and a unit.
fn populated() -> World {
    let mut config = config();
    config.timestamp = || Some("2026-11-24T03:19:49Z".to_owned());
    let world = World::with(machine_config(), config);
    let id = |kind, name| EntityId::new(kind, MODEL, name);
    let value = json!({
        "model-uuid": MODEL.to_string(), "name": "prod", "life": "alive", "owner": "boss",
        "config": { "default-series": "jammy", "http-port": 8080, "mode": "strict" },
        "status": { "current": "available", "message": "", "version": "" },
    });
    let application = json!({ "name": "redis", "charm-url": "ch:amd64/jammy/redis-7", "life": "alive" });
    world
        .database
        .transaction()
        .put(model_id(MODEL), stored(&value))
        .put(id("machine", "0"), stored(&json!({ "id": "0", "life": "alive" })))
        .put(id("application", "redis"), stored(&application))
        .put(unit_id("redis/0"), unit("redis/0", "hello"))
        .commit();
    world
}

fn tags(models: &[&str]) -> Value {
    let entities: Vec<_> = models.iter().map(|tag| json!({ "tag": tag })).collect();
    json!({ "entities": entities })
}

#[tokio::test]
async fn the_settings_are_told_but_the_one_that_makes_a_client_strict() {
    let world = populated();
    let config = world.client("bob").await.get("ModelConfig", "ModelGet", "").await;
    let expected = json!({ "config": {
        "default-series": { "value": "jammy", "source": "model" },
        "http-port": { "value": 8080, "source": "model" },
    }});
    assert_eq!(config, expected);
    let other = world.logged_in("admin", &crate::common::path(OTHER)).await.get("ModelConfig", "ModelGet", "").await;
    assert_eq!(other, json!({ "config": {} }), "an object, always");
}

#[tokio::test]
async fn a_full_status_is_what_the_database_says() {
    let world = populated();
    let mut client = world.client("bob").await;
    let status = client.get("Client", "FullStatus", "").await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&status).unwrap());
    let narrow = client.call("Client", "FullStatus", "", json!({ "patterns": ["nothing*"] })).await;
    assert_eq!(narrow["response"]["applications"], json!({}));
    let wrong = error(&client.call("Client", "FullStatus", "", json!({ "patterns": ["[x"] })).await);
    assert!(wrong.starts_with("expected a pattern") && wrong.ends_with("[bad request]"), "{wrong}");
}

#[tokio::test]
async fn information_is_told_model_by_model_to_those_who_may_read_it() {
    let world = populated();
    let nobody = ModelId::from_u128(9);
    let asked =
        tags(&[&format!("model-{MODEL}"), &format!("model-{OTHER}"), &format!("model-{nobody}"), "unit-redis-0"]);
    let mut told = Vec::new();
    for user in ["admin", "boss", "bob", "eve"] {
        let mut client = world.logged_in(user, "/api").await;
        let reply = client.call("ModelManager", "ModelInfo", "", asked.clone()).await;
        for result in reply["response"]["results"].as_array().unwrap() {
            told.push(match result.get("error") {
                Some(error) => {
                    format!("{user}: {} [{}]", error["message"].as_str().unwrap(), error["code"].as_str().unwrap())
                }
                None => {
                    let info = &result["result"];
                    assert_eq!(info["controller-uuid"], CONTROLLER.to_string());
                    let users = info["users"].as_array().unwrap().iter();
                    let users: Vec<_> = users.map(|user| format!("{}={}", user["user"], user["access"])).collect();
                    format!("{user}: {} {} {users:?}", info["name"], info["owner-tag"])
                }
            });
        }
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn lists_hold_what_a_user_may_read() {
    let world = populated();
    let mut told = Vec::new();
    for (user, tag) in [
        ("admin", ""),
        ("admin", "user-admin"),
        ("admin", "user-bob"),
        ("admin", "user-nobody"),
        ("bob", "user-bob"),
        ("bob", "user-admin"),
        ("eve", "user-eve"),
    ] {
        let mut client = world.logged_in(user, "/api").await;
        let models = client.call("ModelManager", "ListModels", "", json!({ "tag": tag })).await;
        let summaries =
            client.call("ModelManager", "ListModelSummaries", "", json!({ "user-tag": tag, "all": false })).await;
        let names = |list: &Value, name: &dyn Fn(&Value) -> Value| -> String {
            list.as_array().unwrap().iter().map(|item| name(item).to_string()).collect::<Vec<_>>().join(" ")
        };
        told.push(if models.get("error").is_some() {
            assert_eq!(error(&models), error(&summaries));
            format!("{user} asks for {tag:?}: {}", error(&models))
        } else {
            let listed = names(&models["response"]["user-models"], &|item| item["model"]["name"].clone());
            let summed = names(&summaries["response"]["results"], &|item| item["result"]["name"].clone());
            assert_eq!(listed, summed);
            format!("{user} asks for {tag:?}: {listed}")
        });
    }
    insta::assert_snapshot!(told.join("\n"));
    let mut bob = world.logged_in("bob", "/api").await;
    let all = bob.call("ModelManager", "ListModelSummaries", "", json!({ "user-tag": "user-bob", "all": true })).await;
    let results = all["response"]["results"].as_array().unwrap();
    assert_eq!(results.len(), 1, "all that he may read");
    assert_eq!(results[0]["result"]["user-access"], "read");
}

#[tokio::test]
async fn what_is_told_follows_the_database() {
    let world = populated();
    let mut client = world.client("bob").await;
    world.database.put(unit_id("redis/0"), unit("redis/0", "changed"));
    let mut status = Value::Null;
    for _ in 0..1000 {
        status = client.get("Client", "FullStatus", "").await;
        if status["applications"]["redis"]["units"]["redis/0"]["workload-status"]["info"] == "changed" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("it stays as it was: {status}");
}

#[tokio::test]
async fn a_model_that_comes_can_be_watched_and_one_that_goes_is_told() {
    let world = populated();
    let new = ModelId::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0003);
    let mut early = world.connect(&crate::common::path(new)).await;
    assert!(error(&early.log_in("admin", crate::common::PASSWORD).await).starts_with("unknown model"));
    world.database.put(model_id(new), stored(&json!({ "name": "new" })));
    let mut reply = Value::Null;
    for _ in 0..1000 {
        reply = early.log_in("admin", crate::common::PASSWORD).await;
        if reply.get("error").is_none() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    assert!(reply.get("error").is_none(), "the same connection may try again: {reply}");
    early.watch_all().await;
    early.next("1").await;
    world.database.remove(model_id(new));
    assert_eq!(crate::common::short(&early.next("1").await), ["model remove new"]);
    assert_eq!(early.get("Pinger", "Ping", "").await, json!({}), "the connection goes on");
    until("the model is gone", || world.factory.report().unwrap().census.tombstones == 0).await;
}

#[tokio::test]
async fn payloads_are_canonical_and_what_cannot_be_read_is_told_as_it_is() {
    let world = World::new();
    world.database.put(unit_id("redis/0"), stored(&json!({ "application": "redis", "rack": "b2" })));
    world.database.put(unit_id("redis/1"), stored(&json!({ "name": "redis/1", "workload-status": { "current": 7 } })));
    world.database.put(EntityId::new("gadget", MODEL, "g"), stored(&json!({ "any": ["thing"] })));
    let mut client = world.client("bob").await;
    client.watch_all().await;
    let deltas = client.next("1").await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&deltas).unwrap());
}
