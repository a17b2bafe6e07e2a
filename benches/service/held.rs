//! What a connected client costs.

use super::COUNTED;
use super::client::Client;
use super::place::{PATH, Place};

/// Bytes that a stream in memory holds in each direction.
const PIPE: usize = 4 << 10;

#[expect(clippy::cast_precision_loss, reason = "far fewer bytes than a float counts exactly")]
pub(crate) async fn per_client(clients: usize) -> f64 {
    let place = Place::new();
    place.change(0);
    // What is made once for all is not counted.
    let mut first = watching(&place).await;
    let before = COUNTED.current_usage();
    let pipes: Vec<_> = (0..clients).map(|_| tokio::io::duplex(PIPE)).collect();
    let pipes_alone = COUNTED.current_usage() - before;
    drop(pipes);
    let before = COUNTED.current_usage();
    let mut all = Vec::with_capacity(clients);
    for _ in 0..clients {
        all.push(watching(&place).await);
    }
    // Everybody has been told something since: buffers have their size.
    place.change(1);
    for client in all.iter_mut().chain([&mut first]) {
        client.reply().await;
        client.ask_next().await;
    }
    tokio::time::sleep(core::time::Duration::from_millis(200)).await;
    let bytes = COUNTED.current_usage().saturating_sub(before + pipes_alone);
    bytes as f64 / clients as f64
}

async fn watching(place: &Place) -> Client<tokio::io::DuplexStream> {
    let mut client = Client::connect(place.stream(PIPE), PATH).await;
    client.watch().await;
    client.ask_next().await;
    client.reply().await;
    client.ask_next().await;
    client
}
