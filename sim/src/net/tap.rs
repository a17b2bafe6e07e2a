//! A client's stream, with an eye on the frames that come: whether a reply has several, and whether it was cut within. The ledger knows
//! while one has begun to come, so that something can go wrong just then.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil::net::TcpStream;

use super::ledger::SharedLedger;

/// A stream whose frames are counted.
#[derive(Debug)]
pub(super) struct Tap {
    stream: TcpStream,
    client: usize,
    ledger: SharedLedger,
    /// None before the websocket's handshake is over.
    frames: Option<Frames>,
}

impl Tap {
    pub(super) fn new(stream: TcpStream, client: usize, ledger: SharedLedger) -> Self {
        Self { stream, client, ledger, frames: None }
    }

    /// The handshake is over: what comes from here on are frames.
    pub(super) fn count_frames(&mut self) {
        self.frames = Some(Frames::default());
    }

    /// The messages in several frames since this was last asked.
    pub(super) fn take_long(&mut self) -> u64 {
        self.frames.as_mut().map_or(0, |frames| core::mem::take(&mut frames.long))
    }

    /// Whether a message has begun to come and not ended.
    pub(super) fn is_within_message(&self) -> bool {
        self.frames.as_ref().is_some_and(|frames| frames.of_message > 0)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.ledger.open().clients[self.client].is_within_reply = false;
    }
}

impl AsyncRead for Tap {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if let Some(frames) = &mut self.frames {
            frames.come(&buf.filled()[before..]);
        }
        let is_within = self.is_within_message();
        self.ledger.open().clients[self.client].is_within_reply = is_within;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The frames of a server, which are not masked.
#[derive(Debug, Default)]
struct Frames {
    /// Bytes of a header that is not whole.
    header: Vec<u8>,
    /// Bytes of the payload that are still to come.
    rest: usize,
    /// What the frame at hand is of, and whether it is its last.
    is_data: bool,
    is_last: bool,
    /// Whole frames of a message that has not ended.
    of_message: u64,
    /// Messages that had several.
    long: u64,
}

impl Frames {
    fn come(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        while let Some((first, others)) = bytes.split_first() {
            if self.rest > 0 {
                let skipped = self.rest.min(bytes.len());
                self.rest -= skipped;
                bytes = &bytes[skipped..];
            } else {
                self.header.push(*first);
                bytes = others;
                let Some(length) = length(&self.header) else { continue };
                // Control frames, from 8 on, stand between those of a message.
                (self.is_data, self.is_last) = (self.header[0] & 0xf < 8, self.header[0] & 0x80 != 0);
                self.rest = length;
                self.header.clear();
            }
            if self.rest == 0 && self.is_data {
                self.of_message += 1;
                if self.is_last {
                    self.long += u64::from(self.of_message > 1);
                    self.of_message = 0;
                }
            }
        }
    }
}

/// The length of the payload, if the header is whole.
fn length(header: &[u8]) -> Option<usize> {
    let wide = |bytes: &[u8]| bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    match header {
        [_, short] if short & 0x7f < 126 => Some(usize::from(short & 0x7f)),
        [_, 126, length @ ..] if length.len() == 2 => Some(wide(length)),
        [_, 127, length @ ..] if length.len() == 8 => Some(wide(length)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame: its first byte, and so many bytes.
    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match u16::try_from(length) {
            Ok(short) if short < 126 => frame.push(short.to_le_bytes()[0]),
            Ok(middle) => frame.extend([126].into_iter().chain(middle.to_be_bytes())),
            Err(_) => frame.extend([127].into_iter().chain((length as u64).to_be_bytes())),
        }
        frame.resize(frame.len() + length, b'x');
        frame
    }

    #[test]
    fn messages_in_several_frames_are_told_from_others_however_their_bytes_come() {
        let (whole, first, middle, last, ping) = (0x81, 0x01, 0x00, 0x80, 0x89);
        let bytes = [(whole, 5), (first, 70_000), (ping, 0), (middle, 300), (last, 0), (whole, 200), (first, 1)];
        let bytes: Vec<_> = bytes.iter().flat_map(|(first, length)| frame(*first, *length)).collect();
        for at_once in [1, 2, 7, 4096, bytes.len()] {
            let mut frames = Frames::default();
            bytes.chunks(at_once).for_each(|bytes| frames.come(bytes));
            assert_eq!((frames.long, frames.of_message), (1, 1), "{at_once} bytes at once");
        }
    }
}
