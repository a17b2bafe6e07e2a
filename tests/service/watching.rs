//! Watching: first states, changes, removals, several watchers, and other requests while one waits.

use std::collections::BTreeSet;

use multiwatcher::machine::EntityId;
use serde_json::{Value, json};

use crate::common::{MODEL, OTHER, World, error, json, model_id, short, unit, unit_id, until};

#[tokio::test]
async fn the_first_state_comes_at_once_then_what_changed_once_per_entity() {
    let world = World::new();
    world.database.put(unit_id("redis/0"), unit("redis/0", "a"));
    let mut client = world.client("bob").await;
    let id = client.watch_all().await;
    assert_eq!(id, "1");
    assert_eq!(short(&client.next(&id).await), ["model change prod", "unit change redis/0"]);
    let asked = client.ask("AllWatcher", "Next", &id, Value::Null).await;
    assert!(client.is_silent().await, "nothing changed");
    world.database.put(unit_id("redis/0"), unit("redis/0", "b"));
    let reply = client.reply_to(asked).await;
    assert_eq!(reply["response"]["deltas"][0][2]["workload-status"]["message"], "b");
    // However the worker takes these two commits, an entity is told at most once in a reply.
    world.database.put(unit_id("redis/0"), unit("redis/0", "c"));
    world.database.transaction().put(unit_id("redis/1"), unit("redis/1", "")).remove(unit_id("redis/0")).commit();
    let mut told = Vec::new();
    while !told.contains(&"unit remove redis/0".to_owned()) {
        told = short(&client.next(&id).await);
        let names: BTreeSet<_> = told.iter().map(|delta| delta.rsplit(' ').next()).collect();
        assert_eq!(names.len(), told.len(), "once per entity: {told:?}");
    }
    assert_eq!(told, ["unit remove redis/0", "unit change redis/1"]);
}

#[tokio::test]
async fn a_watcher_of_a_model_sees_that_model_and_offers_are_for_its_admins() {
    let world = World::new();
    let offer = EntityId::new("applicationOffer", MODEL, "db");
    world.database.put(offer.clone(), json(&json!({ "offer-name": "db", "application-name": "redis" })));
    let (mut told, mut offered) = (Vec::new(), Vec::new());
    for user in ["admin", "boss", "bob"] {
        let mut client = world.client(user).await;
        let id = client.watch_all().await;
        told.push(short(&client.next(&id).await));
        let status = client.call("Client", "FullStatus", "", json!({ "patterns": [null, "db", "redis"] })).await;
        let status = [status["response"].clone(), client.get("Client", "FullStatus", "").await];
        offered.push(status.map(|status| status["offers"].as_object().unwrap().contains_key("db")));
    }
    let all = ["applicationOffer change db", "model change prod"];
    assert_eq!(told, [&all[..], &all, &all[1..]]);
    assert_eq!(offered, [[true; 2], [true; 2], [false; 2]], "in the full status too, whatever is asked for");
}

#[tokio::test]
async fn a_watcher_of_all_models_sees_all_models() {
    let world = World::new();
    let mut client = world.logged_in("admin", "/api").await;
    let id = client.get("Controller", "WatchAllModels", "").await["watcher-id"].as_str().unwrap().to_owned();
    let first = client.get("AllModelWatcher", "Next", &id).await;
    assert_eq!(short(first["deltas"].as_array().unwrap()), ["model change prod", "model change staging"]);
    world.database.remove(model_id(OTHER));
    let next = client.get("AllModelWatcher", "Next", &id).await;
    assert_eq!(short(next["deltas"].as_array().unwrap()), ["model remove staging"]);
    assert_eq!(next["deltas"][0][2]["name"], "staging", "with the last value");
}

#[tokio::test]
async fn while_one_call_waits_others_are_answered_and_stop_ends_it() {
    let world = World::new();
    let mut client = world.client("bob").await;
    let id = client.watch_all().await;
    client.next(&id).await;
    let waiting = client.ask("AllWatcher", "Next", &id, Value::Null).await;
    let ping = client.call("Pinger", "Ping", "", Value::Null).await;
    assert_eq!(ping["response"], json!({}));
    let stop = client.ask("AllWatcher", "Stop", &id, Value::Null).await;
    let mut replies = [client.reply().await, client.reply().await];
    replies.sort_by_key(|reply| reply["request-id"].as_u64());
    assert_eq!((&replies[0]["request-id"], error(&replies[0]).as_str()), (&waiting.into(), "watcher was stopped"));
    assert_eq!(replies[1], json!({ "request-id": stop, "response": {} }));
    for method in ["Next", "Stop"] {
        let reply = client.call("AllWatcher", method, &id, Value::Null).await;
        assert_eq!(error(&reply), "unknown watcher id [not found]");
    }
    assert_eq!(world.watchers(), 0);
}

#[tokio::test]
async fn watchers_are_numbered_per_connection_and_go_their_own_ways() {
    let world = World::new();
    let (mut one, mut other) = (world.client("bob").await, world.client("bob").await);
    let ids = [one.watch_all().await, one.watch_all().await];
    assert_eq!(ids, ["1", "2"]);
    one.next("1").await;
    world.database.put(unit_id("redis/0"), unit("redis/0", "a"));
    assert_eq!(short(&one.next("1").await), ["unit change redis/0"]);
    assert_eq!(short(&one.next("2").await).len(), 2, "the whole state");
    assert_eq!(error(&other.call("AllWatcher", "Next", "1", Value::Null).await), "unknown watcher id [not found]");
    assert_eq!(other.watch_all().await, "1");
    for id in ["", "0", "01", "3", "-1", "1 "] {
        assert_eq!(
            error(&one.call("AllWatcher", "Next", id, Value::Null).await),
            "unknown watcher id [not found]",
            "{id}"
        );
    }
}

#[tokio::test]
async fn two_calls_on_one_watcher_get_each_change_once() {
    let world = World::new();
    let mut client = world.client("bob").await;
    let id = client.watch_all().await;
    client.next(&id).await;
    let asked = [
        client.ask("AllWatcher", "Next", &id, Value::Null).await,
        client.ask("AllWatcher", "Next", &id, Value::Null).await,
    ];
    // Both stand in line before anything changes.
    client.call("Pinger", "Ping", "", Value::Null).await;
    for (name, request_id) in ["redis/0", "redis/1"].into_iter().zip(asked) {
        world.database.put(unit_id(name), unit(name, ""));
        let reply = client.reply_to(request_id).await;
        assert_eq!(short(reply["response"]["deltas"].as_array().unwrap()), [format!("unit change {name}")]);
    }
}

#[tokio::test]
async fn the_end_of_a_connection_stops_its_watchers() {
    let world = World::new();
    let mut client = world.client("bob").await;
    for _ in 0..3 {
        client.watch_all().await;
    }
    assert_eq!(world.watchers(), 3);
    assert_eq!((world.service.connections(), world.service.watchers()), (1, 3));
    client.ask("AllWatcher", "Next", "1", Value::Null).await;
    drop(client);
    until("its watchers are stopped", || world.watchers() == 0).await;
    until("nothing is counted of it", || (world.service.connections(), world.service.watchers()) == (0, 0)).await;
}

#[tokio::test]
async fn when_the_worker_is_killed_clients_are_told_to_watch_again_and_can() {
    let world = World::new();
    let mut client = world.client("bob").await;
    let id = client.watch_all().await;
    client.next(&id).await;
    let waiting = client.ask("AllWatcher", "Next", &id, Value::Null).await;
    client.call("Pinger", "Ping", "", Value::Null).await;
    world.factory.kill();
    let told = error(&client.reply_to(waiting).await);
    assert!(told.contains("watcher was stopped") && told.contains("killed"), "{told}");
    assert_eq!(error(&client.call("AllWatcher", "Next", &id, Value::Null).await), "unknown watcher id [not found]");
    let id = client.watch_all().await;
    assert_eq!(id, "2", "ids are never used again");
    assert_eq!(short(&client.next(&id).await), ["model change prod"]);
}

#[tokio::test]
async fn pings_of_the_websocket_are_answered_while_a_call_waits() {
    use futures_util::SinkExt as _;
    use tokio_tungstenite::tungstenite::Message;
    let world = World::new();
    let mut client = world.client("bob").await;
    let id = client.watch_all().await;
    client.next(&id).await;
    client.ask("AllWatcher", "Next", &id, Value::Null).await;
    client.socket.send(Message::Ping("are you there".into())).await.unwrap();
    assert_eq!(client.message().await, Some(Message::Pong("are you there".into())));
}
