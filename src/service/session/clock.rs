//! The deadlines of a connection, behind one timer: it fires at the next of them, or before.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use super::super::config::Limits;

/// What is overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// Nobody has logged in.
    Login,
    /// The client has been silent: ask for a sign of life.
    Ping,
    /// It gave none.
    Pong,
    /// It does not read.
    Stall,
    /// It does not close.
    Close,
}

/// When something was last heard, written and begun.
#[derive(Debug)]
pub(super) struct Clock {
    limits: Limits,
    opened: Instant,
    heard: Instant,
    pinged: Option<Instant>,
    /// Since when something has been written that the system has not taken.
    written: Option<Instant>,
    closing: Option<Instant>,
    is_logged_in: bool,
    armed: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Clock {
    pub(super) fn new(limits: Limits) -> Self {
        let now = Instant::now();
        let armed = now + limits.login.min(limits.ping_after);
        let timer = Box::pin(sleep_until(armed));
        Self {
            limits,
            opened: now,
            heard: now,
            pinged: None,
            written: None,
            closing: None,
            is_logged_in: false,
            armed,
            timer,
        }
    }

    /// The client said something.
    pub(super) fn heard(&mut self) {
        self.heard = Instant::now();
        self.pinged = None;
    }

    /// The system does not take what is written.
    pub(super) fn writes(&mut self) {
        if self.written.is_none() {
            let now = Instant::now();
            self.written = Some(now);
            self.arm(now + self.limits.stall);
        }
    }

    /// What was to be written is. A frame within a reply is a sign of life too: the client sees a ping only when it has read what stands
    /// before.
    pub(super) fn wrote(&mut self, is_within: bool) {
        self.written = None;
        if is_within {
            self.heard();
        }
    }

    /// The connection is being closed; from when on it counts is the first call.
    pub(super) fn close(&mut self) {
        if self.closing.is_none() {
            let now = Instant::now();
            self.closing = Some(now);
            self.arm(now + self.limits.close);
        }
    }

    /// Somebody has logged in.
    pub(super) fn logged_in(&mut self) {
        self.is_logged_in = true;
    }

    /// Ready when something is overdue.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Overdue> {
        loop {
            core::task::ready!(self.timer.as_mut().poll(cx));
            let now = Instant::now();
            let (at, overdue) = self.next();
            if at > now {
                self.armed = at;
                self.timer.as_mut().reset(at);
                continue;
            }
            if overdue == Overdue::Ping {
                self.pinged = Some(now);
            }
            self.armed = self.next().0.max(now);
            self.timer.as_mut().reset(self.armed);
            return Poll::Ready(overdue);
        }
    }

    /// The next deadline.
    fn next(&self) -> (Instant, Overdue) {
        let limits = &self.limits;
        if let Some(closing) = self.closing {
            return (closing + limits.close, Overdue::Close);
        }
        let life = match self.pinged {
            Some(pinged) => (pinged + limits.pong, Overdue::Pong),
            None => (self.heard + limits.ping_after, Overdue::Ping),
        };
        let login = (!self.is_logged_in).then(|| (self.opened + limits.login, Overdue::Login));
        let stall = self.written.map(|written| (written + limits.stall, Overdue::Stall));
        [login, stall].into_iter().flatten().fold(life, |first, other| if other.0 < first.0 { other } else { first })
    }

    fn arm(&mut self, at: Instant) {
        if at < self.armed {
            self.armed = at;
            self.timer.as_mut().reset(at);
        }
    }
}
