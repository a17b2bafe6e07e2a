//! Readers of tokio's own channels, which do much less.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch as watching};

use crate::rounds::{Rounds, Took};

/// `tokio::sync::watch` carrying an `Arc`.
pub(crate) async fn watch(readers: usize, rounds: usize, pace: Duration) -> Took {
    let (sender, receiver) = watching::channel(Arc::new(0u64));
    let rounds_of = Arc::new(Rounds::new(readers, pace));
    for _ in 0..readers {
        let (mut receiver, rounds) = (receiver.clone(), Arc::clone(&rounds_of));
        tokio::spawn(async move {
            let mut last = Arc::clone(&receiver.borrow_and_update());
            while rounds.wait(receiver.changed()).await.is_ok() {
                last = Arc::clone(&receiver.borrow_and_update());
            }
            drop(last);
        });
    }
    let mut value = 0;
    rounds_of
        .rounds(rounds, || {
            value += 1;
            sender.send_replace(Arc::new(value));
        })
        .await
}

/// `tokio::sync::broadcast` carrying an `Arc`.
pub(crate) async fn broadcast(readers: usize, rounds: usize, pace: Duration) -> Took {
    let (sender, _) = broadcast::channel(16);
    let rounds_of = Arc::new(Rounds::new(readers, pace));
    for _ in 0..readers {
        let (mut receiver, rounds) = (sender.subscribe(), Arc::clone(&rounds_of));
        tokio::spawn(async move { while rounds.wait(receiver.recv()).await.is_ok() {} });
    }
    let mut value = 0;
    rounds_of
        .rounds(rounds, || {
            value += 1;
            // Every reader is there: the channel has receivers.
            let _ = sender.send(Arc::new(value));
        })
        .await
}
