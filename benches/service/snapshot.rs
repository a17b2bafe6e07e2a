//! A first state of many entities.

#![expect(clippy::disallowed_types, reason = "a benchmark is about wall time")]

use std::time::Instant;

use multiwatcher::machine::EntityId;

use super::client::Client;
use super::place::{MODEL, PATH, Place, Way, json};

/// Nanoseconds for the first client, and for eight more at once at the same revno; and the bytes of a reply.
#[expect(clippy::cast_precision_loss, reason = "far fewer bytes than a float counts exactly")]
pub(crate) async fn streamed(way: Way, entities: usize) -> (f64, f64, f64) {
    let place = Place::new();
    for number in 0..entities {
        let id = EntityId::new("unit", MODEL, format!("redis/{number}"));
        place.database.put(id, json(&unit(number)));
    }
    let streams = place.connections(way, 9).await;
    let mut clients = Vec::new();
    for stream in streams {
        let mut client = Client::connect(stream, PATH).await;
        client.watch().await;
        clients.push(client);
    }
    // The store is loaded while they log in; a call that came sooner would wait for it, which is another measurement.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let mut first = clients.pop().expect("there are nine");
    let (took, bytes) = timed(async {
        first.ask_next().await;
        first.reply().await
    })
    .await;
    let (again, _) = timed(futures_util::future::join_all(clients.iter_mut().map(async |client| {
        client.ask_next().await;
        client.reply().await
    })))
    .await;
    (took, again, bytes as f64)
}

async fn timed<T>(future: impl Future<Output = T>) -> (f64, T) {
    let start = Instant::now();
    let done = future.await;
    (start.elapsed().as_secs_f64() * 1e9, done)
}

fn unit(number: usize) -> String {
    format!(
        r#"{{"model-uuid":"{MODEL}","name":"redis/{number}","application":"redis","series":"jammy","base":"ubuntu@22.04","charm-url":"ch:amd64/jammy/redis-7","life":"alive","public-address":"10.0.0.10","private-address":"10.0.0.10","machine-id":"{number}","ports":[{{"protocol":"tcp","number":6379}}],"principal":"","subordinate":false,"workload-status":{{"current":"active","message":"","version":""}},"agent-status":{{"current":"idle","message":"","version":"3.6.0"}}}}"#
    )
}
