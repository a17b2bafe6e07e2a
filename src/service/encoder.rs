//! Batches, encoded once for everybody who is told them: short ones whole, long ones piece by piece as they are sent.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};

use super::encoding::encode_delta;
use super::offload::Offload;
use crate::backing::Json;
use crate::machine::{Batch, Delta};

/// So many deltas are encoded in place: it takes less time than to hand them to another thread.
const FEW: usize = 64;
/// A piece ends with the delta that makes it as long as this, in bytes.
pub(super) const PIECE: usize = 128 << 10;

/// The result of a `Next`: a batch, and its bytes as far as somebody sends them. It holds the batch, so that its deltas' address is not
/// used by another while somebody could look for it.
pub(super) struct Encoded {
    batch: Batch<Json>,
    is_short: bool,
    /// `{"deltas":[…]}`, of a short batch.
    whole: OnceLock<Bytes>,
    /// Of a long one: by the number of their first delta.
    pieces: Mutex<BTreeMap<usize, Slot>>,
    desk: Arc<Desk>,
}

/// A part of the text of a long batch.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    /// The delta that the next one begins with; after the last piece there is none.
    pub(super) next: Option<usize>,
}

/// A piece that is made or has been. It goes on whoever polls it, so one who does not keeps nobody waiting; its bytes are there
/// as long as a clone that has not been ready.
pub(super) type Making = Shared<Work>;
type Work = Pin<Box<dyn Future<Output = Piece> + Send>>;

/// A piece as the batch knows it.
struct Slot {
    made: WeakShared<Work>,
    /// It is kept for others, although nobody may be sending it.
    kept: Option<Making>,
}

impl Encoded {
    /// The text of a short batch; `None` of a long one.
    pub(super) fn whole(&self) -> Option<Bytes> {
        self.is_short.then(|| self.whole.get_or_init(|| encode(&self.batch, 0, usize::MAX).bytes).clone())
    }

    /// The piece that begins with this delta. Of those who ask for the same one makes it, unless it was made so long ago that nobody
    /// sends it any more and it is not kept either.
    pub(super) fn piece(self: &Arc<Self>, first: usize) -> Making {
        let mut pieces = self.lock();
        if let Some(making) = pieces.get(&first).and_then(|slot| slot.made.upgrade()) {
            return making;
        }
        let (batch, encoded, offload) = (self.batch.clone(), Arc::downgrade(self), self.desk.offload);
        let making = async move {
            let piece = offload.run(move || encode(&batch, first, PIECE)).await;
            if let Some(encoded) = encoded.upgrade() {
                encoded.keep(first, piece.bytes.len());
            }
            piece
        };
        let making = (Box::pin(making) as Work).shared();
        let made = making.downgrade().expect("it was not ready yet");
        pieces.insert(first, Slot { made, kept: None });
        making
    }

    /// Keeps a piece for those who come to it later; in exchange the pieces that were made first are forgotten.
    fn keep(self: &Arc<Self>, first: usize, bytes: usize) {
        if let Some(slot) = self.lock().get_mut(&first) {
            slot.kept = slot.made.upgrade();
        }
        for (encoded, first) in self.desk.keep(self, first, bytes) {
            let Some(encoded) = encoded.upgrade() else { continue };
            let forgotten = encoded.lock().get_mut(&first).and_then(|slot| slot.kept.take());
            drop(forgotten);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, Slot>> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded").field("revno", &self.batch.revno()).finish_non_exhaustive()
    }
}

/// Encodes batches. What is encoded is kept as long as somebody sends the batch, within a limit; the machine shares a batch among those
/// who take it at the same revno from the same cursor with the same filter, and so are its bytes.
#[derive(Debug)]
pub(super) struct Encoder {
    desk: Arc<Desk>,
    /// By the address of the deltas.
    sent: Mutex<BTreeMap<usize, Weak<Encoded>>>,
}

/// What all batches need.
#[derive(Debug)]
struct Desk {
    offload: Offload,
    /// Bytes of pieces that are kept.
    most: usize,
    kept: Mutex<Kept>,
}

/// The pieces that are kept, in the order in which they were made. Those of batches that nobody sends any more are gone already, and are
/// counted until it is their turn.
#[derive(Debug, Default)]
struct Kept {
    pieces: VecDeque<(Weak<Encoded>, usize, usize)>,
    bytes: usize,
}

impl Encoder {
    /// Of long batches it keeps so many bytes.
    pub(super) fn new(offload: Offload, most: usize) -> Self {
        let desk = Arc::new(Desk { offload, most, kept: Mutex::default() });
        Self { desk, sent: Mutex::new(BTreeMap::new()) }
    }

    /// The batch, to be encoded: the same for all who ask for the same while somebody sends it.
    pub(super) fn encode(&self, batch: Batch<Json>) -> Arc<Encoded> {
        if batch.deltas().is_empty() {
            return self.fresh(batch);
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
        let encoded = self.fresh(batch);
        sent.insert(address, Arc::downgrade(&encoded));
        encoded
    }

    fn fresh(&self, batch: Batch<Json>) -> Arc<Encoded> {
        let deltas = batch.deltas();
        let is_short = deltas.len() <= FEW && deltas.iter().map(length).sum::<usize>() <= PIECE;
        let desk = Arc::clone(&self.desk);
        Arc::new(Encoded { batch, is_short, whole: OnceLock::new(), pieces: Mutex::default(), desk })
    }
}

impl Desk {
    /// Counts one more piece; those that are kept no longer.
    fn keep(&self, encoded: &Arc<Encoded>, first: usize, bytes: usize) -> Vec<(Weak<Encoded>, usize)> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pieces.push_back((Arc::downgrade(encoded), first, bytes));
        kept.bytes += bytes;
        let mut forgotten = Vec::new();
        while kept.bytes > self.most {
            let Some((encoded, first, bytes)) = kept.pieces.pop_front() else { break };
            kept.bytes -= bytes;
            forgotten.push((encoded, first));
        }
        forgotten
    }
}

fn length(delta: &Delta<Json>) -> usize {
    delta.value().as_str().len()
}

/// The text from this delta on, until it is so long.
fn encode(batch: &Batch<Json>, first: usize, enough: usize) -> Piece {
    let deltas = batch.deltas();
    let few = deltas.iter().skip(first).take(FEW).map(|delta| length(delta) + 128).sum::<usize>();
    let mut text = Vec::with_capacity(if deltas.len() - first > FEW { few.max(PIECE + 1024) } else { few });
    if first == 0 {
        text.extend_from_slice(b"{\"deltas\":[");
    }
    let mut next = first;
    while next < deltas.len() && text.len() < enough {
        if next > 0 {
            text.push(b',');
        }
        encode_delta(&deltas[next], &mut text);
        next += 1;
    }
    let is_last = next == deltas.len();
    if is_last {
        text.extend_from_slice(b"]}");
    }
    text.shrink_to_fit();
    Piece { bytes: text.into(), next: (!is_last).then_some(next) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{Change, EntityId, ModelId, Position, Revno};

    fn batch(count: usize, length: usize) -> Batch<Json> {
        let value = format!("{{\"annotations\":{{\"x\":\"{}\"}}}}", "x".repeat(length));
        let deltas = (0..count).map(|number| {
            let id = EntityId::new("annotation", ModelId::from_u128(1), format!("unit-x-{number}"));
            Delta::new(id, Revno(1), Change::Changed, Arc::new(value.parse().unwrap()))
        });
        Batch::new(Revno(1), Position(1), deltas.collect())
    }

    /// All pieces of a long batch, held by nobody but who asks.
    async fn pieces(encoded: &Arc<Encoded>) -> Vec<Bytes> {
        let (mut pieces, mut next) = (Vec::new(), Some(0));
        while let Some(first) = next {
            let piece = encoded.piece(first).await;
            pieces.push(piece.bytes);
            next = piece.next;
        }
        pieces
    }

    /// Bytes that a batch makes last, whoever sends them.
    fn kept(encoded: &Arc<Encoded>) -> usize {
        let pieces = encoded.lock();
        let kept = pieces.values().filter_map(|slot| slot.made.upgrade());
        kept.map(|making| making.peek().map_or(0, |piece| piece.bytes.len())).sum()
    }

    #[tokio::test]
    async fn a_batch_is_encoded_once_for_all_who_share_it_and_forgotten_when_it_is_sent() {
        let encoder = Encoder::new(Offload::Threads, usize::MAX);
        let one = batch(3000, 200);
        let (a, b) = (encoder.encode(one.clone()), encoder.encode(one.clone()));
        assert!(Arc::ptr_eq(&a, &b));
        let (of_a, of_b) = tokio::join!(pieces(&a), pieces(&b));
        assert!(of_a.len() > 3, "{} pieces", of_a.len());
        assert!(of_a.iter().zip(&of_b).all(|(a, b)| a.as_ptr() == b.as_ptr()), "each piece was made once");
        let other = encoder.encode(batch(3, 0));
        assert!(!Arc::ptr_eq(&a, &other));
        let weak = Arc::downgrade(&a);
        drop((a, b));
        assert!(weak.upgrade().is_none());
        for _ in 0..100 {
            encoder.encode(batch(1, 0));
        }
        assert!(encoder.sent.lock().unwrap().len() <= 32, "what is not sent is not kept");
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded_over_all_batches_and_the_last_made_is_there() {
        let most = 4 * PIECE;
        let encoder = Encoder::new(Offload::Inline, most);
        let batches = [3000, 4000, 5000].map(|count| encoder.encode(batch(count, 200)));
        for batch in &batches {
            let last = pieces(batch).await.pop().unwrap();
            let all: usize = batches.iter().map(kept).sum();
            assert!(all <= most, "{all} bytes are kept");
            assert!(all > most - 2 * PIECE, "{all} bytes are kept, there is room for more");
            assert!(kept(batch) >= last.len(), "what comes next is likely asked for by others");
        }
    }

    #[tokio::test]
    async fn a_piece_is_shared_while_somebody_sends_it_though_nothing_is_kept() {
        let encoder = Encoder::new(Offload::Inline, 0);
        let encoded = encoder.encode(batch(3000, 200));
        let (sending, mine) = (encoded.piece(0), encoded.piece(0).await);
        assert_eq!(mine.bytes.as_ptr(), encoded.piece(0).await.bytes.as_ptr());
        drop(sending);
        assert_eq!(kept(&encoded), 0);
    }

    #[tokio::test]
    async fn pieces_are_one_text_whatever_the_size() {
        let encoder = Encoder::new(Offload::Inline, PIECE);
        for (count, length) in [(0, 0), (1, 0), (1, 3 * PIECE), (FEW, 0), (FEW + 1, 0), (FEW, PIECE), (9000, 100)] {
            let encoded = encoder.encode(batch(count, length));
            let text = match encoded.whole() {
                Some(whole) => whole.to_vec(),
                None => pieces(&encoded).await.concat(),
            };
            assert_eq!(encoded.is_short, count <= FEW && length == 0, "{count} of {length}");
            let text: serde_json::Value = serde_json::from_slice(&text).unwrap();
            let deltas = text["deltas"].as_array().unwrap();
            assert_eq!(deltas.len(), count);
            for (number, delta) in deltas.iter().enumerate() {
                assert_eq!(delta[2]["tag"], format!("unit-x-{number}"));
            }
        }
    }
}
