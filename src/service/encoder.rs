//! Batches, encoded once for everybody who is told them.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use tokio::sync::OnceCell;

use super::encoding::encode_delta;
use super::offload::Offload;
use crate::backing::Json;
use crate::machine::{Batch, Delta};

/// So many deltas are encoded in place: it takes less time than to hand them to another thread.
const FEW: usize = 64;
/// So many deltas are encoded by one thread at a time.
const CHUNK: usize = 8192;

/// The result of a `Next`, encoded: the batch with its bytes. It holds the batch, so that its deltas' address is not used by another
/// while somebody could look for it.
pub(super) struct Encoded {
    batch: Batch<Json>,
    /// `{"deltas":[…]}` in pieces.
    pieces: OnceCell<Vec<Bytes>>,
}

impl Encoded {
    /// The pieces.
    pub(super) fn pieces(&self) -> &[Bytes] {
        self.pieces.get().map_or(&[], Vec::as_slice)
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded").field("revno", &self.batch.revno()).finish_non_exhaustive()
    }
}

/// Encodes batches. What is encoded is kept as long as somebody sends it; the machine shares a batch among those who take it at the same
/// revno from the same cursor with the same filter, and so are its bytes.
#[derive(Debug)]
pub(super) struct Encoder {
    offload: Offload,
    /// By the address of the deltas.
    sent: Mutex<BTreeMap<usize, Weak<Encoded>>>,
}

impl Encoder {
    pub(super) fn new(offload: Offload) -> Self {
        Self { offload, sent: Mutex::new(BTreeMap::new()) }
    }

    /// The batch with its bytes. Of those who ask for the same at the same time one encodes it.
    pub(super) async fn encode(&self, batch: Batch<Json>) -> Arc<Encoded> {
        let encoded = self.find(batch);
        encoded.pieces.get_or_init(|| pieces(self.offload, &encoded.batch)).await;
        encoded
    }

    fn find(&self, batch: Batch<Json>) -> Arc<Encoded> {
        let fresh = |batch| Arc::new(Encoded { batch, pieces: OnceCell::new() });
        if batch.deltas().is_empty() {
            return fresh(batch);
        }
        let address = batch.deltas().as_ptr().addr();
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(encoded) = sent.get(&address).and_then(Weak::upgrade) {
            // It is the same, unless its batch is a copy of the machine's: the address is held by it.
            if encoded.batch.shares_with(&batch) {
                return encoded;
            }
        }
        // What nobody sends any more is forgotten when another comes, so there are never more than twice those that are sent.
        if sent.len() >= 16 && sent.len() >= 2 * sent.values().filter(|encoded| encoded.strong_count() > 0).count() {
            sent.retain(|_, encoded| encoded.strong_count() > 0);
        }
        let encoded = fresh(batch);
        sent.insert(address, Arc::downgrade(&encoded));
        encoded
    }
}

async fn pieces(offload: Offload, batch: &Batch<Json>) -> Vec<Bytes> {
    let count = batch.deltas().len();
    if count <= FEW {
        let mut text = b"{\"deltas\":[".to_vec();
        encode_chunk(batch.deltas(), &mut text);
        text.extend_from_slice(b"]}");
        return vec![text.into()];
    }
    let ranges = (0..count).step_by(CHUNK).map(|start| start..count.min(start + CHUNK));
    let chunks = ranges.map(|range| {
        let batch = batch.clone();
        offload.run(move || {
            let deltas = &batch.deltas()[range.clone()];
            let room = deltas.iter().map(|delta| delta.value().as_str().len() + 128).sum();
            let mut text = Vec::with_capacity(room);
            if range.start > 0 {
                text.push(b',');
            }
            encode_chunk(deltas, &mut text);
            Bytes::from(text)
        })
    });
    // Unordered would be no faster, for the pieces stand in order.
    let chunks = futures_util::future::join_all(chunks).await;
    let ends = [Bytes::from_static(b"{\"deltas\":["), Bytes::from_static(b"]}")];
    let [first, last] = ends;
    core::iter::once(first).chain(chunks).chain([last]).collect()
}

fn encode_chunk(deltas: &[Delta<Json>], text: &mut Vec<u8>) {
    for (number, delta) in deltas.iter().enumerate() {
        if number > 0 {
            text.push(b',');
        }
        encode_delta(delta, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{Change, EntityId, ModelId, Position, Revno};

    fn batch(count: usize) -> Batch<Json> {
        let deltas = (0..count).map(|number| {
            let id = EntityId::new("annotation", ModelId::from_u128(1), format!("unit-x-{number}"));
            Delta::new(id, Revno(1), Change::Changed, Arc::new("{\"annotations\":{}}".parse().unwrap()))
        });
        Batch::new(Revno(1), Position(1), deltas.collect())
    }

    fn text(encoded: &Encoded) -> serde_json::Value {
        serde_json::from_slice(&encoded.pieces().concat()).unwrap()
    }

    #[tokio::test]
    async fn a_batch_is_encoded_once_for_all_who_share_it_and_forgotten_when_it_is_sent() {
        let encoder = Encoder::new(Offload::Threads);
        let one = batch(3 * CHUNK);
        let (a, b) = tokio::join!(encoder.encode(one.clone()), encoder.encode(one.clone()));
        assert!(Arc::ptr_eq(&a, &b));
        assert_eq!(a.pieces()[1].as_ptr(), b.pieces()[1].as_ptr());
        let other = encoder.encode(batch(3)).await;
        assert!(!Arc::ptr_eq(&a, &other));
        let weak = Arc::downgrade(&a);
        drop((a, b));
        assert!(weak.upgrade().is_none());
        for _ in 0..100 {
            encoder.encode(batch(1)).await;
        }
        assert!(encoder.sent.lock().unwrap().len() <= 32, "what is not sent is not kept");
    }

    #[tokio::test]
    async fn pieces_are_one_text_whatever_the_size() {
        let encoder = Encoder::new(Offload::Inline);
        for count in [0, 1, FEW, FEW + 1, CHUNK, CHUNK + 1, 2 * CHUNK] {
            let text = text(&*encoder.encode(batch(count)).await);
            let deltas = text["deltas"].as_array().unwrap();
            assert_eq!(deltas.len(), count);
            for (number, delta) in deltas.iter().enumerate() {
                assert_eq!(delta[2]["tag"], format!("unit-x-{number}"));
            }
        }
    }
}
