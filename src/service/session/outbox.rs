//! What is to be written to a client: replies in their order, cut into short frames, and control frames between them.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// Bytes of a frame. One of the known clients takes a mebibyte at most; this is what a record of TLS holds, and what the socket's buffer
/// keeps of memory once a reply was as long.
const FRAME: usize = 16 << 10;
/// With so many bytes to be written no more requests are taken up.
const ROOM: usize = 64 << 10;

/// Replies and control frames that wait to be written.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    replies: VecDeque<Outgoing>,
    control: VecDeque<Message>,
    /// Bytes of all replies, shared ones included.
    bytes: usize,
    /// Bytes of replies that are nobody else's.
    own: usize,
}

/// One reply, in pieces; those that are written are gone.
#[derive(Debug)]
struct Outgoing {
    pieces: VecDeque<Bytes>,
    is_shared: bool,
    is_begun: bool,
}

impl Outbox {
    /// Adds a reply that is nobody else's.
    pub(super) fn push(&mut self, reply: Bytes) {
        self.own += reply.len();
        self.add([reply].into(), false);
    }

    /// Adds a reply whose pieces others send too.
    pub(super) fn push_shared(&mut self, pieces: VecDeque<Bytes>) {
        let length: usize = pieces.iter().map(Bytes::len).sum();
        if length > FRAME {
            return self.add(pieces, true);
        }
        // What fits into one frame is put together: a frame costs more than its bytes.
        let mut whole = BytesMut::with_capacity(length);
        pieces.iter().for_each(|piece| whole.extend_from_slice(piece));
        self.push(whole.freeze());
    }

    /// Adds a control frame. It goes before everything else.
    pub(super) fn push_control(&mut self, message: Message) {
        self.control.push_back(message);
    }

    /// Whether answers may be computed: if not, what is there must be written first.
    pub(super) fn has_room(&self) -> bool {
        self.bytes < ROOM
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

    /// The next frame.
    pub(super) fn pop(&mut self) -> Option<Message> {
        if let Some(control) = self.control.pop_front() {
            return Some(control);
        }
        let reply = self.replies.front_mut()?;
        let piece = reply.pieces.front_mut().expect("a reply without pieces is gone");
        let payload = if piece.len() > FRAME {
            piece.split_to(FRAME)
        } else {
            reply.pieces.pop_front().expect("there was one a moment ago")
        };
        let data = if reply.is_begun { Data::Continue } else { Data::Text };
        let is_last = reply.pieces.is_empty();
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

    fn add(&mut self, pieces: VecDeque<Bytes>, is_shared: bool) {
        self.bytes += pieces.iter().map(Bytes::len).sum::<usize>();
        self.replies.push_back(Outgoing { pieces, is_shared, is_begun: false });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
