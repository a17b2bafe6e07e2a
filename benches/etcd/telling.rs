//! A reader of a worker and a bare watch, told of puts in turn.

use etcd_client::{Client, WatchOptions, WatchStream};
use multiwatcher::{Config, EntityId, EtcdBacking, ModelId, Multiwatcher, Worker};

use crate::common::clock::{Samples, Stopwatch};

/// How long it took until the watch had the message, and until `next` had returned, of each put.
pub(crate) async fn told(endpoint: &str, rounds: usize) -> (Samples, Samples) {
    let backing = EtcdBacking::<u64>::open([endpoint], "/reader").await.expect("the server runs");
    let worker = Worker::start(backing, Config::default());
    let reader = worker.watch_all_models().expect("it runs");
    reader.next().await.expect("it is told the whole state first");

    let mut client = Client::connect([endpoint], None).await.expect("the server runs");
    // The same key but for the prefix.
    let key = |prefix: &str| format!("{prefix}/entity/unit/{}/x", ModelId::from_u128(1));
    let options = Some(WatchOptions::new().with_prefix());
    let mut watch = client.watch("/bare/entity/", options).await.expect("the server runs");
    watch.message().await.expect("it says that it watches");

    // Each writes and reads over connections of its own, so no one waits for the other's.
    let mut writer = Client::connect([endpoint], None).await.expect("the server runs");
    let (mut bare, mut told) = (Samples::default(), Samples::default());
    for round in 0..rounds + rounds / 10 {
        let value = round.to_string();
        let by_watch = bare_round(&mut writer, &key("/bare"), &value, &mut watch).await;
        let by_reader = round_of(&mut writer, &key("/reader"), &value, &reader).await;
        if round >= rounds / 10 {
            bare.push(by_watch);
            told.push(by_reader);
        }
    }
    worker.kill();
    worker.wait().await;
    (bare, told)
}

async fn bare_round(writer: &mut Client, key: &str, value: &str, watch: &mut WatchStream) -> f64 {
    let clock = Stopwatch::start();
    let hears = async {
        let message = watch.message().await.expect("the server runs").expect("it goes on");
        assert_eq!(message.events()[0].kv().expect("it is a put").value(), value.as_bytes());
        clock.nanos()
    };
    let (written, took) = tokio::join!(writer.put(key, value, None), hears);
    written.expect("the server runs");
    took
}

async fn round_of(writer: &mut Client, key: &str, value: &str, reader: &Multiwatcher<u64>) -> f64 {
    let clock = Stopwatch::start();
    let hears = async {
        let batch = reader.next().await.expect("it runs");
        assert_eq!(batch.deltas()[0].id(), &EntityId::new("unit", ModelId::from_u128(1), "x"));
        assert_eq!(batch.deltas()[0].value().to_string(), value);
        clock.nanos()
    };
    let (written, took) = tokio::join!(writer.put(key, value, None), hears);
    written.expect("the server runs");
    took
}
