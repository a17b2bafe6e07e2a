//! What a connected client costs.

use super::COUNTED;
use super::client::Client;
use super::place::{PATH, Place, Way, Wire};

/// Bytes that a stream in memory holds in each direction.
const PIPE: usize = 4 << 10;

/// Over streams in memory.
#[expect(clippy::cast_precision_loss, reason = "far fewer bytes than a float counts exactly")]
pub(crate) async fn per_client(clients: usize) -> f64 {
    let place = Place::new();
    place.change(0);
    // What is made once for all is not counted.
    let mut first = watching(place.stream(PIPE)).await;
    let before = COUNTED.current_usage();
    let pipes: Vec<_> = (0..clients).map(|_| tokio::io::duplex(PIPE)).collect();
    let pipes_alone = COUNTED.current_usage() - before;
    drop(pipes);
    let before = COUNTED.current_usage();
    let mut all = Vec::with_capacity(clients);
    for _ in 0..clients {
        all.push(watching(place.stream(PIPE)).await);
    }
    settle(&place, all.iter_mut().chain([&mut first])).await;
    let bytes = COUNTED.current_usage().saturating_sub(before + pipes_alone);
    bytes as f64 / clients as f64
}

/// Over TLS. What the clients' ends hold is what is free when they are dropped, before anything else runs: so let there be one thread.
#[expect(clippy::cast_precision_loss, reason = "far fewer bytes than a float counts exactly")]
pub(crate) async fn per_secure_client(clients: usize) -> f64 {
    let place = Place::new();
    place.change(0);
    let mut streams = place.connections(Way::Tls, 1).await;
    let mut first = watching(streams.remove(0)).await;
    let before = COUNTED.current_usage();
    let mut all: Vec<Client<Wire>> = Vec::with_capacity(clients);
    for stream in place.connections(Way::Tls, clients).await {
        all.push(watching(stream).await);
    }
    settle(&place, all.iter_mut().chain([&mut first])).await;
    let together = COUNTED.current_usage();
    drop(all);
    let theirs = together - COUNTED.current_usage();
    together.saturating_sub(before + theirs) as f64 / clients as f64
}

/// Everybody has been told something since: buffers have their size.
async fn settle<'a, IO>(place: &Place, clients: impl Iterator<Item = &'a mut Client<IO>>)
where
    IO: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + 'a,
{
    place.change(1);
    for client in clients {
        client.reply().await;
        client.ask_next().await;
    }
    tokio::time::sleep(core::time::Duration::from_millis(200)).await;
}

async fn watching<IO: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(stream: IO) -> Client<IO> {
    let mut client = Client::connect(stream, PATH).await;
    client.watch().await;
    client.ask_next().await;
    client.reply().await;
    client.ask_next().await;
    client
}
