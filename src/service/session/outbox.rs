//! What is to be written to a client: replies in their order, cut into short frames, and control frames between them.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::super::encoder::{Encoded, Making};

/// Bytes of a frame. One of the known clients takes a mebibyte at most; this is what a record of TLS holds, and what the socket's buffer
/// keeps of memory once a reply was as long.
pub(super) const FRAME: usize = 16 << 10;
/// With so many bytes to be written no more requests are taken up.
const ROOM: usize = 64 << 10;

/// Replies and control frames that wait to be written.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    replies: VecDeque<Outgoing>,
    control: VecDeque<Message>,
    /// Bytes of all replies that are encoded, shared ones included.
    bytes: usize,
    /// Replies of which more is to be encoded.
    unfinished: usize,
    /// Bytes of replies that are nobody else's.
    own: usize,
}

/// One reply, in pieces; those that are written are gone.
#[derive(Debug)]
struct Outgoing {
    pieces: VecDeque<Bytes>,
    is_shared: bool,
    is_begun: bool,
    rest: Option<Rest>,
}

/// What of a long batch is not encoded yet, or not taken from those who share it.
#[derive(Debug)]
struct Rest {
    encoded: Arc<Encoded>,
    /// The next piece, if there is one.
    coming: Option<Making>,
    /// The piece that is being written: as long as it is held, it is there for others.
    sending: Option<Making>,
    tail: Bytes,
}

impl Outbox {
    /// Adds a reply that is nobody else's.
    pub(super) fn push(&mut self, reply: Bytes) {
        self.own += reply.len();
        self.add([reply].into(), false, None);
    }

    /// Adds a reply whose pieces others send too.
    pub(super) fn push_shared(&mut self, pieces: VecDeque<Bytes>) {
        let length: usize = pieces.iter().map(Bytes::len).sum();
        if length > FRAME {
            return self.add(pieces, true, None);
        }
        // What fits into one frame is put together: a frame costs more than its bytes.
        let mut whole = BytesMut::with_capacity(length);
        pieces.iter().for_each(|piece| whole.extend_from_slice(piece));
        self.push(whole.freeze());
    }

    /// Adds a reply that tells of a long batch: of it no more is held than what is being written, and what comes next.
    pub(super) fn push_batch(&mut self, head: Bytes, encoded: Arc<Encoded>, tail: Bytes) {
        let coming = Some(encoded.piece(0));
        self.unfinished += 1;
        self.add([head].into(), true, Some(Rest { encoded, coming, sending: None, tail }));
    }

    /// Adds a control frame. It goes before everything else.
    pub(super) fn push_control(&mut self, message: Message) {
        self.control.push_back(message);
    }

    /// Whether answers may be computed: if not, what is there must be written first.
    pub(super) fn has_room(&self) -> bool {
        self.bytes < ROOM && self.unfinished == 0
    }

    /// Whether requests may be read. A long shared reply does not keep them: the client may ask for signs of life meanwhile.
    pub(super) fn may_read(&self) -> bool {
        self.own < ROOM
    }

    /// Whether there is nothing to be written.
    pub(super) fn is_empty(&self) -> bool {
        self.replies.is_empty() && self.control.is_empty()
    }

    /// Whether a reply was begun and not ended.
    pub(super) fn is_within_reply(&self) -> bool {
        self.replies.front().is_some_and(|reply| reply.is_begun)
    }

    /// Forgets what is not written; what was begun cannot be ended.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes the next piece of a long batch, if it is wanted and there; if it is not there, the task is woken when it is.
    pub(super) fn fetch(&mut self, cx: &mut Context<'_>) {
        let Some(reply) = self.replies.front_mut().filter(|reply| reply.pieces.is_empty()) else { return };
        let Some(rest) = &mut reply.rest else { return };
        rest.sending = None;
        let Some(mut coming) = rest.coming.take() else { return };
        let held = coming.clone();
        let Poll::Ready(piece) = Pin::new(&mut coming).poll(cx) else {
            rest.coming = Some(coming);
            return;
        };
        rest.sending = Some(held);
        self.bytes += piece.bytes.len();
        reply.pieces.push_back(piece.bytes);
        if let Some(next) = piece.next {
            let coming = rest.encoded.piece(next);
            // It is begun while this one is written.
            _ = Pin::new(&mut coming.clone()).poll(cx);
            rest.coming = Some(coming);
        } else {
            self.unfinished -= 1;
            self.bytes += rest.tail.len();
            reply.pieces.push_back(rest.tail.clone());
        }
    }

    /// The next frame, if it is there.
    pub(super) fn pop(&mut self) -> Option<Message> {
        if let Some(control) = self.control.pop_front() {
            return Some(control);
        }
        let reply = self.replies.front_mut()?;
        let piece = reply.pieces.front_mut()?;
        let payload = if piece.len() > FRAME {
            piece.split_to(FRAME)
        } else {
            reply.pieces.pop_front().expect("there was one a moment ago")
        };
        let data = if reply.is_begun { Data::Continue } else { Data::Text };
        let is_last = reply.pieces.is_empty() && reply.rest.as_ref().is_none_or(|rest| rest.coming.is_none());
        self.bytes -= payload.len();
        if !reply.is_shared {
            self.own -= payload.len();
        }
        reply.is_begun = true;
        if is_last {
            self.replies.pop_front();
        }
        Some(Message::Frame(Frame::message(payload, OpCode::Data(data), is_last)))
    }

    fn add(&mut self, pieces: VecDeque<Bytes>, is_shared: bool, rest: Option<Rest>) {
        self.bytes += pieces.iter().map(Bytes::len).sum::<usize>();
        self.replies.push_back(Outgoing { pieces, is_shared, is_begun: false, rest });
    }
}

#[cfg(test)]
mod tests {
    use core::future::poll_fn;

    use super::super::super::encoder::{Encoder, PIECE};
    use super::super::super::offload::Offload;
    use super::*;
    use crate::machine::{Batch, Change, Delta, EntityId, ModelId, Position, Revno};

    fn frames(outbox: &mut Outbox) -> Vec<(OpCode, bool, Bytes)> {
        let mut frames = Vec::new();
        while let Some(Message::Frame(frame)) = outbox.pop() {
            frames.push((frame.header().opcode, frame.header().is_final, frame.into_payload()));
        }
        frames
    }

    #[test]
    fn a_long_reply_is_cut_into_short_frames_that_share_its_bytes() {
        let long = Bytes::from(vec![b'x'; 3 * FRAME + 1]);
        let mut outbox = Outbox::default();
        outbox.push_shared([Bytes::from_static(b"<"), long.clone(), Bytes::from_static(b">")].into());
        let frames = frames(&mut outbox);
        let sizes: Vec<_> = frames.iter().map(|(_, _, payload)| payload.len()).collect();
        assert_eq!(sizes, [1, FRAME, FRAME, FRAME, 1, 1]);
        assert_eq!(frames[2].2.as_ptr(), long[FRAME..].as_ptr(), "nothing was copied");
        let kinds: Vec<_> =
            frames.iter().map(|(code, is_last, _)| (*code == OpCode::Data(Data::Text), *is_last)).collect();
        assert_eq!(
            kinds,
            [(true, false), (false, false), (false, false), (false, false), (false, false), (false, true)]
        );
        assert_eq!((outbox.bytes, outbox.own), (0, 0));
    }

    #[tokio::test]
    async fn of_a_long_batch_there_is_what_is_written_and_what_comes_next() {
        let deltas = (0..20_000).map(|number| {
            let id = EntityId::new("annotation", ModelId::from_u128(1), format!("unit-x-{number}"));
            Delta::new(id, Revno(1), Change::Changed, Arc::new("{\"annotations\":{}}".parse().unwrap()))
        });
        let batch = Batch::new(Revno(1), Position(1), deltas.collect());
        let mut outbox = Outbox::default();
        outbox.push_batch(
            Bytes::from_static(b"<"),
            Encoder::new(Offload::Inline, 0).encode(batch),
            Bytes::from_static(b">"),
        );
        assert!(!outbox.has_room() && outbox.may_read());
        let (mut text, mut most) = (Vec::new(), 0);
        poll_fn(|cx| {
            loop {
                outbox.fetch(cx);
                most = most.max(outbox.bytes);
                let Some(Message::Frame(frame)) = outbox.pop() else { panic!("the reply ends with its last frame") };
                text.extend_from_slice(frame.payload());
                if frame.header().is_final {
                    return Poll::Ready(());
                }
            }
        })
        .await;
        assert!(text.len() > 4 * PIECE && text.starts_with(b"<{\"deltas\":[[") && text.ends_with(b"]]}>"));
        assert!(most < 2 * PIECE, "{most} bytes were there at once");
        assert!(outbox.is_empty() && outbox.has_room());
        assert_eq!((outbox.bytes, outbox.own), (0, 0));
    }

    #[test]
    fn control_frames_go_between_the_frames_of_a_reply() {
        let mut outbox = Outbox::default();
        outbox.push(Bytes::from(vec![b'x'; 2 * FRAME]));
        outbox.push(Bytes::from_static(b"y"));
        outbox.pop();
        outbox.push_control(Message::Ping(Bytes::new()));
        assert_eq!(outbox.pop(), Some(Message::Ping(Bytes::new())));
        let rest = frames(&mut outbox);
        assert_eq!(rest.iter().map(|(_, is_last, _)| *is_last).collect::<Vec<_>>(), [true, true]);
    }

    #[test]
    fn a_long_shared_reply_leaves_room_to_read_and_own_ones_do_not() {
        let mut outbox = Outbox::default();
        outbox.push_shared([Bytes::from(vec![b'x'; 2 * ROOM])].into());
        assert!(!outbox.has_room() && outbox.may_read());
        outbox.push(Bytes::from(vec![b'x'; ROOM]));
        assert!(!outbox.may_read());
    }
}
