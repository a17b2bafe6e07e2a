//! One connection after the websocket's handshake, over any stream: one task that reads requests, answers them side by side, and writes.
//!
//! Everything is polled in one order, so that a run under a simulated network and clock is the same every time. What is written goes
//! first: while a client does not read, no answer is computed, so no batch is taken for it, and the machine's lag policy decides how long
//! its watchers live.

mod clock;
mod outbox;

use core::fmt;
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{Sink as _, Stream as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tracing::debug;

use super::connection::{Answer, Connection};
use super::protocol::{DecodeError, ErrorCode, Request, RpcError, encode_error, head, tail};
use clock::{Clock, Overdue};
use outbox::Outbox;

/// Bytes that are read at a time.
const READ: usize = 4 << 10;
/// Bytes that wait to be written beside a frame: answers to pings, and the close frame. When they are full the socket keeps the answer
/// to the last ping alone.
const PONGS: usize = 4 << 10;

/// Speaks with one client until the connection ends; how it ended. Its watchers are stopped when this returns or is dropped.
pub(super) async fn run<IO: AsyncRead + AsyncWrite + Unpin>(
    stream: IO,
    read: Bytes,
    connection: Arc<Connection>,
) -> Parting {
    let limits = connection.limits();
    let config = WebSocketConfig::default()
        .read_buffer_size(READ)
        .write_buffer_size(0)
        .max_write_buffer_size(outbox::FRAME + PONGS)
        .max_frame_size(Some(limits.message_bytes))
        .max_message_size(Some(limits.message_bytes));
    let socket = WebSocketStream::from_partially_read(stream, read.to_vec(), Role::Server, Some(config)).await;
    let mut session = Session {
        socket,
        calls: FuturesUnordered::new(),
        in_flight: BTreeSet::new(),
        outbox: Outbox::default(),
        is_unflushed: false,
        clock: Clock::new(limits),
        phase: Phase::Open,
        connection,
    };
    let stopping = session.connection.stopping();
    let mut stopping = pin!(stopping);
    let mut is_stopping = false;
    let end = poll_fn(|cx| {
        if !is_stopping && stopping.as_mut().poll(cx).is_ready() {
            is_stopping = true;
            session.drain();
        }
        session.poll(cx)
    });
    let end = end.await;
    session.connection.close();
    debug!(connection = session.connection.number(), %end, "a connection ended");
    match end {
        End::Overdue(Overdue::Close) if is_stopping => Parting::CutOff,
        End::Closed | End::Overdue(_) | End::Broken(_) => Parting::Done,
    }
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parting {
    /// In one of the usual ways.
    Done,
    /// The service shuts down, and it did not close in time.
    CutOff,
}

/// One answered request.
struct Reply {
    request_id: u64,
    answer: Result<Answer, RpcError>,
}

type Calls = FuturesUnordered<Pin<Box<dyn Future<Output = Reply> + Send>>>;

struct Session<IO> {
    socket: WebSocketStream<IO>,
    connection: Arc<Connection>,
    calls: Calls,
    in_flight: BTreeSet<u64>,
    outbox: Outbox,
    is_unflushed: bool,
    clock: Clock,
    phase: Phase,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Requests are read and answered.
    Open,
    /// No more requests are taken up; what is owed is written, then it is closed.
    Draining,
    /// A close frame was sent or received.
    Closing,
}

/// Why a connection ended.
enum End {
    /// Both sides said so, or the client is gone.
    Closed,
    /// Something was not done in time.
    Overdue(Overdue),
    /// The stream failed.
    Broken(Error),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed"),
            Self::Overdue(overdue) => write!(f, "overdue: {overdue:?}"),
            Self::Broken(error) => write!(f, "broken: {error}"),
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Session<IO> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let moved = match self.step(cx) {
                Ok(moved) => moved,
                Err(end) => return Poll::Ready(end),
            };
            if !moved {
                return Poll::Pending;
            }
        }
    }

    /// Does what can be done at once; whether there may be more.
    fn step(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        let mut moved = self.write(cx)?;
        moved |= self.answer(cx);
        moved |= self.read(cx)?;
        if let Poll::Ready(overdue) = self.clock.poll(cx) {
            self.overdue(overdue)?;
            moved = true;
        }
        if self.phase == Phase::Draining && self.calls.is_empty() && self.outbox.is_empty() {
            self.close(CloseCode::Away, "the service is shutting down");
            moved = true;
        }
        Ok(moved)
    }

    /// Writes frame by frame: the next one is cut when the last one is with the system, and the answers to pings that came meanwhile. So
    /// the socket has room for it.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        let mut moved = false;
        loop {
            if self.is_unflushed {
                match Pin::new(&mut self.socket).poll_flush(cx) {
                    Poll::Pending => {
                        self.clock.writes();
                        return Ok(moved);
                    }
                    Poll::Ready(flushed) => flushed.map_err(End::Broken)?,
                }
                self.is_unflushed = false;
                self.clock.wrote(self.outbox.is_within_reply());
            }
            self.outbox.fetch(cx);
            let Some(frame) = self.outbox.pop() else { return Ok(moved) };
            moved = true;
            self.is_unflushed = true;
            match Pin::new(&mut self.socket).start_send(frame) {
                Ok(()) => {}
                // The client has closed, and waits for nothing any more.
                Err(Error::Protocol(_) | Error::AlreadyClosed | Error::ConnectionClosed) => self.outbox.clear(),
                Err(error) => return Err(End::Broken(error)),
            }
        }
    }

    /// Takes answers that are ready, as long as there is room for them.
    fn answer(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while self.outbox.has_room() {
            let Poll::Ready(Some(reply)) = Pin::new(&mut self.calls).poll_next(cx) else { break };
            moved = true;
            self.in_flight.remove(&reply.request_id);
            if self.connection.is_logged_in() {
                self.clock.logged_in();
            }
            self.reply(reply.request_id, reply.answer);
        }
        moved
    }

    fn reply(&mut self, request_id: u64, answer: Result<Answer, RpcError>) {
        match answer {
            Ok(Answer::Result(result)) => self.outbox.push_shared([head(request_id), result, tail()].into()),
            Ok(Answer::Batch(encoded)) => match encoded.whole() {
                Some(whole) => self.outbox.push_shared([head(request_id), whole, tail()].into()),
                None => self.outbox.push_batch(head(request_id), encoded, tail()),
            },
            Err(error) => self.outbox.push(encode_error(request_id, &error)),
        }
    }

    /// Reads one message: what can be answered at once is answered before the next, so that many requests in a row are no more in
    /// flight than one.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        if !self.outbox.may_read() {
            return Ok(false);
        }
        let Poll::Ready(message) = Pin::new(&mut self.socket).poll_next(cx) else { return Ok(false) };
        self.clock.heard();
        match message {
            None => return Err(End::Closed),
            Some(Ok(message)) => self.heard(message),
            Some(Err(error)) => self.broken(error)?,
        }
        Ok(true)
    }

    fn heard(&mut self, message: Message) {
        match message {
            Message::Text(text) if self.phase == Phase::Open => self.request(text.as_str()),
            Message::Binary(_) if self.phase == Phase::Open => {
                self.close(CloseCode::Unsupported, "expected text messages");
            }
            Message::Close(_) => {
                self.phase = Phase::Closing;
                self.abandon();
            }
            // The socket answers it by itself. That the answer cannot be written is noticed like any other stall.
            Message::Ping(_) => self.is_unflushed = true,
            Message::Text(_) | Message::Binary(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }

    fn request(&mut self, text: &str) {
        let (request_id, refused) = match Request::decode(text) {
            Ok(request) => match self.admit(&request) {
                Ok(()) => return self.start(request),
                Err(error) => (request.request_id, error),
            },
            Err(DecodeError::Bad { request_id, error }) => (request_id, error),
            Err(error @ DecodeError::Unanswerable { .. }) => {
                return self.close(CloseCode::Policy, &error.to_string());
            }
        };
        self.outbox.push(encode_error(request_id, &refused));
    }

    fn admit(&self, request: &Request) -> Result<(), RpcError> {
        if self.in_flight.contains(&request.request_id) {
            let message = format!("request {} is not answered yet", request.request_id);
            return Err(RpcError::new(message, ErrorCode::BadRequest));
        }
        let most = self.connection.limits().requests_in_flight;
        if self.in_flight.len() >= most {
            let message = format!("expected at most {most} requests that are not answered yet");
            return Err(RpcError::new(message, ErrorCode::QuotaLimitExceeded));
        }
        Ok(())
    }

    fn start(&mut self, request: Request) {
        let connection = Arc::clone(&self.connection);
        let request_id = request.request_id;
        self.in_flight.insert(request_id);
        self.calls.push(Box::pin(async move { Reply { request_id, answer: connection.answer(request).await } }));
    }

    /// The socket can read no more. The client is told why, if it may be listening.
    fn broken(&mut self, error: Error) -> Result<(), End> {
        if self.phase == Phase::Closing {
            return Err(End::Closed);
        }
        match &error {
            Error::Capacity(_) => self.close(CloseCode::Size, "the message is too long"),
            Error::Utf8(_) => self.close(CloseCode::Invalid, "expected UTF-8"),
            Error::Protocol(_) => self.close(CloseCode::Protocol, "expected websocket frames"),
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Io(_)
            | Error::Tls(_)
            | Error::WriteBufferFull(_)
            | Error::AttackAttempt
            | Error::Url(_)
            | Error::Http(_)
            | Error::HttpFormat(_) => return Err(End::Broken(error)),
        }
        Ok(())
    }

    fn overdue(&mut self, overdue: Overdue) -> Result<(), End> {
        match overdue {
            Overdue::Ping => self.outbox.push_control(Message::Ping(Bytes::new())),
            Overdue::Login => self.close(CloseCode::Policy, "nobody logged in"),
            Overdue::Pong | Overdue::Stall | Overdue::Close => return Err(End::Overdue(overdue)),
        }
        Ok(())
    }

    /// The service shuts down: waiting calls end with that cause, and when they are told the connection is closed.
    fn drain(&mut self) {
        if self.phase == Phase::Open {
            self.phase = Phase::Draining;
            self.connection.close();
            self.clock.close();
        }
    }

    fn close(&mut self, code: CloseCode, reason: &str) {
        self.phase = Phase::Closing;
        self.abandon();
        // A control frame has room for 123 bytes.
        let reason = &reason[..reason.floor_char_boundary(120)];
        self.outbox.push_control(Message::Close(Some(CloseFrame { code, reason: reason.into() })));
    }

    /// Nobody will be answered any more.
    fn abandon(&mut self) {
        self.outbox.clear();
        self.calls = Calls::new();
        self.in_flight.clear();
        self.connection.close();
        self.clock.close();
    }
}
